//! What is different from a former reading.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use chengping_proto::cases::v1 as pb;
use futures_util::TryStreamExt as _;
use proptest::prelude::*;
use proptest::test_runner::{Config as RunnerConfig, TestRunner};
use tonic::{Code, Status};

use crate::builders::{APRIL, FREEZE, case, event, events, time};
use crate::deadlines::rules;
use crate::harness::{Harness, ZZ, fields, reason};
use crate::laws::{Arrival, all, deliver, deliveries, lacking};

const HOUR: i64 = 3_600;

/// How many records are seen, and how far: April, and May beside it, in hours from the first of April.
#[derive(Debug, Clone, Copy)]
struct Seen {
    watermark: i64,
    april: (i64, i64),
    may: (i64, i64),
}

impl Seen {
    fn months(self) -> [(&'static str, (i64, i64)); 2] {
        [("2018-04", self.april), ("2018-05", self.may)]
    }
}

fn view(month: &str, (as_of, decided): (i64, i64)) -> pb::MonthView {
    let at = |hours: i64| Some(time(APRIL + hours * HOUR));
    pb::MonthView { month: month.to_owned(), as_of: at(as_of), decided: at(decided) }
}

fn request(parent: &str, seen: Seen, since: Option<Seen>) -> pb::StreamFactsRequest {
    let [april, may] = seen.months().map(|(month, hours)| view(month, hours));
    let since = since.map(|since| {
        let [april, may] = since.months().map(|(month, hours)| view(month, hours));
        let watermark = since.watermark;
        let (as_of, decided) = (april.as_of, april.decided);
        pb::FormerReading { watermark, as_of, decided, further_months: vec![may] }
    });
    pb::StreamFactsRequest {
        parent: parent.to_owned(),
        month: april.month,
        time_zone: "Asia/Shanghai".to_owned(),
        as_of: april.as_of,
        decided: april.decided,
        watermark: seen.watermark,
        freeze_day: 3,
        lifecycle: None,
        further_months: vec![may],
        since,
        without_case_nos: false,
        with_desk_lists: false,
    }
}

/// The facts of a stream by month and case, each as text; apart those of a former reading.
type Facts = BTreeMap<(String, String), String>;

async fn read(
    harness: &Harness,
    request: pb::StreamFactsRequest,
) -> Result<(Facts, Facts), Status> {
    let answers = harness.snapshots.clone().stream_facts(request).await?.into_inner();
    let answers: Vec<pb::StreamFactsResponse> = answers.try_collect().await?;
    let (mut former, mut present) = (Facts::new(), Facts::new());
    for answer in answers {
        let batch = answer.batch.unwrap();
        for (row, case_no) in batch.case_nos.iter().enumerate() {
            let facts = if answer.is_former { &mut former } else { &mut present };
            let key = (answer.month.clone(), case_no.clone());
            assert_eq!(facts.insert(key, fact(&batch, row)), None, "a fact is given once");
        }
    }
    Ok((former, present))
}

/// All of a fact, without indexes that differ from batch to batch.
fn fact(batch: &pb::FactBatch, row: usize) -> String {
    let word = |column: &[u32]| batch.dictionary[column[row] as usize].clone();
    let part = |lengths: &[u32]| {
        let start: u32 = lengths[..row].iter().sum();
        start as usize..(start + lengths[row]) as usize
    };
    let (desks, sums) = (part(&batch.desk_lengths), part(&batch.sum_lengths));
    let teams = batch.desk_teams[desks.clone()].iter();
    let teams: Vec<_> = teams.map(|team| &batch.dictionary[*team as usize]).collect();
    format!(
        "{:?}",
        (
            [word(&batch.area_codes), word(&batch.units), word(&batch.filing_desks)],
            (batch.report_times[row], batch.file_times[row], batch.marks[row]),
            (batch.orders_first[row], batch.orders_repeated[row]),
            &batch.visits[row * 5..row * 5 + 5],
            (teams, &batch.desk_bases[desks.clone()], &batch.desk_times[desks]),
            (&batch.sum_bases[sums.clone()], &batch.sum_numbers[sums]),
        )
    )
}

/// Two readings of which the second sees at least as far; often at the same view.
fn readings(records: i64) -> impl Strategy<Value = (Seen, Seen)> {
    let step = || prop_oneof![2 => Just(0), 2 => 0..3_i64, 1 => 0..800_i64];
    let views = (20..900_i64, -20..20_i64, 700..900_i64);
    (0..=records, 0..=records, views, (step(), step(), step())).prop_map(
        |(one, other, (as_of, apart, may), (moved, decided_moved, may_moved))| {
            let april = (as_of, as_of + apart);
            let former = Seen { watermark: one.min(other), april, may: (may, may) };
            let april = (april.0 + moved, april.1 + decided_moved);
            let may = may + may_moved;
            (former, Seen { watermark: one.max(other), april, may: (may, may) })
        },
    )
}

/// Cases whose deadlines come from the platform, and whose deadlines are computed; some move with a
/// record of another case of their batch.
#[test]
fn former_facts_away_and_present_ones_added_make_the_present_reading() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let harness = runtime.block_on(Harness::start());
    harness.registry.set_rules(&rules("1 work_hour"), "Asia/Shanghai");
    let next = AtomicU32::new(0);
    let mut decided = Vec::new();
    let platform = all().into_iter().filter(|arrival| match arrival {
        Arrival::Case(case) => case.case_no == "D/4",
        Arrival::Event(event) => event.case_no == "D/4",
    });
    let late =
        pb::Event { outcome: "late".to_owned(), ..event("A", 20, pb::EventKind::Exempted, 70) };
    decided.push(Arrival::Event(late));
    let arrivals: Vec<_> = lacking().into_iter().chain(platform).chain(decided).collect();
    let cases = (deliveries(arrivals), prop::collection::vec(readings(40), 8));
    let mut runner = TestRunner::new(RunnerConfig::with_cases(12));
    runner
        .run(&cases, |(arrivals, readings)| {
            let parent = format!("jurisdictions/since-{}", next.fetch_add(1, Ordering::SeqCst));
            runtime.block_on(async {
                let accepted = deliver(&harness, &parent, arrivals).await;
                for (mut former, mut present) in readings {
                    former.watermark = former.watermark.min(accepted);
                    present.watermark = present.watermark.min(accepted);
                    let whole = async |seen| read(&harness, request(&parent, seen, None)).await;
                    let (_, before) = whole(former).await.unwrap();
                    let (_, now) = whole(present).await.unwrap();
                    let asked = request(&parent, present, Some(former));
                    let (away, added) = read(&harness, asked).await.unwrap();
                    for (key, fact) in &away {
                        prop_assert_eq!(before.get(key), Some(fact));
                        prop_assert_ne!(added.get(key), Some(fact), "equal facts are left out");
                    }
                    let mut made: Facts =
                        before.into_iter().filter(|(key, _)| !away.contains_key(key)).collect();
                    for (key, fact) in added {
                        prop_assert_eq!(made.insert(key, fact), None);
                    }
                    prop_assert_eq!(made, now);
                }
                Ok(())
            })
        })
        .unwrap();
    drop((harness, runtime));
}

#[tokio::test]
async fn only_what_differs_is_given() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    harness.take_events(&[events("A"), events("B")].concat()).await;
    let seen = Seen { watermark: 12, april: (100, 100), may: (100, 100) };
    let nothing = read(&harness, request(ZZ, seen, Some(seen))).await.unwrap();
    assert_eq!(nothing, (Facts::new(), Facts::new()));

    let failed = event("A", 9, pb::EventKind::Visited, 90);
    harness.take_events(&[pb::Event { outcome: "satisfied".to_owned(), ..failed }]).await;
    let later = Seen { watermark: 13, ..seen };
    let (away, added) = read(&harness, request(ZZ, later, Some(seen))).await.unwrap();
    let keys = |facts: &Facts| facts.keys().map(|(_, case_no)| case_no.clone()).collect();
    let expected = BTreeSet::from(["A".to_owned()]);
    assert_eq!((keys(&away), keys(&added)), (expected.clone(), expected));
}

#[tokio::test]
async fn a_former_reading_that_saw_more_is_refused() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    let seen = Seen { watermark: 1, april: (100, 100), may: (100, 100) };
    let freeze = (FREEZE - APRIL) / HOUR;
    let further = Seen { watermark: 2, april: (freeze, 100), may: (100, 100) };
    let status = read(&harness, request(ZZ, seen, Some(further))).await.unwrap_err();
    assert_eq!(reason(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status), ["since.watermark", "since"]);

    let mut odd = request(ZZ, seen, Some(seen));
    let since = odd.since.as_mut().unwrap();
    (since.as_of, since.decided) = (None, None);
    since.further_months[0].month = "2017-01".to_owned();
    let status = read(&harness, odd).await.unwrap_err();
    let expected = ["since.as_of", "since.decided", "since.further_months[0].month"];
    assert_eq!(fields(&status), expected);

    let ahead = Seen { watermark: 9, ..seen };
    let status = read(&harness, request(ZZ, ahead, Some(seen))).await.unwrap_err();
    assert_eq!(reason(&status), (Code::OutOfRange, "WATERMARK_AHEAD".to_owned()));
}
