//! Between the messages of the API and what they mean. Only this module knows both.

pub(super) mod deadline_rules;
pub(super) mod registry;
pub(super) mod row;
pub(super) mod rule_pack;
pub(super) mod rule_pack_change;

use std::fmt::Display;
use std::str::FromStr;

use chengping_chassis::error::FieldErrors;
use chengping_types::{Instant, JurisdictionId, name::JurisdictionName};
use prost_types::Timestamp;

use crate::error::Error;

/// One field of a request that has no other to go wrong.
pub(super) fn single<T>(field: &str, text: &str) -> Result<T, Error>
where
    T: FromStr<Err: Display>,
{
    let mut errors = FieldErrors::default();
    let value = errors.parse(field, text);
    errors.into_result()?;
    Ok(value.expect("no error means a value"))
}

/// The `parent` of a request about a jurisdiction.
pub(super) fn jurisdiction(parent: &str) -> Result<JurisdictionId, Error> {
    Ok(single::<JurisdictionName>("parent", parent)?.jurisdiction)
}

/// Notes that `field` must not be empty, if it is.
pub(super) fn require(errors: &mut FieldErrors, field: &str, text: &str) {
    if text.trim().is_empty() {
        errors.push(field, "must not be empty");
    }
}

pub(super) fn timestamp(instant: Instant) -> Timestamp {
    let micros = instant.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1000).expect("below a billion");
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

/// A number of the API, which has no unsigned ones.
pub(super) fn int64(number: u64) -> i64 {
    i64::try_from(number).expect("nothing is counted that far")
}
