//! Changing the registry by name.

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_row::Content;
use prost_types::FieldMask;
use tonic::Code;

use crate::import::{area, body, city, coefficient, exported, row};
use crate::service::{Service, ZZ, by, fields, refusal, start, values};

const REQUEST: &str = "7f3c1a52-0d8e-4a5e-9a51-6f0f5a1f0c11";

fn name(body: &str) -> String {
    format!("{ZZ}/bodies/{body}")
}

/// Calls a body otherwise from May 2018 on.
fn rename(id: &str, to: &str) -> pb::UpdateBodyRequest {
    pb::UpdateBodyRequest {
        body: Some(pb::Body { name: name(id), display_name: to.to_owned(), ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["display_name".to_owned()] }),
        reason: "更名".to_owned(),
        effective_from: "2018-05".to_owned(),
        ..Default::default()
    }
}

/// Changes what `paths` name, where it stands.
fn correct(new: pb::Body, paths: &[&str]) -> pb::UpdateBodyRequest {
    pb::UpdateBodyRequest {
        body: Some(new),
        update_mask: Some(FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() }),
        reason: "更正".to_owned(),
        ..Default::default()
    }
}

async fn entries(service: &mut Service) -> Vec<pb::AuditEntry> {
    let request = pb::ListAuditEntriesRequest { parent: ZZ.to_owned(), ..Default::default() };
    service.packs.list_audit_entries(request).await.unwrap().into_inner().audit_entries
}

async fn revision(service: &mut Service) -> pb::RegistryRevision {
    let name = format!("{ZZ}/registryRevisions/current");
    let request = pb::GetRegistryRevisionRequest { name };
    service.registry.get_registry_revision(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_renamed_body_has_its_former_period_and_an_audit_entry() {
    let mut service = start().await;
    let before = service.import(vec![city()], false).await.registry_revision.unwrap();
    let request = by("li", rename("d01", "东区"));
    let body = service.registry.update_body(request).await.unwrap().into_inner();
    assert_eq!((body.display_name.as_str(), body.valid_from.as_str()), ("东区", "2018-05"));
    let former = &body.former_periods[0];
    assert_eq!((former.display_name.as_str(), former.valid_to.as_str()), ("单位 d01", "2018-04"));

    let request = pb::GetBodyRequest { name: name("d01") };
    assert_eq!(service.registry.get_body(request).await.unwrap().into_inner(), body);
    let request = pb::ListBodiesRequest { parent: ZZ.to_owned(), ..Default::default() };
    let listed = service.registry.list_bodies(request).await.unwrap().into_inner().bodies;
    assert_eq!(listed.iter().filter(|listed| listed.body_id == "d01").count(), 1);

    let after = revision(&mut service).await;
    assert_eq!((after.revision, after.body_count), (2, 3));
    let entry = entries(&mut service).await.remove(0);
    assert_eq!((entry.actor.as_str(), entry.reason.as_str()), ("li", "更名"));
    assert_eq!((entry.digest_before, entry.digest_after), (before.digest, after.digest));
    assert!(entry.action.ends_with("/UpdateBody"));
    let rows = exported(&mut service, "2").await;
    let of_body = |row: &pb::RegistryRow| matches!(&row.content, Some(Content::Body(_)));
    assert_eq!(rows.iter().filter(|row| of_body(row)).count(), 4);
}

#[tokio::test]
async fn an_etag_that_is_not_the_standing_one_changes_nothing() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let mut request = rename("d01", "东区");
    request.body.as_mut().unwrap().etag = "\"0000000000000000\"".to_owned();
    let status = service.registry.update_body(request.clone()).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    let standing = pb::GetBodyRequest { name: name("d01") };
    let standing = service.registry.get_body(standing).await.unwrap().into_inner();
    request.body.as_mut().unwrap().etag = standing.etag.clone();
    let changed = service.registry.update_body(request).await.unwrap().into_inner();
    assert_ne!(changed.etag, standing.etag);
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_and_another_one_none() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let request =
        pb::UpdateBodyRequest { request_id: REQUEST.to_owned(), ..rename("d01", "东区") };
    let first = service.registry.update_body(request.clone()).await.unwrap().into_inner();
    let later = correct(
        pb::Body { name: name("d01"), display_name: "东城区".to_owned(), ..Default::default() },
        &["display_name"],
    );
    service.registry.update_body(later).await.unwrap();
    let again = service.registry.update_body(request.clone()).await.unwrap().into_inner();
    assert_eq!(again, first);
    assert_eq!(revision(&mut service).await.revision, 3);
    let other = pb::UpdateBodyRequest { reason: "别的".to_owned(), ..request };
    let status = service.registry.update_body(other).await.unwrap_err();
    assert_eq!(refusal(&status).1, "REQUEST_ID_REUSED");
    let merge = pb::MergeBodiesRequest {
        name: name("d01"),
        merged_bodies: vec!["b1".to_owned()],
        effective_from: "2018-05".to_owned(),
        reason: "更名".to_owned(),
        request_id: REQUEST.to_owned(),
        ..Default::default()
    };
    let status = service.registry.merge_bodies(merge).await.unwrap_err();
    assert_eq!(refusal(&status).1, "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn masks_say_what_changes() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let new = pb::Body {
        name: name("s001"),
        kind: pb::BodyKind::Subdistrict.into(),
        display_name: "东大街".to_owned(),
        assessment_code: "410105".to_owned(),
        ..Default::default()
    };
    // Without a mask, what is set.
    let request = pb::UpdateBodyRequest { update_mask: None, ..correct(new.clone(), &[]) };
    let body = service.registry.update_body(request).await.unwrap().into_inner();
    assert_eq!((body.parent_body.as_str(), body.assessment_code.as_str()), ("d01", "410105"));
    // All of it, so that what is empty is taken away; the first month has to be said.
    let full = pb::Body { valid_from: "2016-01".to_owned(), ..new.clone() };
    let body = service.registry.update_body(correct(full, &["*"])).await.unwrap().into_inner();
    assert_eq!((body.parent_body.as_str(), body.display_name.as_str()), ("", "东大街"));

    let wrong = pb::UpdateBodyRequest {
        reason: String::new(),
        request_id: "no".to_owned(),
        effective_from: "2018-13".to_owned(),
        ..correct(pb::Body { body_id: "d01".to_owned(), ..new }, &["etag", "valid_from"])
    };
    let status = service.registry.update_body(wrong).await.unwrap_err();
    let expected = [
        "effective_from",
        "update_mask",
        "body.body_id",
        "body.valid_from",
        "reason",
        "request_id",
    ];
    assert_eq!(fields(&status), expected);
}

#[tokio::test]
async fn a_body_is_made_only_where_that_is_asked_for() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let new = pb::Body {
        name: name("w01"),
        kind: pb::BodyKind::Window.into(),
        display_name: "火车站".to_owned(),
        valid_from: "2018-06".to_owned(),
        ..Default::default()
    };
    let request = pb::UpdateBodyRequest { update_mask: None, ..correct(new, &[]) };
    let status = service.registry.update_body(request.clone()).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
    let made = pb::UpdateBodyRequest { allow_missing: true, validate_only: true, ..request };
    let body = service.registry.update_body(made.clone()).await.unwrap().into_inner();
    assert_eq!(body.valid_from, "2018-06");
    assert_eq!(revision(&mut service).await.revision, 1);
    let made = pb::UpdateBodyRequest { validate_only: false, ..made };
    assert_eq!(service.registry.update_body(made).await.unwrap().into_inner(), body);
    assert_eq!(revision(&mut service).await.body_count, 4);
}

#[tokio::test]
async fn a_body_that_manages_something_cannot_leave() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let closed =
        pb::Body { name: name("d01"), valid_to: "2018-06".to_owned(), ..Default::default() };
    let request = correct(closed, &["valid_to"]);
    let status = service.registry.update_body(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    // A sub-district, and two areas of which one has a second row.
    assert_eq!(fields(&status), ["body.valid_to"; 3]);
    assert!(status.message().contains("area R1 (from 2018-05)"), "{}", status.message());
}

#[tokio::test]
async fn merged_bodies_end_and_the_other_one_has_what_they_had() {
    let mut service = start().await;
    let mut rows = city();
    rows.push(row("bodies.csv", 9, body("d02", pb::BodyKind::District, "")));
    service.import(vec![rows], false).await;
    let Content::Coefficient(size) = coefficient("", "1.10") else { unreachable!() };
    let request = pb::MergeBodiesRequest {
        name: name("d02"),
        merged_bodies: vec!["d01".to_owned()],
        effective_from: "2018-05".to_owned(),
        coefficients: vec![pb::Coefficient { valid_from: String::new(), ..size }],
        reason: "撤并".to_owned(),
        expected_revision: 1,
        ..Default::default()
    };
    let looked = pb::MergeBodiesRequest { validate_only: true, ..request.clone() };
    let looked = service.registry.merge_bodies(looked).await.unwrap().into_inner();
    assert_eq!(revision(&mut service).await.revision, 1);
    let done = service.registry.merge_bodies(request.clone()).await.unwrap().into_inner();
    assert_eq!(done.differences, looked.differences);
    assert_eq!(done.registry_revision.unwrap().revision, 2);
    let told: Vec<_> = done
        .differences
        .iter()
        .map(|row| format!("{:?} {} {}", row.change(), row.table, row.key.join(" ")))
        .collect();
    assert_eq!(
        told,
        [
            "Changed bodies d01 2016-01",
            "Changed bodies s001 2016-01",
            "Added bodies s001 2018-05",
            "Changed areas R1 2018-05",
            "Changed areas R2 2016-01",
            "Added areas R2 2018-05",
            "Added coefficients d02 key 2018-05",
        ]
    );
    let status = service.registry.merge_bodies(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "REGISTRY_REVISION_MISMATCH".to_owned()));
    let expected = [
        ("expected".to_owned(), "1".to_owned()),
        ("found".to_owned(), "2".to_owned()),
        ("resource".to_owned(), format!("{ZZ}/registryRevisions/current")),
    ];
    assert_eq!(values(&status), expected);
}

#[tokio::test]
async fn rows_are_taken_out_all_or_none_by_their_keys() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let key = |content| pb::RegistryRow { content: Some(content), ..Default::default() };
    let of_body = |id: &str| {
        key(Content::Body(pb::Body {
            body_id: id.to_owned(),
            valid_from: "2016-01".to_owned(),
            ..Default::default()
        }))
    };
    let mut request = pb::RemoveRegistryRowsRequest {
        parent: ZZ.to_owned(),
        rows: vec![of_body("b1"), of_body("d01"), of_body("Nobody")],
        reason: "误登".to_owned(),
        ..Default::default()
    };
    let status = service.registry.remove_registry_rows(request.clone()).await.unwrap_err();
    assert_eq!(fields(&status), ["rows[2].body.body_id"]);
    request.rows.pop();
    let status = service.registry.remove_registry_rows(request.clone()).await.unwrap_err();
    assert_eq!(fields(&status), ["rows"; 5]);
    request.rows.pop();
    request.rows.push(key(area("R2", "", "2016-01", "")));
    request.request_id = REQUEST.to_owned();
    let done = service.registry.remove_registry_rows(request.clone()).await.unwrap().into_inner();
    assert_eq!(done.difference_count, 2);
    let again = service.registry.remove_registry_rows(request).await.unwrap().into_inner();
    assert_eq!(again, done);
    let now = revision(&mut service).await;
    assert_eq!((now.revision, now.body_count, now.area_count), (2, 2, 2));
    assert_eq!(exported(&mut service, "1").await.len(), 8);
}

#[tokio::test]
async fn two_revisions_are_compared_in_pages() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    service.registry.update_body(rename("d01", "东区")).await.unwrap();
    service.import(vec![vec![row("areas.csv", 2, area("R9", "d01", "2018-01", ""))]], false).await;
    let revision = |number: &str| format!("{ZZ}/registryRevisions/{number}");
    let mut request = pb::CompareRegistryRevisionsRequest {
        before: revision("1"),
        after: revision("current"),
        page_size: 2,
        ..Default::default()
    };
    let first = service.registry.compare_registry_revisions(request.clone()).await.unwrap();
    let first = first.into_inner();
    assert_eq!(first.differences.len(), 2);
    let field = &first.differences[0].fields[0];
    let field = (field.column.as_str(), field.before.as_str(), field.after.as_str());
    assert_eq!(field, ("valid_to", "", "2018-04"));
    // What comes in between belongs to another comparison.
    service.import(vec![vec![row("areas.csv", 2, area("Q1", "d01", "2018-01", ""))]], false).await;
    request.page_token = first.next_page_token;
    let second = service.registry.compare_registry_revisions(request).await.unwrap().into_inner();
    assert_eq!((second.differences.len(), second.next_page_token.as_str()), (1, ""));
    assert_eq!(second.differences[0].key, ["R9", "2018-01"]);

    let wrong = pb::CompareRegistryRevisionsRequest {
        before: revision("current"),
        after: "jurisdictions/other/registryRevisions/1".to_owned(),
        ..Default::default()
    };
    let status = service.registry.compare_registry_revisions(wrong).await.unwrap_err();
    assert_eq!(fields(&status), ["before", "after"]);
}
