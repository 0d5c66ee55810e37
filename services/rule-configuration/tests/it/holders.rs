//! Who was given which revision.

use chengping_chassis::client;
use chengping_chassis::config::PeerConfig;
use chengping_proto::rules::v1 as pb;
use chengping_testing::eventually;
use tonic::{Code, Request};

use crate::service::{
    PACK, Packs, Service, Settings, ZZ, fields, refusal, source, start, start_beside, start_with,
};

fn ask(month: &str, service: &str, instance: &str) -> Request<pb::GetEffectiveRulePackRequest> {
    let (parent, month) = (ZZ.to_owned(), month.to_owned());
    let mut request = Request::new(pb::GetEffectiveRulePackRequest { parent, month });
    let metadata = request.metadata_mut();
    metadata.insert("x-chengping-service", service.parse().unwrap());
    metadata.insert("x-chengping-instance", instance.parse().unwrap());
    request
}

async fn page(packs: &mut Packs, size: i32, token: &str) -> pb::ListRulePackHoldersResponse {
    let (parent, page_token) = (ZZ.to_owned(), token.to_owned());
    let request = pb::ListRulePackHoldersRequest { parent, page_size: size, page_token };
    packs.list_rule_pack_holders(request).await.unwrap().into_inner()
}

/// Service, instance, month, number of the revision, and whether it is current.
type Told = (String, String, String, String, bool);

async fn list(packs: &mut Packs, size: i32) -> Vec<Told> {
    let (mut told, mut token) = (Vec::new(), String::new());
    loop {
        let page = page(packs, size, &token).await;
        told.extend(page.holders.into_iter().map(|holder| {
            assert!(holder.digest.starts_with("sha256:") && holder.last_time.is_some());
            let prefix = format!("{PACK}/revisions/");
            let number = holder.rule_pack_revision.strip_prefix(&prefix).unwrap().to_owned();
            (holder.service, holder.instance, holder.month, number, holder.current)
        }));
        token = page.next_page_token;
        if token.is_empty() {
            return told;
        }
    }
}

fn told(service: &str, instance: &str, month: &str, revision: u32, current: bool) -> Told {
    let owned = str::to_owned;
    (owned(service), owned(instance), owned(month), revision.to_string(), current)
}

#[tokio::test]
async fn who_asks_is_listed_with_what_it_was_given_and_whether_that_is_in_force() {
    let mut service = start().await;
    assert_eq!(list(&mut service.packs, 0).await, []);
    service.active(source("一"), "2018-03").await;
    for (month, instance) in [("2018-04", "b"), ("2018-04", "a"), ("2018-03", "b")] {
        service.packs.get_effective_rule_pack(ask(month, "scoring", instance)).await.unwrap();
    }
    // Who does not say who it is, or says it oddly, is told by its address.
    service.packs.get_effective_rule_pack(ask("2018-03", "a b", "c")).await.unwrap();
    // Who is given nothing holds nothing.
    let nothing = service.packs.get_effective_rule_pack(ask("2018-02", "scoring", "a")).await;
    assert_eq!(nothing.unwrap_err().code(), Code::NotFound);
    service.active(source("二"), "2018-04").await;
    service.packs.get_effective_rule_pack(ask("2018-04", "scoring", "a")).await.unwrap();

    let expected = [
        told("other", "127.0.0.1", "2018-03", 1, true),
        told("scoring", "a", "2018-04", 2, true),
        told("scoring", "b", "2018-03", 1, true),
        told("scoring", "b", "2018-04", 1, false),
    ];
    for size in [0, 1, 3] {
        assert_eq!(list(&mut service.packs, size).await, expected, "pages of {size}");
    }
}

#[tokio::test]
async fn what_one_process_gave_is_listed_by_another_and_pages_join_both() {
    let quick = Settings { holders_flush_ms: 20, ..Settings::default() };
    let mut service = start_with(quick).await;
    service.active(source("一"), "2018-03").await;
    // This one does not write down before the test is over.
    let (mut beside, _shutdown) = start_beside(&service, Settings::default()).await;
    service.packs.get_effective_rule_pack(ask("2018-04", "scoring", "b")).await.unwrap();
    for instance in ["a", "c"] {
        beside.get_effective_rule_pack(ask("2018-04", "scoring", instance)).await.unwrap();
    }
    let all = ["a", "b", "c"].map(|instance| told("scoring", instance, "2018-04", 1, true));
    let found = async || (list(&mut beside.clone(), 1).await == all).then_some(());
    eventually(found).await.unwrap();
}

#[tokio::test]
async fn a_table_that_cannot_be_written_holds_nobody_up_and_is_written_later() {
    let quick = Settings { holders_flush_ms: 20, ..Settings::default() };
    let mut service = start_with(quick).await;
    service.active(source("一"), "2018-03").await;
    let mut admin = service.admin().await;
    let rename = async |admin: &mut sqlx::PgConnection, from: &str, to: &str| {
        let statement = format!("alter table rule_configuration.{from} rename to {to}");
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(admin).await.unwrap();
    };
    rename(&mut admin, "rule_pack_holder", "away").await;
    service.packs.get_effective_rule_pack(ask("2018-04", "scoring", "a")).await.unwrap();
    rename(&mut admin, "away", "rule_pack_holder").await;
    let written = async || {
        let instance = sqlx::query_scalar("select instance from rule_pack_holder");
        instance.fetch_optional(&service.pool).await.unwrap()
    };
    let instance: String = eventually(written).await.unwrap();
    assert_eq!(instance, "a");
}

#[tokio::test]
async fn a_client_of_the_chassis_says_who_it_is() {
    let mut service = start().await;
    service.active(source("一"), "2018-03").await;
    let peer = PeerConfig::at(service.address.to_string());
    let channel = client::connect(&peer).unwrap().calling_as("scoring");
    let (parent, month) = (ZZ.to_owned(), "2018-03".to_owned());
    let request = pb::GetEffectiveRulePackRequest { parent, month };
    Packs::new(channel).get_effective_rule_pack(request).await.unwrap();
    let instance = chengping_chassis::process::instance();
    let expected = [told("scoring", instance, "2018-03", 1, true)];
    assert_eq!(list(&mut service.packs, 0).await, expected);
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let mut service = start().await;
    let request = |parent: &str, page_size, page_token: &str| pb::ListRulePackHoldersRequest {
        parent: parent.to_owned(),
        page_size,
        page_token: page_token.to_owned(),
    };
    let refused = async |service: &mut Service, request| {
        service.packs.list_rule_pack_holders(request).await.unwrap_err()
    };
    let status = refused(&mut service, request("zz", 0, "")).await;
    assert_eq!(fields(&status), ["parent"]);
    let status = refused(&mut service, request(ZZ, -1, "")).await;
    assert_eq!(status.code(), Code::InvalidArgument);
    let status = refused(&mut service, request(ZZ, 0, "nonsense")).await;
    assert_eq!(refusal(&status).0, Code::InvalidArgument);
}
