//! Rules reach everybody rightly, whatever happens to the cache, and an evaluation keeps those that
//! it began with.

mod fleet;
mod model;
mod trouble;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chengping_proto::rules::v1 as rules;
use chengping_proto::scoring::v1 as scoring;
use chengping_proto::scoring::v1::download_evaluation_request::Document;
use chengping_testing::{Dice, RedisServer, eventually};
use chengping_types::Digest;
use futures_util::future::join_all;
use serde_json::Value;
use tonic::Request;

use self::fleet::{Evaluations, Fleet, Packs, ZZ, activate, approved, source};
use self::model::{FIRST_MONTHS, Model, series_of};
use self::trouble::Trouble;

const SEED: u64 = 20_261_129;
const CLIENTS: usize = 8;
const CALLS: usize = 10_000;
const MONTHS: [&str; 5] = ["2018-04", "2018-05", "2018-06", "2018-07", "2026-11"];
/// What the evaluations and previews are of.
const MONTH: &str = "2018-04";
/// Every call has so long, for the sake of slow machines; nothing in the cache may make one longer.
const DEADLINE: Duration = Duration::from_secs(60);

fn within<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

/// What all clients share.
struct Shared {
    model: Model,
    /// What the month is in every evaluation, whatever the title of the rules.
    expected: (Value, Value),
    bodies: i32,
    made: AtomicUsize,
    troubled: AtomicBool,
}

struct Client {
    shared: Arc<Shared>,
    dice: Dice,
    packs: [Packs; 2],
    evaluations: Evaluations,
}

impl Client {
    /// Makes calls until there were enough, and all kinds of trouble.
    async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        while shared.made.fetch_add(1, Ordering::Relaxed) < CALLS
            || !shared.troubled.load(Ordering::Relaxed)
        {
            match self.dice.any() % 1000 {
                0..3 => self.evaluate().await,
                3..5 => self.preview().await,
                5..80 => self.watch().await,
                80..300 => self.revision().await,
                _ => self.effective().await,
            }
        }
    }

    fn packs(&mut self) -> Packs {
        self.dice.pick(&self.packs).clone()
    }

    async fn effective(&mut self) {
        let month = *self.dice.pick(&MONTHS);
        let (parent, call) = (ZZ.to_owned(), self.shared.model.call());
        let request = rules::GetEffectiveRulePackRequest { parent, month: month.to_owned() };
        let answer = self.packs().get_effective_rule_pack(within(request)).await.unwrap();
        let answer = answer.into_inner();
        self.shared.model.check(call, series_of(month), answer.revision);
        self.check_text(&answer);
        assert_eq!(answer.active_from, FIRST_MONTHS[series_of(month)]);
    }

    /// The text is that of the revision, byte for byte.
    fn check_text(&self, answer: &rules::RulePackRevision) {
        let committed = self.shared.model.revision(answer.revision);
        assert_eq!(answer.name, committed.name);
        assert!(answer.source == committed.source, "another text of {}", answer.name);
        assert!(answer.canonical == committed.canonical, "another form of {}", answer.name);
        assert_eq!(answer.digest, Digest::of(&answer.canonical).to_string());
    }

    async fn revision(&mut self) {
        let name = self.shared.model.some(self.dice.any()).name.clone();
        let request = rules::GetRulePackRevisionRequest { name: name.clone() };
        let answer = self.packs().get_rule_pack_revision(within(request)).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!(answer.name, name);
        self.check_text(&answer);
    }

    /// The beginning of a watch: one of those in force.
    async fn watch(&mut self) {
        let call = self.shared.model.call();
        let request = rules::WatchRulePacksRequest { parent: ZZ.to_owned(), ..Default::default() };
        let answer = self.packs().watch_rule_packs(within(request)).await.unwrap();
        let told = answer.into_inner().message().await.unwrap().unwrap().revision.unwrap();
        self.shared.model.check(call, series_of(&told.active_from), told.revision);
        let committed = self.shared.model.revision(told.revision);
        assert!(told.canonical == committed.canonical, "another form of {}", told.name);
    }

    async fn preview(&mut self) {
        let call = self.shared.model.call();
        let request = scoring::PreviewRulePackRequest {
            parent: ZZ.to_owned(),
            months: vec![MONTH.to_owned()],
            source: source("预览"),
            ..Default::default()
        };
        let answer = self.evaluations.preview_rule_pack(within(request)).await.unwrap();
        let told = answer.into_inner().message().await.unwrap().unwrap();
        self.shared.model.check(call, series_of(MONTH), number(&told.rule_pack_revision));
        assert_eq!(told.differences, [], "the same rules under another title");
        assert_eq!(told.unchanged_count, self.shared.bodies);
    }

    async fn evaluate(&mut self) {
        let call = self.shared.model.call();
        let evaluation = evaluate(&mut self.evaluations, "").await;
        let told = number(&evaluation.rule_pack_revision);
        self.shared.model.check(call, series_of(MONTH), told);
        let results = results(&mut self.evaluations, &evaluation).await;
        assert!(numbers(&results) == self.shared.expected, "other numbers under revision {told}");
    }
}

/// The number at the end of the name of a revision.
fn number(name: &str) -> i64 {
    name.rsplit('/').next().unwrap().parse().unwrap()
}

async fn evaluate(evaluations: &mut Evaluations, rule_pack_revision: &str) -> scoring::Evaluation {
    let evaluation = scoring::Evaluation {
        month: MONTH.to_owned(),
        rule_pack_revision: rule_pack_revision.to_owned(),
        ..Default::default()
    };
    let (parent, evaluation) = (ZZ.to_owned(), Some(evaluation));
    let request = scoring::CreateEvaluationRequest { parent, evaluation, ..Default::default() };
    evaluations.create_evaluation(within(request)).await.unwrap().into_inner()
}

async fn results(evaluations: &mut Evaluations, evaluation: &scoring::Evaluation) -> Vec<u8> {
    let (name, document) = (evaluation.name.clone(), Document::Results.into());
    let request = scoring::DownloadEvaluationRequest { name, document };
    let answer = evaluations.download_evaluation(within(request)).await.unwrap();
    let (mut parts, mut bytes) = (answer.into_inner(), Vec::new());
    while let Some(part) = parts.message().await.unwrap() {
        bytes.extend(part.data);
    }
    assert_eq!(Digest::of(&bytes).to_string(), evaluation.digest);
    bytes
}

/// What results say beside which rules they come from.
fn numbers(results: &[u8]) -> (Value, Value) {
    let mut results: Value = serde_json::from_slice(results).unwrap();
    (results["bodies"].take(), results["figures"].take())
}

/// Puts one revision after the other in force until `done`, from either first month in turn.
async fn put_in_force(shared: &Shared, packs: [Packs; 2], done: &AtomicBool) {
    for turn in 0_usize.. {
        if done.load(Ordering::Relaxed) {
            return;
        }
        put_one_in_force(&shared.model, turn, &mut packs[turn / 2 % 2].clone()).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

async fn put_one_in_force(model: &Model, turn: usize, packs: &mut Packs) {
    let series = turn % FIRST_MONTHS.len();
    let revision = approved(packs, source(&format!("第{turn}版"))).await;
    let name = revision.name.clone();
    model.begin(series, revision);
    activate(packs, &name, FIRST_MONTHS[series]).await;
    model.answered(series);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_lies_stalls_or_dies_costs_time_and_nothing_else() {
    let Some(redis) = RedisServer::own().await else { return };
    let fleet = Fleet::start(redis.url()).await;
    let model = Model::default();
    for turn in 0..FIRST_MONTHS.len() {
        put_one_in_force(&model, turn, &mut fleet.packs[0].clone()).await;
    }
    let undisturbed = evaluate(&mut fleet.evaluations.clone(), "").await;
    let expected = numbers(&results(&mut fleet.evaluations.clone(), &undisturbed).await);
    let (made, troubled) = (AtomicUsize::new(0), AtomicBool::new(false));
    let bodies = undisturbed.body_count;
    let shared = Arc::new(Shared { model, expected, bodies, made, troubled });

    let mut trouble = Trouble::new(redis, SEED);
    let done = Arc::new(AtomicBool::new(false));
    let clients = (1..).take(CLIENTS).map(|index| {
        let client = Client {
            shared: Arc::clone(&shared),
            dice: Dice(SEED + index),
            packs: fleet.packs.clone(),
            evaluations: fleet.evaluations.clone(),
        };
        tokio::spawn(client.run())
    });
    let clients = async {
        let ended = join_all(clients).await;
        done.store(true, Ordering::Relaxed);
        ended
    };
    let troubling = async {
        trouble.once().await;
        shared.troubled.store(true, Ordering::Relaxed);
        while !done.load(Ordering::Relaxed) {
            trouble.more().await;
        }
    };
    // Whoever looks for the cause of a failure needs these; they are the same in every run.
    let seeds = format!("seed {SEED}, clients {CLIENTS}");
    let activating = put_in_force(&shared, fleet.packs.clone(), &done);
    let (ended, (), ()) = tokio::join!(clients, troubling, activating);
    for client in ended {
        client.unwrap_or_else(|error| panic!("{seeds}: {error}"));
    }
    assert!(shared.made.load(Ordering::Relaxed) >= CALLS, "{seeds}");
    assert!(trouble.spoilt > 0, "{seeds}: there was nothing to spoil");
    fleet.stop().await;
}

/// Whether scoring was given revision `number` for the month.
async fn is_held_by_scoring(packs: &mut Packs, number: i64) -> bool {
    let request = rules::ListRulePackHoldersRequest { parent: ZZ.to_owned(), ..Default::default() };
    let answer = packs.list_rule_pack_holders(request).await.unwrap().into_inner();
    answer.holders.iter().any(|holder| {
        let is_scoring = holder.service == "scoring" && holder.month == MONTH;
        is_scoring && self::number(&holder.rule_pack_revision) == number
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_does_not_change_an_evaluation_that_runs() {
    let fleet = Fleet::start("").await;
    let mut packs = fleet.packs[0].clone();
    let first = approved(&mut packs, source("一")).await;
    activate(&mut packs, &first.name, MONTH).await;
    let mut evaluations = fleet.evaluations.clone();
    let undisturbed = evaluate(&mut evaluations, &first.name).await;
    let expected = results(&mut evaluations, &undisturbed).await;
    // An evaluation that names its rules was not given those in force.
    assert!(!is_held_by_scoring(&mut packs, first.revision).await);

    fleet.network.stall();
    let mut held = evaluations.clone();
    let held = tokio::spawn(async move {
        let evaluation = evaluate(&mut held, "").await;
        let results = results(&mut held, &evaluation).await;
        (evaluation, results)
    });
    let was_given = async || is_held_by_scoring(&mut packs.clone(), first.revision).await;
    eventually(async || was_given().await.then_some(())).await.unwrap();
    let second = approved(&mut packs, source("二")).await;
    activate(&mut packs, &second.name, MONTH).await;
    assert!(!held.is_finished(), "nothing can be stored while the network stands still");
    fleet.network.restore();

    let (evaluation, got) = held.await.unwrap();
    assert_eq!(evaluation.rule_pack_revision, first.name);
    assert!(got == expected, "the activation shows in an evaluation that had begun before");
    assert_eq!(evaluate(&mut evaluations, "").await.rule_pack_revision, second.name);
    fleet.stop().await;
}
