//! Every method that changes something leaves an entry in the audit log.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use chengping_proto::FILE_DESCRIPTOR_SET;
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_row::Content;
use prost::Message as _;
use prost_types::{FieldMask, FileDescriptorSet};
use tonic::Status;

use crate::calendar::{change, labour_day};
use crate::import::{body, city, coefficient, row};
use crate::service::{PACK, Service, ZZ, activate, approve, by, source, start, submit};

const PACKAGE: &str = "chengping.rules.v1";
const SERVICES: [&str; 2] = ["RegistryService", "RulePackService"];
/// How a method begins that changes nothing.
const READS: [&str; 9] =
    ["Get", "List", "Compare", "Export", "Watch", "Validate", "Compute", "Explain", "Verify"];
/// In an order in which each may be called.
const CHANGES: [&str; 13] = [
    "ImportRegistry",
    "UpdateWorkCalendar",
    "UpdateBody",
    "MergeBodies",
    "RemoveRegistryRows",
    "CommitRulePackRevision",
    "SubmitRulePackRevision",
    "RefuseRulePackRevision",
    "ApproveRulePackRevision",
    "ActivateRulePackRevision",
    "RollbackRulePack",
    "AdjustRulePack",
    "RebaseRulePack",
];
const REASON: &str = "评价办公室会议纪要";

/// The methods that change something, with their service and whether they take a reason.
fn changing_methods() -> BTreeMap<String, (String, bool)> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let files = || set.file.iter().filter(|file| file.package() == PACKAGE);
    let takes_reason = |message: &str| {
        let name = message.rsplit('.').next().unwrap();
        let messages = files().flat_map(|file| &file.message_type);
        let message = messages.filter(|message| message.name() == name);
        message.flat_map(|message| &message.field).any(|field| field.name() == "reason")
    };
    let services = files().flat_map(|file| &file.service);
    let services = services.filter(|service| SERVICES.contains(&service.name()));
    let mut found = BTreeMap::new();
    for service in services {
        for method in &service.method {
            if !READS.iter().any(|read| method.name().starts_with(read)) {
                let about = (service.name().to_owned(), takes_reason(method.input_type()));
                found.insert(method.name().to_owned(), about);
            }
        }
    }
    found
}

/// Whoever makes the one call of a method, and nothing else.
fn walker(method: &str) -> String {
    format!("walker-{method}")
}

async fn change_registry(service: &mut Service, method: &str) -> Result<(), Status> {
    let (reason, actor) = (REASON.to_owned(), walker(method));
    let parent = ZZ.to_owned();
    let registry = &mut service.registry;
    match method {
        "ImportRegistry" => {
            let mut rows = city();
            rows.push(row("bodies.csv", 9, body("d02", pb::BodyKind::District, "")));
            let import = pb::ImportRegistryRequest { parent, rows, reason, ..Default::default() };
            registry.import_registry(by(&actor, tokio_stream::iter([import]))).await?;
        }
        "UpdateWorkCalendar" => {
            let request = pb::UpdateWorkCalendarRequest { reason, ..change(vec![], labour_day()) };
            registry.update_work_calendar(by(&actor, request)).await?;
        }
        "UpdateBody" => {
            let body = pb::Body {
                name: format!("{ZZ}/bodies/d02"),
                display_name: "新区".to_owned(),
                ..Default::default()
            };
            let update_mask = Some(FieldMask { paths: vec!["display_name".to_owned()] });
            let request = pb::UpdateBodyRequest {
                body: Some(body),
                update_mask,
                reason,
                ..Default::default()
            };
            registry.update_body(by(&actor, request)).await?;
        }
        "MergeBodies" => {
            let request = pb::MergeBodiesRequest {
                name: format!("{ZZ}/bodies/d01"),
                merged_bodies: vec!["d02".to_owned()],
                effective_from: "2018-06".to_owned(),
                reason,
                ..Default::default()
            };
            registry.merge_bodies(by(&actor, request)).await?;
        }
        "RemoveRegistryRows" => {
            let Content::Coefficient(row) = coefficient("d01", "0.90") else { unreachable!() };
            let rows = vec![pb::RegistryRow {
                content: Some(Content::Coefficient(row)),
                ..Default::default()
            }];
            let request =
                pb::RemoveRegistryRowsRequest { parent, rows, reason, ..Default::default() };
            registry.remove_registry_rows(by(&actor, request)).await?;
        }
        other => panic!("{other} changes something: give it a call here"),
    }
    Ok(())
}

/// The steps of a review, each on a revision that waits for it.
async fn review(service: &mut Service, method: &str) -> Result<(), Status> {
    let (reason, actor) = (REASON.to_owned(), walker(method));
    let name = format!("{PACK}/revisions/1");
    let mut packs = service.packs.clone();
    match method {
        "SubmitRulePackRevision" => {
            let request = pb::SubmitRulePackRevisionRequest { name, reason, ..Default::default() };
            packs.submit_rule_pack_revision(by(&actor, request)).await?;
        }
        "RefuseRulePackRevision" => {
            let request = pb::RefuseRulePackRevisionRequest { name, reason, ..Default::default() };
            packs.refuse_rule_pack_revision(by(&actor, request)).await?;
        }
        "ApproveRulePackRevision" => {
            submit(&mut packs, &name, "local").await?;
            let request = pb::ApproveRulePackRevisionRequest { name, reason, ..Default::default() };
            packs.approve_rule_pack_revision(by(&actor, request)).await?;
        }
        "ActivateRulePackRevision" => {
            let active_from = "2018-03".to_owned();
            let request = pb::ActivateRulePackRevisionRequest {
                name,
                active_from,
                reason,
                ..Default::default()
            };
            packs.activate_rule_pack_revision(by(&actor, request)).await?;
        }
        other => panic!("{other} changes something: give it a call here"),
    }
    Ok(())
}

async fn change_pack(service: &mut Service, method: &str) -> Result<(), Status> {
    let (reason, actor) = (REASON.to_owned(), walker(method));
    let name = PACK.to_owned();
    let mut packs = service.packs.clone();
    match method {
        "CommitRulePackRevision" => {
            let request = pb::CommitRulePackRevisionRequest {
                reason,
                ..crate::service::commit_request(source("一"))
            };
            packs.commit_rule_pack_revision(by(&actor, request)).await?;
        }
        "RollbackRulePack" => {
            service.commit(source("二")).await;
            let request =
                pb::RollbackRulePackRequest { name, revision: 1, reason, ..Default::default() };
            packs.rollback_rule_pack(by(&actor, request)).await?;
        }
        "AdjustRulePack" => {
            let newest = service.commit(source("三")).await;
            let adjustment = pb::Adjustment {
                path: "families.area.zones.key".to_owned(),
                value: "0.7".to_owned(),
                provenance: "assumption".to_owned(),
                ..Default::default()
            };
            let request = pb::AdjustRulePackRequest {
                name: newest.name,
                adjustments: vec![adjustment],
                reason,
                ..Default::default()
            };
            packs.adjust_rule_pack(by(&actor, request)).await?;
        }
        "RebaseRulePack" => {
            let request = rebase(service, reason).await?;
            packs.rebase_rule_pack(by(&actor, request)).await?;
        }
        _ => review(service, method).await?,
    }
    Ok(())
}

/// A pack that derives from the first revision, and a second one that it may go over to.
async fn rebase(
    service: &mut Service,
    reason: String,
) -> Result<pb::RebaseRulePackRequest, Status> {
    let name = format!("{ZZ}/rulePacks/zz-district");
    let request = pb::GetRulePackRevisionRequest { name: format!("{PACK}/revisions/1") };
    let first = service.packs.get_rule_pack_revision(request).await?.into_inner();
    let text = format!(
        "pack: zz-district\ntitle: {{zh: 区, en: district}}\nextends: {{jurisdiction: zz, pack: \
         zz-2018, revision: 1, digest: \"{}\"}}\noverrides: []\n",
        first.digest
    );
    let commit = pb::CommitRulePackRevisionRequest {
        parent: name.clone(),
        source: text,
        ..Default::default()
    };
    service.packs.commit_rule_pack_revision(commit).await?;
    let newer = service.approved(source("四")).await;
    Ok(pb::RebaseRulePackRequest {
        name,
        parent_revision: newer.name,
        reason,
        ..Default::default()
    })
}

async fn entries_of(service: &mut Service, actor: &str) -> Vec<pb::AuditEntry> {
    let filter = format!("actor = \"{actor}\"");
    let request =
        pb::ListAuditEntriesRequest { parent: ZZ.to_owned(), filter, ..Default::default() };
    service.packs.list_audit_entries(request).await.unwrap().into_inner().audit_entries
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap()
}

#[tokio::test]
async fn every_change_has_an_entry_with_who_what_when_why_and_the_digests() {
    let methods = changing_methods();
    let known: Vec<_> = methods.keys().map(String::as_str).collect();
    let mut called = CHANGES.to_vec();
    called.sort_unstable();
    assert_eq!(known, called, "a method that changes something came or went: call it here");

    let mut service = start().await;
    for method in CHANGES {
        let (in_service, takes_reason) = &methods[method];
        let began = now();
        let done = match in_service.as_str() {
            "RegistryService" => change_registry(&mut service, method).await,
            _ => change_pack(&mut service, method).await,
        };
        let ended = now();
        done.unwrap_or_else(|status| panic!("{method}: {status:?}"));
        let entries = entries_of(&mut service, &walker(method)).await;
        assert!(!entries.is_empty(), "{method} leaves no entry");
        for entry in entries {
            assert_eq!(entry.action, format!("{PACKAGE}.{in_service}/{method}"));
            assert!(entry.resource.starts_with(ZZ), "{method}: {}", entry.resource);
            // The clock of the database is that of this machine, give or take a second.
            let time = entry.create_time.unwrap().seconds;
            assert!((began - 1..=ended + 1).contains(&time), "{method}");
            assert!(entry.digest_after.starts_with("sha256:"), "{method}");
            let is_first = ["ImportRegistry", "CommitRulePackRevision"].contains(&method);
            assert!(is_first || entry.digest_before.starts_with("sha256:"), "{method}");
            assert!(!takes_reason || entry.reason == REASON, "{method} keeps {:?}", entry.reason);
        }
    }
    // What none of them had any part in.
    let mut packs = service.packs.clone();
    let name = format!("{PACK}/revisions/1");
    approve(&mut packs, &name, "nobody").await.unwrap_err();
    activate(&mut packs, &format!("{PACK}/revisions/99"), "2018-03").await.unwrap_err();
    assert!(entries_of(&mut service, "nobody").await.is_empty());
}
