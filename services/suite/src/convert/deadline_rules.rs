//! What deadlines are computed from: the records of the files, and the messages.

use anyhow::Context as _;
use chengping_proto::rules::v1::{self as pb, registry_row::Content};
use chengping_types::calendar::{CalendarDay, DayKind, WorkingHours};
use chengping_types::{DeadlineRules, FilingCondition, Limit};

use super::registry::{month, optional};
use super::{enum_name, enum_text};

/// Working hours as the API has them.
pub fn working_hours(row: &WorkingHours) -> Content {
    Content::WorkingHours(pb::WorkingHours {
        effective_date: row.effective_date.to_string(),
        periods: row.periods.to_string(),
        days_off: row.days_off.to_string(),
        display_name: row.name.clone(),
    })
}

/// A day of the calendar as the API has it.
pub fn calendar_day(row: &CalendarDay) -> Content {
    let kind = enum_name(row.kind.as_str(), "KIND_");
    Content::CalendarDay(pb::CalendarDay {
        date: row.date.to_string(),
        kind: pb::calendar_day::Kind::from_str_name(&kind).unwrap_or_default().into(),
        display_name: row.name.clone(),
    })
}

/// A filing condition as the API has it.
pub fn filing_limit(row: &FilingCondition) -> Content {
    Content::FilingLimit(pb::FilingLimit {
        condition_id: row.condition_id.clone(),
        category_scheme: row.category_scheme.clone(),
        category_code: row.category_code.clone(),
        limit: row.limit.value.to_string(),
        unit: row.limit.unit.to_string(),
        valid_from: row.valid_from.to_string(),
        valid_to: optional(row.valid_to.as_ref()),
        display_name: row.name.clone(),
    })
}

/// The rows that the API gives.
///
/// # Errors
///
/// When one of them is not one that the files can hold.
pub fn read(rules: pb::DeadlineRules) -> anyhow::Result<DeadlineRules> {
    Ok(DeadlineRules {
        working_hours: rules.working_hours.into_iter().map(read_hours).collect::<Result<_, _>>()?,
        calendar: rules.calendar_days.into_iter().map(read_day).collect::<Result<_, _>>()?,
        filing_conditions: rules
            .filing_limits
            .into_iter()
            .map(read_limit)
            .collect::<Result<_, _>>()?,
    })
}

fn read_hours(row: pb::WorkingHours) -> anyhow::Result<WorkingHours> {
    Ok(WorkingHours {
        effective_date: row.effective_date.parse()?,
        periods: row.periods.parse()?,
        days_off: row.days_off.parse()?,
        name: row.display_name,
    })
}

fn read_day(row: pb::CalendarDay) -> anyhow::Result<CalendarDay> {
    let kind = enum_text(row.kind().as_str_name(), "KIND_").parse::<DayKind>()?;
    Ok(CalendarDay { date: row.date.parse()?, kind, name: row.display_name })
}

fn read_limit(row: pb::FilingLimit) -> anyhow::Result<FilingCondition> {
    let value = row.limit.parse().context("a limit")?;
    let unit = row.unit.parse().context("a unit")?;
    Ok(FilingCondition {
        condition_id: row.condition_id,
        category_scheme: row.category_scheme,
        category_code: row.category_code,
        limit: Limit { value, unit },
        valid_from: row.valid_from.parse()?,
        valid_to: month(&row.valid_to)?,
        name: row.display_name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_rules_survive_the_api() {
        let rules: DeadlineRules = serde_json::from_str(
            r#"{
            "working_hours": [{"effective_date":"2018-06-01","periods":"08:00-12:00 15:00-18:30",
                               "days_off":"none","name":"夏季作息"}],
            "calendar": [{"date":"2018-04-28","kind":"workday","name":""},
                         {"date":"2018-04-29","kind":"holiday","name":"劳动节"}],
            "filing_conditions": [{"condition_id":"c1","category_scheme":"s","category_code":"01",
                                   "limit":{"value":"1.5","unit":"work_hour"},
                                   "valid_from":"2018-01","valid_to":"2018-12","name":"暴露垃圾"}]
        }"#,
        )
        .unwrap();
        let mut sent = pb::DeadlineRules::default();
        let hours = rules.working_hours.iter().map(working_hours);
        let days = rules.calendar.iter().map(calendar_day);
        let limits = rules.filing_conditions.iter().map(filing_limit);
        for content in hours.chain(days).chain(limits) {
            match content {
                Content::WorkingHours(row) => sent.working_hours.push(row),
                Content::CalendarDay(row) => sent.calendar_days.push(row),
                Content::FilingLimit(row) => sent.filing_limits.push(row),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(read(sent).unwrap(), rules);
    }
}
