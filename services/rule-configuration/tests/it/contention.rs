//! Many at once: nobody's change is lost, of two decisions about one month one holds.

use std::collections::BTreeSet;
use std::time::Duration;

use chengping_proto::rules::v1 as pb;
use chengping_rules::RulePack;
use pb::rule_pack_revision::State;
use sqlx::{Postgres, Transaction};
use tokio::task::JoinHandle;
use tonic::{Code, Response, Status};

use crate::audit::entries;
use crate::pack_changes::adjust_request;
use crate::service::{
    PACK, Service, activate, approve, refusal, source, start, start_beside, submit,
};

const WRITERS: usize = 50;

/// One of many changes to a pack.
#[derive(Debug, Clone)]
enum Change {
    /// A number, through an adjustment.
    Number { path: String, value: String },
    /// A piece of the text, through a commit.
    Text { before: String, after: String },
}

/// Fifty changes of the shipped pack: numbers that can be changed alone, and names.
fn changes() -> Vec<Change> {
    let text = source("一");
    let pack = RulePack::parse(&text).unwrap();
    // The points of posts must add up, and shares must rise.
    let alone = |path: &str| !path.contains(".post.") && !path.contains(".share");
    let numbers = pack.weights().into_iter().filter(|one| alone(&one.path)).enumerate();
    let numbers = numbers
        .map(|(index, one)| Change::Number { path: one.path, value: format!("{}/97", 40 + index) });
    let names = text.lines().filter_map(|line| line.split_once("name: {zh: ")?.1.split_once(','));
    let names: BTreeSet<_> = names.map(|(name, _)| format!("zh: {name},")).collect();
    let once = names.into_iter().filter(|name| text.matches(name.as_str()).count() == 1);
    let names =
        once.map(|before| Change::Text { after: before.replace(',', "（改）,"), before });
    let changes: Vec<_> = numbers.take(WRITERS / 2).chain(names.take(WRITERS / 2)).collect();
    assert_eq!(changes.len(), WRITERS);
    changes
}

/// Makes a change, from a fresh read after every abort.
async fn write(mut service: Packs, change: Change) -> usize {
    for attempt in 1.. {
        let request = pb::GetRulePackRequest { name: PACK.to_owned() };
        let pack = service.get_rule_pack(request).await.unwrap().into_inner();
        let name = format!("{PACK}/revisions/{}", pack.newest_revision);
        let answer = match &change {
            Change::Number { path, value } => {
                let request = adjust_request(&name, path, value);
                let request = pb::AdjustRulePackRequest { etag: pack.etag, ..request };
                service.adjust_rule_pack(request).await
            }
            Change::Text { before, after } => {
                let request = pb::GetRulePackRevisionRequest { name };
                let standing = service.get_rule_pack_revision(request).await.unwrap().into_inner();
                let request = pb::CommitRulePackRevisionRequest {
                    parent: PACK.to_owned(),
                    source: standing.source.replace(before, after),
                    etag: pack.etag,
                    ..Default::default()
                };
                service.commit_rule_pack_revision(request).await
            }
        };
        match answer {
            Ok(_) => return attempt,
            Err(status) => assert_eq!(status.code(), Code::Aborted, "{status:?}"),
        }
    }
    unreachable!("attempts do not end")
}

type Packs = chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient<
    chengping_chassis::client::TracedChannel,
>;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_writers_on_one_draft_lose_no_update() {
    let mut service = start().await;
    service.commit(source("一")).await;
    let (beside, stop) = start_beside(&service, crate::service::Settings::default()).await;
    let changes = changes();
    let writers: Vec<_> = changes
        .iter()
        .cloned()
        .enumerate()
        .map(|(index, change)| {
            // Two processes, and both ways of writing.
            let packs = if index % 4 < 2 { service.packs.clone() } else { beside.clone() };
            tokio::spawn(write(packs, change))
        })
        .collect();
    let mut attempts = 0;
    for writer in writers {
        attempts += writer.await.unwrap();
    }
    stop.cancel();
    assert!(attempts >= WRITERS);

    let request = pb::ListRulePackRevisionsRequest {
        parent: PACK.to_owned(),
        page_size: 1_000,
        ..Default::default()
    };
    let list = service.packs.list_rule_pack_revisions(request).await.unwrap().into_inner();
    let numbers: Vec<_> = list.revisions.iter().map(|one| one.revision).collect();
    let last = i64::try_from(WRITERS).unwrap() + 1;
    assert_eq!(numbers, (1..=last).rev().collect::<Vec<_>>());
    let request = pb::GetRulePackRevisionRequest { name: list.revisions[0].name.clone() };
    let newest = service.packs.get_rule_pack_revision(request).await.unwrap().into_inner();
    let pack = RulePack::parse(&newest.source).unwrap();
    assert_eq!(pack.canonical(), newest.canonical);
    let numbers = pack.numbers();
    for change in &changes {
        match change {
            Change::Number { path, value } => {
                let number = numbers.iter().find(|one| one.place() == *path).unwrap();
                assert_eq!(number.value, value.parse().unwrap(), "{path}");
            }
            Change::Text { after, .. } => assert!(newest.source.contains(after), "{after}"),
        }
    }
    // Each revision follows from the one before it, and so does each entry of the log.
    let mut log = entries(&mut service).await;
    log.reverse();
    assert_eq!(log.len(), WRITERS + 1);
    for pair in log.windows(2) {
        assert_eq!(pair[1].previous_digest, pair[0].digest);
        assert_eq!(pair[1].digest_before, pair[0].digest_after);
    }
}

/// Keeps everybody out of the jurisdiction who wants to change something.
async fn hold(service: &Service) -> Transaction<'static, Postgres> {
    let mut held = service.pool.begin().await.unwrap();
    sqlx::query("select from jurisdiction_head where jurisdiction = 'zz' for update")
        .execute(&mut *held)
        .await
        .unwrap();
    held
}

/// Waits until so many wait for a lock.
async fn waiting(service: &Service, wanted: i64) {
    let look = async {
        loop {
            let count: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'",
            )
            .fetch_one(&service.pool)
            .await
            .unwrap();
            if count >= wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), look).await.expect("somebody does not wait");
}

type Answer = JoinHandle<Result<Response<pb::RulePackRevision>, Status>>;

/// Lets two calls meet at the lock, the first before the second, and gives what came of them.
async fn meet(
    service: &Service,
    first: impl FnOnce() -> Answer,
    second: impl FnOnce() -> Answer,
) -> [Result<pb::RulePackRevision, (Code, String)>; 2] {
    let held = hold(service).await;
    let first = first();
    waiting(service, 1).await;
    let second = second();
    waiting(service, 2).await;
    held.rollback().await.unwrap();
    let told = |answer: Result<Response<pb::RulePackRevision>, Status>| {
        answer.map(Response::into_inner).map_err(|status| refusal(&status))
    };
    [told(first.await.unwrap()), told(second.await.unwrap())]
}

fn activation(service: &Service, name: &str, month: &str) -> Answer {
    let (mut packs, name, month) = (service.packs.clone(), name.to_owned(), month.to_owned());
    tokio::spawn(async move { activate(&mut packs, &name, &month).await })
}

async fn state(service: &mut Service, name: &str) -> State {
    let request = pb::GetRulePackRevisionRequest { name: name.to_owned() };
    service.packs.get_rule_pack_revision(request).await.unwrap().into_inner().state()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_activations_that_meet_one_wins_and_the_other_is_told() {
    let mut service = start().await;
    for round in 0..4 {
        let month = format!("2018-{:02}", round + 3);
        let one = service.approved(source(&format!("{round}a"))).await;
        let other = service.approved(source(&format!("{round}b"))).await;
        let [first, second] = if round % 2 == 0 { [&one, &other] } else { [&other, &one] };
        let answers = meet(
            &service,
            || activation(&service, &first.name, &month),
            || activation(&service, &second.name, &month),
        )
        .await;
        let won: Vec<_> = answers.iter().flatten().collect();
        let told: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
        assert_eq!(told, [&(Code::Aborted, "ACTIVATION_RACED".to_owned())]);
        let [winner] = won[..] else { panic!("one wins") };
        let lost = if winner.name == one.name { &other } else { &one };
        assert_eq!(state(&mut service, &winner.name).await, State::Active);
        assert_eq!(state(&mut service, &lost.name).await, State::Approved);
        let request =
            pb::GetEffectiveRulePackRequest { parent: crate::service::ZZ.to_owned(), month };
        let effective = service.packs.get_effective_rule_pack(request).await.unwrap().into_inner();
        assert_eq!(effective.name, winner.name);
        // What a revision says is as it was when it was committed.
        let before = if winner.name == one.name { &one } else { &other };
        assert_eq!((&effective.source, &effective.canonical), (&before.source, &before.canonical));
        assert_eq!((&effective.digest, &effective.warnings), (&before.digest, &before.warnings));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn activations_for_different_months_do_not_disturb_each_other() {
    let mut service = start().await;
    let one = service.approved(source("一")).await.name;
    let other = service.approved(source("二")).await.name;
    let answers = meet(
        &service,
        || activation(&service, &one, "2018-03"),
        || activation(&service, &other, "2018-04"),
    )
    .await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_and_a_refusal_that_meet_end_in_one_of_them() {
    let mut service = start().await;
    for round in 0..4 {
        let name = service.commit(source(&round.to_string())).await.name;
        submit(&mut service.packs, &name, "li").await.unwrap();
        let step = |refuses: bool, actor: &'static str| {
            let (mut packs, name) = (service.packs.clone(), name.clone());
            move || {
                tokio::spawn(async move {
                    if refuses {
                        crate::service::refuse(&mut packs, &name, actor).await
                    } else {
                        approve(&mut packs, &name, actor).await
                    }
                })
            }
        };
        let answers = meet(&service, step(round % 2 == 0, "wang"), step(round < 2, "zhao")).await;
        let told: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
        assert_eq!(told, [&(Code::FailedPrecondition, "ILLEGAL_STATE_CHANGE".to_owned())]);
        let won = answers.iter().flatten().next().unwrap().clone();
        assert_eq!(state(&mut service, &name).await, won.state());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_that_is_sent_twice_at_once_is_done_once() {
    let mut service = start().await;
    let first = service.commit(source("一")).await;
    let request = pb::AdjustRulePackRequest {
        request_id: "0b1f6c1e-53f5-4c51-9d2c-0c3b9d7d4b55".to_owned(),
        ..adjust_request(&first.name, "families.area.zones.key", "0.7")
    };
    let send = || {
        let (mut packs, request) = (service.packs.clone(), request.clone());
        move || tokio::spawn(async move { packs.adjust_rule_pack(request).await })
    };
    let [one, other] = meet(&service, send(), send()).await;
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(entries(&mut service).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adjustment_of_what_somebody_else_just_changed_is_told() {
    let service = start().await;
    let mut committed = service.packs.clone();
    let request = crate::service::commit_request(source("一"));
    let first = committed.commit_rule_pack_revision(request).await.unwrap().into_inner();
    let send = |value: &'static str| {
        let mut packs = service.packs.clone();
        let request = adjust_request(&first.name, "families.area.zones.key", value);
        move || tokio::spawn(async move { packs.adjust_rule_pack(request).await })
    };
    let answers = meet(&service, send("0.7"), send("0.8")).await;
    let told: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert_eq!(told, [&(Code::Aborted, "REVISION_NOT_NEWEST".to_owned())]);
}
