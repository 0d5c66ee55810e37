//! The case lifecycle: events in, facts out.
//!
//! A case is what its events say ([`Event`]). A fold over the events that a [`View`] shows gives
//! its state; the states at the freezes of successive months give the [`Fact`] of one month: which
//! counts the case enters there ([`Base`]). [`timeline`] reads the same fold for people.
//!
//! Nothing here knows bodies, areas or scores. The month of every count is stated at its [`Base`].

pub mod archive;
mod base;
mod case;
pub mod clock;
pub mod columns;
mod deadlines;
mod derive;
mod evidence;
mod fact;
mod fold;
mod lifecycle;
mod packed;
pub mod records;
#[cfg(test)]
mod script;
mod settlement;
pub mod snapshot;
mod timeline;

pub use base::{Base, Marks};
pub use case::{Case, Event, EventKind, Source};
pub use deadlines::{
    Completion, ComputedDeadline, Limits, Missing, MissingDeadline, computed_deadlines,
    computed_deadlines_by, computed_deadlines_where, fill_deadlines, lacks_deadline,
    with_computed_deadlines,
};
pub use derive::{Deriver, Question, View, derive};
pub use evidence::case_digest;
pub use fact::{DeskCount, Fact, Satisfaction, Sum};
pub use fold::{Irregularity, Stage};
pub use lifecycle::{
    AccurateDispatch, ExemptLate, ExtensionWhenOverdue, LateCorrection, Lifecycle, MissedOver,
    NoDeadline, OnTimeClosing, PeriodBasis, RedispatchDeadline, ReworkRule, SuspendedCases,
    SuspensionWhenOverdue, ValidReport,
};
pub use packed::{CaseRecords, PACKED_VERSION, PackedError, next_frame};
pub use timeline::{Order, Step, Timeline, timeline};
