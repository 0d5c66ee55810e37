use std::collections::BTreeSet;
use std::sync::Mutex;

use super::lane::{Acknowledgement, Acknowledgements};
use super::*;

/// Takes in numbers; breaks each stream but the last after so many batches.
#[derive(Default)]
struct Flaky {
    /// Batches that each stream takes before it breaks, and whether it acknowledges the last one.
    streams: Mutex<VecDeque<(usize, bool)>>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    numbers: BTreeSet<u32>,
    first_of_stream: Vec<u32>,
}

impl Lane for std::sync::Arc<Flaky> {
    type Record = u32;

    async fn open(
        &self,
        mut batches: ReceiverStream<(i64, Vec<u32>)>,
    ) -> Result<Acknowledgements, Status> {
        let (sender, receiver) = mpsc::channel(1);
        let lane = std::sync::Arc::clone(self);
        let (mut left, acknowledges_last) =
            lane.streams.lock().unwrap().pop_front().unwrap_or((usize::MAX, true));
        tokio::spawn(async move {
            let mut counts = IntakeCounts::default();
            while left > 0 {
                let Some((batch, numbers)) = batches.next().await else { return };
                left -= 1;
                {
                    let mut taken = lane.taken.lock().unwrap();
                    if batch == 1 {
                        taken.first_of_stream.push(numbers[0]);
                    }
                    for number in numbers {
                        if taken.numbers.insert(number) {
                            counts.accepted_count += 1;
                        } else {
                            counts.repeated_count += 1;
                        }
                    }
                }
                if left > 0 || acknowledges_last {
                    let _ = sender.send(Ok(Acknowledgement { batch, counts })).await;
                }
            }
            let _ = sender.send(Err(Status::unavailable("gone"))).await;
        });
        Ok(ReceiverStream::new(receiver).boxed())
    }
}

async fn deliver_hundred(streams: &[(usize, bool)]) -> (IntakeCounts, Taken) {
    let lane = std::sync::Arc::new(Flaky::default());
    lane.streams.lock().unwrap().extend(streams);
    let (sender, receiver) = mpsc::channel(2);
    let feed = async move {
        for number in 0..100 {
            sender.send(Batch { records: vec![number], bytes_read: 1, rows: 0 }).await.unwrap();
        }
    };
    let progress = Progress::new(100);
    let deliver = deliver(&lane, receiver, &progress, Duration::from_secs(3600), &|_| ());
    let (counts, ()) = tokio::join!(deliver, feed);
    let taken = std::mem::take(&mut *lane.taken.lock().unwrap());
    (counts.unwrap(), taken)
}

#[tokio::test]
async fn a_stream_that_holds_takes_everything_once() {
    let (counts, taken) = deliver_hundred(&[]).await;
    assert_eq!((counts.accepted_count, counts.repeated_count), (100, 0));
    assert_eq!(taken.first_of_stream, [0]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_acknowledged_is_sent_again_after_a_break() {
    // The second stream takes its tenth batch, but breaks before it says so.
    let (counts, taken) = deliver_hundred(&[(7, true), (10, false)]).await;
    assert_eq!(taken.numbers.len(), 100);
    assert_eq!(taken.first_of_stream, [0, 7, 16]);
    // What the lost answer counted is known only as a repeat.
    assert_eq!((counts.accepted_count, counts.repeated_count), (99, 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_comes_back_is_given_up() {
    let lane = std::sync::Arc::new(Flaky::default());
    lane.streams.lock().unwrap().extend(std::iter::repeat_n((0, false), 100));
    let (sender, receiver) = mpsc::channel(1);
    sender.send(Batch { records: vec![1], bytes_read: 1, rows: 0 }).await.unwrap();
    let progress = Progress::new(1);
    let status =
        deliver(&lane, receiver, &progress, Duration::from_secs(60), &|_| ()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}
