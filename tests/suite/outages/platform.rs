//! A client like a platform: several streams at the same time, numbered batches in no order. It
//! keeps what was not acknowledged and sends it again, and now and then what was acknowledged too.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_testing::Dice;
use futures_util::future::join_all;
use futures_util::stream::{BoxStream, StreamExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::month::{Batch, Key};
use super::world::World;
use super::{RECOVERY, ZZ};

/// Batches that are on their way at a time, per stream.
const WINDOW: usize = 4;
/// Batches of a stream, at most.
const NEW_MAX: u64 = 6;
/// A stream that says nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(15);
/// Between two streams.
const PAUSE: Duration = Duration::from_millis(3);
/// How long a connection may be quiet, and then take to answer.
const KEEP_ALIVE: Duration = Duration::from_millis(500);
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(3);
const REASONS: [&str; 3] = ["DATABASE_UNAVAILABLE", "REGISTRY_UNAVAILABLE", "SERVICE_STOPPING"];

/// What became of the batches, by their place.
#[derive(Debug, Default)]
struct Book {
    /// Not sent yet, or not acknowledged.
    waiting: Vec<usize>,
    acknowledged: BTreeSet<usize>,
    /// How many of all may be sent.
    released: usize,
}

pub(crate) struct Platform(Arc<Inner>);

struct Inner {
    batches: Vec<Batch>,
    endpoint: Endpoint,
    seed: u64,
    /// Of the batches of a stream, fewer than so many were acknowledged before.
    again: u64,
    book: Mutex<Book>,
    answers: AtomicU64,
    broken: AtomicU64,
    done: AtomicBool,
}

impl Platform {
    pub(crate) fn new(batches: Vec<Batch>, world: &World, seed: u64, again: u64) -> Self {
        let address = format!("http://{}", world.clients.address());
        let endpoint = Endpoint::from_shared(address)
            .unwrap()
            .connect_timeout(Duration::from_secs(1))
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE_ANSWER)
            .keep_alive_while_idle(true);
        Self(Arc::new(Inner {
            batches,
            endpoint,
            seed,
            again,
            book: Mutex::default(),
            answers: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            done: AtomicBool::new(false),
        }))
    }

    /// Starts to send what is released, and to send again.
    pub(crate) fn start(&self, workers: u64) -> Vec<JoinHandle<()>> {
        let worker = |number| tokio::spawn(Arc::clone(&self.0).work(number));
        (1..=workers).map(worker).collect()
    }

    /// Lets out the first `part` of `whole` parts of all batches.
    pub(crate) fn release(&self, part: u64, whole: u64) {
        let all = u64::try_from(self.0.batches.len()).unwrap();
        let released = usize::try_from(all * part / whole).unwrap();
        let mut book = self.0.book.lock().unwrap();
        let new = book.released..released;
        book.waiting.extend(new);
        book.released = released;
    }

    /// The batches that were acknowledged.
    pub(crate) fn acknowledged(&self) -> Vec<&Batch> {
        let book = self.0.book.lock().unwrap();
        book.acknowledged.iter().map(|place| &self.0.batches[*place]).collect()
    }

    /// How many acknowledgements came, repeats included.
    pub(crate) fn answers(&self) -> u64 {
        self.0.answers.load(Ordering::Relaxed)
    }

    /// Waits until so many came.
    pub(crate) async fn answers_reach(&self, count: u64) {
        while self.answers() < count {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// How many streams broke off.
    pub(crate) fn broken(&self) -> u64 {
        self.0.broken.load(Ordering::Relaxed)
    }

    /// Waits until everything is acknowledged.
    pub(crate) async fn finish(&self, workers: Vec<JoinHandle<()>>) {
        let all = self.0.batches.len();
        let count = || self.0.book.lock().unwrap().acknowledged.len();
        while count() < all {
            let before = count();
            let more = async {
                while count() == before {
                    tokio::time::sleep(PAUSE).await;
                }
            };
            let more = tokio::time::timeout(RECOVERY, more).await;
            assert!(more.is_ok(), "{before} of {all} batches, and no more come");
        }
        self.0.done.store(true, Ordering::Relaxed);
        for worker in join_all(workers).await {
            worker.unwrap();
        }
    }
}

impl Inner {
    async fn work(self: Arc<Self>, number: u64) {
        let mut dice = Dice(self.seed.wrapping_add(number << 32));
        let client = CaseServiceClient::new(self.endpoint.connect_lazy());
        let mut next = 1;
        while !self.done.load(Ordering::Relaxed) {
            let places = self.take(&mut dice);
            if let [first, ..] = places[..] {
                // A client that goes on with its numbers is as good as one that begins anew.
                if dice.below(2) == 0 {
                    next = 1;
                }
                let kind = self.batches[first].is_cases();
                let told = self.session(&client, kind, next, &places).await;
                self.give_back(&places[told..]);
                next += i64::try_from(told).unwrap();
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Some batches of one kind in an order of chance: new ones, and ones that were acknowledged.
    fn take(&self, dice: &mut Dice) -> Vec<usize> {
        let kind = dice.below(3) == 0;
        let is_of_kind = |place: &usize| self.batches[*place].is_cases() == kind;
        let mut book = self.book.lock().unwrap();
        let mut new: Vec<_> = book.waiting.iter().copied().filter(is_of_kind).collect();
        dice.shuffle(&mut new);
        new.truncate(usize::try_from(1 + dice.below(NEW_MAX)).unwrap());
        book.waiting.retain(|place| !new.contains(place));
        let old: Vec<_> = book.acknowledged.iter().copied().filter(is_of_kind).collect();
        if !old.is_empty() {
            new.extend((0..dice.below(self.again)).map(|_| *dice.pick(&old)));
        }
        dice.shuffle(&mut new);
        new
    }

    /// Keeps what was not acknowledged, to be sent again.
    fn give_back(&self, places: &[usize]) {
        let mut book = self.book.lock().unwrap();
        for place in places {
            if !book.acknowledged.contains(place) && !book.waiting.contains(place) {
                book.waiting.push(*place);
            }
        }
    }

    /// Sends batches over one stream; how many of them were acknowledged.
    async fn session(
        &self,
        client: &CaseServiceClient<Channel>,
        cases: bool,
        first: i64,
        places: &[usize],
    ) -> usize {
        let (sender, requests) = mpsc::channel(WINDOW);
        let sending = async move {
            for (number, place) in (first..).zip(places) {
                if sender.send((number, self.batches[*place].clone())).await.is_err() {
                    break;
                }
            }
            drop(sender);
            std::future::pending::<()>().await;
        };
        let mut told = 0;
        let receiving = async {
            let opening = open(client.clone(), cases, requests);
            let mut answers = tokio::time::timeout(SILENCE, opening).await.ok()??;
            while let Some(answer) = tokio::time::timeout(SILENCE, answers.next()).await.ok()? {
                let count = usize::try_from(answer.map_err(check).ok()? - first + 1).unwrap();
                assert!(count == told + 1 && count <= places.len(), "{count} after {told}");
                self.book.lock().unwrap().acknowledged.insert(places[told]);
                self.answers.fetch_add(1, Ordering::Relaxed);
                told = count;
            }
            assert_eq!(told, places.len(), "a stream ended early without a word");
            Some(())
        };
        let whole = tokio::select! {
            whole = receiving => whole,
            () = sending => None,
        };
        if whole.is_none() {
            self.broken.fetch_add(1, Ordering::Relaxed);
        }
        told
    }
}

/// The numbers that are acknowledged.
type Answers = BoxStream<'static, Result<i64, Status>>;

async fn open(
    mut client: CaseServiceClient<Channel>,
    cases: bool,
    requests: mpsc::Receiver<(i64, Batch)>,
) -> Option<Answers> {
    let parent = ZZ.to_owned();
    let requests = ReceiverStream::new(requests);
    let answers = if cases {
        let requests = requests.map(move |(batch, records)| {
            let Batch::Cases(records) = records else { panic!("not of one kind") };
            pb::StreamCasesRequest { parent: parent.clone(), batch, records }
        });
        let answers = client.stream_cases(requests).await;
        answers.map(|answers| {
            let answers = answers.into_inner();
            answers.map(|answer| answer.map(|answer| answer.acknowledged_batch)).boxed()
        })
    } else {
        let requests = requests.map(move |(batch, records)| {
            let Batch::Events(records) = records else { panic!("not of one kind") };
            pb::StreamEventsRequest { parent: parent.clone(), batch, records }
        });
        let answers = client.stream_events(requests).await;
        answers.map(|answers| {
            let answers = answers.into_inner();
            answers.map(|answer| answer.map(|answer| answer.acknowledged_batch)).boxed()
        })
    };
    answers.map_err(check).ok()
}

/// The service says of every trouble that it passes; what has no reason comes from the connection.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
fn check(status: Status) {
    if let Some(info) = status.get_error_details().error_info() {
        let expected = status.code() == Code::Unavailable && REASONS.contains(&&*info.reason);
        assert!(expected, "{status:?}");
    }
}

/// The keys of all records of `batches`.
pub(crate) fn keys(batches: &[&Batch]) -> BTreeSet<Key> {
    batches.iter().flat_map(|batch| batch.keys()).collect()
}
