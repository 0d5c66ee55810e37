//! What deadlines are computed from: rows of an import, and the whole of it.

use std::fmt::Display;
use std::str::FromStr;

use chengping_proto::rules::v1 as pb;
use chengping_types::calendar::{CalendarDay, DayKind, DaysOff, WorkingHours};
use chengping_types::{DeadlineRules, FilingCondition, Limit, TimeZone};

use super::registry::optional;
use super::row::{code, missing, required, short, text, validity};
use crate::domain::import::Fault;

pub(super) fn working_hours(row: pb::WorkingHours) -> Result<WorkingHours, Fault> {
    let effective_date =
        parse("effective_date", &row.effective_date, ("missing_date", "bad_date"))?;
    let wrong = "bad_working_hours";
    let periods = parse("periods", &row.periods, ("missing_periods", wrong))?;
    let days_off = match row.days_off.as_str() {
        "" => DaysOff::WEEKEND,
        days => parse("days_off", days, (wrong, wrong))?,
    };
    Ok(WorkingHours { effective_date, periods, days_off, name: text("name", row.display_name)? })
}

pub(super) fn calendar_day(row: pb::CalendarDay) -> Result<CalendarDay, Fault> {
    let date = parse("date", &row.date, ("missing_date", "bad_date"))?;
    let kind = code("kind", row.kind, DayKind::from_code, DayKind::NAMES)?;
    Ok(CalendarDay { date, kind, name: text("name", row.display_name)? })
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
    let hours = rules.working_hours.into_iter().map(|row| pb::WorkingHours {
        effective_date: row.effective_date.to_string(),
        periods: row.periods.to_string(),
        days_off: row.days_off.to_string(),
        display_name: row.name,
    });
    let days = rules.calendar.into_iter().map(|row| pb::CalendarDay {
        date: row.date.to_string(),
        kind: row.kind.code().into(),
        display_name: row.name,
    });
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
