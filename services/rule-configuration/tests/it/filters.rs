//! Filters of the audit log.

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::calendar_day::Kind;
use chengping_types::Instant;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::calendar::{change, day};
use crate::service::{Service, ZZ, by, fields, refusal, source, start};

async fn list(
    service: &mut Service,
    filter: &str,
    page: (i32, &str),
) -> Result<pb::ListAuditEntriesResponse, Status> {
    let request = pb::ListAuditEntriesRequest {
        parent: ZZ.to_owned(),
        page_size: page.0,
        page_token: page.1.to_owned(),
        filter: filter.to_owned(),
    };
    service.packs.list_audit_entries(request).await.map(tonic::Response::into_inner)
}

async fn found(service: &mut Service, filter: &str) -> Vec<pb::AuditEntry> {
    list(service, filter, (1000, ""))
        .await
        .unwrap_or_else(|error| panic!("{filter}: {error}"))
        .audit_entries
}

/// The places in the chain of the entries that a filter means.
async fn places(service: &mut Service, filter: &str) -> Vec<u64> {
    found(service, filter).await.iter().map(place).collect()
}

fn place(entry: &pb::AuditEntry) -> u64 {
    entry.name.rsplit('/').next().unwrap().parse().unwrap()
}

/// The `number`-th change of the calendar, by somebody, for a reason.
pub(crate) async fn change_by(service: &mut Service, number: u32, actor: &str, reason: &str) {
    let date = format!("20{:02}-{:02}-{:02}", number / 336, number / 28 % 12 + 1, number % 28 + 1);
    let days = vec![day(&date, Kind::Holiday, "节")];
    let request =
        pb::UpdateWorkCalendarRequest { reason: reason.to_owned(), ..change(vec![], days) };
    service.registry.update_work_calendar(by(actor, request)).await.unwrap();
}

/// Six changes of the calendar and a pack in force: ten entries.
async fn history() -> Service {
    let mut service = start().await;
    for (number, actor, reason) in [
        (1, "wang", "元旦"),
        (2, "li", "春节 100%"),
        (3, "wang", "清明_节"),
        (4, "zhao", "it's \"so\" \\ here"),
        (5, "li", "劳动节"),
        (6, "wang", "端午"),
    ] {
        change_by(&mut service, number, actor, reason).await;
    }
    service.active(source("一"), "2018-03").await;
    service
}

#[tokio::test]
async fn each_field_and_comparison_means_what_it_says() {
    let mut service = history().await;
    let service = &mut service;
    assert_eq!(places(service, "").await, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(places(service, "actor = wang").await, [6, 3, 1]);
    assert_eq!(places(service, "actor != wang AND actor != local").await, [5, 4, 2]);
    assert_eq!(places(service, "NOT actor : \"a\"").await, [5, 2]);
    assert_eq!(places(service, "action : RulePackService/").await, [10, 9, 8, 7]);
    assert_eq!(places(service, "resource:revisions/1 AND action:Submit").await, [8]);
    assert_eq!(places(service, "actor = li AND reason : '节' OR actor = zhao").await, [5, 2]);
    assert_eq!(places(service, "(actor = li AND reason : 节) OR actor = zhao").await, [5, 4, 2]);
    let entries = found(service, "").await;
    let digest = entries[6].digest_after.clone();
    assert_eq!(places(service, &format!("digest_after = {digest}")).await, [4]);
    assert_eq!(places(service, &format!("digest_before = \"{digest}\"")).await, [5]);
    let time = entries[4].create_time.unwrap();
    let micros = time.seconds * 1_000_000 + i64::from(time.nanos / 1000);
    let time = Instant::from_micros(micros);
    assert_eq!(places(service, &format!("create_time = {time}")).await, [6]);
    assert_eq!(places(service, &format!("create_time > {time}")).await, [10, 9, 8, 7]);
    assert_eq!(places(service, &format!("create_time <= \"{time}\"")).await, [6, 5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn a_value_is_never_more_than_a_value() {
    let mut service = history().await;
    let service = &mut service;
    // No pattern.
    assert_eq!(places(service, "reason : '%'").await, [2]);
    assert_eq!(places(service, "reason : _").await, [3]);
    assert_eq!(places(service, r#"reason = "it's \"so\" \\ here""#).await, [4]);
    // No statement.
    for hostile in ["'; drop table audit_entry; --", "$1", "1' or '1'='1", "\\'; --", "wang\0"] {
        let value = hostile.replace('\\', "\\\\");
        let answer = list(service, &format!("actor = \"{value}\""), (10, "")).await;
        match answer {
            Ok(page) => assert!(page.audit_entries.is_empty(), "{hostile}"),
            Err(status) => assert_eq!(fields(&status), ["filter"], "{hostile}"),
        }
    }
    assert_eq!(places(service, "").await.len(), 10);
}

#[tokio::test]
async fn a_mistake_is_told_with_its_place() {
    let mut service = start().await;
    for (filter, part) in [
        ("aktor = wang", "at character 1: \"aktor\" is no field"),
        ("actor = wang create_time > x", "at character 14: expected AND, OR"),
        ("create_time : 2018", "at character 13: create_time is a time"),
    ] {
        let status = list(&mut service, filter, (0, "")).await.unwrap_err();
        assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
        let details = status.get_error_details();
        let [violation] = &details.bad_request().unwrap().field_violations[..] else {
            panic!("{filter}")
        };
        assert_eq!(violation.field, "filter");
        assert!(violation.description.contains(part), "{}", violation.description);
    }
    let long = format!("actor = {}", "a".repeat(100_000));
    assert_eq!(fields(&list(&mut service, &long, (0, "")).await.unwrap_err()), ["filter"]);
}

#[tokio::test]
async fn pages_stay_as_they_are_while_entries_come() {
    let mut service = history().await;
    let filter = "actor = wang OR actor = li";
    let (mut seen, mut token) = (Vec::new(), String::new());
    for number in 7.. {
        let page = list(&mut service, filter, (2, &token)).await.unwrap();
        seen.extend(page.audit_entries.iter().map(place));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        change_by(&mut service, number, "wang", "later").await;
    }
    assert_eq!(seen, [6, 5, 3, 2, 1]);
    let first = list(&mut service, filter, (2, "")).await.unwrap();
    let other = list(&mut service, "actor = wang", (2, &first.next_page_token)).await;
    let mismatch = (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH".to_owned());
    assert_eq!(refusal(&other.unwrap_err()), mismatch);
}

/// A filter with what it means.
#[derive(Debug, Clone)]
enum Meant {
    All(Vec<Meant>),
    Any(Vec<Meant>),
    Not(Box<Meant>),
    Actor(&'static str, &'static str),
    Reason(&'static str, &'static str),
}

impl Meant {
    fn text(&self) -> String {
        let joined = |parts: &[Self], word| {
            let parts: Vec<_> = parts.iter().map(|part| format!("({})", part.text())).collect();
            parts.join(word)
        };
        match self {
            Self::All(parts) => joined(parts, " AND "),
            Self::Any(parts) => joined(parts, " OR "),
            Self::Not(inner) => format!("NOT ({})", inner.text()),
            Self::Actor(operator, value) => format!("actor {operator} \"{value}\""),
            Self::Reason(operator, value) => format!("reason {operator} \"{value}\""),
        }
    }

    fn means(&self, entry: &pb::AuditEntry) -> bool {
        let compare = |found: &str, operator: &str, value: &str| match operator {
            "=" => found == value,
            "!=" => found != value,
            _ => found.contains(value),
        };
        match self {
            Self::All(parts) => parts.iter().all(|part| part.means(entry)),
            Self::Any(parts) => parts.iter().any(|part| part.means(entry)),
            Self::Not(inner) => !inner.means(entry),
            Self::Actor(operator, value) => compare(&entry.actor, operator, value),
            Self::Reason(operator, value) => compare(&entry.reason, operator, value),
        }
    }
}

fn meant() -> impl Strategy<Value = Meant> {
    let operator = || select(vec!["=", "!=", ":"]);
    let actor = (operator(), select(vec!["wang", "li", "a", "", "Wang"]));
    let reason = (operator(), select(vec!["", "节", "元旦", "%", "_", "劳动节"]));
    let one = prop_oneof![
        actor.prop_map(|(operator, value)| Meant::Actor(operator, value)),
        reason.prop_map(|(operator, value)| Meant::Reason(operator, value)),
    ];
    one.prop_recursive(3, 12, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            several.clone().prop_map(Meant::All),
            several.prop_map(Meant::Any),
            inner.prop_map(|inner| Meant::Not(Box::new(inner))),
        ]
    })
}

#[tokio::test]
async fn the_database_finds_what_a_filter_means() {
    let mut service = history().await;
    let all = found(&mut service, "").await;
    let mut runner = TestRunner::deterministic();
    for _ in 0..100 {
        let filter = meant().new_tree(&mut runner).unwrap().current();
        let expected: Vec<_> = all.iter().filter(|entry| filter.means(entry)).collect();
        let found = found(&mut service, &filter.text()).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{}", filter.text());
    }
}
