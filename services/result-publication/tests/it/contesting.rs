//! Notice, objection window, four eyes, withdrawal, and what a correction changes and touches.

use chengping_ledger::bundle::verify;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::bulletin_version::State;
use tonic::Code;

use crate::publishing::{download, keys};
use crate::scoring::recompute;
use crate::service::{
    Service, Settings, ZZ, acting, bulletin_name, refusal, start, start_with, value,
};

const MONTH: &str = "2018-04";

/// A version of the month, made by the office.
async fn made(service: &Service) -> pb::BulletinVersion {
    let evaluation = service.scoring.add("e1", MONTH, "94.26");
    service.create(MONTH, &evaluation, "").await.unwrap()
}

fn reason<T: std::fmt::Debug>(answer: Result<T, tonic::Status>) -> String {
    let (code, reason) = refusal(&answer.unwrap_err());
    assert_eq!(code, Code::FailedPrecondition);
    reason
}

#[tokio::test]
async fn a_window_opens_and_closes_by_the_working_calendar() {
    let settings = Settings { notice_days: "1", ..Settings::default() };
    let service = start_with(settings).await;
    let name = made(&service).await.name;
    let shown = service.step("submit", &name, "li", "").await.unwrap();
    assert_eq!(shown.state(), State::UnderNotice);
    let seconds = |time: Option<prost_types::Timestamp>| time.unwrap().seconds;
    let shown_at = seconds(shown.notice_time);
    assert_eq!(seconds(shown.objection_start_time) - shown_at, 86_400);
    assert_eq!(seconds(shown.objection_end_time) - shown_at, 4 * 86_400);
    assert_eq!(seconds(shown.decision_due_time) - shown_at, 6 * 86_400);
    let early = service.step("approve", &name, "wang", "").await;
    let status = early.unwrap_err();
    assert_eq!(refusal(&status).1, "OBJECTION_WINDOW_OPEN");
    assert!(value(&status, "end").starts_with("20"), "{status}");

    service.close_window().await;
    assert_eq!(service.version(&name).await.state(), State::ObjectionWindow);
    let decided = service.step("approve", &name, "wang", "").await.unwrap();
    assert_eq!((decided.state(), decided.waive_reason.as_str()), (State::Decided, ""));
}

#[tokio::test]
async fn a_window_is_closed_early_only_with_a_reason_that_is_kept() {
    let service = start().await;
    let name = made(&service).await.name;
    service.step("submit", &name, "li", "").await.unwrap();
    assert_eq!(reason(service.step("approve", &name, "wang", " ").await), "OBJECTION_WINDOW_OPEN");
    let decided = service.step("approve", &name, "wang", "各单位均无异议").await.unwrap();
    assert_eq!(decided.waive_reason, "各单位均无异议");
    service.step("publish", &name, "li", "").await.unwrap();
    assert_eq!(service.version(&name).await.waive_reason, "各单位均无异议");

    let request = pb::ListBulletinVersionMovesRequest { parent: name, ..Default::default() };
    let answer = service.bulletins.clone().list_bulletin_version_moves(request).await;
    let moves = answer.unwrap().into_inner().moves;
    let told: Vec<_> = moves.iter().map(|step| (step.step.as_str(), step.actor.as_str())).collect();
    assert_eq!(
        told,
        [("publish", "li"), ("approve", "wang"), ("submit", "li"), ("create", "local")]
    );
    assert_eq!(moves[1].reason, "各单位均无异议");
    assert_eq!(moves[3].digest_before, "");
    assert!(moves.iter().all(|step| step.digest_after == moves[0].digest_after));
}

#[tokio::test]
async fn without_a_working_calendar_nothing_is_shown_and_the_reason_says_so() {
    let service = start().await;
    service.fakes.0.lock().unwrap().no_calendar = true;
    let name = made(&service).await.name;
    assert_eq!(reason(service.step("submit", &name, "li", "").await), "WORK_CALENDAR_MISSING");
    assert_eq!(service.version(&name).await.state(), State::Computed);
}

#[tokio::test]
async fn four_eyes_see_every_step_that_counts() {
    let settings = Settings { four_eyes: true, ..Settings::default() };
    let service = start_with(settings).await;
    let name = made(&service).await.name;
    // Whoever made it may not publish it without anybody having looked.
    assert_eq!(reason(service.step("publish", &name, "local", "").await), "FOUR_EYES_REQUIRED");
    service.step("submit", &name, "li", "").await.unwrap();
    assert_eq!(
        reason(service.step("approve", &name, "li", "all agree").await),
        "FOUR_EYES_REQUIRED"
    );
    service.step("approve", &name, "wang", "all agree").await.unwrap();
    assert_eq!(reason(service.step("publish", &name, "wang", "").await), "FOUR_EYES_REQUIRED");
    service.step("publish", &name, "li", "").await.unwrap();
    assert_eq!(reason(service.step("withdraw", &name, "li", "wrong").await), "FOUR_EYES_REQUIRED");
    assert_eq!(
        service.step("withdraw", &name, "wang", "wrong").await.unwrap().state(),
        State::Withdrawn
    );
}

#[tokio::test]
async fn a_withdrawal_is_told_once_and_proven_and_what_follows_corrects_it() {
    let service = start().await;
    let first = service.published("e1", MONTH, "").await;
    let withdrawn = service.step("withdraw", &first.name, "li", "数据源有误").await.unwrap();
    assert_eq!(withdrawn.state(), State::Withdrawn);
    assert_eq!(withdrawn.withdraw_reason, "数据源有误");
    assert!(withdrawn.withdraw_time.is_some());
    assert_eq!((withdrawn.digest.clone(), withdrawn.log_index), (first.digest.clone(), Some(0)));
    let again = service.step("withdraw", &first.name, "li", "数据源有误").await.unwrap();
    assert_eq!(again, withdrawn, "the answer may have been lost");
    assert_eq!(
        reason(service.step("withdraw", &first.name, "li", "another").await),
        "ILLEGAL_STATE_CHANGE"
    );
    let bulletin = pb::GetBulletinRequest { name: bulletin_name(MONTH) };
    let standing = service.bulletins.clone().get_bulletin(bulletin).await.unwrap().into_inner();
    assert_eq!((standing.published_version, standing.newest_version), (0, 1));

    let trusted = keys(&service).await;
    let report = verify(&download(&service, &first.name).await, &trusted, recompute);
    assert!(report.verified() && report.standing.unwrap().withdrawn, "{report}");

    // The same evaluation may be published again, but only as a correction.
    let evaluation = first.evaluation.clone();
    let second = service.create(MONTH, &evaluation, "数据源经核实无误").await.unwrap();
    assert_eq!(second.version, 2);
    let second = service.publish(&second.name).await.unwrap();
    assert_eq!((second.state(), second.log_index), (State::Published, Some(2)));
    assert_eq!(service.version(&first.name).await.state(), State::Withdrawn);
    let report = verify(&download(&service, &second.name).await, &trusted, recompute);
    assert!(report.verified() && !report.standing.unwrap().withdrawn, "{report}");

    let request = pb::WatchPublicationsRequest { parent: ZZ.to_owned(), ..Default::default() };
    let mut told =
        service.bulletins.clone().watch_publications(request).await.unwrap().into_inner();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let publication = told.message().await.unwrap().unwrap().publication.unwrap();
        let version = publication.bulletin_version.clone().unwrap().version;
        assert_eq!(publication.month, MONTH);
        seen.push((version, publication.kind(), publication.result_lines.is_empty()));
    }
    use pb::publication::Kind::{Published, Withdrawn};
    assert_eq!(seen, [(1, Published, false), (1, Withdrawn, true), (2, Published, false)]);
}

#[tokio::test]
async fn a_correction_says_what_it_changes_and_which_later_months_it_touches() {
    let service = start().await;
    service.published("e1", MONTH, "").await;
    let later = service.published("e5", "2018-05", "").await;
    let untouched = service.published("e6", "2018-06", "").await;
    service.scoring.touch(&later.evaluation, "d02");
    let evaluation = service.scoring.add("e2", MONTH, "95.00");
    let name = service.create(MONTH, &evaluation, "案件 7 判定有误").await.unwrap().name;
    let second = service.publish(&name).await.unwrap();
    assert_eq!(second.touched_versions, std::slice::from_ref(&later.name));
    assert_eq!(service.version(&name).await, second);

    let request = pb::CompareBulletinVersionsRequest { name: name.clone(), ..Default::default() };
    let answer = service.bulletins.clone().compare_bulletin_versions(request).await;
    let comparison = answer.unwrap().into_inner();
    assert_eq!(comparison.reason, "案件 7 判定有误");
    let changed: Vec<_> = comparison
        .differences
        .iter()
        .map(|d| (d.body_id.as_str(), d.score_before.as_str(), d.score_after.as_str()))
        .collect();
    assert_eq!(changed, [("d02", "94.26", "95.00")]);
    let request = pb::CompareBulletinVersionsRequest { name, base_version: 2 };
    let odd = service.bulletins.clone().compare_bulletin_versions(request).await.unwrap_err();
    assert_eq!(odd.code(), Code::InvalidArgument);

    let touched_by = async |month: &str| {
        let request = pb::GetBulletinRequest { name: bulletin_name(month) };
        let bulletin = service.bulletins.clone().get_bulletin(request).await.unwrap();
        bulletin.into_inner().touched_by
    };
    assert_eq!(touched_by("2018-05").await, std::slice::from_ref(&second.name));
    assert!(touched_by("2018-06").await.is_empty(), "{}", untouched.name);
    let third = service.published("e3", MONTH, "又一案件").await;
    service.step("withdraw", &third.name, "li", "判定仍有误").await.unwrap();
    assert_eq!(touched_by("2018-05").await, [second.name], "what was withdrawn corrects nothing");
    service.published("e7", "2018-05", "因 2018-04 更正").await;
    assert!(touched_by("2018-05").await.is_empty(), "it has its own correction");
}

#[tokio::test]
async fn a_stale_etag_moves_nothing() {
    let service = start().await;
    let version = made(&service).await;
    let submitted = service.step("submit", &version.name, "li", "").await.unwrap();
    let request = pb::ApproveBulletinVersionRequest {
        name: version.name.clone(),
        etag: version.etag,
        waive_reason: "all agree".to_owned(),
    };
    let mut bulletins = service.bulletins.clone();
    let status = bulletins.approve_bulletin_version(acting("wang", request)).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    assert_eq!(service.version(&version.name).await, submitted);
}
