//! Deadlines as messages.

use chengping_casework::clock::{Interval, Skip, SkippedDay};
use chengping_chassis::error::FieldErrors;
use chengping_proto::rules::v1 as pb;
use chengping_types::name::WorkCalendarName;
use chengping_types::{Limit, LimitUnit, LimitValue};

use super::{instant, require, timestamp};
use crate::app::{Answer, LimitAsked, Question};
use crate::error::Error;

/// Hundredths of a unit.
const HUNDREDTHS: u32 = 100;

/// What is asked; `prefix` stands before the fields in errors.
pub(in crate::grpc) fn question(
    request: pb::ComputeDeadlineRequest,
    prefix: &str,
) -> Result<Question, Error> {
    let mut errors = FieldErrors::default();
    let field = |name: &str| format!("{prefix}{name}");
    let calendar = errors.parse::<WorkCalendarName>(field("work_calendar"), &request.work_calendar);
    let start = instant(&mut errors, &field("start_time"), request.start_time);
    let limit = limit_asked(&mut errors, request, field);
    errors.into_result()?;
    Ok(Question {
        calendar: calendar.expect("no error means a value"),
        start: start.expect("no error means a value"),
        limit: limit.expect("no error means a value"),
    })
}

fn limit_asked(
    errors: &mut FieldErrors,
    request: pb::ComputeDeadlineRequest,
    field: impl Fn(&str) -> String,
) -> Option<LimitAsked> {
    let pb::ComputeDeadlineRequest {
        limit,
        unit,
        exact_limit,
        condition_id,
        category_scheme,
        category_code,
        ..
    } = request;
    let given = [limit != 0, !exact_limit.is_empty(), !condition_id.is_empty()];
    if given.iter().filter(|is_given| **is_given).count() != 1 {
        let message = "exactly one of limit, exact_limit and condition_id must be set";
        errors.push(field("limit"), message);
    }
    let category = [("category_scheme", &category_scheme), ("category_code", &category_code)];
    if !condition_id.is_empty() {
        for (name, text) in category {
            require(errors, &field(name), text);
        }
        if !unit.is_empty() {
            errors.push(field("unit"), "must be empty; the condition has its own");
        }
        return Some(LimitAsked::OfCondition { condition_id, category_scheme, category_code });
    }
    for (name, _) in category.iter().filter(|(_, text)| !text.is_empty()) {
        errors.push(field(name), "must be empty without condition_id");
    }
    let unit = errors.parse::<LimitUnit>(field("unit"), &unit);
    let value = if exact_limit.is_empty() {
        let value = u32::try_from(limit).ok().and_then(|limit| limit.checked_mul(HUNDREDTHS));
        let value = value.and_then(LimitValue::from_hundredths);
        if value.is_none() && limit != 0 {
            errors.push(field("limit"), "must be 1 to 9999");
        }
        value
    } else {
        errors.parse(field("exact_limit"), &exact_limit)
    };
    Some(LimitAsked::Given(Limit { value: value?, unit: unit? }))
}

fn intervals(answer: &Answer) -> Vec<pb::CountedInterval> {
    let interval = |interval: &Interval| pb::CountedInterval {
        start_time: Some(timestamp(interval.from)),
        end_time: Some(timestamp(interval.to)),
    };
    answer.explanation.intervals.iter().map(interval).collect()
}

pub(in crate::grpc) fn computed(answer: &Answer) -> pb::ComputeDeadlineResponse {
    pb::ComputeDeadlineResponse {
        due_time: Some(timestamp(answer.explanation.deadline)),
        intervals: intervals(answer),
    }
}

pub(in crate::grpc) fn explained(answer: &Answer) -> pb::ExplainDeadlineResponse {
    let Answer { explanation, condition, time_zone, rules } = answer;
    pb::ExplainDeadlineResponse {
        due_time: Some(timestamp(explanation.deadline)),
        start_time: Some(timestamp(explanation.start)),
        limit: explanation.limit.value.to_string(),
        unit: explanation.limit.unit.to_string(),
        condition_id: condition.as_ref().map(|row| row.condition_id.clone()).unwrap_or_default(),
        time_zone: time_zone.to_string(),
        deadline_rules_digest: rules.to_string(),
        intervals: intervals(answer),
        skipped_days: explanation.skipped.iter().map(skipped).collect(),
        text: explanation.in_chinese(condition.as_ref(), time_zone),
    }
}

fn skipped(day: &SkippedDay) -> pb::SkippedDay {
    let (reason, display_name) = match &day.reason {
        Skip::Weekend => ("weekend", String::new()),
        Skip::Holiday(name) => ("holiday", name.clone()),
    };
    pb::SkippedDay { date: day.date.to_string(), reason: reason.to_owned(), display_name }
}
