//! Taking registries in.

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_row::Content;
use tonic::Code;

use crate::service::{Service, ZZ, fields, refusal, start};

pub(crate) fn row(file: &str, row: i64, content: Content) -> pb::RegistryRow {
    pb::RegistryRow { file: file.to_owned(), row, content: Some(content) }
}

pub(crate) fn body(id: &str, kind: pb::BodyKind, parent: &str) -> Content {
    Content::Body(pb::Body {
        body_id: id.to_owned(),
        kind: kind.into(),
        display_name: format!("单位 {id}"),
        parent_body: parent.to_owned(),
        valid_from: "2016-01".to_owned(),
        ..Default::default()
    })
}

pub(crate) fn area(code: &str, district: &str, from: &str, to: &str) -> Content {
    Content::Area(pb::Area {
        area_code: code.to_owned(),
        kind: pb::AreaKind::RoadSection.into(),
        district: district.to_owned(),
        zone: pb::Zone::Key.into(),
        valid_from: from.to_owned(),
        valid_to: to.to_owned(),
        ..Default::default()
    })
}

pub(crate) fn coefficient(id: &str, difficulty: &str) -> Content {
    Content::Coefficient(pb::Coefficient {
        body_id: id.to_owned(),
        zone: pb::Zone::Key.into(),
        road_sections: 219,
        difficulty: difficulty.to_owned(),
        valid_from: "2018-01".to_owned(),
        approved_by: "评价办公室".to_owned(),
        reason: "定期核定".to_owned(),
        area_km2: "12.5".to_owned(),
        population: Some(80_000),
        grid_class: 2,
    })
}

fn long_term(code: &str) -> Content {
    Content::LongTerm(pb::LongTermEntry {
        category_scheme: "gbt-30428.2-2013-event".to_owned(),
        category_code: code.to_owned(),
        valid_from: "2018-01".to_owned(),
        valid_to: String::new(),
        ..pb::LongTermEntry::default()
    })
}

/// A small city, bodies first.
pub(crate) fn city() -> Vec<pb::RegistryRow> {
    vec![
        row("bodies.csv", 2, body("d01", pb::BodyKind::District, "")),
        row("bodies.csv", 3, body("s001", pb::BodyKind::Subdistrict, "d01")),
        row("bodies.csv", 4, body("b1", pb::BodyKind::Bureau, "")),
        row("areas.csv", 2, area("R1", "d01", "2016-01", "2018-04")),
        row("areas.csv", 3, area("R1", "d01", "2018-05", "")),
        row("areas.csv", 4, area("R2", "d01", "2016-01", "")),
        row("coefficients.csv", 2, coefficient("d01", "0.90")),
        row("long_term.csv", 2, long_term("0101")),
    ]
}

pub(crate) fn counts(answer: &pb::ImportRegistryResponse) -> (i64, i64, i64, i64) {
    let (added, changed) = (answer.added_count, answer.changed_count);
    (added, changed, answer.repeated_count, answer.reject_count)
}

pub(crate) async fn exported(service: &mut Service, revision: &str) -> Vec<pb::RegistryRow> {
    let name = format!("{ZZ}/registryRevisions/{revision}");
    let request = pb::ExportRegistryRequest { name };
    let mut messages = service.registry.export_registry(request).await.unwrap().into_inner();
    let mut rows = Vec::new();
    while let Some(message) = messages.message().await.unwrap() {
        assert_eq!(message.registry_revision.is_some(), rows.is_empty());
        rows.extend(message.rows);
    }
    rows
}

#[tokio::test]
async fn the_order_and_split_of_rows_do_not_show_in_the_digest() {
    let mut whole = start().await;
    let first = whole.import(vec![city()], false).await;
    assert_eq!(counts(&first), (8, 0, 0, 0));
    let revision = first.registry_revision.unwrap();
    assert_eq!((revision.revision, revision.body_count, revision.area_count), (1, 3, 3));
    assert_eq!((revision.coefficient_count, revision.long_term_count), (1, 1));

    let mut reversed = start().await;
    let batches = city().into_iter().rev().map(|row| vec![row]).collect();
    let second = reversed.import(batches, false).await.registry_revision.unwrap();
    assert_eq!((second.revision, &second.digest), (1, &revision.digest));

    let mut split = start().await;
    for row in city() {
        split.import(vec![vec![row]], false).await;
    }
    let request =
        pb::GetRegistryRevisionRequest { name: format!("{ZZ}/registryRevisions/current") };
    let third = split.registry.get_registry_revision(request).await.unwrap().into_inner();
    assert_eq!((third.revision, third.digest), (8, revision.digest));
    assert_eq!(exported(&mut whole, "1").await, exported(&mut split, "8").await);
}

#[tokio::test]
async fn the_same_content_makes_no_new_revision() {
    let mut service = start().await;
    let first = service.import(vec![city()], false).await.registry_revision;
    let again = service.import(vec![city()], false).await;
    assert_eq!(counts(&again), (0, 0, 8, 0));
    assert_eq!(again.registry_revision, first);
}

#[tokio::test]
async fn bad_rows_are_answered_with_their_place_and_never_stop_the_good_ones() {
    let mut service = start().await;
    let mut rows = city();
    rows.push(row("bodies.csv", 5, body("s002", pb::BodyKind::Subdistrict, "d99")));
    rows.push(row("bodies.csv", 6, body("d01", pb::BodyKind::Window, "")));
    rows.push(row("areas.csv", 5, area("R1", "d01", "2018-03", "2018-06")));
    rows.push(row("areas.csv", 6, area("R3", "nobody", "2016-01", "")));
    rows.push(row("areas.csv", 7, area("R4", "d01", "2016-13", "")));
    rows.push(row("coefficients.csv", 3, coefficient("x1", "1.00")));
    rows.push(row("coefficients.csv", 4, coefficient("d01", "1,10")));
    let answer = service.import(vec![rows], false).await;
    assert_eq!(counts(&answer), (8, 0, 0, 7));
    let rejects: Vec<_> = answer
        .rejects
        .iter()
        .map(|reject| {
            let pb::RegistryReject { file, row, column, code, .. } = reject;
            (file.as_str(), *row, column.as_str(), code.as_str())
        })
        .collect();
    let expected = [
        ("bodies.csv", 5, "parent", "unknown_body"),
        ("bodies.csv", 6, "", "conflict"),
        ("areas.csv", 5, "", "conflict"),
        ("areas.csv", 6, "district", "unknown_body"),
        ("areas.csv", 7, "valid_from", "bad_month"),
        ("coefficients.csv", 3, "body_id", "unknown_body"),
        ("coefficients.csv", 4, "difficulty", "bad_number"),
    ];
    assert_eq!(rejects, expected);
}

#[tokio::test]
async fn a_revision_keeps_what_it_was_when_the_registry_moves_on() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let before = exported(&mut service, "1").await;
    let change = vec![row("coefficients.csv", 2, coefficient("d01", "1.25"))];
    let answer = service.import(vec![change], false).await;
    assert_eq!(counts(&answer), (0, 1, 0, 0));
    assert_eq!(answer.registry_revision.unwrap().revision, 2);
    assert_eq!(exported(&mut service, "1").await, before);
    let difficulty = |rows: Vec<pb::RegistryRow>| {
        rows.into_iter().find_map(|row| match row.content {
            Some(Content::Coefficient(row)) => Some(row.difficulty),
            _ => None,
        })
    };
    assert_eq!(difficulty(before).as_deref(), Some("0.90"));
    assert_eq!(difficulty(exported(&mut service, "current").await).as_deref(), Some("1.25"));
}

#[tokio::test]
async fn of_two_coefficients_for_the_same_month_the_last_holds_whatever_the_batches() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let rows = |difficulty: &str| vec![row("coefficients.csv", 3, coefficient("d01", difficulty))];
    service.import(vec![rows("1.10"), rows("1.20")], false).await;
    let request = pb::ListCoefficientsRequest { parent: ZZ.to_owned(), ..Default::default() };
    let answer = service.registry.list_coefficients(request).await.unwrap().into_inner();
    let difficulties: Vec<_> = answer.coefficients.iter().map(|row| &row.difficulty).collect();
    assert_eq!(difficulties, ["1.20"]);
}

#[tokio::test]
async fn a_rehearsal_answers_and_changes_nothing() {
    let mut service = start().await;
    let answer = service.import(vec![city()], true).await;
    assert_eq!((counts(&answer), answer.registry_revision), ((8, 0, 0, 0), None));
    let request =
        pb::GetRegistryRevisionRequest { name: format!("{ZZ}/registryRevisions/current") };
    let status = service.registry.get_registry_revision(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn a_hundred_thousand_areas_go_in_and_come_out() {
    let mut service = start().await;
    let district = vec![row("bodies.csv", 2, body("d01", pb::BodyKind::District, ""))];
    let areas = (0..20).map(|batch| {
        let rows = (0..5_000).map(|number| batch * 5_000 + number);
        rows.map(|number| {
            row("areas.csv", number + 2, area(&format!("R{number:06}"), "d01", "2016-01", ""))
        })
        .collect()
    });
    let batches: Vec<_> = areas.chain([district]).collect();
    let answer = service.import(batches, false).await;
    assert_eq!(counts(&answer), (100_001, 0, 0, 0));
    assert_eq!(exported(&mut service, "current").await.len(), 100_001);
}

#[tokio::test]
async fn two_imports_at_once_lose_nothing() {
    let service = start().await;
    let import = |number: i64| {
        let mut registry = service.registry.clone();
        let content = body(&format!("d{number:02}"), pb::BodyKind::District, "");
        let rows = vec![row("bodies.csv", number, content)];
        let message =
            pb::ImportRegistryRequest { parent: ZZ.to_owned(), rows, ..Default::default() };
        tokio::spawn(async move {
            registry.import_registry(tokio_stream::iter([message])).await.unwrap().into_inner()
        })
    };
    let imports: Vec<_> = (0..8).map(import).collect();
    let mut revisions = Vec::new();
    for import in imports {
        revisions.push(import.await.unwrap().registry_revision.unwrap());
    }
    revisions.sort_by_key(|revision| revision.revision);
    let seen: Vec<_> =
        revisions.iter().map(|revision| (revision.revision, revision.body_count)).collect();
    let expected: Vec<_> = (1..=8).map(|number| (number, number)).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_import_without_a_jurisdiction_is_refused() {
    let mut service = start().await;
    for messages in [vec![], vec![pb::ImportRegistryRequest::default()]] {
        let call = service.registry.import_registry(tokio_stream::iter(messages));
        let status = call.await.unwrap_err();
        assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
        assert_eq!(fields(&status), ["parent"]);
    }
}
