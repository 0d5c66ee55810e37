//! The whole process of a case, for reading (regulation 7.1).

use chengping_types::{BodyId, CaseNo, Instant};
use serde::Serialize;

use crate::derive::View;
use crate::fold::State;
use crate::settlement::Seen;
use crate::{Case, Event, EventKind, Irregularity, Lifecycle, Stage};

/// An event, and how the case stood after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The event's number.
    pub event_no: u64,
    /// When it happened.
    pub at: Instant,
    /// What happened.
    pub kind: EventKind,
    /// The stage after it.
    pub stage: Stage,
    /// The deadline after it.
    pub deadline: Option<Instant>,
    /// Why it does not fit where the case stood; none for a regular event.
    pub irregularity: Option<Irregularity>,
}

/// A supervision order (督办).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// 1 for the first of the case; withdrawn ones count.
    pub number: u32,
    /// The event that gave it.
    pub event_no: u64,
    /// When it was given.
    pub at: Instant,
    /// The event that withdrew it.
    pub withdrawn_by: Option<u64>,
}

/// The whole process of a case, as one view shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// The case.
    pub case_no: CaseNo,
    /// Where it stands.
    pub stage: Stage,
    /// First report.
    pub reported_at: Option<Instant>,
    /// First filing.
    pub filed_at: Option<Instant>,
    /// First dispatch.
    pub dispatched_at: Option<Instant>,
    /// The unit of the last dispatch; nobody after an upheld return.
    pub unit: Option<BodyId>,
    /// The whole-case deadline, with extensions and pauses.
    pub deadline: Option<Instant>,
    /// Since when the clock stands still.
    pub suspended_at: Option<Instant>,
    /// The hand-back of the current round.
    pub handled_at: Option<Instant>,
    /// The closing.
    pub closed_at: Option<Instant>,
    /// Whether the closing was forced.
    pub forced: bool,
    /// Rounds of handling: dispatches, failed checks and reopenings.
    pub rounds: u16,
    /// Extensions that took effect.
    pub extensions: u16,
    /// The first failed check that is a rework, exempted or not.
    pub rework_at: Option<Instant>,
    /// Failed checks that are a rework, exempted or not.
    pub rework_rounds: u16,
    /// Whether an objection against lateness was upheld.
    pub exempt_late: bool,
    /// Whether an objection against the rework was upheld.
    pub exempt_rework: bool,
    /// The settlement instant, when it was handled or fell due; none while it is in no ratio.
    pub settles_at: Option<Instant>,
    /// Whether it counts as on time, exemptions included; none before it settles.
    pub on_time: Option<bool>,
    /// Whether it is overdue and open.
    pub overdue_open: bool,
    /// Its orders, in time order.
    pub orders: Vec<Order>,
    /// Its events, in time order.
    pub steps: Vec<Step>,
}

impl Timeline {
    /// The events that do not fit where the case stood (decisions.md 8).
    pub fn irregular_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.irregularity.is_some())
    }
}

/// Reads the process of a case from its events, given in any order.
#[must_use]
pub fn timeline(case: &Case, events: &[Event], view: View, lifecycle: &Lifecycle) -> Timeline {
    let mut sorted: Vec<&Event> = events.iter().filter(|event| view.shows(event)).collect();
    sorted.sort_unstable_by_key(|event| (event.at, event.event_no));

    let mut state = State::NEW;
    let (mut orders, mut steps) = (Vec::new(), Vec::with_capacity(sorted.len()));
    let (mut exempt_late, mut exempt_rework) = (false, false);
    for event in sorted {
        let mut irregularity = state.apply(event, lifecycle).err();
        match event.kind {
            EventKind::Ordered => orders.push(Order {
                number: u32::try_from(orders.len() + 1).unwrap_or(u32::MAX),
                event_no: event.event_no,
                at: event.at,
                withdrawn_by: None,
            }),
            EventKind::OrderWithdrawn => {
                match orders.iter_mut().rev().find(|order| order.withdrawn_by.is_none()) {
                    Some(order) => order.withdrawn_by = Some(event.event_no),
                    None => irregularity = Some(Irregularity::WithoutOrder),
                }
            }
            EventKind::Exempted => {
                exempt_late |= event.is("late") || event.is("all");
                exempt_rework |= event.is("rework") || event.is("all");
            }
            _ => {}
        }
        let Event { event_no, at, kind, .. } = *event;
        let (stage, deadline) = (state.stage, state.deadline);
        steps.push(Step { event_no, at, kind, stage, deadline, irregularity });
    }
    let seen = Seen { state: &state, as_of: view.as_of, exempt_late, exempt_rework, lifecycle };
    read(case, &seen, orders, steps)
}

fn read(case: &Case, seen: &Seen<'_, '_>, orders: Vec<Order>, steps: Vec<Step>) -> Timeline {
    let state = seen.state;
    let settles_at = seen.settles_at();
    Timeline {
        case_no: case.case_no.clone(),
        stage: state.stage,
        reported_at: state.reported_at,
        filed_at: state.filed_at,
        dispatched_at: state.dispatched_at,
        unit: state.unit.cloned(),
        deadline: state.deadline,
        suspended_at: state.suspended_at,
        handled_at: state.handled_at,
        closed_at: state.closed_at,
        forced: state.forced,
        rounds: state.rounds,
        extensions: state.extensions,
        rework_at: state.first_rework_at(),
        rework_rounds: state.rework_rounds(),
        exempt_late: seen.exempt_late,
        exempt_rework: seen.exempt_rework,
        settles_at,
        on_time: settles_at.map(|_| seen.is_on_time()),
        overdue_open: seen.is_overdue_open(),
        orders,
        steps,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{at, case, events};

    fn read_at(script: &str, as_of: &str) -> Timeline {
        timeline(&case(), &events(script), View::at(at(as_of)), &Lifecycle::default())
    }

    const REGULAR: &str = "
        04-20T08 reported
        04-20T09 filed
        04-20T10 dispatched unit=b01 due=04-28T10
        04-22T08 handled unit=b01
        04-22T09 check_sent
        04-22T10 check_failed
        04-23T08 handled unit=b01
        04-23T09 check_sent
        04-23T10 check_passed
        04-23T11 closed normal
    ";

    #[test]
    fn a_regular_process_reads_from_report_to_closing() {
        let timeline = read_at(REGULAR, "05-04T00");
        let stages: Vec<_> = timeline.steps.iter().map(|step| step.stage.as_str()).collect();
        assert_eq!(
            stages.join(" "),
            "reported filed handling handled checking handling handled checking checked closed"
        );
        assert_eq!(timeline.irregular_steps().count(), 0);
        assert_eq!((timeline.rounds, timeline.on_time), (2, Some(true)));
        assert_eq!(timeline.rework_at, Some(at("04-22T10")));
        assert_eq!(timeline.rework_rounds, 1);
        assert_eq!(timeline.settles_at, Some(at("04-23T08")));
    }

    #[test]
    fn the_view_cuts_the_process() {
        let timeline = read_at(REGULAR, "04-22T08");
        assert_eq!((timeline.stage, timeline.on_time), (Stage::Handling, None));
        assert_eq!(timeline.steps.len(), 3);
        assert!(!timeline.overdue_open);
    }

    #[test]
    fn every_kind_of_irregularity_is_flagged() {
        let script = "
            04-20T07 handled
            04-20T08 dispatched due=04-28T10
            04-20T09 filed
            04-20T10 filed
            04-20T11 resumed
            04-20T12 reopened
            04-20T13 check_failed
            04-20T14 extended
            04-20T15 handled
            04-20T16 handled
            04-20T17 suspended
            04-20T18 suspended
            04-20T19 closed
            04-20T20 handled
            04-20T21 dispatched
            04-28T18 suspended
            04-28T19 closed
            04-28T20 order_withdrawn
            04-28T21 voided
            04-28T22 closed
        ";
        let timeline = read_at(script, "05-04T00");
        let flags: Vec<_> =
            timeline.irregular_steps().filter_map(|step| step.irregularity).collect();
        use Irregularity::*;
        let expected = [
            BeforeDispatch,
            DispatchedBeforeFiling,
            FiledAgain,
            NotSuspended,
            NotClosed,
            CheckWithoutHandBack,
            WithoutDeadline,
            HandledAgain,
            SuspendedAgain,
            AfterClosing,
            DispatchedWhileClosed,
            AfterDeadline,
            ClosedWithoutHandBack,
            WithoutOrder,
            AfterEnd,
        ];
        assert_eq!(flags, expected);
        assert_eq!(timeline.stage, Stage::Voided);
    }

    #[test]
    fn every_failed_check_of_the_same_unit_is_a_round_of_rework() {
        let failed = "
            04-20T09 filed
            04-20T10 dispatched unit=b01 due=04-28T10
            04-21T08 handled
            04-21T09 check_failed
            04-22T08 handled
            04-22T09 check_failed
        ";
        let rounds = |script: &str| read_at(script, "05-04T00").rework_rounds;
        assert_eq!(rounds(failed), 2);
        let another = format!("{failed}\n 04-22T10 dispatched unit=b02\n 04-23T08 handled");
        assert_eq!(rounds(&another), 1);
    }

    #[test]
    fn orders_show_which_was_withdrawn() {
        let script = format!(
            "{REGULAR}\n 04-24T08 ordered\n 04-24T09 ordered\n 04-24T10 order_withdrawn
             04-24T11 ordered"
        );
        let orders = read_at(&script, "05-04T00").orders;
        let read: Vec<_> = orders.iter().map(|order| (order.number, order.withdrawn_by)).collect();
        assert_eq!(read, [(1, None), (2, Some(13)), (3, None)]);
    }
}
