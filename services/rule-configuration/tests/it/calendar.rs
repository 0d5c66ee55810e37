//! The working calendar, read and changed as a whole.

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::calendar_day::Kind;
use prost_types::FieldMask;
use tonic::{Code, Status};

use crate::service::{Service, ZZ, by, fields, refusal, source, start};

/// The calendar of the tests.
pub(crate) const CALENDAR: &str = "jurisdictions/zz/workCalendars/default";
const REQUEST: &str = "7d1f6c1e-53f5-4c51-9d2c-0c3b9d7d4b12";

pub(crate) fn day(date: &str, kind: Kind, name: &str) -> pb::CalendarDay {
    let (date, display_name) = (date.to_owned(), name.to_owned());
    pb::CalendarDay { date, kind: kind.into(), display_name }
}

pub(crate) fn hours(date: &str, periods: &str) -> pb::WorkingHours {
    pb::WorkingHours {
        effective_date: date.to_owned(),
        periods: periods.to_owned(),
        ..Default::default()
    }
}

/// Labour Day 2018.
pub(crate) fn labour_day() -> Vec<pb::CalendarDay> {
    vec![
        day("2018-04-28", Kind::Workday, "劳动节调休"),
        day("2018-04-29", Kind::Holiday, "劳动节"),
        day("2018-04-30", Kind::Holiday, "劳动节"),
        day("2018-05-01", Kind::Holiday, "劳动节"),
    ]
}

/// A change of the lists that have rows.
pub(crate) fn change(
    working_hours: Vec<pb::WorkingHours>,
    calendar_days: Vec<pb::CalendarDay>,
) -> pb::UpdateWorkCalendarRequest {
    let calendar = pb::WorkCalendar {
        name: CALENDAR.to_owned(),
        working_hours,
        calendar_days,
        ..Default::default()
    };
    pb::UpdateWorkCalendarRequest {
        work_calendar: Some(calendar),
        reason: "国办发明电〔2017〕12号".to_owned(),
        ..Default::default()
    }
}

fn masked(request: pb::UpdateWorkCalendarRequest, paths: &[&str]) -> pb::UpdateWorkCalendarRequest {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    pb::UpdateWorkCalendarRequest { update_mask: Some(FieldMask { paths }), ..request }
}

async fn get(service: &mut Service) -> pb::WorkCalendar {
    let request = pb::GetWorkCalendarRequest { name: CALENDAR.to_owned() };
    service.registry.get_work_calendar(request).await.unwrap().into_inner()
}

async fn update(
    service: &mut Service,
    request: pb::UpdateWorkCalendarRequest,
) -> Result<pb::WorkCalendar, Status> {
    let answer = service.registry.update_work_calendar(by("wang", request)).await;
    answer.map(tonic::Response::into_inner)
}

async fn rules_digest(service: &mut Service) -> String {
    let request = pb::GetDeadlineRulesRequest { parent: ZZ.to_owned() };
    service.registry.get_deadline_rules(request).await.unwrap().into_inner().digest
}

async fn entries(service: &mut Service) -> Vec<pb::AuditEntry> {
    let request = pb::ListAuditEntriesRequest { parent: ZZ.to_owned(), ..Default::default() };
    service.packs.list_audit_entries(request).await.unwrap().into_inner().audit_entries
}

#[tokio::test]
async fn it_is_there_before_its_first_row_and_says_what_holds_now() {
    let mut service = start().await;
    let empty = get(&mut service).await;
    assert_eq!((empty.name.as_str(), empty.time_zone.as_str()), (CALENDAR, ""));
    assert!(empty.periods.is_empty() && !empty.etag.is_empty());
    let seasons = vec![hours("2018-06-01", "15:00-18:30"), hours("2018-01-01", "9:00-12:00")];
    let changed = update(&mut service, change(seasons, labour_day())).await.unwrap();
    // The last season that began, without days off named.
    assert_eq!(changed.periods, ["15:00-18:30"]);
    let dates: Vec<_> = changed.working_hours.iter().map(|row| &row.effective_date).collect();
    assert_eq!(dates, ["2018-01-01", "2018-06-01"]);
    assert_eq!(changed.working_hours[0].days_off, "sat sun");
    assert_eq!(changed.holidays, ["2018-04-29", "2018-04-30", "2018-05-01"]);
    assert_eq!(changed.swapped_workdays, ["2018-04-28"]);
    assert_ne!(changed.etag, empty.etag);
    assert_eq!(get(&mut service).await, changed);
    service.active(source("一"), "2018-03").await;
    assert_eq!(get(&mut service).await.time_zone, "Asia/Shanghai");

    for name in ["jurisdictions/zz/workCalendars/other", "jurisdictions/zz/workCalendars/Default"] {
        let request = pb::GetWorkCalendarRequest { name: name.to_owned() };
        let status = service.registry.get_work_calendar(request).await.unwrap_err();
        assert_eq!(refusal(&status), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
    }
}

#[tokio::test]
async fn a_list_is_replaced_as_a_whole_and_the_other_one_stays() {
    let mut service = start().await;
    update(&mut service, change(vec![hours("2018-01-01", "9:00-12:00")], labour_day()))
        .await
        .unwrap();
    let new_year = || vec![day("2019-01-01", Kind::Holiday, "元旦")];
    let changed = update(&mut service, change(vec![], new_year())).await.unwrap();
    assert_eq!((changed.working_hours.len(), changed.calendar_days), (1, new_year()));
    // What the mask does not name is not looked at.
    let request = change(vec![hours("bad", "")], vec![]);
    let emptied = update(&mut service, masked(request, &["calendar_days"])).await.unwrap();
    assert_eq!((emptied.working_hours.len(), emptied.calendar_days.len()), (1, 0));
    let request = masked(change(vec![], labour_day()), &["*"]);
    let all = update(&mut service, request).await.unwrap();
    assert_eq!((all.working_hours.len(), all.calendar_days), (0, labour_day()));
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_and_nothing_changes() {
    let mut service = start().await;
    let mut days = labour_day();
    days.push(day("2018-02-30", Kind::Unspecified, "a\nb"));
    days.push(day("2018-04-29", Kind::Workday, ""));
    let seasons = vec![
        hours("", "12:00-08:00"),
        pb::WorkingHours { days_off: "sat,sun".to_owned(), ..hours("2018-06-01", "") },
    ];
    let mut request = masked(change(seasons, days), &["*", "periods", "calendar_days[0]"]);
    request.reason = " ".to_owned();
    request.request_id = "7".to_owned();
    request.work_calendar.as_mut().unwrap().name = "workCalendars/default".to_owned();
    let status = update(&mut service, request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    let expected = [
        "work_calendar.name",
        "update_mask",
        "update_mask",
        "work_calendar.working_hours[0].effective_date",
        "work_calendar.working_hours[0].periods",
        "work_calendar.working_hours[1].periods",
        "work_calendar.working_hours[1].days_off",
        "work_calendar.calendar_days[4].date",
        "work_calendar.calendar_days[4].kind",
        "work_calendar.calendar_days[4].display_name",
        "work_calendar.calendar_days[5].date",
        "reason",
        "request_id",
    ];
    assert_eq!(fields(&status), expected);

    let nothing = update(&mut service, change(vec![], vec![])).await.unwrap_err();
    assert_eq!(fields(&nothing), ["update_mask"]);
    let many = (0..10_001).map(|_| day("2018-01-01", Kind::Holiday, "")).collect();
    let many = update(&mut service, change(vec![], many)).await.unwrap_err();
    assert_eq!(fields(&many), ["work_calendar.calendar_days"]);
    let absent = pb::UpdateWorkCalendarRequest::default();
    assert_eq!(fields(&update(&mut service, absent).await.unwrap_err()), ["work_calendar"]);
    assert!(entries(&mut service).await.is_empty());
}

#[tokio::test]
async fn whoever_looked_at_another_calendar_is_told() {
    let mut service = start().await;
    let etag = get(&mut service).await.etag;
    let with_etag = |days: Vec<pb::CalendarDay>| {
        let mut request = change(vec![], days);
        request.work_calendar.as_mut().unwrap().etag.clone_from(&etag);
        request
    };
    update(&mut service, with_etag(labour_day())).await.unwrap();
    let new_year = vec![day("2019-01-01", Kind::Holiday, "元旦")];
    let status = update(&mut service, with_etag(new_year)).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    assert_eq!(get(&mut service).await.calendar_days, labour_day());
}

#[tokio::test]
async fn of_many_who_looked_at_the_same_calendar_one_changes_it() {
    let mut service = start().await;
    let etag = get(&mut service).await.etag;
    let tasks = (1..=20).map(|number| {
        let mut registry = service.registry.clone();
        let days = vec![day(&format!("2018-01-{number:02}"), Kind::Holiday, "")];
        let mut request = change(vec![], days);
        request.work_calendar.as_mut().unwrap().etag.clone_from(&etag);
        tokio::spawn(async move { registry.update_work_calendar(request).await })
    });
    let mut changed = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(_) => changed += 1,
            Err(status) => assert_eq!(status.code(), Code::Aborted, "{status}"),
        }
    }
    assert_eq!((changed, get(&mut service).await.calendar_days.len()), (1, 1));
}

#[tokio::test]
async fn a_rehearsal_answers_and_changes_nothing() {
    let mut service = start().await;
    let before = get(&mut service).await;
    let mut request = change(vec![], labour_day());
    request.validate_only = true;
    request.request_id = REQUEST.to_owned();
    let answer = update(&mut service, request.clone()).await.unwrap();
    assert_eq!(answer.calendar_days, labour_day());
    assert_eq!(get(&mut service).await, before);
    assert!(entries(&mut service).await.is_empty());
    // It is no first answer either.
    request.validate_only = false;
    assert_eq!(update(&mut service, request).await.unwrap(), answer);
    assert_eq!(get(&mut service).await, answer);
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_though_things_moved_on() {
    let mut service = start().await;
    let mut request = change(vec![], labour_day());
    request.request_id = REQUEST.to_owned();
    let first = update(&mut service, request.clone()).await.unwrap();
    let new_year = vec![day("2019-01-01", Kind::Holiday, "元旦")];
    let moved = update(&mut service, change(vec![], new_year)).await.unwrap();
    assert_eq!(update(&mut service, request.clone()).await.unwrap(), first);
    assert_eq!(get(&mut service).await, moved);
    assert_eq!(entries(&mut service).await.len(), 2);
    request.reason.push('!');
    let status = update(&mut service, request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned()));
}

#[tokio::test]
async fn a_change_is_recorded_with_the_rules_before_and_after_and_no_change_is_not() {
    let mut service = start().await;
    let before = rules_digest(&mut service).await;
    update(&mut service, change(vec![], labour_day())).await.unwrap();
    let after = rules_digest(&mut service).await;
    let mut backwards = labour_day();
    backwards.reverse();
    update(&mut service, change(vec![], backwards)).await.unwrap();
    let [entry] = &entries(&mut service).await[..] else { panic!("one entry") };
    assert_eq!((entry.actor.as_str(), entry.resource.as_str()), ("wang", CALENDAR));
    assert_eq!(entry.action, "chengping.rules.v1.RegistryService/UpdateWorkCalendar");
    assert_eq!(entry.reason, "国办发明电〔2017〕12号");
    assert_eq!((&entry.digest_before, &entry.digest_after), (&before, &after));
    assert_ne!(before, after);
}
