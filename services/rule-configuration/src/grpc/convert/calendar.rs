//! Working calendars as messages.

use std::collections::BTreeMap;

use chengping_chassis::error::FieldErrors;
use chengping_proto::rules::v1 as pb;
use chengping_types::Date;
use chengping_types::calendar::DayKind;
use chengping_types::name::WorkCalendarName;
use uuid::Uuid;

use super::deadline_rules::{calendar_day, day_row, hours_row, working_hours};
use super::registry::optional;
use super::{refuse_nul, require};
use crate::app::CalendarChange;
use crate::domain::calendar::WorkCalendar;
use crate::domain::import::Fault;
use crate::error::Error;

const HOURS: &str = "working_hours";
const DAYS: &str = "calendar_days";
/// Rows of one list.
const ROWS_MAX: usize = 10_000;
const REASON_BYTES_MAX: usize = 4096;

pub(in crate::grpc) fn work_calendar(
    name: &WorkCalendarName,
    calendar: WorkCalendar,
) -> pb::WorkCalendar {
    let periods = calendar.periods().map(|periods| periods.to_string()).unwrap_or_default();
    let days = |kind| calendar.days(kind).map(|date| date.to_string()).collect();
    pb::WorkCalendar {
        name: name.to_string(),
        periods: periods.split_whitespace().map(str::to_owned).collect(),
        holidays: days(DayKind::Holiday),
        swapped_workdays: days(DayKind::Workday),
        etag: calendar.rows.etag(),
        time_zone: optional(calendar.time_zone.as_ref()),
        working_hours: calendar.rows.working_hours.into_iter().map(hours_row).collect(),
        calendar_days: calendar.rows.calendar_days.into_iter().map(day_row).collect(),
    }
}

pub(in crate::grpc) fn change(
    request: pb::UpdateWorkCalendarRequest,
    actor: String,
    action: &'static str,
) -> Result<CalendarChange, Error> {
    let mut errors = FieldErrors::default();
    let Some(calendar) = request.work_calendar else {
        errors.push("work_calendar", "must be set");
        return Err(errors.into());
    };
    let name = errors.parse::<WorkCalendarName>("work_calendar.name", &calendar.name);
    let paths = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
    let [change_hours, change_days] = named_lists(&mut errors, &paths, &calendar);
    let hours = change_hours.then(|| {
        let rows = calendar.working_hours.into_iter().map(working_hours);
        list(&mut errors, HOURS, "effective_date", rows, |row| row.effective_date)
    });
    let days = change_days.then(|| {
        let rows = calendar.calendar_days.into_iter().map(calendar_day);
        list(&mut errors, DAYS, "date", rows, |row| row.date)
    });
    require(&mut errors, "reason", &request.reason);
    refuse_nul(&mut errors, "reason", &request.reason);
    if request.reason.len() > REASON_BYTES_MAX {
        errors.push("reason", format!("must be at most {REASON_BYTES_MAX} bytes; shorten it"));
    }
    let request_id = errors.parse_optional::<Uuid>("request_id", &request.request_id);
    errors.into_result()?;
    Ok(CalendarChange {
        name: name.expect("no error means a value"),
        working_hours: hours,
        calendar_days: days,
        etag: calendar.etag,
        reason: request.reason,
        validate_only: request.validate_only,
        request_id: request_id.flatten(),
        actor,
        action,
    })
}

/// Which of the two lists are to be changed: those that the mask names, without one those that have
/// a row.
fn named_lists(
    errors: &mut FieldErrors,
    paths: &[String],
    calendar: &pb::WorkCalendar,
) -> [bool; 2] {
    for path in paths.iter().filter(|path| ![HOURS, DAYS, "*"].contains(&path.as_str())) {
        let path: String = path.chars().take(80).collect();
        let message = format!("{path:?} cannot be changed; name {HOURS}, {DAYS} or *");
        errors.push("update_mask", message);
    }
    let is_named = |list: &str| paths.iter().any(|path| path == list || path == "*");
    let named = if paths.is_empty() {
        [!calendar.working_hours.is_empty(), !calendar.calendar_days.is_empty()]
    } else {
        [is_named(HOURS), is_named(DAYS)]
    };
    if paths.is_empty() && named == [false, false] {
        let message = format!("nothing is to be changed; to empty a list, name {HOURS} or {DAYS}");
        errors.push("update_mask", message);
    }
    named
}

/// The good rows of a list; what is wrong with others is noted, field by field.
fn list<T>(
    errors: &mut FieldErrors,
    field: &str,
    key_column: &str,
    rows: impl ExactSizeIterator<Item = Result<T, Vec<Fault>>>,
    key: impl Fn(&T) -> Date,
) -> Vec<T> {
    if rows.len() > ROWS_MAX {
        let message = format!("must be at most {ROWS_MAX} rows; leave out years long past");
        errors.push(format!("work_calendar.{field}"), message);
        return Vec::new();
    }
    let mut good = Vec::with_capacity(rows.len());
    let mut places = BTreeMap::new();
    for (index, row) in rows.enumerate() {
        let path = |column: &str| format!("work_calendar.{field}[{index}].{column}");
        match row {
            Ok(row) => {
                if let Some(first) = places.get(&key(&row)) {
                    let message = format!("{field}[{first}] is of the same day; keep one of them");
                    errors.push(path(key_column), message);
                }
                places.entry(key(&row)).or_insert(index);
                good.push(row);
            }
            Err(faults) => {
                for Fault { column, message, .. } in faults {
                    // As the message calls it.
                    let column = if column == "name" { "display_name" } else { column };
                    errors.push(path(column), message);
                }
            }
        }
    }
    good
}
