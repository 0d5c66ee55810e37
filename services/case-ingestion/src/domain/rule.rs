//! What every kind of event must carry. The table of `interchange` files holds for all clients.

use chengping_casework::{Event, EventKind};

use super::record::Fault;

/// The outcomes that a kind allows, one of which it must have; none where any text may stand.
fn outcomes(kind: EventKind) -> Option<&'static [&'static str]> {
    match kind {
        EventKind::Verified => Some(&["confirmed", "not_confirmed"]),
        EventKind::Declined => Some(&["invalid", "duplicate"]),
        EventKind::Returned => Some(&["upheld", "refused"]),
        EventKind::Closed => Some(&["normal", "forced"]),
        EventKind::Visited => {
            Some(&["very_satisfied", "satisfied", "neutral", "dissatisfied", "unreachable"])
        }
        EventKind::Exempted => Some(&["late", "rework", "all"]),
        _ => None,
    }
}

/// What is wrong with an event whose fields are each well formed. A missing deadline is no mistake
/// yet: it may be computed.
pub(crate) fn check_event(event: &Event) -> Result<(), Fault> {
    let kind = event.kind;
    if matches!(kind, EventKind::Dispatched | EventKind::Returned) && event.unit.is_none() {
        let message = format!("{kind} names no unit; give the handling unit");
        return Err(Fault::new("missing_unit", "unit", message));
    }
    check_outcome(event)
}

fn check_outcome(event: &Event) -> Result<(), Fault> {
    let Some(allowed) = outcomes(event.kind) else { return Ok(()) };
    let found = event.outcome.as_deref().unwrap_or_default();
    if allowed.contains(&found) {
        return Ok(());
    }
    let message =
        format!("{found:?} is not an outcome of {}; use one of {}", event.kind, allowed.join(", "));
    Err(Fault::new("bad_outcome", "outcome", message))
}
