//! The handling clock: when a limit that starts now is over (method 2.4).
//!
//! Urgent limits run on through nights and holidays. Working limits run in the working time of a
//! [`Calendar`] only; a working day is eight hours of it. A limit that is used up at the very end
//! of a period is over then, not when the next one begins: no deadline lies outside of working
//! time. A start outside of it counts from the next period on.

mod words;

use chengping_types::calendar::{Calendar, Day, Period};
use chengping_types::{Date, Instant, Limit};
use serde::Serialize;

/// How many days a limit may take: more than any limit does in weeks of five days of eight hours,
/// and few enough to walk through.
const DAYS_MAX: i32 = 50 * 366;

/// Why there is no deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockError {
    /// The calendar has too little working time.
    #[error("the limit is not used up in 50 years: the calendar has too little working time")]
    TooLittleWorkingTime,
    /// It would lie after the year 9999.
    #[error("the limit ends after the year 9999")]
    BeyondTime,
}

/// A stretch of time in which the clock ran; half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// From when it ran.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
}

/// Why a day has no working time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Off, as every week on that day.
    Weekend,
    /// A holiday of this name.
    Holiday(String),
}

/// A day on which the clock stood still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedDay {
    /// The day.
    pub date: Date,
    /// Why.
    pub reason: Skip,
}

/// How a deadline comes about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// When the limit starts.
    pub start: Instant,
    /// The limit.
    pub limit: Limit,
    /// When it is over.
    pub deadline: Instant,
    /// When the clock ran, in order; together as long as the limit.
    pub intervals: Vec<Interval>,
    /// The days in between without working time, in order. Of a day that is worked, the hours
    /// outside of its periods are not listed.
    pub skipped: Vec<SkippedDay>,
}

/// When a limit is over that starts at `start`: exact to the microsecond, always after `start`.
///
/// # Errors
///
/// When there is no such instant.
pub fn complete(start: Instant, limit: Limit, calendar: &Calendar) -> Result<Instant, ClockError> {
    run(start, limit, calendar, |_| {})
}

/// When a limit is over that runs on through nights and holidays, as urgent ones do.
///
/// # Errors
///
/// [`ClockError::BeyondTime`] when that would be after the year 9999.
pub(crate) fn run_on(start: Instant, limit: Limit) -> Result<Instant, ClockError> {
    let end = start.as_micros().saturating_add(limit.micros());
    if end > Instant::MAX.as_micros() {
        return Err(ClockError::BeyondTime);
    }
    Ok(Instant::from_micros(end))
}

/// As [`run_on`], with the one interval that counts.
pub(crate) fn explain_running_on(start: Instant, limit: Limit) -> Result<Explanation, ClockError> {
    let deadline = run_on(start, limit)?;
    let intervals = vec![Interval { from: start, to: deadline }];
    Ok(Explanation { start, limit, deadline, intervals, skipped: Vec::new() })
}

/// As [`complete`], with the intervals that count and the days that do not.
///
/// # Errors
///
/// As [`complete`].
pub fn explain(
    start: Instant,
    limit: Limit,
    calendar: &Calendar,
) -> Result<Explanation, ClockError> {
    let (mut intervals, mut skipped) = (Vec::new(), Vec::new());
    let deadline = run(start, limit, calendar, |passed| match passed {
        Passed::Counted(interval) => intervals.push(interval),
        Passed::Skipped(date, day) => {
            let reason = match day {
                Day::Holiday(name) => Skip::Holiday(name.to_owned()),
                Day::Weekend | Day::Worked(_) => Skip::Weekend,
            };
            skipped.push(SkippedDay { date, reason });
        }
    })?;
    Ok(Explanation { start, limit, deadline, intervals, skipped })
}

/// What the clock passed.
enum Passed<'c> {
    Counted(Interval),
    Skipped(Date, Day<'c>),
}

fn run<'c>(
    start: Instant,
    limit: Limit,
    calendar: &'c Calendar,
    mut pass: impl FnMut(Passed<'c>),
) -> Result<Instant, ClockError> {
    if !limit.unit.is_working() {
        let end = run_on(start, limit)?;
        pass(Passed::Counted(Interval { from: start, to: end }));
        return Ok(end);
    }
    let zone = calendar.time_zone();
    let mut left = limit.micros();
    let mut date = Date::of(start, zone);
    let mut midnight = date.start(zone);
    for _ in 0..DAYS_MAX {
        let next_midnight = date.plus(1).start(zone);
        match calendar.day(date) {
            Day::Worked(periods) => {
                let local = LocalDay { date, midnight, next_midnight, calendar };
                for period in periods.as_slice() {
                    let Interval { from, to } = local.interval(*period);
                    let from = from.max(start);
                    if from >= to {
                        continue;
                    }
                    let length = to.as_micros() - from.as_micros();
                    let end = Instant::from_micros(from.as_micros() + left.min(length));
                    pass(Passed::Counted(Interval { from, to: end }));
                    if left <= length {
                        return Ok(end);
                    }
                    left -= length;
                }
            }
            day => pass(Passed::Skipped(date, day)),
        }
        if date == Date::MAX {
            return Err(ClockError::BeyondTime);
        }
        (date, midnight) = (date.plus(1), next_midnight);
    }
    Err(ClockError::TooLittleWorkingTime)
}

/// A day in the local time of a calendar.
struct LocalDay<'c> {
    date: Date,
    midnight: Instant,
    next_midnight: Instant,
    calendar: &'c Calendar,
}

impl LocalDay<'_> {
    const MINUTE: i64 = 60_000_000;

    fn interval(&self, period: Period) -> Interval {
        let length = self.next_midnight.as_micros() - self.midnight.as_micros();
        // Clocks are not set twice a day: on a day of 24 hours they are not set at all.
        let at = |minute: u16| {
            if length == 24 * 60 * Self::MINUTE {
                let since = i64::from(minute) * Self::MINUTE;
                Instant::from_micros(self.midnight.as_micros() + since)
            } else {
                self.date.at(minute, self.calendar.time_zone())
            }
        };
        Interval { from: at(period.from()), to: at(period.to()) }
    }
}

#[cfg(test)]
mod tests;
