//! `events`, and what each kind of event needs.

use chengping_casework::{Event, EventKind};
use chengping_types::CaseNo;

use super::{Deadlines, Row};
use crate::code;
use crate::reject::Fault;

/// What a kind of event needs beyond its instant.
struct Needs {
    unit: bool,
    due_at: bool,
    /// The words that its outcome must be one of; none when it is free or has no meaning.
    outcomes: &'static [&'static str],
}

/// The rules of `interchange.md`, one line a kind. `handled` may lack a unit (decisions.md 39).
const fn needs(kind: EventKind) -> Needs {
    use EventKind as K;
    const NOTHING: Needs = Needs { unit: false, due_at: false, outcomes: &[] };
    match kind {
        K::Dispatched => Needs { unit: true, due_at: true, ..NOTHING },
        K::Extended => Needs { due_at: true, ..NOTHING },
        K::Returned => Needs { unit: true, outcomes: &["upheld", "refused"], ..NOTHING },
        K::Verified => Needs { outcomes: &["confirmed", "not_confirmed"], ..NOTHING },
        K::Declined => Needs { outcomes: &["invalid", "duplicate"], ..NOTHING },
        K::Closed => Needs { outcomes: &["normal", "forced"], ..NOTHING },
        K::Visited => Needs {
            outcomes: &["very_satisfied", "satisfied", "neutral", "dissatisfied", "unreachable"],
            ..NOTHING
        },
        K::Exempted => Needs { outcomes: &["late", "rework", "all"], ..NOTHING },
        K::Reported
        | K::SelfHandled
        | K::VerifySent
        | K::Accepted
        | K::Filed
        | K::Refused
        | K::Suspended
        | K::Resumed
        | K::Handled
        | K::CheckSent
        | K::CheckPassed
        | K::CheckFailed
        | K::Reopened
        | K::Voided
        | K::Ordered
        | K::OrderWithdrawn => NOTHING,
    }
}

pub(super) fn event(row: &Row<'_>) -> Result<Event, Fault> {
    let case_no = row.parse::<CaseNo>(0, code::MISSING_CASE_NO, code::BAD_CASE_NO)?;
    let event_no = event_no(row)?;
    let at = row.instant(2)?.ok_or_else(|| {
        Fault::column(row.name(2), code::MISSING_AT, "empty; an event has its instant")
    })?;
    let kind = row.parse::<EventKind>(3, code::MISSING_KIND, code::UNKNOWN_KIND)?;
    let event = Event {
        case_no,
        event_no,
        at,
        kind,
        actor: row.body(4)?,
        unit: row.body(5)?,
        due_at: row.instant(6)?,
        stage_due_at: row.instant(7)?,
        outcome: row.optional(8),
        note: row.optional(9),
    };
    check(&event, row.deadlines)?;
    Ok(event)
}

/// Digits alone: no sign, no spaces; within what a database can hold.
fn event_no(row: &Row<'_>) -> Result<u64, Fault> {
    let text = row.required(1, code::MISSING_EVENT_NO)?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse::<i64>().ok()).flatten();
    number.and_then(|number| u64::try_from(number).ok()).ok_or_else(|| {
        let message = format!("{text:?} is not a whole number from 0 to 2^63 - 1");
        Fault::column(row.name(1), code::BAD_EVENT_NO, message)
    })
}

/// Whether an event has what its kind needs.
pub(crate) fn check(event: &Event, deadlines: Deadlines) -> Result<(), Fault> {
    let needs = needs(event.kind);
    let kind = event.kind;
    if needs.unit && event.unit.is_none() {
        let message = format!("{kind} needs the handling unit");
        return Err(Fault::column("unit", code::MISSING_UNIT, message));
    }
    let excused = match deadlines {
        Deadlines::Given => false,
        Deadlines::NotOnDispatch => kind == EventKind::Dispatched,
        Deadlines::Computed => true,
    };
    if needs.due_at && event.due_at.is_none() && !excused {
        let message = format!("{kind} needs the deadline");
        return Err(Fault::column("due_at", code::MISSING_DUE_AT, message));
    }
    let outcome = event.outcome.as_deref().unwrap_or_default();
    if !needs.outcomes.is_empty() && !needs.outcomes.contains(&outcome) {
        let expected = needs.outcomes.join(", ");
        let message = format!("{outcome:?} is not an outcome of {kind}: expected {expected}");
        return Err(Fault::column("outcome", code::BAD_OUTCOME, message));
    }
    Ok(())
}

/// Whether `word` may be the outcome of a kind of event.
pub(crate) fn knows_outcome(kind: EventKind, word: &str) -> bool {
    let outcomes = needs(kind).outcomes;
    outcomes.is_empty() || outcomes.contains(&word)
}
