//! The only place that knows both the messages and the domain.

mod archive;
mod case;
mod event;
mod fact;
mod query;
mod record;
mod reject;
mod since;
mod snapshot;
mod timeline;

use chengping_chassis::error::FieldErrors;
use chengping_types::Instant;
use prost_types::Timestamp;

pub(super) use self::archive::{
    ArchiveMessages, RestoreCommand, archive_records, archive_to_pb, entry_to_pb, erasing,
    putting_away, restored_to_pb,
};
pub(super) use self::case::case_to_pb;
pub(super) use self::event::event_to_pb;
pub(super) use self::fact::fact_batches;
pub(super) use self::query::{Facts, Timelines, named, page, parent};
pub(super) use self::record::{Incoming, counts_to_pb, rows};
pub(super) use self::reject::{correction, dismissal, listing, new_rejects, reject_to_pb};
pub(super) use self::since::changes_to_pb;
pub(super) use self::snapshot::{SnapshotCommand, snapshot_to_pb};
pub(super) use self::timeline::timeline_to_pb;

use crate::error::Error;

const SECOND: i64 = 1_000_000;

/// The instant of a timestamp; `None` when it lies outside of the years 1 to 9999 or is finer than
/// a microsecond.
fn instant(timestamp: &Timestamp) -> Option<Instant> {
    let nanos = i64::from(timestamp.nanos);
    if !(0..1_000_000_000).contains(&nanos) || nanos % 1_000 != 0 {
        return None;
    }
    let micros = timestamp.seconds.checked_mul(SECOND)?.checked_add(nanos / 1_000)?;
    let instant = Instant::from_micros(micros);
    (instant.as_micros() == micros).then_some(instant)
}

fn timestamp(instant: Instant) -> Timestamp {
    let micros = instant.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(SECOND) * 1_000).expect("below a second");
    Timestamp { seconds: micros.div_euclid(SECOND), nanos }
}

/// The instant of a field of a request.
fn required_instant(
    errors: &mut FieldErrors,
    field: &str,
    given: Option<&Timestamp>,
) -> Option<Instant> {
    match given {
        Some(given) => checked_instant(errors, field, given),
        None => {
            errors.push(field, "is missing; set it");
            None
        }
    }
}

fn checked_instant(errors: &mut FieldErrors, field: &str, given: &Timestamp) -> Option<Instant> {
    let instant = instant(given);
    if instant.is_none() {
        errors.push(field, "is no time of the years 1 to 9999 in whole microseconds");
    }
    instant
}

/// The value that was parsed, unless any field was wrong.
fn checked<T>(errors: FieldErrors, value: Option<T>) -> Result<T, Error> {
    errors.into_result().map_err(Error::Invalid)?;
    Ok(value.expect("a field that gives no value gives an error"))
}
