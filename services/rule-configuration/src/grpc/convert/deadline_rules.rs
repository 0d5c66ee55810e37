//! What deadlines are computed from: rows of an import, and the whole of it.

use std::fmt::Display;
use std::str::FromStr;

use chengping_proto::rules::v1 as pb;
use chengping_types::calendar::{CalendarDay, DayKind, DaysOff, WorkingHours};
use chengping_types::{DeadlineRules, FilingCondition, Limit, TimeZone};

use super::registry::optional;
use super::row::{code, missing, required, short, text, validity};
use crate::domain::import::Fault;

/// A row of working hours, or all that is wrong with it, by column.
pub(super) fn working_hours(row: pb::WorkingHours) -> Result<WorkingHours, Vec<Fault>> {
    let mut faults = Vec::new();
    let wrong = "bad_working_hours";
    let effective_date = parse("effective_date", &row.effective_date, ("missing_date", "bad_date"));
    let effective_date = note(&mut faults, effective_date);
    let periods = parse("periods", &row.periods, ("missing_periods", wrong));
    let periods = note(&mut faults, periods);
    let days_off = match row.days_off.as_str() {
        "" => Some(DaysOff::WEEKEND),
        days => note(&mut faults, parse("days_off", days, (wrong, wrong))),
    };
    let name = note(&mut faults, text("name", row.display_name));
    match (effective_date, periods, days_off, name) {
        (Some(effective_date), Some(periods), Some(days_off), Some(name)) => {
            Ok(WorkingHours { effective_date, periods, days_off, name })
        }
        _ => Err(faults),
    }
}

/// A day of the calendar, or all that is wrong with it, by column.
pub(super) fn calendar_day(row: pb::CalendarDay) -> Result<CalendarDay, Vec<Fault>> {
    let mut faults = Vec::new();
    let date = note(&mut faults, parse("date", &row.date, ("missing_date", "bad_date")));
    let kind = note(&mut faults, code("kind", row.kind, DayKind::from_code, DayKind::NAMES));
    let name = note(&mut faults, text("name", row.display_name));
    match (date, kind, name) {
        (Some(date), Some(kind), Some(name)) => Ok(CalendarDay { date, kind, name }),
        _ => Err(faults),
    }
}

fn note<T>(faults: &mut Vec<Fault>, value: Result<T, Fault>) -> Option<T> {
    value.map_err(|fault| faults.push(fault)).ok()
}

/// Of several faults the one that an import answers with: a reject has one column.
pub(super) fn first(faults: Vec<Fault>) -> Fault {
    faults.into_iter().next().expect("a row without a value has a fault")
}

pub(super) fn filing_condition(row: pb::FilingLimit) -> Result<FilingCondition, Fault> {
    let condition_id = short("condition_id", row.condition_id)?;
    let category = |column, code: String| match code.is_empty() {
        true => Err(Fault { code: "missing_category".to_owned(), ..missing(column) }),
        false => short(column, code),
    };
    let category_scheme = category("category_scheme", row.category_scheme)?;
    let category_code = category("category_code", row.category_code)?;
    let value = parse("limit", &row.limit, ("missing_limit", "bad_number"))?;
    let unit = parse("unit", &row.unit, ("missing_limit", "unknown_unit"))?;
    let (valid_from, valid_to) = validity(&row.valid_from, &row.valid_to)?;
    let (limit, name) = (Limit { value, unit }, text("name", row.display_name)?);
    Ok(FilingCondition {
        condition_id,
        category_scheme,
        category_code,
        limit,
        valid_from,
        valid_to,
        name,
    })
}

/// A value that must be there and of its form, else a fault with one of the two codes.
fn parse<T: FromStr<Err: Display>>(
    column: &'static str,
    text: &str,
    (absent, wrong): (&str, &str),
) -> Result<T, Fault> {
    let absent = |fault: Fault| Fault { code: absent.to_owned(), ..fault };
    let text = required(column, text).map_err(absent)?;
    text.parse().map_err(|error: T::Err| Fault::new(column, wrong, error.to_string()))
}

pub(in crate::grpc) fn deadline_rules(
    rules: DeadlineRules,
    time_zone: Option<&TimeZone>,
) -> pb::DeadlineRules {
    let digest = rules.digest().to_string();
    let hours = rules.working_hours.into_iter().map(hours_row);
    let days = rules.calendar.into_iter().map(day_row);
    let limits = rules.filing_conditions.into_iter().map(|row| pb::FilingLimit {
        condition_id: row.condition_id,
        category_scheme: row.category_scheme,
        category_code: row.category_code,
        limit: row.limit.value.to_string(),
        unit: row.limit.unit.to_string(),
        valid_from: row.valid_from.to_string(),
        valid_to: optional(row.valid_to.as_ref()),
        display_name: row.name,
    });
    pb::DeadlineRules {
        digest,
        time_zone: optional(time_zone),
        working_hours: hours.collect(),
        calendar_days: days.collect(),
        filing_limits: limits.collect(),
    }
}

pub(super) fn hours_row(row: WorkingHours) -> pb::WorkingHours {
    pb::WorkingHours {
        effective_date: row.effective_date.to_string(),
        periods: row.periods.to_string(),
        days_off: row.days_off.to_string(),
        display_name: row.name,
    }
}

pub(super) fn day_row(row: CalendarDay) -> pb::CalendarDay {
    pb::CalendarDay {
        date: row.date.to_string(),
        kind: row.kind.code().into(),
        display_name: row.name,
    }
}
