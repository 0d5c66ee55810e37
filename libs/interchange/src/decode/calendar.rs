//! `working_hours`, `calendar` and `filing_conditions`.

use chengping_types::calendar::{CalendarDay, DayKind, DaysOff, WorkingHours};
use chengping_types::{Date, FilingCondition, Limit, LimitUnit, LimitValue};

use super::Row;
use crate::code;
use crate::reject::Fault;

pub(super) fn working_hours(row: &Row<'_>) -> Result<WorkingHours, Fault> {
    let effective_date = row.parse::<Date>(0, code::MISSING_DATE, code::BAD_DATE)?;
    let periods = row.parse(1, code::MISSING_PERIODS, code::BAD_WORKING_HOURS)?;
    let days_off = row.parse_optional::<DaysOff>(2, code::BAD_WORKING_HOURS)?;
    let days_off = days_off.unwrap_or(DaysOff::WEEKEND);
    Ok(WorkingHours { effective_date, periods, days_off, name: row.text(3).to_owned() })
}

pub(super) fn day(row: &Row<'_>) -> Result<CalendarDay, Fault> {
    let date = row.parse::<Date>(0, code::MISSING_DATE, code::BAD_DATE)?;
    let kind = row.parse::<DayKind>(1, code::MISSING_KIND, code::UNKNOWN_KIND)?;
    Ok(CalendarDay { date, kind, name: row.text(2).to_owned() })
}

pub(super) fn condition(row: &Row<'_>) -> Result<FilingCondition, Fault> {
    let condition_id = row.required(0, code::MISSING_CONDITION_ID)?.to_owned();
    let category_scheme = row.required(1, code::MISSING_CATEGORY)?.to_owned();
    let category_code = row.required(2, code::MISSING_CATEGORY)?.to_owned();
    let value = row.parse::<LimitValue>(3, code::MISSING_LIMIT, code::BAD_NUMBER)?;
    let unit = row.parse::<LimitUnit>(4, code::MISSING_LIMIT, code::UNKNOWN_UNIT)?;
    let limit = Limit { value, unit };
    let (valid_from, valid_to) = row.validity(5, 6)?;
    let name = row.text(7).to_owned();
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
