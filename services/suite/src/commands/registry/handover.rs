//! Closing a body whose areas and sub-districts go on with another one.

use chengping_interchange::Record;
use chengping_proto::rules::v1::{RegistryRevision, RegistryRow};
use chengping_types::registry::{Area, Body, Registry};
use chengping_types::{BodyId, Month};

use super::edit::Change;
use super::export::download;
use super::import::{Asked, send};
use super::rows::{Rows, content};
use super::{diff, summary};
use crate::clients::Clients;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Output, say};

/// Ends `body` with `last` and gives what it manages to `heir` from the month after, all or
/// nothing.
pub(super) async fn close(
    clients: &Clients,
    (body, last, heir): (&BodyId, Month, &BodyId),
    change: &Change,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let (revision, registry) = download(clients).await?;
    let records = handed_over(&registry, (body, last, heir))?;
    let asked = |validate_only| Asked {
        validate_only,
        reason: change.reason.clone(),
        expected_revision: revision.revision,
        replace: false,
    };
    // An import takes good rows in beside bad ones; here it is all of them or none.
    let checked = import(clients, &records, &asked(true)).await?;
    if let Some(reject) = checked.rejects.first() {
        return Err(Failure::other(format!("{body} was not closed: {}", reject.message)));
    }
    let done = if change.validate_only {
        checked
    } else {
        import(clients, &records, &asked(false)).await?
    };
    diff::say_warnings(&done.warnings);
    diff::report(&done.differences, done.difference_count, out)?;
    if change.validate_only {
        say("nothing was changed");
    } else {
        let revision: RegistryRevision = done.registry_revision.unwrap_or_default();
        out.remark(summary(&revision))?;
    }
    Ok(Outcome::Done)
}

async fn import(
    clients: &Clients,
    records: &[Record],
    asked: &Asked,
) -> Result<chengping_proto::rules::v1::ImportRegistryResponse, Failure> {
    let mut rows = Rows::default();
    for record in records {
        let content = Some(content(record)?);
        rows.contents.push(RegistryRow { content, ..RegistryRow::default() });
    }
    send(clients, rows.messages(clients.parent(), asked)).await.doing("close the body")
}

/// The rows that end `body`, and those that `heir` goes on with.
fn handed_over(
    registry: &Registry,
    (body, last, heir): (&BodyId, Month, &BodyId),
) -> Result<Vec<Record>, Failure> {
    let newest = |id: &BodyId| {
        let periods = registry.bodies.iter().filter(|period| period.body_id == *id);
        let newest = periods.max_by_key(|period| period.valid_from);
        newest.ok_or_else(|| Failure::other(format!("body {id} is not registered")))
    };
    let (closed, next) = (newest(body)?, newest(heir)?);
    let from = last.next();
    if next.kind != closed.kind || heir == body {
        let message = format!("{heir} cannot go on with what {body}, a {}, has", closed.kind);
        return Err(Failure::usage(message));
    }
    if !closed.is_valid_in(last) || !next.is_valid_in(from) {
        let message = format!("{body} must be evaluated in {last}, and {heir} in {from}");
        return Err(Failure::usage(message));
    }
    let mut records = vec![Record::Body(Body { valid_to: Some(last), ..closed.clone() })];
    let goes_on = |to: Option<Month>| to.is_none_or(|to| to >= from);
    let heir_of = |named: &Option<BodyId>| {
        named.as_ref().map(|named| if named == body { heir } else { named }).cloned()
    };
    for area in registry.areas.iter().filter(|area| goes_on(area.valid_to)) {
        let named = [&area.district, &area.subdistrict, &area.window];
        if !named.into_iter().flatten().any(|named| named == body) {
            continue;
        }
        if area.valid_from < from {
            records.push(Record::Area(Area { valid_to: Some(last), ..area.clone() }));
        }
        records.push(Record::Area(Area {
            district: heir_of(&area.district),
            subdistrict: heir_of(&area.subdistrict),
            window: heir_of(&area.window),
            valid_from: area.valid_from.max(from),
            ..area.clone()
        }));
    }
    for child in registry.bodies.iter().filter(|child| goes_on(child.valid_to)) {
        if child.parent.as_ref() == Some(body) {
            let valid_from = child.valid_from.max(from);
            let parent = Some(heir.clone());
            records.push(Record::Body(Body { parent, valid_from, ..child.clone() }));
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> Registry {
        serde_json::from_str(
            r#"{
            "bodies": [{"body_id":"d1","kind":"district","name":"东","valid_from":"2016-01"},
                       {"body_id":"d2","kind":"district","name":"西","valid_from":"2016-01"},
                       {"body_id":"s1","kind":"subdistrict","name":"街","parent":"d1",
                        "valid_from":"2016-01"}],
            "areas": [{"area_code":"R1","kind":"road_section","name":"","district":"d1",
                       "subdistrict":"s1","zone":"key","valid_from":"2016-01"},
                      {"area_code":"R2","kind":"road_section","name":"","district":"d1",
                       "zone":"key","valid_from":"2016-01","valid_to":"2017-12"},
                      {"area_code":"R3","kind":"road_section","name":"","district":"d1",
                       "zone":"key","valid_from":"2018-07"}],
            "coefficients": []
        }"#,
        )
        .unwrap()
    }

    fn id(text: &str) -> BodyId {
        text.parse().unwrap()
    }

    #[test]
    fn what_goes_on_is_the_heirs_from_the_month_after() {
        let last = "2018-04".parse().unwrap();
        let records = handed_over(&registry(), (&id("d1"), last, &id("d2"))).unwrap();
        let text = |record: &Record| match record {
            Record::Body(row) => {
                let parent = row.parent.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{} {parent} {} {:?}", row.body_id, row.valid_from, row.valid_to)
            }
            Record::Area(row) => {
                let district = row.district.as_ref().unwrap();
                format!("{} {district} {} {:?}", row.area_code, row.valid_from, row.valid_to)
            }
            other => panic!("{other:?}"),
        };
        let expected = [
            "d1  2016-01 Some(Month(\"2018-04\"))",
            "R1 d1 2016-01 Some(Month(\"2018-04\"))",
            "R1 d2 2018-05 None",
            "R3 d2 2018-07 None",
            "s1 d2 2018-05 None",
        ];
        let debug = format!("{:?}", Some(last));
        let expected = expected.map(|line| line.replace("Some(Month(\"2018-04\"))", &debug));
        assert_eq!(records.iter().map(text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_heir_must_be_another_body_of_the_kind_that_is_evaluated_then() {
        let last = "2018-04".parse().unwrap();
        for heir in ["d1", "s1", "d9"] {
            assert!(handed_over(&registry(), (&id("d1"), last, &id(heir))).is_err(), "{heir}");
        }
        let early = "2015-04".parse().unwrap();
        assert!(handed_over(&registry(), (&id("d1"), early, &id("d2"))).is_err());
    }
}
