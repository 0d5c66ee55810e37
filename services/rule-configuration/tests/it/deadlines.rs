//! Deadlines for whoever asks. That they are those of intake is a law of `casework`, which both ask.

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_row::Content;
use chengping_types::Instant;
use prost_types::Timestamp;
use tonic::{Code, Status};

use crate::calendar::{CALENDAR, change, hours, labour_day};
use crate::import::row;
use crate::service::{Service, fields, refusal, source, start, values};

fn time(text: &str) -> Option<Timestamp> {
    let micros = text.parse::<Instant>().unwrap().as_micros();
    Some(Timestamp { seconds: micros.div_euclid(1_000_000), nanos: 0 })
}

fn asked(start: &str) -> pb::ComputeDeadlineRequest {
    pb::ComputeDeadlineRequest {
        work_calendar: CALENDAR.to_owned(),
        start_time: time(start),
        ..Default::default()
    }
}

fn of_limit(start: &str, limit: &str, unit: &str) -> pb::ComputeDeadlineRequest {
    let (exact_limit, unit) = (limit.to_owned(), unit.to_owned());
    pb::ComputeDeadlineRequest { exact_limit, unit, ..asked(start) }
}

fn of_condition(start: &str, condition: &str, code: &str) -> pb::ComputeDeadlineRequest {
    pb::ComputeDeadlineRequest {
        condition_id: condition.to_owned(),
        category_scheme: "s".to_owned(),
        category_code: code.to_owned(),
        ..asked(start)
    }
}

async fn compute(
    service: &mut Service,
    request: pb::ComputeDeadlineRequest,
) -> Result<pb::ComputeDeadlineResponse, Status> {
    service.packs.compute_deadline(request).await.map(tonic::Response::into_inner)
}

/// A deadline told in both ways, which must agree.
async fn told(
    service: &mut Service,
    request: pb::ComputeDeadlineRequest,
) -> pb::ExplainDeadlineResponse {
    let computed = compute(service, request.clone()).await.unwrap();
    let explain = pb::ExplainDeadlineRequest { deadline: Some(request) };
    let explained = service.packs.explain_deadline(explain).await.unwrap().into_inner();
    assert_eq!(
        (computed.due_time, &computed.intervals),
        (explained.due_time, &explained.intervals)
    );
    explained
}

async fn refused(service: &mut Service, request: pb::ComputeDeadlineRequest) -> (Code, String) {
    let explain = pb::ExplainDeadlineRequest { deadline: Some(request.clone()) };
    let explained = service.packs.explain_deadline(explain).await.unwrap_err();
    let computed = compute(service, request).await.unwrap_err();
    assert_eq!(refusal(&explained), refusal(&computed));
    refusal(&computed)
}

fn limit(from: &str, to: &str, limit: &str, unit: &str) -> pb::RegistryRow {
    let content = Content::FilingLimit(pb::FilingLimit {
        condition_id: "c1".to_owned(),
        category_scheme: "s".to_owned(),
        category_code: "01".to_owned(),
        limit: limit.to_owned(),
        unit: unit.to_owned(),
        valid_from: from.to_owned(),
        valid_to: to.to_owned(),
        display_name: "暴露垃圾".to_owned(),
    });
    row("filing_conditions.csv", 2, content)
}

/// A service with a time zone, Labour Day 2018 and the condition c1.
async fn zhengzhou() -> Service {
    let mut service = start().await;
    service.active(source("一"), "2018-03").await;
    service.registry.update_work_calendar(change(vec![], labour_day())).await.unwrap();
    let limits = vec![
        limit("2018-01", "2018-04", "1", "work_day"),
        limit("2018-05", "2018-12", "2", "urgent_hour"),
    ];
    service.import(vec![limits], false).await;
    service
}

#[tokio::test]
async fn a_deadline_is_told_with_every_interval_and_every_day_that_does_not_count() {
    let mut service = zhengzhou().await;
    let given = of_limit("2018-04-28T17:30:00+08:00", "1.50", "work_day");
    let told_given = told(&mut service, given).await;
    assert_eq!(told_given.due_time, time("2018-05-03T11:30:00+08:00"));
    assert_eq!((told_given.limit.as_str(), told_given.unit.as_str()), ("1.5", "work_day"));
    assert_eq!(told_given.time_zone, "Asia/Shanghai");
    let days: Vec<_> = told_given
        .skipped_days
        .iter()
        .map(|day| (day.date.as_str(), day.reason.as_str(), day.display_name.as_str()))
        .collect();
    let holiday = |date| (date, "holiday", "劳动节");
    assert_eq!(days, ["2018-04-29", "2018-04-30", "2018-05-01"].map(holiday));
    let micros = told_given
        .intervals
        .iter()
        .map(|interval| interval.end_time.unwrap().seconds - interval.start_time.unwrap().seconds);
    assert_eq!(micros.sum::<i64>(), 12 * 3600);
    assert_eq!(
        told_given.text,
        "自 2018-04-28 17:30 起算，时限 1.5 个工作日（12 小时），4 月 28 日计 30 分钟，5 月 2 日计 8 小时，\
         5 月 3 日计 3 小时 30 分钟，4 月 29 日至 5 月 1 日 劳动节 不计，2018-05-03 11:30 到期。"
    );
}

#[tokio::test]
async fn the_limit_of_a_condition_is_that_of_the_month_of_the_start() {
    let mut service = zhengzhou().await;
    let april = of_condition("2018-04-27T10:00:00+08:00", "c1", "0102");
    let april = told(&mut service, april).await;
    assert_eq!((april.limit.as_str(), april.unit.as_str()), ("1", "work_day"));
    assert_eq!((april.condition_id.as_str(), april.due_time), ("c1", time("2018-04-28T02:00:00Z")));
    assert!(april.text.contains("按立案条件 c1（暴露垃圾）"), "{}", april.text);
    // Midnight in Zhengzhou is what parts the months.
    let may = told(&mut service, of_condition("2018-04-30T16:00:00Z", "c1", "01")).await;
    assert_eq!((may.unit.as_str(), may.due_time), ("urgent_hour", time("2018-04-30T18:00:00Z")));
    let whole = pb::ComputeDeadlineRequest {
        limit: 4,
        unit: "work_hour".to_owned(),
        ..asked("2018-04-27T17:00:00+08:00")
    };
    assert_eq!(told(&mut service, whole).await.due_time, time("2018-04-28T11:00:00+08:00"));
}

#[tokio::test]
async fn the_rules_that_hold_now_are_named_by_their_digest() {
    let mut service = zhengzhou().await;
    let asked = of_limit("2018-04-28T17:30:00+08:00", "1", "work_day");
    let before = told(&mut service, asked.clone()).await;
    let request = change(vec![hours("2018-01-01", "08:00-20:00")], vec![]);
    service.registry.update_work_calendar(request).await.unwrap();
    let after = told(&mut service, asked).await;
    assert_ne!(before.deadline_rules_digest, after.deadline_rules_digest);
    assert_eq!(after.due_time, time("2018-05-02T13:30:00+08:00"));
    let request = pb::GetDeadlineRulesRequest { parent: crate::service::ZZ.to_owned() };
    let rules = service.registry.get_deadline_rules(request).await.unwrap().into_inner();
    assert_eq!(rules.digest, after.deadline_rules_digest);
}

#[tokio::test]
async fn what_cannot_be_computed_says_why() {
    let start_time = "2018-04-28T17:30:00+08:00";
    let mut service = start().await;
    let urgent = of_limit(start_time, "2", "urgent_hour");
    let working = of_limit(start_time, "2", "work_hour");
    let precondition = |reason: &str| (Code::FailedPrecondition, reason.to_owned());
    assert_eq!(refused(&mut service, urgent.clone()).await, precondition("NO_TIME_ZONE"));
    service.active(source("一"), "2018-03").await;
    assert_eq!(refused(&mut service, working).await, precondition("NO_WORK_CALENDAR"));
    assert_eq!(told(&mut service, urgent).await.due_time, time("2018-04-28T19:30:00+08:00"));

    let mut service = zhengzhou().await;
    let unknown = of_condition(start_time, "c9", "01");
    let not_found = (Code::NotFound, "FILING_CONDITION_NOT_FOUND".to_owned());
    assert_eq!(refused(&mut service, unknown.clone()).await, not_found);
    let status = compute(&mut service, unknown).await.unwrap_err();
    assert_eq!(values(&status), [("conditionId".to_owned(), "c9".to_owned())]);
    let other = of_condition(start_time, "c1", "02");
    let reason = precondition("FILING_CONDITION_OF_OTHER_CATEGORY");
    assert_eq!(refused(&mut service, other).await, reason);
    let later = of_condition("2019-01-01T00:00:00+08:00", "c1", "01");
    assert_eq!(refused(&mut service, later).await, precondition("FILING_CONDITION_NOT_VALID"));
    let late = of_limit("9999-12-31T00:00:00Z", "9999", "urgent_day");
    let range = (Code::OutOfRange, "DEADLINE_OUT_OF_RANGE".to_owned());
    assert_eq!(refused(&mut service, late).await, range);
    let minutes = change(vec![hours("2018-01-01", "08:00-08:01")], vec![]);
    service.registry.update_work_calendar(minutes).await.unwrap();
    let long = of_limit(start_time, "9999", "work_day");
    assert_eq!(refused(&mut service, long).await, precondition("TOO_LITTLE_WORKING_TIME"));
    let elsewhere = pb::ComputeDeadlineRequest {
        work_calendar: CALENDAR.replace("default", "summer"),
        ..of_limit(start_time, "2", "work_hour")
    };
    let not_found = (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned());
    assert_eq!(refused(&mut service, elsewhere).await, not_found);
}

#[tokio::test]
async fn every_bad_field_is_told_at_once() {
    let mut service = start().await;
    let wrong = async |service: &mut Service, request: pb::ComputeDeadlineRequest| {
        fields(&compute(service, request).await.unwrap_err())
    };
    let empty = wrong(&mut service, pb::ComputeDeadlineRequest::default()).await;
    assert_eq!(empty, ["work_calendar", "start_time", "limit", "unit"]);
    let good = || of_limit("2018-04-28T17:30:00+08:00", "1", "work_day");
    let condition = pb::ComputeDeadlineRequest { condition_id: "c1".to_owned(), ..good() };
    let expected = ["limit", "category_scheme", "category_code", "unit"];
    assert_eq!(wrong(&mut service, condition).await, expected);
    let category = pb::ComputeDeadlineRequest { category_code: "01".to_owned(), ..good() };
    assert_eq!(wrong(&mut service, category).await, ["category_code"]);
    let exact = of_limit("2018-04-28T17:30:00+08:00", "1.005", "week");
    assert_eq!(wrong(&mut service, exact).await, ["unit", "exact_limit"]);
    for limit in [-1, 10_000, i32::MAX] {
        let whole = pb::ComputeDeadlineRequest { limit, exact_limit: String::new(), ..good() };
        assert_eq!(wrong(&mut service, whole).await, ["limit"], "{limit}");
    }
    for (seconds, nanos) in [(0, 1), (0, -1), (i64::MAX, 0), (-62_135_596_801, 0)] {
        let start_time = Some(Timestamp { seconds, nanos });
        let request = pb::ComputeDeadlineRequest { start_time, ..good() };
        assert_eq!(wrong(&mut service, request).await, ["start_time"], "{seconds} {nanos}");
    }
    let request = pb::ExplainDeadlineRequest::default();
    let status = service.packs.explain_deadline(request).await.unwrap_err();
    assert_eq!(fields(&status)[0], "deadline.work_calendar");
}
