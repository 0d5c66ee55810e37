//! Deadlines that the platform does not give, computed from the limit of the filing condition
//! (method 2.4, e.2).
//!
//! A deadline is computed when its event is taken in, stored with its reason, and never computed
//! again: later calendars and limits change no deadline that somebody was held to. So nothing that
//! a rule pack may choose enters here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chengping_types::calendar::{Calendar, CalendarDay, WorkingHours};
use chengping_types::{Digest, FilingCondition, Instant, Limit, Month, TimeZone};
use serde::{Deserialize, Serialize};

use crate::clock::{self, ClockError, Explanation};
use crate::fold::State;
use crate::{Case, Event, EventKind, Irregularity, Lifecycle};

/// What a jurisdiction computes deadlines from.
#[derive(Debug, Clone)]
pub struct Limits {
    time_zone: TimeZone,
    /// By their id, in the order of the rows.
    conditions: BTreeMap<String, Vec<FilingCondition>>,
    calendar: Option<Calendar>,
}

impl Limits {
    /// The limits of these rows. Without a row of working hours or of the calendar there is no
    /// calendar: nobody knows the holidays, and only urgent limits can be computed.
    #[must_use]
    pub fn new(
        time_zone: TimeZone,
        conditions: impl IntoIterator<Item = FilingCondition>,
        hours: Vec<WorkingHours>,
        days: Vec<CalendarDay>,
    ) -> Self {
        let mut by_id: BTreeMap<String, Vec<FilingCondition>> = BTreeMap::new();
        for condition in conditions {
            by_id.entry(condition.condition_id.clone()).or_default().push(condition);
        }
        let is_known = !(hours.is_empty() && days.is_empty());
        let calendar = is_known.then(|| Calendar::new(time_zone.clone(), hours, days));
        Self { time_zone, conditions: by_id, calendar }
    }

    /// The calendar, where there is one.
    #[must_use]
    pub const fn calendar(&self) -> Option<&Calendar> {
        self.calendar.as_ref()
    }

    /// Whether the case has a limit in some month.
    ///
    /// # Errors
    ///
    /// When it names no condition, or one that is not known, or one of another category.
    pub fn check(&self, case: &Case) -> Result<(), Missing> {
        self.covering(case).map(|_| ())
    }

    /// The rows of the condition that the case names, of its category, in any month.
    fn covering<'l, 'c>(
        &'l self,
        case: &'c Case,
    ) -> Result<impl Iterator<Item = &'l FilingCondition> + use<'l, 'c>, Missing> {
        let named = case.filing_condition.as_ref().ok_or(Missing::NoCondition)?;
        self.covering_category(named, (&case.category_scheme, &case.category_code))
    }

    fn covering_category<'l, 'c>(
        &'l self,
        condition_id: &str,
        (scheme, code): (&'c str, &'c str),
    ) -> Result<impl Iterator<Item = &'l FilingCondition> + use<'l, 'c>, Missing> {
        let rows = self.conditions.get(condition_id).ok_or(Missing::UnknownCondition)?;
        let mut covering = rows.iter().filter(move |row| row.covers(scheme, code)).peekable();
        covering.peek().ok_or(Missing::OtherCategory)?;
        Ok(covering)
    }

    /// The row that sets the limit of a case filed at an instant: of the rows of its condition
    /// that hold in that month the one that began last, the last of the same month.
    fn condition(&self, case: &Case, filed_at: Instant) -> Result<&FilingCondition, Missing> {
        self.last_valid(self.covering(case)?, filed_at)
    }

    /// The row that sets the limit of cases of a category (scheme, code) that are filed under a
    /// condition at an instant, as it does when their events are taken in.
    ///
    /// # Errors
    ///
    /// When there is no such condition, or it is one of other categories, or does not hold then.
    pub fn condition_of(
        &self,
        condition_id: &str,
        category: (&str, &str),
        filed_at: Instant,
    ) -> Result<&FilingCondition, Missing> {
        self.last_valid(self.covering_category(condition_id, category)?, filed_at)
    }

    fn last_valid<'l>(
        &self,
        rows: impl Iterator<Item = &'l FilingCondition>,
        filed_at: Instant,
    ) -> Result<&'l FilingCondition, Missing> {
        let month = Month::of(filed_at, &self.time_zone);
        let valid = rows.filter(|row| row.is_valid_in(month));
        valid.max_by_key(|row| row.valid_from).ok_or(Missing::NotValid)
    }

    /// How the deadline comes about that a dispatch at `start` with this limit gets.
    ///
    /// # Errors
    ///
    /// [`Missing::NoCalendar`] for a working limit where no calendar is known, and
    /// [`Missing::Clock`] where there is no such instant.
    pub fn explain(&self, start: Instant, limit: Limit) -> Result<Explanation, Missing> {
        let explained = match &self.calendar {
            Some(calendar) => clock::explain(start, limit, calendar),
            None if limit.unit.is_working() => return Err(Missing::NoCalendar),
            None => clock::explain_running_on(start, limit),
        };
        explained.map_err(Missing::Clock)
    }

    fn complete(&self, start: Instant, limit: Limit) -> Result<Instant, Missing> {
        let end = match &self.calendar {
            Some(calendar) => clock::complete(start, limit, calendar),
            None if limit.unit.is_working() => return Err(Missing::NoCalendar),
            None => clock::run_on(start, limit),
        };
        end.map_err(Missing::Clock)
    }
}

/// A deadline that was computed, and out of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComputedDeadline {
    /// The event that lacks it.
    pub event_no: u64,
    /// The deadline.
    pub due_at: Instant,
    /// From when the limit was counted: the dispatch, or the deadline that was extended.
    pub start: Instant,
    /// The filing condition.
    pub condition_id: String,
    /// Its limit then.
    pub limit: Limit,
    /// The version of the calendar that it was counted by; none for a limit that runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Digest>,
}

/// Why a deadline that is lacking cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The case names no filing condition.
    #[error("the case names no filing condition")]
    NoCondition,
    /// No such condition is known.
    #[error("the filing condition of the case is not known")]
    UnknownCondition,
    /// The condition is one of other categories.
    #[error("the filing condition of the case is one of another category")]
    OtherCategory,
    /// The condition did not hold in the month of filing.
    #[error("the filing condition of the case did not hold in the month of its filing")]
    NotValid,
    /// The limit runs in working time, and there is no calendar.
    #[error("the limit runs in working time, and no calendar is known")]
    NoCalendar,
    /// An extension of a deadline that is not known yet; a dispatch may still come that sets it.
    #[error("the deadline that is extended is not known yet")]
    NotYet,
    /// An extension of a case that was dispatched without a deadline.
    #[error("the dispatch has no deadline that could be extended")]
    NothingToExtend,
    /// The clock finds none.
    #[error(transparent)]
    Clock(ClockError),
}

/// An event whose deadline is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MissingDeadline {
    /// The event.
    pub event_no: u64,
    /// Why.
    pub why: Missing,
}

/// What became of the events of a case that lack a deadline, in time order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// The deadlines that could be computed.
    pub computed: Vec<ComputedDeadline>,
    /// Those that could not.
    pub missing: Vec<MissingDeadline>,
}

impl Completion {
    /// Gives the events their computed deadlines. A deadline that is there stays.
    pub fn fill(&self, events: &mut [Event]) {
        fill_deadlines(events, &self.computed);
    }
}

/// Gives events of a case the deadlines that were computed for them. A deadline that is there
/// stays: those of the platform win.
pub fn fill_deadlines(events: &mut [Event], computed: &[ComputedDeadline]) {
    if computed.is_empty() {
        return;
    }
    let due: BTreeMap<_, _> =
        computed.iter().map(|deadline| (deadline.event_no, deadline.due_at)).collect();
    for event in events.iter_mut().filter(|event| lacks_deadline(event)) {
        event.due_at = due.get(&event.event_no).copied();
    }
}

/// Whether the event needs a deadline and has none.
#[must_use]
pub const fn lacks_deadline(event: &Event) -> bool {
    event.due_at.is_none() && matches!(event.kind, EventKind::Dispatched | EventKind::Extended)
}

/// The deadlines that the events of a case lack: of a dispatch the limit from it on, of an
/// extension one limit more than the deadline before it.
///
/// `events` are those of the case, in any order, with distinct numbers, with the deadlines that
/// were stored for them before. What is computed for an event depends on the events before it only.
#[must_use]
pub fn computed_deadlines(case: &Case, events: &[Event], limits: &Limits) -> Completion {
    computed_deadlines_where(case, events, limits, |_| true)
}

/// As [`computed_deadlines`], for `wanted` events only: those that are being taken in, and those
/// that wait for a deadline to extend. Others that lack a deadline were taken in without one, and
/// stay so.
#[must_use]
pub fn computed_deadlines_where(
    case: &Case,
    events: &[Event],
    limits: &Limits,
    wanted: impl Fn(&Event) -> bool,
) -> Completion {
    computed_deadlines_by(case, events, |event| wanted(event).then_some(limits))
}

/// As [`computed_deadlines_where`], each event by limits of its own: those of the time when it was
/// taken in. None for an event that is not wanted.
#[must_use]
pub fn computed_deadlines_by<'l>(
    case: &Case,
    events: &[Event],
    limits_of: impl Fn(&Event) -> Option<&'l Limits>,
) -> Completion {
    let mut completion = Completion::default();
    let limits_of = |event: &Event| limits_of(event).filter(|_| lacks_deadline(event));
    if events.iter().all(|event| limits_of(event).is_none()) {
        return completion;
    }
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_unstable_by_key(|event| (event.at, event.event_no));

    let lifecycle = Lifecycle::default();
    let mut state = State::NEW;
    for event in sorted {
        let before = state;
        let outcome = state.apply(event, &lifecycle);
        let Some(limits) = limits_of(event) else { continue };
        match compute(case, event, &before, limits) {
            Ok(deadline) => {
                // As the fold would have had it, had the event come with its deadline.
                let is_first = before.dispatched_at.is_none() && state.dispatched_at.is_some();
                if is_first || outcome == Err(Irregularity::WithoutDeadline) {
                    state.deadline = Some(deadline.due_at);
                }
                completion.computed.push(deadline);
            }
            Err(why) => {
                completion.missing.push(MissingDeadline { event_no: event.event_no, why });
            }
        }
    }
    completion
}

fn compute(
    case: &Case,
    event: &Event,
    before: &State<'_>,
    limits: &Limits,
) -> Result<ComputedDeadline, Missing> {
    let filed_at = before.filed_at.or(before.dispatched_at).unwrap_or(event.at);
    let FilingCondition { condition_id, limit, .. } = limits.condition(case, filed_at)?;
    let start = match event.kind {
        EventKind::Extended => before.deadline.ok_or(match before.dispatched_at {
            None => Missing::NotYet,
            Some(_) => Missing::NothingToExtend,
        })?,
        _ => event.at,
    };
    let due_at = limits.complete(start, *limit)?;
    let calendar = limits.calendar().filter(|_| limit.unit.is_working());
    Ok(ComputedDeadline {
        event_no: event.event_no,
        due_at,
        start,
        condition_id: condition_id.clone(),
        limit: *limit,
        calendar: calendar.map(Calendar::digest),
    })
}

/// The events of a case with the deadlines that they lack, as far as these can be computed
/// ([`computed_deadlines`]). Costs nothing where none is lacking.
#[must_use]
pub fn with_computed_deadlines<'e>(
    case: &Case,
    events: &'e [Event],
    limits: &Limits,
) -> Cow<'e, [Event]> {
    let completion = computed_deadlines(case, events, limits);
    if completion.computed.is_empty() {
        return Cow::Borrowed(events);
    }
    let mut completed = events.to_vec();
    completion.fill(&mut completed);
    Cow::Owned(completed)
}

#[cfg(test)]
mod tests;
