//! Between the messages of the API and what they mean. Only this module knows both.

pub(super) mod audit;
pub(super) mod calendar;
pub(super) mod categories;
pub(super) mod change;
pub(super) mod deadline;
pub(super) mod deadline_rules;
mod keys;
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

/// An instant out of a field that must be set; anything finer than a microsecond, and anything out
/// of the years 1 to 9999, is refused.
pub(super) fn instant(
    errors: &mut FieldErrors,
    field: &str,
    time: Option<Timestamp>,
) -> Option<Instant> {
    let Some(time) = time else {
        errors.push(field, "must be set");
        return None;
    };
    let is_whole = (0..1_000_000_000).contains(&time.nanos) && time.nanos % 1000 == 0;
    let micros = time.seconds.checked_mul(1_000_000).filter(|_| is_whole);
    let micros = micros.and_then(|micros| micros.checked_add(i64::from(time.nanos) / 1000));
    let instant = micros.map(Instant::from_micros);
    if instant.is_some() && instant.map(Instant::as_micros) == micros {
        return instant;
    }
    errors.push(field, "must be in whole microseconds, in the years 1 to 9999");
    None
}

/// A number of the API, which has no unsigned ones.
pub(super) fn int64(number: u64) -> i64 {
    i64::try_from(number).expect("nothing is counted that far")
}

/// PostgreSQL has no text with a NUL in it.
pub(super) fn refuse_nul(errors: &mut FieldErrors, field: &str, text: &str) {
    if text.contains('\0') {
        errors.push(field, "must not hold a NUL character");
    }
}
