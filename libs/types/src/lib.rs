//! Months, instants, identifiers, exact numbers, resource names and the one canonical byte form.
//!
//! Everything here is pure: no clock, no I/O, no float. Time zones come from the database compiled
//! into the program, so that a result does not depend on the machine it was computed on.

pub mod calendar;
pub mod canonical;
mod category;
mod date;
mod deadline_rules;
mod digest;
mod exact;
mod id;
mod instant;
mod limit;
mod month;
pub mod name;
mod named;
pub mod registry;
pub mod row;
mod zone;

/// The numbers of events that decisions on objections and inquiries write begin here: far above those of
/// any platform, and below the largest whole number that every reader of JSON keeps (decisions.md 264).
pub const DECIDED_EVENT_NO_MIN: u64 = 4_000_000_000_000_000;

pub use category::Category;
pub use date::{Date, DateError, Weekday};
pub use deadline_rules::DeadlineRules;
pub use digest::{Digest, DigestError};
pub use exact::{Exact, ExactError};
pub use id::{BodyId, CaseNo, IdError, JurisdictionId, PackId, RecordId};
pub use instant::{Instant, TimestampError};
pub use limit::{FilingCondition, Limit, LimitUnit, LimitValue, LimitValueError};
pub use month::{Month, MonthError};
pub use named::{BodyKind, Family, Stream, UnknownName, Zone};
pub use zone::{Fold, LocalTimeError, TimeZone, UnknownTimeZone};

// What the exported macros need from the crate that calls them.
#[doc(hidden)]
pub use serde as __serde;
