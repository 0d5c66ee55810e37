//! Deadline rules as rule-configuration gives them.

use std::fmt::Display;
use std::str::FromStr;

use chengping_proto::rules::v1 as pb;
use chengping_types::calendar::{CalendarDay, DayKind, WorkingHours};
use chengping_types::{DeadlineRules, FilingCondition, Limit};

use crate::domain::ZonedRules;

/// The rules of an answer that names a time zone, or what is wrong with it.
pub(super) fn zoned_rules(rules: pb::DeadlineRules) -> Result<ZonedRules, String> {
    let pb::DeadlineRules { time_zone, working_hours, calendar_days, filing_limits, .. } = rules;
    let rules = DeadlineRules {
        working_hours: working_hours.into_iter().map(hours).collect::<Result<_, _>>()?,
        calendar: calendar_days.into_iter().map(day).collect::<Result<_, _>>()?,
        filing_conditions: filing_limits.into_iter().map(condition).collect::<Result<_, _>>()?,
    };
    Ok(ZonedRules { time_zone: parse(&time_zone)?, rules })
}

fn hours(row: pb::WorkingHours) -> Result<WorkingHours, String> {
    Ok(WorkingHours {
        effective_date: parse(&row.effective_date)?,
        periods: parse(&row.periods)?,
        days_off: parse(&row.days_off)?,
        name: row.display_name,
    })
}

fn day(row: pb::CalendarDay) -> Result<CalendarDay, String> {
    let kind = u8::try_from(row.kind).ok().and_then(DayKind::from_code);
    let kind = kind.ok_or_else(|| format!("{} is no kind of day", row.kind))?;
    Ok(CalendarDay { date: parse(&row.date)?, kind, name: row.display_name })
}

fn condition(row: pb::FilingLimit) -> Result<FilingCondition, String> {
    Ok(FilingCondition {
        limit: Limit { value: parse(&row.limit)?, unit: parse(&row.unit)? },
        valid_from: parse(&row.valid_from)?,
        valid_to: (!row.valid_to.is_empty()).then(|| parse(&row.valid_to)).transpose()?,
        condition_id: row.condition_id,
        category_scheme: row.category_scheme,
        category_code: row.category_code,
        name: row.display_name,
    })
}

fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}
