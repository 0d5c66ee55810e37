//! Imports of bodies with periods, and of all that there is.

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_row::Content;
use tonic::Code;

use crate::import::{area, body, city, counts, exported, row};
use crate::service::{Service, ZZ, fields, refusal, start};

fn period(name: &str, from: &str, to: &str) -> pb::RegistryRow {
    let Content::Body(body) = body("d01", pb::BodyKind::District, "") else { unreachable!() };
    let content = Content::Body(pb::Body {
        display_name: name.to_owned(),
        valid_from: from.to_owned(),
        valid_to: to.to_owned(),
        assessment_code: "410102".to_owned(),
        ..body
    });
    row("bodies.csv", 2, content)
}

fn message(rows: Vec<pb::RegistryRow>) -> pb::ImportRegistryRequest {
    pb::ImportRegistryRequest { parent: ZZ.to_owned(), rows, ..Default::default() }
}

async fn send(
    service: &mut Service,
    message: pb::ImportRegistryRequest,
) -> Result<pb::ImportRegistryResponse, tonic::Status> {
    let answer = service.registry.import_registry(tokio_stream::iter([message])).await;
    answer.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn an_import_ends_a_period_tells_what_differs_and_what_is_given_out_comes_back() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let looked = service.import(vec![vec![period("东区", "2018-05", "")]], true).await;
    let done = service.import(vec![vec![period("东区", "2018-05", "")]], false).await;
    assert_eq!((counts(&done), done.difference_count), ((1, 0, 0, 0), 2));
    assert_eq!(done.differences, looked.differences);
    let keys: Vec<_> = done.differences.iter().map(|row| row.key.join(" ")).collect();
    assert_eq!(keys, ["d01 2016-01", "d01 2018-05"]);

    let rows = exported(&mut service, "current").await;
    let again = service.import(vec![rows.clone()], false).await;
    assert_eq!((again.difference_count, again.reject_count), (0, 0));
    assert_eq!(again.registry_revision.unwrap().revision, 2);
    let mut anew = start().await;
    let made = anew.import(vec![rows], false).await.registry_revision.unwrap();
    assert_eq!(made.digest, done.registry_revision.unwrap().digest);

    // The whole time again, without a last month, would erase the change of name.
    let conflict = service.import(vec![vec![period("东区", "2016-01", "")]], false).await;
    assert_eq!((counts(&conflict), conflict.difference_count), ((0, 0, 0, 1), 0));
    assert_eq!(conflict.rejects[0].code, "conflict");
}

#[tokio::test]
async fn a_registry_of_single_periods_has_the_digest_that_it_always_had() {
    let mut service = start().await;
    let rows = vec![
        row("bodies.csv", 2, body("d01", pb::BodyKind::District, "")),
        row("areas.csv", 2, area("R1", "d01", "2016-01", "")),
    ];
    let revision = service.import(vec![rows], false).await.registry_revision.unwrap();
    let canonical = r#"{"areas":[{"area_code":"R1","district":"d01","kind":"road_section","name":"","valid_from":"2016-01","zone":"key"}],"bodies":[{"body_id":"d01","kind":"district","name":"单位 d01","valid_from":"2016-01"}],"coefficients":[],"long_term":[]}"#;
    let expected = chengping_types::Digest::of(canonical.as_bytes()).to_string();
    assert_eq!(revision.digest, expected);
}

#[tokio::test]
async fn an_import_can_name_the_revision_that_it_is_for_and_why() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let rows = vec![period("东区", "2018-05", "")];
    let stale = pb::ImportRegistryRequest { expected_revision: 7, ..message(rows.clone()) };
    let status = send(&mut service, stale).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "REGISTRY_REVISION_MISMATCH".to_owned()));
    let wrong = pb::ImportRegistryRequest { expected_revision: -1, ..message(rows.clone()) };
    assert_eq!(fields(&send(&mut service, wrong).await.unwrap_err()), ["expected_revision"]);
    let reason = "郑编〔2018〕7号".to_owned();
    let good = pb::ImportRegistryRequest { expected_revision: 1, reason, ..message(rows) };
    send(&mut service, good).await.unwrap();
    let request = pb::ListAuditEntriesRequest { parent: ZZ.to_owned(), ..Default::default() };
    let entries = service.packs.list_audit_entries(request).await.unwrap().into_inner();
    assert_eq!(entries.audit_entries[0].reason, "郑编〔2018〕7号");
}

#[tokio::test]
async fn replacing_is_all_or_nothing_and_leaves_nothing_dangling() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let replace = |rows| pb::ImportRegistryRequest { replace: true, ..message(rows) };
    // Areas and coefficients have no row here, and name bodies that would be gone.
    let other = vec![row("bodies.csv", 2, body("d07", pb::BodyKind::District, ""))];
    let status = send(&mut service, replace(other)).await.unwrap_err();
    assert_eq!(fields(&status), ["rows"; 4]);

    let mut rows = city();
    rows.retain(|row| row.file != "bodies.csv" || row.row != 4);
    rows.push(row("areas.csv", 9, area("R9", "nobody", "2016-01", "")));
    let answer = send(&mut service, replace(rows.clone())).await.unwrap();
    assert_eq!((counts(&answer), answer.difference_count), ((0, 0, 0, 1), 0));
    rows.pop();
    let answer = send(&mut service, replace(rows)).await.unwrap();
    assert_eq!((counts(&answer), answer.removed_count), ((0, 0, 7, 0), 1));
    assert_eq!(answer.registry_revision.unwrap().body_count, 2);
}

#[tokio::test]
async fn what_outlasts_its_body_is_taken_in_and_warned_of() {
    let mut service = start().await;
    let answer = service.import(vec![city()], false).await;
    assert!(answer.warnings.is_empty(), "{:?}", answer.warnings);
    let answer = service.import(vec![vec![period("东区", "2016-01", "2018-06")]], false).await;
    assert_eq!(answer.reject_count, 0);
    assert_eq!(answer.warnings.len(), 3, "{:?}", answer.warnings);
    assert!(answer.warnings.iter().any(|warning| warning.starts_with("area R2 (from 2016-01)")));
    let again = service.import(vec![vec![period("东区", "2016-01", "2018-06")]], false).await;
    assert!(again.warnings.is_empty());
}

#[tokio::test]
async fn a_long_term_entry_keeps_its_place() {
    let mut service = start().await;
    let entry = |area_code: &str| {
        let content = Content::LongTerm(pb::LongTermEntry {
            category_scheme: "s".to_owned(),
            category_code: "01".to_owned(),
            valid_from: "2018-01".to_owned(),
            valid_to: String::new(),
            area_code: area_code.to_owned(),
        });
        row("long_term.csv", 2, content)
    };
    let answer = service.import(vec![vec![entry(""), entry("R1"), entry("R2")]], false).await;
    assert_eq!(counts(&answer), (3, 0, 0, 0));
    assert_eq!(answer.warnings.len(), 2);
    let rows = exported(&mut service, "current").await;
    let places: Vec<_> = rows
        .into_iter()
        .map(|row| match row.content {
            Some(Content::LongTerm(entry)) => entry.area_code,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(places, ["", "R1", "R2"]);
}
