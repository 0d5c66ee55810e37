//! What only describes how a month went: reports, stocks, sources and sums (method b.1).

use chengping_types::Instant;

use super::Deriver;
use crate::fold::State;
use crate::settlement::Seen;
use crate::{Base, Case, Event, EventKind, Marks, ReworkRule, Source, Sum, ValidReport};

const MICROS: i64 = 1_000_000;

/// Enters the case in the 0/1 counts that only describe. A case that the collector settled on the
/// spot enters none.
pub(super) fn mark(
    deriver: &Deriver<'_>,
    marks: &mut Marks,
    case: &Case,
    sorted: &[&Event],
    seen: &Seen<'_, '_>,
) {
    let (state, asked) = (seen.state, deriver.months.asked());
    if state.self_handled {
        return;
    }
    let view = &deriver.question.view;
    let mut shown = sorted.iter().filter(|event| view.shows(event));
    if state.reported_at.is_some_and(|at| asked.holds(at)) {
        mark_report(marks, case, seen);
    }
    // A platform without a step of acceptance accepts what it files or refuses to file.
    let implies_acceptance =
        |kind| matches!(kind, EventKind::Accepted | EventKind::Filed | EventKind::Refused);
    let accepted = shown.clone().find(|event| implies_acceptance(event.kind));
    marks.set(Base::AcceptedCase, accepted.is_some_and(|event| asked.holds(event.at)));
    let Some(filed_at) = state.filed_at.filter(|_| state.counts()) else { return };
    marks.set(Base::filed_from(case.source), asked.holds(filed_at));
    if let Some(closed_at) = state.closed_at.filter(|at| asked.holds(*at)) {
        let is_due = case.source.is_public();
        let is_visit = |event: &&Event| event.kind == EventKind::Visited && event.at >= closed_at;
        marks.set(Base::VisitDue, is_due);
        marks.set(Base::VisitDone, is_due && shown.any(is_visit));
    }
    if filed_at < asked.end {
        mark_stock(marks, seen);
    }
}

fn mark_report(marks: &mut Marks, case: &Case, seen: &Seen<'_, '_>) {
    let state = seen.state;
    let on_patrol = case.source == Source::Patrol;
    let is_valid = match seen.lifecycle.valid_report {
        ValidReport::FiledNotVoided => state.counts(),
        ValidReport::FiledOrVoided => state.filed_at.is_some(),
    };
    marks.set(Base::Reported, true);
    marks.set(Base::ReportedOnPatrol, on_patrol);
    marks.set(Base::ReportedByPublic, case.source.is_public());
    marks.set(Base::ValidOnPatrol, on_patrol && is_valid);
    marks.set(Base::ReportedUnclosed, state.counts() && !seen.is_closed());
}

/// How a filed case stands at the view.
fn mark_stock(marks: &mut Marks, seen: &Seen<'_, '_>) {
    let state = seen.state;
    let is_unclosed = !seen.is_closed();
    let is_dispatched = state.dispatched_at.is_some();
    let is_open = is_dispatched && is_unclosed && !seen.is_handled();
    let is_paused = seen.is_paused();
    let is_sent_back = is_open && state.is_sent_back();
    marks.set(Base::WaitingDispatch, is_unclosed && !is_dispatched || is_sent_back);
    let is_overdue = state.deadline.is_some_and(|deadline| deadline < seen.as_of);
    marks.set(Base::OpenInTime, is_open && !is_paused && !is_overdue);
    marks.set(Base::OpenOverdue, seen.is_overdue_open());
    marks.set(Base::UnclosedInTime, is_unclosed && !seen.is_late());
    marks.set(Base::Backlog, seen.is_backlog());
}

/// The sums that the case adds to, of a filed case that was not voided; `marks` are its 0/1 counts.
pub(super) fn sums(
    deriver: &Deriver<'_>,
    marks: Marks,
    sorted: &[&Event],
    seen: &Seen<'_, '_>,
) -> Vec<Sum> {
    let state = seen.state;
    if !state.counts() {
        return Vec::new();
    }
    let (view, asked) = (&deriver.question.view, deriver.months.asked());
    let (mut passed, mut failed, mut upheld) = (0, 0, 0);
    for event in sorted.iter().filter(|event| asked.holds(event.at) && view.shows(event)) {
        match event.kind {
            EventKind::CheckPassed => passed += 1,
            EventKind::CheckFailed => failed += 1,
            EventKind::Exempted => upheld += 1,
            _ => {}
        }
    }
    let rounds = if failed > 0 && !seen.exempt_rework { rework_rounds(deriver, sorted) } else { 0 };
    let since = |instant: Option<Instant>| {
        let ends = state.handled_at.zip(instant);
        ends.map_or(0, |(end, start)| end.as_micros() - start.as_micros())
    };
    let only = |base, number: i64| if marks.has(base) { number } else { 0 };
    let handling = since(state.dispatched_at) - state.paused_for;
    let of_each = [
        (Base::ReworkRounds, rounds),
        (Base::ExtensionTimes, only(Base::Extended, state.extensions.into())),
        (Base::ExtensionSeconds, only(Base::Extended, state.extended_by / MICROS)),
        (Base::HandlingSeconds, only(Base::Handled, handling / MICROS)),
        (Base::OverrunSeconds, only(Base::HandledLate, since(state.deadline) / MICROS)),
        (Base::ChecksPassed, passed),
        (Base::ChecksFailed, failed),
        (Base::ObjectionsUpheld, upheld),
    ];
    let positive = of_each.into_iter().filter(|(_, number)| *number > 0);
    let sum = |(base, number)| Sum { base, number: u32::try_from(number).unwrap_or(u32::MAX) };
    positive.map(sum).collect()
}

/// The failed checks of the month that are a rework. Failed checks are rare, so the fold is run
/// again to tell what the next hand-back made of each.
fn rework_rounds(deriver: &Deriver<'_>, sorted: &[&Event]) -> i64 {
    let question = deriver.question;
    let at_once = question.lifecycle.rework == ReworkRule::AnyFailedCheck;
    let mut state = State::NEW;
    let (mut rounds, mut pending) = (0, None);
    for event in sorted.iter().filter(|event| question.view.shows(event)) {
        let is_regular = state.apply(event, &question.lifecycle).is_ok();
        if event.kind == EventKind::CheckFailed && is_regular {
            let round = i64::from(deriver.months.asked().holds(event.at));
            if at_once {
                rounds += round;
            } else {
                pending = Some(round);
            }
        } else if !state.has_pending_rework()
            && let Some(round) = pending.take()
            && event.kind != EventKind::Dispatched
        {
            rounds += round;
        }
    }
    rounds + pending.unwrap_or(0)
}
