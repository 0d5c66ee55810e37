//! What deadlines are computed from: taken in with the registry, and apart from its revisions.

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::calendar_day::Kind;
use chengping_proto::rules::v1::registry_row::Content;

use crate::import::{body, city, counts, row};
use crate::service::{Service, ZZ, source, start};

fn hours(date: &str, periods: &str) -> Content {
    Content::WorkingHours(pb::WorkingHours {
        effective_date: date.to_owned(),
        periods: periods.to_owned(),
        ..Default::default()
    })
}

fn day(date: &str, kind: Kind) -> Content {
    let display_name = "劳动节".to_owned();
    Content::CalendarDay(pb::CalendarDay { date: date.to_owned(), kind: kind.into(), display_name })
}

fn limit(id: &str, limit: &str, unit: &str) -> pb::FilingLimit {
    pb::FilingLimit {
        condition_id: id.to_owned(),
        category_scheme: "s".to_owned(),
        category_code: "01".to_owned(),
        limit: limit.to_owned(),
        unit: unit.to_owned(),
        valid_from: "2018-01".to_owned(),
        ..Default::default()
    }
}

fn rules() -> Vec<pb::RegistryRow> {
    vec![
        row("working_hours.csv", 2, hours("2018-06-01", "08:00-12:00 15:00-18:30")),
        row("calendar.csv", 2, day("2018-04-28", Kind::Workday)),
        row("calendar.csv", 3, day("2018-04-29", Kind::Holiday)),
        row("filing_conditions.csv", 2, Content::FilingLimit(limit("c1", "1.50", "work_day"))),
    ]
}

async fn standing(service: &mut Service) -> pb::DeadlineRules {
    let request = pb::GetDeadlineRulesRequest { parent: ZZ.to_owned() };
    service.registry.get_deadline_rules(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn they_are_taken_in_and_given_back_whole_and_make_no_revision() {
    let mut service = start().await;
    let empty = standing(&mut service).await;
    let first = service.import(vec![city()], false).await;
    assert_eq!(first.deadline_rules_digest, empty.digest);
    let answer = service.import(vec![rules()], false).await;
    assert_eq!(counts(&answer), (4, 0, 0, 0));
    assert_eq!(answer.registry_revision, first.registry_revision);

    let found = standing(&mut service).await;
    assert_eq!((&found.digest, found.time_zone.as_str()), (&answer.deadline_rules_digest, ""));
    assert_ne!(found.digest, empty.digest);
    assert_eq!(found.working_hours[0].days_off, "sat sun");
    let days: Vec<_> =
        found.calendar_days.iter().map(|day| (day.date.as_str(), day.kind())).collect();
    assert_eq!(days, [("2018-04-28", Kind::Workday), ("2018-04-29", Kind::Holiday)]);
    let [limit] = &found.filing_limits[..] else { panic!("{found:?}") };
    assert_eq!((limit.limit.as_str(), limit.unit.as_str()), ("1.5", "work_day"));

    let again = service.import(vec![rules()], false).await;
    assert_eq!(counts(&again), (0, 0, 4, 0));
    assert_eq!(standing(&mut service).await, found);
}

#[tokio::test]
async fn the_order_and_split_of_rows_do_not_show() {
    let mut whole = start().await;
    whole.import(vec![rules()], false).await;
    let mut split = start().await;
    for row in rules().into_iter().rev() {
        split.import(vec![vec![row]], false).await;
    }
    assert_eq!(standing(&mut whole).await, standing(&mut split).await);
}

#[tokio::test]
async fn one_import_changes_both_and_each_has_its_audit_entry() {
    let mut service = start().await;
    let rows = [city(), rules()].concat();
    assert_eq!(counts(&service.import(vec![rows.clone()], true).await), (12, 0, 0, 0));
    assert!(standing(&mut service).await.calendar_days.is_empty());
    let answer = service.import(vec![rows], false).await;
    assert_eq!(counts(&answer), (12, 0, 0, 0));
    let request = pb::ListAuditEntriesRequest {
        parent: ZZ.to_owned(),
        ..pb::ListAuditEntriesRequest::default()
    };
    let entries = service.packs.list_audit_entries(request).await.unwrap().into_inner();
    let seen: Vec<_> = entries
        .audit_entries
        .iter()
        .map(|entry| (entry.resource.as_str(), entry.digest_after.clone()))
        .collect();
    let revision = answer.registry_revision.unwrap();
    let rules = "jurisdictions/zz/deadlineRules";
    assert_eq!(seen, [(rules, answer.deadline_rules_digest), (&*revision.name, revision.digest)]);
}

#[tokio::test]
async fn the_later_row_of_a_day_holds_and_a_contradicting_limit_is_a_conflict() {
    let mut service = start().await;
    let mut rows = rules();
    rows.push(row("calendar.csv", 4, day("2018-04-29", Kind::Workday)));
    rows.push(row("filing_conditions.csv", 3, Content::FilingLimit(limit("c1", "2", "work_day"))));
    let answer = service.import(vec![rows], false).await;
    assert_eq!(counts(&answer), (4, 0, 1, 1));
    assert_eq!((answer.rejects[0].row, answer.rejects[0].code.as_str()), (3, "conflict"));
    assert_eq!(standing(&mut service).await.calendar_days[1].kind(), Kind::Workday);
    // A later import replaces it.
    let change =
        vec![row("filing_conditions.csv", 2, Content::FilingLimit(limit("c1", "2", "work_day")))];
    assert_eq!(counts(&service.import(vec![change], false).await), (0, 1, 0, 0));
}

#[tokio::test]
async fn each_fault_has_its_code_and_column() {
    let mut service = start().await;
    let limits = |change: fn(&mut pb::FilingLimit)| {
        let mut row = limit("c1", "1", "work_hour");
        change(&mut row);
        Content::FilingLimit(row)
    };
    let bad = [
        (hours("2018-02-30", "08:00-12:00"), "effective_date", "bad_date"),
        (hours("", "08:00-12:00"), "effective_date", "missing_date"),
        (hours("2018-06-01", "12:00-08:00"), "periods", "bad_working_hours"),
        (hours("2018-06-01", ""), "periods", "missing_periods"),
        (day("2018-04-29", Kind::Unspecified), "kind", "missing_kind"),
        (limits(|row| row.condition_id.clear()), "condition_id", "missing_condition_id"),
        (limits(|row| row.category_code.clear()), "category_code", "missing_category"),
        (limits(|row| "0".clone_into(&mut row.limit)), "limit", "bad_number"),
        (limits(|row| row.limit.clear()), "limit", "missing_limit"),
        (limits(|row| "week".clone_into(&mut row.unit)), "unit", "unknown_unit"),
        (limits(|row| "2017-12".clone_into(&mut row.valid_to)), "valid_to", "bad_month"),
    ];
    let rows = bad.iter().zip(2..).map(|((content, ..), number)| row("f", number, content.clone()));
    let answer = service.import(vec![rows.collect()], false).await;
    let found: Vec<_> = answer
        .rejects
        .iter()
        .map(|reject| (reject.column.as_str(), reject.code.as_str()))
        .collect();
    let expected: Vec<_> = bad.iter().map(|(_, column, code)| (*column, *code)).collect();
    assert_eq!(found, expected);
    assert!(standing(&mut service).await.filing_limits.is_empty());
}

#[tokio::test]
async fn the_time_zone_is_that_of_the_pack_activated_last() {
    let mut service = start().await;
    service.import(vec![vec![row("f", 2, body("d01", pb::BodyKind::District, ""))]], false).await;
    service.commit(source("一")).await;
    assert_eq!(standing(&mut service).await.time_zone, "");
    service.active(source("二"), "2018-03").await;
    assert_eq!(standing(&mut service).await.time_zone, "Asia/Shanghai");
    let elsewhere = source("三").replace("Asia/Shanghai", "Asia/Urumqi");
    service.active(elsewhere, "2018-01").await;
    assert_eq!(standing(&mut service).await.time_zone, "Asia/Urumqi");
}
