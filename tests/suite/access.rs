//! Who sees what: every method for every caller, on whatever body, over real sockets of a real suite.
//!
//! Who may call a method says the table of its service; whom each caller sees is written down here by
//! hand ([`town::CALLERS`]), as the regulation words it (7.1, 7.2, 6.2, 6.6, 6.7, 6.9, 7.3).

mod probes;
mod questions;
mod town;

use std::collections::{BTreeMap, BTreeSet};

use chengping_access::{Detail, Details};
use chengping_chassis::identity::{Access, Role};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use self::probes::{call, probe};
use self::town::{BODIES, CALLERS, Caller, Town};

/// The tables of the four services.
const TABLES: [(&Access, &Details); 4] = [
    (chengping_case_ingestion::ACCESS, chengping_case_ingestion::DETAILS),
    // What is registered is known to all who are judged by it (6.8).
    (chengping_rule_configuration::ACCESS, &[]),
    (chengping_scoring_service::ACCESS, chengping_scoring_service::DETAILS),
    (chengping_result_publication::ACCESS, chengping_result_publication::DETAILS),
];

/// What must hold whatever the tables say: method, role, whether it may call it.
const GOLDEN: [(&str, Role, bool); 46] = [
    // 1.1: who is judged, and who judges, sends no case and makes no rule.
    ("cases.v1.CaseService/BatchCreateEvents", Role::Integrator, true),
    ("cases.v1.CaseService/BatchCreateEvents", Role::Office, false),
    ("cases.v1.CaseService/BatchCreateEvents", Role::District, false),
    ("cases.v1.CaseService/BatchCreateEvents", Role::Administrator, false),
    ("rules.v1.RulePackService/CommitRulePackRevision", Role::Administrator, true),
    ("rules.v1.RulePackService/CommitRulePackRevision", Role::District, false),
    ("rules.v1.RulePackService/ApproveRulePackRevision", Role::Administrator, false),
    ("rules.v1.RulePackService/ApproveRulePackRevision", Role::Approver, true),
    ("scoring.v1.EvaluationService/CreateEvaluation", Role::Office, true),
    ("scoring.v1.EvaluationService/CreateEvaluation", Role::Auditor, false),
    ("scoring.v1.EvaluationService/CreateEvaluation", Role::Bureau, false),
    // 6.2: the office publishes, and does not decide alone.
    ("publication.v1.BulletinService/PublishBulletinVersion", Role::Office, true),
    ("publication.v1.BulletinService/PublishBulletinVersion", Role::Auditor, false),
    ("publication.v1.BulletinService/PublishBulletinVersion", Role::District, false),
    ("publication.v1.BulletinService/ApproveBulletinVersion", Role::Office, false),
    // 6.6: who oversees reads everything, the logs included, and changes nothing.
    ("rules.v1.RulePackService/ListAuditEntries", Role::Auditor, true),
    ("rules.v1.RulePackService/ListAuditEntries", Role::Office, false),
    ("cases.v1.AccessService/ListAccessEntries", Role::Auditor, true),
    ("scoring.v1.AccessService/ListAccessEntries", Role::Auditor, true),
    ("publication.v1.AccessService/ListAccessEntries", Role::Auditor, true),
    ("scoring.v1.AccessService/ListAccessEntries", Role::Office, false),
    ("cases.v1.SnapshotService/StreamFacts", Role::Auditor, true),
    ("cases.v1.SnapshotService/StreamFacts", Role::Office, false),
    ("cases.v1.SnapshotService/StreamRecords", Role::Auditor, true),
    ("cases.v1.SnapshotService/StreamRecords", Role::Office, true),
    ("cases.v1.SnapshotService/StreamRecords", Role::District, false),
    // 7.1, 7.2: each body its own, with the whole process.
    ("cases.v1.CaseService/GetTimeline", Role::District, true),
    ("cases.v1.CaseService/GetTimeline", Role::Bureau, true),
    ("cases.v1.CaseService/GetTimeline", Role::Collector, true),
    ("scoring.v1.EvaluationService/GetScorecard", Role::District, true),
    ("scoring.v1.EvaluationService/ListCountedCases", Role::Bureau, true),
    ("scoring.v1.EvaluationService/DownloadEvaluation", Role::District, false),
    ("cases.v1.RejectService/ListRejects", Role::District, false),
    // 7.3: what is published, and no more.
    ("publication.v1.BulletinService/WatchPublications", Role::Assessment, true),
    ("scoring.v1.EvaluationService/GetScorecard", Role::Assessment, false),
    ("cases.v1.CaseService/GetCase", Role::Assessment, false),
    // 6.9: the bulletin, and what checks it.
    ("publication.v1.BulletinService/GetBulletinVersion", Role::Public, true),
    ("publication.v1.BulletinService/DownloadBulletinVersion", Role::Public, true),
    ("publication.v1.LedgerService/GetCheckpoint", Role::Public, true),
    ("publication.v1.InquiryService/GetInquiry", Role::Public, false),
    ("publication.v1.InquiryService/GetInquiry", Role::Assessment, false),
    // 6.8: whoever is judged may ask, at any time.
    ("publication.v1.InquiryService/CreateInquiry", Role::District, true),
    ("publication.v1.InquiryService/CreateInquiry", Role::Office, false),
    ("scoring.v1.EvaluationService/GetScorecard", Role::Public, false),
    ("cases.v1.CaseService/ListCases", Role::Public, false),
    ("publication.v1.BulletinService/CreateBulletinVersion", Role::Public, false),
];

fn rows() -> impl Iterator<Item = (&'static str, &'static [Role], Option<Detail>)> {
    TABLES.into_iter().flat_map(|(access, details)| {
        access.iter().map(|(method, roles)| {
            let detail = details.iter().find(|(known, _)| known == method);
            (*method, *roles, detail.map(|(_, detail)| *detail))
        })
    })
}

#[test]
fn what_the_regulation_says_stands_in_the_tables() {
    let table: BTreeMap<_, _> = rows().map(|(method, roles, _)| (method, roles)).collect();
    for (method, role, may) in GOLDEN {
        let roles = table[format!("chengping.{method}").as_str()];
        assert_eq!(roles.contains(&role), may, "{role} {method}");
    }
    let mut judged = rows().filter(|(_, roles, _)| {
        [Role::District, Role::Bureau, Role::Collector].iter().any(|role| roles.contains(role))
    });
    // Whoever is judged is shown nothing of all bodies at once that is not published.
    assert!(judged.all(|(_, _, detail)| detail != Some(Detail::Whole)));
}

/// Why a call was refused, if it was for who made it.
fn denial(outcome: &Result<(), Status>) -> Option<(Code, String)> {
    let status = outcome.as_ref().err()?;
    let is_denial = matches!(status.code(), Code::PermissionDenied | Code::Unauthenticated);
    is_denial.then(|| (status.code(), status.message().to_owned()))
}

/// Whether a caller gets past the table, and with what they are told otherwise.
fn at_the_door(caller: &Caller, method: &str, roles: &[Role]) -> Option<(Code, String)> {
    if roles.contains(&caller.role) {
        return None;
    }
    let service = method.split_once('/').unwrap().0;
    Some(match caller.token {
        true => (
            Code::PermissionDenied,
            format!(
                "Permission '{method}' denied on resource '{service}' (or it might not exist)."
            ),
        ),
        false => (
            Code::Unauthenticated,
            "the call has no token; send the header `authorization: Bearer TOKEN`".to_owned(),
        ),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_shows_every_caller_what_is_theirs_and_nothing_else() {
    let town = Town::start().await;
    let contract = ["cases", "rules", "scoring", "publication"].map(|package| {
        let package = format!("chengping.{package}.v1");
        chengping_testing::methods(chengping_proto::FILE_DESCRIPTOR_SET, &package)
    });
    let mut untested: BTreeSet<String> = contract.into_iter().flatten().collect();
    let mut cells = 0;
    for (method, roles, detail) in rows() {
        for caller in &CALLERS {
            let shown = town.shown(caller);
            let door = at_the_door(caller, method, roles);
            let outcome = call(&town, &shown, method).await;
            let denied = denial(&outcome);
            match (&door, detail) {
                // One table row may still have nothing to show: who sees nobody is refused inside.
                (None, Some(Detail::Filtered | Detail::Named)) => {}
                _ => assert_eq!(denied, door, "{} {method}: {outcome:?}", caller.name),
            }
            cells += 1;
            if door.is_none()
                && let Some(detail) = detail
            {
                cells += probe(&town, caller, method, detail).await;
            }
        }
        untested.remove(method);
    }
    assert!(untested.is_empty(), "methods without cells: {untested:?}");
    assert!(cells > CALLERS.len() * 100, "only {cells} cells");
    println!("{cells} cells: {} methods, {} callers", rows().count(), CALLERS.len());
    town.suite.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_district_follows_its_number_down_to_the_events_and_nobody_elses() {
    let town = Town::start().await;
    for caller in CALLERS.iter().filter(|caller| !caller.sees.is_empty()) {
        let followed = probes::follow(&town, caller).await;
        let all: BTreeSet<_> = BODIES.iter().map(|body| body.id).collect();
        let seen: BTreeSet<_> = caller.sees.iter().copied().collect();
        assert!(seen.is_subset(&all));
        assert!(followed > 0 || !caller.counts, "{} followed nothing", caller.name);
    }
    town.suite.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_by_office_is_written_down_and_who_is_shown_their_own_is_not() {
    let town = Town::start().await;
    let logged = probes::looks(&town).await;
    for (service, entries) in logged {
        assert!(!entries.is_empty(), "{service}");
        for entry in &entries {
            let text = format!("{entry:?}");
            assert!(!town::PERSONAL.iter().any(|personal| text.contains(personal)), "{text}");
            assert!(["office", "auditor"].contains(&entry.actor.as_str()), "{entry:?}");
            assert!(entry.name.starts_with("jurisdictions/zz/accessEntries/"), "{entry:?}");
            assert!(entry.resource.starts_with("jurisdictions/zz/"), "{entry:?}");
            assert!(!entry.action.is_empty() && !entry.request_id.is_empty(), "{entry:?}");
        }
        let by_office = entries.iter().filter(|entry| entry.actor == "office").count();
        assert!(by_office > 0, "{service}: {entries:?}");
    }
    let log = ["access-log", "--jurisdiction", "zz", "--resource", "cases/A1", "--format", "csv"];
    let csv = String::from_utf8(town.suite.run(&log).expect(0)).unwrap();
    assert!(csv.lines().count() > 4, "{csv}");
    assert!(csv.lines().skip(1).all(|line| line.contains("zz/cases/A1")), "{csv}");
    town.suite.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_is_the_same_byte_by_byte_whether_or_not_there_is_something() {
    let town = Town::start().await;
    for caller in CALLERS.iter().filter(|caller| caller.limited) {
        for (there, missing) in probes::denied_pairs(&town, caller).await {
            let bytes = |status: &Status| {
                (status.code(), status.message().to_owned(), status.details().to_vec())
            };
            assert_eq!(there.code(), Code::PermissionDenied, "{}: {there:?}", caller.name);
            assert_eq!(bytes(&there), bytes(&missing), "{}", caller.name);
            let info = there.get_error_details().error_info().unwrap().clone();
            assert_eq!(info.reason, "PERMISSION_DENIED");
        }
    }
    town.suite.stop().await;
}
