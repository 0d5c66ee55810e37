//! What is in force is remembered, and never after another revision was put in force.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chengping_proto::rules::v1 as pb;
use chengping_testing::eventually;
use futures_util::future::join_all;
use tonic::Request;

use crate::service::{
    Packs, Service, Settings, ZZ, activate, source, start, start_beside, start_with,
};

async fn effective(packs: &mut Packs) -> i64 {
    let (parent, month) = (ZZ.to_owned(), "2018-04".to_owned());
    let request = pb::GetEffectiveRulePackRequest { parent, month };
    packs.get_effective_rule_pack(request).await.unwrap().into_inner().revision
}

/// Waits until as many processes believe what they remember.
async fn believers(service: &Service, packs: &mut [Packs], number: i64) {
    let announced = async || {
        for packs in &mut *packs {
            effective(packs).await;
        }
        let count = sqlx::query_scalar("select count(*) from pointer_holder");
        let count: i64 = count.fetch_one(&service.pool).await.unwrap();
        (count == number).then_some(())
    };
    let mut announced = announced;
    eventually(async || announced().await).await.unwrap();
    // The announcement holds; what is read from now on is believed.
    for packs in packs {
        effective(packs).await;
    }
}

#[tokio::test]
async fn what_is_in_force_is_known_without_asking_the_database() {
    let long = Settings { pointer_ttl_ms: 10_000, ..Settings::default() };
    let mut service = start_with(long).await;
    service.active(source("一"), "2018-03").await;
    believers(&service, &mut [service.packs.clone()], 1).await;
    // A lock that no reader of the table gets past; who remembers needs no reader.
    let mut locked = service.admin().await;
    sqlx::query("begin").execute(&mut locked).await.unwrap();
    sqlx::query("lock table rule_configuration.rule_pack_activation in access exclusive mode")
        .execute(&mut locked)
        .await
        .unwrap();
    for _ in 0..50 {
        assert_eq!(effective(&mut service.packs).await, 1);
    }
    sqlx::query("rollback").execute(&mut locked).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_process_answers_with_what_an_answered_activation_replaced() {
    let quick = Settings { pointer_ttl_ms: 200, ..Settings::default() };
    let mut service = start_with(quick).await;
    let (beside, _shutdown) = start_beside(&service, quick).await;
    let mut names = Vec::new();
    for title in ["一", "二", "三", "四", "五"] {
        names.push(service.approved(source(title)).await.name);
    }
    activate(&mut service.packs, &names[0], "2018-03").await.unwrap();
    believers(&service, &mut [service.packs.clone(), beside.clone()], 2).await;

    let (answered, done) = (AtomicI64::new(1), AtomicBool::new(false));
    let ask = async |mut packs: Packs| {
        let mut asked = 0;
        while !done.load(Ordering::SeqCst) {
            let before = answered.load(Ordering::SeqCst);
            let told = effective(&mut packs).await;
            assert!(told >= before, "{told} was told after {before} was put in force");
            asked += 1;
        }
        asked
    };
    let put_in_force = async {
        for (name, number) in names.iter().zip(1..).skip(1) {
            activate(&mut service.packs.clone(), name, "2018-03").await.unwrap();
            answered.store(number, Ordering::SeqCst);
        }
        done.store(true, Ordering::SeqCst);
    };
    let clients =
        [&service.packs, &beside, &service.packs, &beside].map(|packs| ask(packs.clone()));
    let (asked, ()) = tokio::join!(join_all(clients), put_in_force);
    assert!(asked.iter().all(|asked| *asked > 0), "{asked:?}");
    assert_eq!(effective(&mut beside.clone()).await, 5);
}

#[tokio::test]
async fn an_activation_waits_for_others_who_may_believe_and_for_nobody_else() {
    let long = Settings { pointer_ttl_ms: 3_000, ..Settings::default() };
    let mut service = start_with(long).await;
    service.active(source("一"), "2018-03").await;
    believers(&service, &mut [service.packs.clone()], 1).await;
    let name = service.approved(source("二")).await.name;
    activate(&mut service.packs, &name, "2018-03").await.unwrap();
    assert_eq!(effective(&mut service.packs).await, 2);

    let (beside, shutdown) = start_beside(&service, long).await;
    believers(&service, &mut [beside.clone()], 2).await;
    let name = service.approved(source("三")).await.name;
    // Who gives up and repeats it has to wait as well.
    let request = || pb::ActivateRulePackRevisionRequest {
        name: name.clone(),
        active_from: "2018-03".to_owned(),
        request_id: "5d1d0e1c-2f6b-4a63-9b6f-0a5f6f2f7c11".to_owned(),
        ..Default::default()
    };
    let mut hasty = Request::new(request());
    hasty.set_timeout(Duration::from_secs(1));
    service.packs.activate_rule_pack_revision(hasty).await.unwrap_err();
    let begun = Instant::now();
    service.packs.activate_rule_pack_revision(request()).await.unwrap();
    let among_others = begun.elapsed();
    assert!(among_others >= Duration::from_millis(3_300), "{among_others:?}");
    assert_eq!(effective(&mut beside.clone()).await, 3);

    // Who stops takes its announcement back.
    shutdown.cancel();
    let count = async || {
        let count = sqlx::query_scalar("select count(*) from pointer_holder");
        let count: i64 = count.fetch_one(&service.pool).await.unwrap();
        (count == 1).then_some(())
    };
    eventually(count).await.unwrap();
}

#[tokio::test]
async fn an_activation_whose_question_fails_is_answered_when_nobody_can_believe_the_former() {
    let mut service = start().await;
    service.active(source("一"), "2018-03").await;
    let name = service.approved(source("二")).await.name;
    sqlx::query("alter table rule_configuration.pointer_holder rename to away")
        .execute(&mut service.admin().await)
        .await
        .unwrap();
    let begun = Instant::now();
    activate(&mut service.packs, &name, "2018-03").await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(11));
    assert_eq!(effective(&mut service.packs).await, 2);
}

#[tokio::test]
async fn without_time_to_live_nobody_believes_anything() {
    let settings = Settings { pointer_ttl_ms: 0, ..Settings::default() };
    let mut service = start_with(settings).await;
    service.active(source("一"), "2018-03").await;
    for _ in 0..5 {
        assert_eq!(effective(&mut service.packs).await, 1);
    }
    let count = sqlx::query_scalar("select count(*) from pointer_holder");
    let count: i64 = count.fetch_one(&service.pool).await.unwrap();
    assert_eq!(count, 0);
}
