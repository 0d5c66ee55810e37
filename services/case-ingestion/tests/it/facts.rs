//! Facts as columns.

use chengping_casework::{Base, Marks};
use chengping_proto::cases::v1 as pb;
use futures_util::TryStreamExt as _;
use tonic::{Code, Status};

use crate::builders::{APRIL, FREEZE, case, events, time};
use crate::harness::{Harness, ZZ, fields, metadata, reason};

pub(crate) fn april(watermark: i64) -> pb::StreamFactsRequest {
    pb::StreamFactsRequest {
        parent: ZZ.to_owned(),
        month: "2018-04".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        as_of: Some(time(FREEZE)),
        decided: Some(time(FREEZE)),
        watermark,
        freeze_day: 3,
        lifecycle: None,
        further_months: Vec::new(),
        since: None,
        without_case_nos: false,
        with_desk_lists: false,
    }
}

async fn answers(
    harness: &Harness,
    request: pb::StreamFactsRequest,
) -> Result<Vec<pb::StreamFactsResponse>, Status> {
    harness.snapshots.clone().stream_facts(request).await?.into_inner().try_collect().await
}

pub(crate) async fn stream(
    harness: &Harness,
    request: pb::StreamFactsRequest,
) -> Result<Vec<pb::FactBatch>, Status> {
    let answers = answers(harness, request).await?.into_iter();
    Ok(answers.map(|answer| answer.batch.unwrap()).collect())
}

fn month_view(month: &str, at: i64) -> pb::MonthView {
    pb::MonthView { month: month.to_owned(), as_of: Some(time(at)), decided: Some(time(at)) }
}

#[tokio::test]
async fn who_only_counts_is_told_all_but_the_case_numbers() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    harness.take_events(&[events("A"), events("B")].concat()).await;
    let named = stream(&harness, april(12)).await.unwrap();
    let request = pb::StreamFactsRequest { without_case_nos: true, ..april(12) };
    let unnamed = stream(&harness, request).await.unwrap();
    assert_eq!(named[0].case_nos, ["A", "B"]);
    let case_nos = Vec::new();
    assert_eq!(unnamed, [pb::FactBatch { case_nos, ..named[0].clone() }]);
}

#[tokio::test]
async fn counts_of_posts_that_are_equal_come_once_as_lists() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    harness.take_events(&[events("A"), events("B")].concat()).await;
    let plain = stream(&harness, april(12)).await.unwrap().remove(0);
    let request = pb::StreamFactsRequest { with_desk_lists: true, ..april(12) };
    let shared = stream(&harness, request).await.unwrap().remove(0);
    // Both cases went the same way.
    let teams = shared.desk_lengths.len();
    let half = plain.desk_teams.len() / 2;
    assert!(teams > 0 && half > 0);
    assert_eq!(shared.desk_list_lengths, [u32::try_from(teams).unwrap(); 2]);
    assert_eq!(shared.desk_lists[..teams], shared.desk_lists[teams..]);
    assert_eq!(shared.desk_teams, plain.desk_teams[half..]);
    assert_eq!(shared.desk_bases, plain.desk_bases[..half]);
    assert_eq!(shared.desk_times, plain.desk_times[..half]);
    assert!(plain.desk_lists.is_empty() && plain.desk_list_lengths.is_empty());
}

#[tokio::test]
async fn further_months_come_with_the_same_facts_as_when_they_are_asked_for_alone() {
    const DAY: i64 = 24 * 3_600;
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    harness.take_events(&[events("A"), events("B")].concat()).await;
    // March knows nothing, and April before its second day less than at its freeze.
    let views = [
        month_view("2018-04", APRIL + DAY),
        month_view("2018-03", APRIL),
        month_view("2018-05", FREEZE + 30 * DAY),
    ];
    let mut alone = Vec::new();
    for view in &views {
        let pb::MonthView { month, as_of, decided } = view.clone();
        let request = pb::StreamFactsRequest { month, as_of, decided, ..april(12) };
        alone.extend(answers(&harness, request).await.unwrap());
    }
    let [pb::MonthView { month, as_of, decided }, further @ ..] = views;
    let further_months = further.to_vec();
    let together = pb::StreamFactsRequest { month, as_of, decided, further_months, ..april(12) };
    assert_eq!(answers(&harness, together).await.unwrap(), alone);
    assert_eq!(alone.iter().map(|answer| &answer.month).collect::<Vec<_>>(), ["2018-04"]);
}

#[tokio::test]
async fn facts_come_in_columns_with_a_dictionary() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("B"), case("A"), case("silent")]).await;
    harness.take_events(&[events("B"), events("A")].concat()).await;
    let batches = stream(&harness, april(13)).await.unwrap();
    let [batch] = &batches[..] else { panic!("one batch") };

    assert_eq!(batch.case_nos, ["A", "B"]);
    let word = |index: u32| batch.dictionary[usize::try_from(index).unwrap()].as_str();
    assert_eq!(batch.dictionary[0], "");
    assert_eq!(word(batch.category_codes[1]), "0110");
    assert_eq!(word(batch.area_codes[1]), "R00001");
    assert_eq!(word(batch.collectors[0]), "c01");
    assert_eq!(word(batch.units[0]), "b01");
    assert_eq!(word(batch.filing_desks[0]), "sup1");
    assert_eq!(batch.sources, [i32::from(pb::Source::Patrol); 2]);
    assert_eq!(batch.report_times[0], (APRIL + 3_600) * 1_000_000);
    assert_eq!(batch.file_times[0], (APRIL + 7_200) * 1_000_000);
    let marks = Marks::from_bits(batch.marks[0]).unwrap();
    for base in [Base::Filed, Base::Due, Base::Handled, Base::OnTime, Base::ClosedOnTime] {
        assert!(marks.has(base), "{base}");
    }
    assert!(!marks.has(Base::OverdueOpen));
    assert_eq!((batch.visits.len(), batch.orders_first.len()), (10, 2));
    let length = usize::try_from(batch.desk_lengths[0]).unwrap();
    assert_eq!((batch.desk_lengths.len(), batch.desk_lengths[1]), (2, batch.desk_lengths[0]));
    assert_eq!(batch.desk_times, vec![1; 2 * length]);
    let counts = batch.desk_teams.iter().zip(&batch.desk_bases).take(length);
    let counts = counts.map(|(team, base)| {
        let base = Base::from_code(u8::try_from(*base).unwrap()).unwrap();
        format!("{}:{base}", word(*team))
    });
    let counts: Vec<_> = counts.collect();
    assert!(counts.contains(&"sup1:filings".to_owned()), "{counts:?}");
    assert!(counts.contains(&"c01:missed_basis".to_owned()), "{counts:?}");
    assert_eq!((batch.sum_lengths.len(), batch.sum_lengths[1]), (2, batch.sum_lengths[0]));
    let sums = batch.sum_bases.iter().map(|base| Base::from_code(u8::try_from(*base).unwrap()));
    assert!(
        sums.zip(&batch.sum_numbers)
            .any(|(base, seconds)| { base == Some(Base::HandlingSeconds) && *seconds > 0 })
    );
}

#[tokio::test]
async fn a_watermark_hides_what_was_accepted_later() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    harness.take_events(&events("A")).await;
    let before = stream(&harness, april(7)).await.unwrap();
    harness.take_events(&events("B")).await;
    assert_eq!(stream(&harness, april(7)).await.unwrap(), before);
    assert_eq!(stream(&harness, april(12)).await.unwrap()[0].case_nos, ["A", "B"]);
    assert!(stream(&harness, april(0)).await.unwrap().is_empty());

    let status = stream(&harness, april(13)).await.unwrap_err();
    assert_eq!(reason(&status), (Code::OutOfRange, "WATERMARK_AHEAD".to_owned()));
    assert_eq!(metadata(&status, "watermark"), "12");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_facts_come_in_many_batches_in_order() {
    let harness = Harness::start().await;
    let case_nos: Vec<_> = (0..4_500).map(|number| format!("C{number:05}")).collect();
    for case_nos in case_nos.chunks(1_500) {
        harness.take_cases(&case_nos.iter().map(|no| case(no)).collect::<Vec<_>>()).await;
        let events: Vec<_> = case_nos.iter().flat_map(|no| events(no)).collect();
        harness.take_events(&events).await;
    }
    let batches = stream(&harness, april(27_000)).await.unwrap();
    assert!(batches.len() > 1);
    let found: Vec<_> = batches.into_iter().flat_map(|batch| batch.case_nos).collect();
    assert_eq!(found, case_nos);
}

#[tokio::test]
async fn every_mistake_of_a_question_is_told_at_once() {
    let harness = Harness::start().await;
    let request = pb::StreamFactsRequest {
        month: "2018-4".to_owned(),
        time_zone: "Zhengzhou".to_owned(),
        decided: None,
        watermark: -1,
        freeze_day: 0,
        lifecycle: Some(pb::Lifecycle { rework: "never".to_owned(), ..Default::default() }),
        further_months: vec![
            month_view("2018-03", APRIL),
            month_view("2018-03", APRIL),
            month_view("March", 0),
        ],
        ..april(0)
    };
    let status = stream(&harness, request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    let expected = [
        "month",
        "decided",
        "time_zone",
        "watermark",
        "freeze_day",
        "lifecycle.rework",
        "further_months[1].month",
        "further_months[2].month",
    ];
    assert_eq!(fields(&status), expected);
}
