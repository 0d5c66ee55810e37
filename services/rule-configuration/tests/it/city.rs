//! The reference city: its rows in, its rejects out.

use std::path::PathBuf;

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_row::Content;

use crate::import::row;
use crate::service::start;

type Fields = csv::StringRecord;

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../tests/data/city-6k"].iter().collect()
}

fn rows(file: &str, content: fn(&Fields) -> Option<Content>) -> Vec<pb::RegistryRow> {
    let mut reader = csv::Reader::from_path(folder().join(format!("{file}.csv"))).unwrap();
    (2..)
        .zip(reader.records())
        .filter_map(|(number, fields)| Some(row(file, number, content(&fields.unwrap())?)))
        .collect()
}

/// The number of a name; one that nobody knows for a name that nobody knows.
fn code(prefix: &str, name: &str, find: fn(&str) -> Option<i32>) -> i32 {
    find(&format!("{prefix}_{}", name.to_uppercase())).unwrap_or(99)
}

fn body(fields: &Fields) -> Option<Content> {
    let find = |name: &str| pb::BodyKind::from_str_name(name).map(i32::from);
    Some(Content::Body(pb::Body {
        body_id: fields[0].to_owned(),
        kind: code("BODY_KIND", &fields[1], find),
        display_name: fields[2].to_owned(),
        parent_body: fields[3].to_owned(),
        valid_from: fields[4].to_owned(),
        valid_to: fields[5].to_owned(),
        ..Default::default()
    }))
}

fn area(fields: &Fields) -> Option<Content> {
    let find_kind = |name: &str| pb::AreaKind::from_str_name(name).map(i32::from);
    let find_zone = |name: &str| pb::Zone::from_str_name(name).map(i32::from);
    Some(Content::Area(pb::Area {
        area_code: fields[0].to_owned(),
        kind: code("AREA_KIND", &fields[1], find_kind),
        display_name: fields[2].to_owned(),
        district: fields[3].to_owned(),
        subdistrict: fields[4].to_owned(),
        window: fields[5].to_owned(),
        zone: code("ZONE", &fields[6], find_zone),
        valid_from: fields[7].to_owned(),
        valid_to: fields[8].to_owned(),
        ..Default::default()
    }))
}

/// A count that is no number has no place in a message; the reader of the file rejects it.
fn coefficient(fields: &Fields) -> Option<Content> {
    let find = |name: &str| pb::Zone::from_str_name(name).map(i32::from);
    Some(Content::Coefficient(pb::Coefficient {
        body_id: fields[0].to_owned(),
        zone: code("ZONE", &fields[1], find),
        road_sections: fields[2].parse().ok()?,
        difficulty: fields[3].to_owned(),
        valid_from: fields[4].to_owned(),
        approved_by: fields[5].to_owned(),
        reason: fields[6].to_owned(),
        ..pb::Coefficient::default()
    }))
}

fn expected() -> Vec<(String, i64, String)> {
    let text = std::fs::read_to_string(folder().join("expected_rejects.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rejects = json["rejects"].as_array().unwrap().iter().map(|reject| {
        let text = |key: &str| reject[key].as_str().unwrap().to_owned();
        (text("file"), reject["row"].as_i64().unwrap(), text("code"))
    });
    rejects.filter(|(file, ..)| ["bodies", "areas", "coefficients"].contains(&&**file)).collect()
}

#[tokio::test]
async fn the_reference_city_goes_in_with_just_the_rejects_that_it_should_have() {
    let mut service = start().await;
    let batches =
        vec![rows("coefficients", coefficient), rows("areas", area), rows("bodies", body)];
    let sent: Vec<_> = batches.iter().flatten().map(|row| (row.file.clone(), row.row)).collect();
    let answer = service.import(batches.clone(), false).await;
    let mut rejects: Vec<_> =
        answer.rejects.into_iter().map(|reject| (reject.file, reject.row, reject.code)).collect();
    rejects.sort();
    let mut expected = expected();
    expected.retain(|(file, row, _)| sent.contains(&(file.clone(), *row)));
    expected.sort();
    assert_eq!(rejects, expected);
    let revision = answer.registry_revision.unwrap();

    let again = service.import(batches, false).await;
    assert_eq!((again.added_count, again.changed_count), (0, 0));
    assert_eq!(again.registry_revision, Some(revision));
}
