//! Which revision is in force when.

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::rule_pack_revision::State;
use tonic::Code;

use crate::service::{PACK, Service, ZZ, activate, refusal, source, start, values};

async fn effective(service: &mut Service, month: &str) -> Option<i64> {
    let request =
        pb::GetEffectiveRulePackRequest { parent: ZZ.to_owned(), month: month.to_owned() };
    match service.packs.get_effective_rule_pack(request).await {
        Ok(answer) => {
            let revision = answer.into_inner();
            assert!(!revision.source.is_empty());
            let digest = chengping_types::Digest::of(&revision.canonical).to_string();
            assert_eq!(digest, revision.digest);
            Some(revision.revision)
        }
        Err(status) => {
            let told = (Code::NotFound, "NO_RULE_PACK_IN_FORCE".to_owned());
            assert_eq!(refusal(&status), told);
            assert_eq!(values(&status), [("month".to_owned(), month.to_owned())]);
            None
        }
    }
}

async fn state(service: &mut Service, revision: i64) -> State {
    let name = format!("{PACK}/revisions/{revision}");
    let request = pb::GetRulePackRevisionRequest { name };
    service.packs.get_rule_pack_revision(request).await.unwrap().into_inner().state()
}

#[tokio::test]
async fn the_greatest_start_up_to_the_month_counts_and_of_equals_the_newest() {
    let mut service = start().await;
    assert_eq!(effective(&mut service, "2018-03").await, None);
    service.active(source("一"), "2018-03").await;
    service.active(source("二"), "2018-06").await;
    let table =
        [("2018-02", None), ("2018-03", Some(1)), ("2018-05", Some(1)), ("2018-06", Some(2))];
    for (month, revision) in table {
        assert_eq!(effective(&mut service, month).await, revision, "{month}");
    }
    assert_eq!(state(&mut service, 1).await, State::Superseded);

    // For an earlier month: takes no place but from there on.
    service.active(source("三"), "2018-05").await;
    let table = [("2018-04", Some(1)), ("2018-05", Some(3)), ("2018-06", Some(2))];
    for (month, revision) in table {
        assert_eq!(effective(&mut service, month).await, revision, "{month}");
    }
    assert_eq!(state(&mut service, 2).await, State::Active);

    // For the same month: the newest.
    service.active(source("四"), "2018-06").await;
    assert_eq!(effective(&mut service, "2019-01").await, Some(4));
    assert_eq!(state(&mut service, 2).await, State::Superseded);
    assert_eq!(state(&mut service, 3).await, State::Superseded);
    assert_eq!(state(&mut service, 4).await, State::Active);
}

#[tokio::test]
async fn a_revision_in_force_is_brought_forward_but_never_back() {
    let mut service = start().await;
    let name = service.active(source("一"), "2018-06").await.name;
    for month in ["2018-06", "2018-07"] {
        let status = activate(&mut service.packs, &name, month).await.unwrap_err();
        let told = (Code::FailedPrecondition, "ILLEGAL_STATE_CHANGE".to_owned());
        assert_eq!(refusal(&status), told);
    }
    let forward = activate(&mut service.packs, &name, "2018-03").await.unwrap().into_inner();
    assert_eq!(forward.active_from, "2018-03");
    assert_eq!(effective(&mut service, "2018-03").await, Some(1));

    // What comes between leaves it in force from its later month on.
    service.active(source("二"), "2018-04").await;
    let table = [("2018-03", Some(1)), ("2018-04", Some(2)), ("2018-06", Some(1))];
    for (month, revision) in table {
        assert_eq!(effective(&mut service, month).await, revision, "{month}");
    }
    assert_eq!(state(&mut service, 1).await, State::Active);
}

#[tokio::test]
async fn a_superseded_revision_comes_back_from_the_month_that_is_named() {
    let mut service = start().await;
    let first = service.active(source("一"), "2018-03").await.name;
    service.active(source("二"), "2018-06").await;
    assert_eq!(state(&mut service, 1).await, State::Superseded);

    let back = activate(&mut service.packs, &first, "2018-09").await.unwrap().into_inner();
    assert_eq!((back.active_from.as_str(), back.state()), ("2018-09", State::Active));
    let table =
        [("2018-05", Some(1)), ("2018-06", Some(2)), ("2018-08", Some(2)), ("2018-09", Some(1))];
    for (month, revision) in table {
        assert_eq!(effective(&mut service, month).await, revision, "{month}");
    }
    assert_eq!(state(&mut service, 2).await, State::Superseded);
}

#[tokio::test]
async fn the_pack_tells_its_revision_of_the_month_that_runs() {
    let mut service = start().await;
    service.active(source("一"), "2018-03").await;
    service.active(source("二"), "9999-01").await;
    let request = pb::ListRulePacksRequest { parent: ZZ.to_owned(), ..Default::default() };
    let list = service.packs.list_rule_packs(request).await.unwrap().into_inner();
    let [pack] = &list.rule_packs[..] else { panic!("one pack: {list:?}") };
    assert_eq!((pack.name.as_str(), pack.newest_revision, pack.active_revision), (PACK, 2, 1));
    assert_eq!(pack.title, "试行办法 二");
}

#[tokio::test]
async fn texts_that_differ_in_comments_only_keep_their_own_through_the_cache() {
    let mut service = start().await;
    let first = service.active(source("一"), "2018-01").await;
    service.active(source("二"), "2018-02").await;
    let commented = format!("# again\n{}", source("一"));
    let third = service.active(commented, "2018-03").await;
    assert_eq!(third.digest, first.digest);
    for _ in 0..2 {
        for (month, text) in [("2018-01", &first.source), ("2018-03", &third.source)] {
            let request =
                pb::GetEffectiveRulePackRequest { parent: ZZ.to_owned(), month: month.to_owned() };
            let answer = service.packs.get_effective_rule_pack(request).await.unwrap();
            assert_eq!(&answer.into_inner().source, text);
        }
    }
}
