//! The audit log.

use chengping_proto::rules::v1 as pb;

use crate::import::city;
use crate::service::{Service, ZZ, approve, source, start};

pub(crate) async fn entries(service: &mut Service) -> Vec<pb::AuditEntry> {
    let mut request =
        pb::ListAuditEntriesRequest { parent: ZZ.to_owned(), page_size: 2, ..Default::default() };
    let mut entries = Vec::new();
    loop {
        let page = service.packs.list_audit_entries(request.clone()).await.unwrap().into_inner();
        entries.extend(page.audit_entries);
        if page.next_page_token.is_empty() {
            return entries;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn every_change_is_in_the_chain_and_nothing_else() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    service.import(vec![city()], false).await;
    let active = service.active(source("一"), "2018-03").await;
    approve(&mut service.packs, &active.name, "wang").await.unwrap_err();

    let mut entries = entries(&mut service).await;
    entries.reverse();
    let methods: Vec<_> =
        entries.iter().map(|entry| entry.action.rsplit('/').next().unwrap()).collect();
    let expected = [
        "ImportRegistry",
        "CommitRulePackRevision",
        "SubmitRulePackRevision",
        "ApproveRulePackRevision",
        "ActivateRulePackRevision",
    ];
    assert_eq!(methods, expected);
    assert_eq!(entries[1].resource, active.name);
    assert_eq!(entries[1].digest_after, active.digest);
    assert_eq!(entries[0].previous_digest, "");
    for pair in entries.windows(2) {
        assert_eq!(pair[1].previous_digest, pair[0].digest);
    }
}

#[tokio::test]
async fn the_digest_of_an_entry_can_be_computed_by_anybody() {
    let mut service = start().await;
    service.commit(source("一")).await;
    let [entry] = &entries(&mut service).await[..] else { panic!("one entry") };
    let time = entry.create_time.unwrap();
    let micros = time.seconds * 1_000_000 + i64::from(time.nanos / 1000);
    let fields = serde_json::json!({
        "jurisdiction": "zz",
        "sequence": 1,
        "actor": entry.actor,
        "action": entry.action,
        "resource": entry.resource,
        "reason": entry.reason,
        "digest_before": entry.digest_before,
        "digest_after": entry.digest_after,
        "previous_digest": entry.previous_digest,
        "create_time": chengping_types::Instant::from_micros(micros).to_string(),
    });
    let digest = chengping_types::canonical::digest(&fields).unwrap().to_string();
    assert_eq!(entry.digest, digest);
}
