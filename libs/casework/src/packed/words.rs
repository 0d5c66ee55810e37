//! Texts that need no place in the dictionary of a file.

/// Known texts in the order of their index. Part of the form: another list is another version.
pub(super) const KNOWN: [&str; 20] = [
    "",
    "gbt-30428.2-2013-event",
    "gbt-30428.2-2013-part",
    "confirmed",
    "not_confirmed",
    "invalid",
    "duplicate",
    "upheld",
    "refused",
    "normal",
    "forced",
    "very_satisfied",
    "satisfied",
    "neutral",
    "dissatisfied",
    "unreachable",
    "late",
    "rework",
    "all",
    "ordered",
];

/// A text of more bytes stands in the dictionary as often as it is used.
pub(super) const SHARED_BYTES_MAX: usize = 64;

pub(super) const COLLECTOR: u8 = 1;
pub(super) const CONDITION: u8 = 2;

pub(super) const ACTOR: u8 = 1;
pub(super) const UNIT: u8 = 2;
pub(super) const DUE: u8 = 4;
pub(super) const STAGE_DUE: u8 = 8;
pub(super) const OUTCOME: u8 = 16;

pub(super) const SECOND: i64 = 1_000_000;
