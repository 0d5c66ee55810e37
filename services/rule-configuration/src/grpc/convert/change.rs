//! Changes of the registry by name, and what they answer.

use chengping_chassis::error::FieldErrors;
use chengping_proto::rules::v1 as pb;
use chengping_types::name::{BodyName, JurisdictionName};
use chengping_types::{BodyId, BodyKind, JurisdictionId, Month};
use uuid::Uuid;

use super::keys::row_key;
use super::registry::{RegistryRevisionName, registry_revision};
use super::{require, row};
use crate::app::{Order, ROWS_MAX_PER_MESSAGE, Requested, Revised, UpdateBody};
use crate::domain::change::{BodyUpdate, Merge, RowKey};
use crate::domain::difference::{Difference, Field};
use crate::domain::import::Fault;
use crate::error::Error;

/// What a mask may name of a body.
const PATHS: [&str; 6] =
    ["kind", "display_name", "parent_body", "valid_from", "valid_to", "assessment_code"];

/// What is the same in all changes.
struct Common {
    reason: String,
    validate_only: bool,
    expected_revision: i64,
    request_id: String,
}

impl Common {
    fn requested<T>(
        self,
        mut errors: FieldErrors,
        (actor, action): (String, &'static str),
        jurisdiction: Option<JurisdictionId>,
        change: Option<T>,
    ) -> Result<Requested<T>, Error> {
        require(&mut errors, "reason", &self.reason);
        let request_id = errors.parse_optional::<Uuid>("request_id", &self.request_id);
        let expected_revision = expected_revision(&mut errors, self.expected_revision);
        errors.into_result()?;
        let order = Order {
            jurisdiction: jurisdiction.expect("no error means a value"),
            actor,
            action,
            reason: self.reason,
            validate_only: self.validate_only,
            expected_revision,
        };
        let change = change.expect("no error means a value");
        Ok(Requested { order, request_id: request_id.flatten(), change })
    }
}

/// 0 stands for any revision.
pub(in crate::grpc) fn expected_revision(errors: &mut FieldErrors, number: i64) -> Option<u64> {
    let found = u64::try_from(number);
    if found.is_err() {
        errors.push("expected_revision", "must be the number of a revision, or 0");
    }
    found.ok().filter(|number| *number > 0)
}

pub(in crate::grpc) fn update_body(
    request: pb::UpdateBodyRequest,
    by: (String, &'static str),
) -> Result<Requested<UpdateBody>, Error> {
    let mut errors = FieldErrors::default();
    let body = request.body.unwrap_or_default();
    let name: Option<BodyName> = errors.parse("body.name", &body.name);
    let effective_from = errors.parse_optional("effective_from", &request.effective_from);
    let mask = mask(&mut errors, request.update_mask, &body, effective_from != Some(None));
    let id = name.as_ref().map(|name| name.body.clone());
    if !body.body_id.is_empty() && id.as_ref().is_some_and(|id| id.as_str() != body.body_id) {
        errors.push("body.body_id", "is another than in the name, and never changes");
    }
    let effective_from = effective_from.flatten();
    if mask.named.contains(&"valid_from") && effective_from.is_some() {
        errors.push("update_mask", "valid_from follows effective_from; leave one of the two out");
    }
    let etag = body.etag.clone();
    let change = id.map(|body_id| UpdateBody {
        update: BodyUpdate { effective_from, ..values(&mut errors, &mask, body_id, body) },
        etag,
        allow_missing: request.allow_missing,
    });
    let common = Common {
        reason: request.reason,
        validate_only: request.validate_only,
        expected_revision: 0,
        request_id: request.request_id,
    };
    common.requested(errors, by, name.map(|name| name.jurisdiction), change)
}

/// The fields that are to be changed.
struct Mask {
    /// All of them.
    fields: Vec<&'static str>,
    /// Those that the request names one by one.
    named: Vec<&'static str>,
}

fn mask(
    errors: &mut FieldErrors,
    mask: Option<prost_types::FieldMask>,
    body: &pb::Body,
    has_start: bool,
) -> Mask {
    let with_start = |path: &&str| *path != "valid_from" || !has_start;
    let paths = mask.unwrap_or_default().paths;
    if paths.iter().any(|path| path == "*") {
        return Mask { fields: PATHS.into_iter().filter(with_start).collect(), named: Vec::new() };
    }
    if paths.is_empty() {
        let is_set = [
            body.kind != 0,
            !body.display_name.is_empty(),
            !body.parent_body.is_empty(),
            !body.valid_from.is_empty(),
            !body.valid_to.is_empty(),
            !body.assessment_code.is_empty(),
        ];
        let set = PATHS.into_iter().zip(is_set).filter(|(_, is_set)| *is_set);
        return Mask {
            fields: set.map(|(path, _)| path).filter(with_start).collect(),
            named: Vec::new(),
        };
    }
    let mut named = Vec::new();
    for path in &paths {
        match PATHS.into_iter().find(|known| known == path) {
            Some(known) => named.push(known),
            None => {
                errors.push("update_mask", format!("{path:?} is none of {} or *", PATHS.join(", ")))
            }
        }
    }
    Mask { fields: named.clone(), named }
}

fn values(errors: &mut FieldErrors, mask: &Mask, body_id: BodyId, body: pb::Body) -> BodyUpdate {
    let asked = |path: &str| mask.fields.contains(&path);
    let mut update = BodyUpdate {
        body_id,
        kind: None,
        name: None,
        parent: None,
        valid_from: None,
        valid_to: None,
        assessment_code: None,
        effective_from: None,
    };
    if asked("kind") {
        let kind = row::code("kind", body.kind, BodyKind::from_code, BodyKind::NAMES);
        update.kind = noted(errors, kind);
    }
    if asked("display_name") {
        let name = row::text("display_name", body.display_name);
        let name = name.and_then(|name| row::required("display_name", &name).map(str::to_owned));
        update.name = noted(errors, name);
    }
    if asked("parent_body") {
        update.parent = errors.parse_optional("body.parent_body", &body.parent_body);
    }
    if asked("valid_from") {
        update.valid_from = errors.parse::<Month>("body.valid_from", &body.valid_from);
    }
    if asked("valid_to") {
        update.valid_to = errors.parse_optional("body.valid_to", &body.valid_to);
    }
    if asked("assessment_code") {
        let code = noted(errors, row::text("assessment_code", body.assessment_code));
        update.assessment_code = code.map(|code| Some(code).filter(|code| !code.is_empty()));
    }
    update
}

/// A value, or what is wrong with a field of the body.
fn noted<T>(errors: &mut FieldErrors, value: Result<T, Fault>) -> Option<T> {
    value.map_err(|fault| errors.push(format!("body.{}", fault.column), fault.message)).ok()
}

pub(in crate::grpc) fn merge_bodies(
    request: pb::MergeBodiesRequest,
    by: (String, &'static str),
) -> Result<Requested<Merge>, Error> {
    let mut errors = FieldErrors::default();
    let name: Option<BodyName> = errors.parse("name", &request.name);
    let from: Option<Month> = errors.parse("effective_from", &request.effective_from);
    let mut merged = Vec::new();
    for (index, body) in request.merged_bodies.iter().enumerate() {
        merged.extend(errors.parse::<BodyId>(format!("merged_bodies[{index}]"), body));
    }
    let mut coefficients = Vec::new();
    for (index, mut given) in request.coefficients.into_iter().enumerate() {
        // What the request says already need not be said again.
        if given.body_id.is_empty() {
            given.body_id = name.as_ref().map(|name| name.body.to_string()).unwrap_or_default();
        }
        if given.valid_from.is_empty() {
            given.valid_from.clone_from(&request.effective_from);
        }
        match row::coefficient(given) {
            Ok(row) => coefficients.push(row),
            Err(fault) => {
                errors.push(format!("coefficients[{index}].{}", fault.column), fault.message);
            }
        }
    }
    let jurisdiction = name.as_ref().map(|name| name.jurisdiction.clone());
    let change = name.map(|name| name.body).zip(from);
    let change = change.map(|(into, from)| Merge { into, merged, from, coefficients });
    let common = Common {
        reason: request.reason,
        validate_only: request.validate_only,
        expected_revision: request.expected_revision,
        request_id: request.request_id,
    };
    common.requested(errors, by, jurisdiction, change)
}

pub(in crate::grpc) fn remove_rows(
    request: pb::RemoveRegistryRowsRequest,
    by: (String, &'static str),
) -> Result<Requested<Vec<RowKey>>, Error> {
    let mut errors = FieldErrors::default();
    let parent: Option<JurisdictionName> = errors.parse("parent", &request.parent);
    if request.rows.is_empty() || request.rows.len() > ROWS_MAX_PER_MESSAGE {
        errors.push("rows", format!("must be 1 to {ROWS_MAX_PER_MESSAGE}"));
    }
    let mut keys = Vec::new();
    for (index, row) in request.rows.into_iter().take(ROWS_MAX_PER_MESSAGE).enumerate() {
        keys.extend(row_key(&mut errors, &format!("rows[{index}]"), row));
    }
    let common = Common {
        reason: request.reason,
        validate_only: request.validate_only,
        expected_revision: request.expected_revision,
        request_id: request.request_id,
    };
    common.requested(errors, by, parent.map(|parent| parent.jurisdiction), Some(keys))
}

/// The two revisions of a comparison.
pub(in crate::grpc) fn compared(
    request: &pb::CompareRegistryRevisionsRequest,
) -> Result<(RegistryRevisionName, RegistryRevisionName), Error> {
    let mut errors = FieldErrors::default();
    let before: Option<RegistryRevisionName> = errors.parse("before", &request.before);
    let after: Option<RegistryRevisionName> = errors.parse("after", &request.after);
    if before.as_ref().is_some_and(|before| before.revision.is_none()) {
        errors.push("before", "must be a number; only the revision after may be `current`");
    }
    let both = before.zip(after);
    if both.as_ref().is_some_and(|(before, after)| before.jurisdiction != after.jurisdiction) {
        errors.push("after", "must be of the same jurisdiction as the revision before");
    }
    errors.into_result()?;
    Ok(both.expect("no error means a value"))
}

pub(in crate::grpc) fn registry_change(
    jurisdiction: &JurisdictionId,
    revised: Revised,
) -> pb::RegistryChange {
    let Revised { revision, differences, warnings, deadline_rules } = revised;
    pb::RegistryChange {
        registry_revision: revision.map(|revision| registry_revision(jurisdiction, &revision)),
        difference_count: i64::try_from(differences.count).expect("a length fits"),
        differences: differences.rows.into_iter().map(difference).collect(),
        deadline_rules_digest: deadline_rules.to_string(),
        warnings,
    }
}

pub(in crate::grpc) fn difference(difference: Difference) -> pb::RegistryDifference {
    let field = |Field { column, before, after }| pb::FieldDifference { column, before, after };
    pb::RegistryDifference {
        change: difference.change.code().into(),
        table: difference.table,
        key: difference.key,
        fields: difference.fields.into_iter().map(field).collect(),
    }
}
