//! What intake, rejects and snapshots are, without I/O.

mod bodies;
mod change;
mod concern;
mod deadline;
mod intake;
mod known;
mod packing;
mod payload;
mod record;
mod reject;
mod retention;
mod rule;
mod snapshot;

pub(crate) use chengping_casework::snapshot::{
    CaseFile, Folded, Late, Sight, SnapshotFold, unpack_page,
};

pub(crate) use self::bodies::{KnownBodies, named_bodies, refuse_unknown_bodies};
pub(crate) use self::change::{CaseVersions, Changes};
pub(crate) use self::concern::{Areas, concerned};
pub(crate) use self::deadline::{
    Lack, LackingCase, MISSING_DUE_AT, Settled, StoredDeadline, Version, Versions, ZonedRules,
    never_computed,
};
pub(crate) use self::intake::{
    Counts, Ledger, Receipt, Sorted, Taken, UNKNOWN_CASE, conflict, refuse_reserved_numbers,
    set_aside, sort, unknown_case,
};
pub(crate) use self::known::{KnownCase, KnownCases};
pub(crate) use self::packing::{
    Additions, News, PackedFile, is_much, join_former, known_cases, pack, packable,
};
pub(crate) use self::payload::parse_event_payload;
pub(crate) use self::record::{
    Accepted, Broken, EventKey, Fault, Position, Record, Row, SentEvent,
};
pub(crate) use self::reject::{
    NewReject, Reject, RejectListing, RejectName, RejectPlace, RejectState, WaitingEvent,
};
pub(crate) use self::retention::{
    Archive, ArchiveState, Erased, MONTH_ARCHIVED, Retention, RetentionAction, RetentionEntry,
    Standing, Why, month_archived,
};
pub(crate) use self::rule::check_event;
pub(crate) use self::snapshot::{NewSnapshot, Snapshot, missed_months, next_revision};
