//! What peers say, in our terms; the texts of the errors go to the log, not to clients.

use std::fmt::Display;

use chengping_access::registry::read;
use chengping_casework::columns::FactColumns;
use chengping_casework::{Lifecycle, Question, move_columns};
use chengping_proto::cases::v1 as cases;
use chengping_types::name::JurisdictionName;
use chengping_types::{Instant, JurisdictionId, Month};
use prost_types::Timestamp;

const MICROS: i64 = 1_000_000;

pub(super) fn parent(jurisdiction: &JurisdictionId) -> String {
    JurisdictionName { jurisdiction: jurisdiction.clone() }.to_string()
}

pub(super) fn registry_revision_name(
    jurisdiction: &JurisdictionId,
    revision: impl Display,
) -> String {
    format!("jurisdictions/{jurisdiction}/registryRevisions/{revision}")
}

pub(super) fn timestamp(instant: Instant) -> Timestamp {
    let micros = instant.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(MICROS) * 1000).expect("below one second");
    Timestamp { seconds: micros.div_euclid(MICROS), nanos }
}

/// Asks for the facts of some months, at least one, which differ in nothing but their views.
pub(super) fn facts_request(
    jurisdiction: &JurisdictionId,
    questions: &[Question],
    watermark: u64,
) -> cases::StreamFactsRequest {
    let (question, further) = questions.split_first().expect("somebody asks something");
    cases::StreamFactsRequest {
        parent: parent(jurisdiction),
        month: question.month.to_string(),
        time_zone: question.time_zone.to_string(),
        as_of: Some(timestamp(question.view.as_of)),
        decided: Some(timestamp(question.view.decided)),
        watermark: i64::try_from(watermark).unwrap_or(i64::MAX),
        freeze_day: i32::from(question.freeze_day),
        lifecycle: Some(lifecycle(&question.lifecycle)),
        further_months: further.iter().map(month_view).collect(),
        since: None,
        without_case_nos: false,
        with_desk_lists: false,
    }
}

/// A former reading of the months that are asked for now.
pub(super) fn former_reading(
    former: &[Question],
    watermark: u64,
    now: &[Question],
) -> cases::FormerReading {
    let moved = former.iter().zip(now).skip(1).filter(|(former, now)| former.view != now.view);
    let first = former.first().map(|question| question.view);
    cases::FormerReading {
        watermark: i64::try_from(watermark).unwrap_or(i64::MAX),
        as_of: first.map(|view| timestamp(view.as_of)),
        decided: first.map(|view| timestamp(view.decided)),
        further_months: moved.map(|(former, _)| month_view(former)).collect(),
    }
}

fn month_view(question: &Question) -> cases::MonthView {
    cases::MonthView {
        month: question.month.to_string(),
        as_of: Some(timestamp(question.view.as_of)),
        decided: Some(timestamp(question.view.decided)),
    }
}

/// The month of the facts of an answer, if it is one of those asked for.
pub(super) fn month_of(
    answer: &cases::StreamFactsResponse,
    asked: &[Month],
) -> Result<Month, String> {
    let month: Month = read("month", &answer.month)?;
    let was_asked = asked.contains(&month);
    was_asked.then_some(month).ok_or_else(|| format!("facts of {month}, which nobody asked for"))
}

fn lifecycle(lifecycle: &Lifecycle) -> cases::Lifecycle {
    cases::Lifecycle {
        period_basis: lifecycle.period_basis.to_string(),
        late_correction: lifecycle.late_correction.to_string(),
        redispatch_deadline: lifecycle.redispatch_deadline.to_string(),
        suspension_when_overdue: lifecycle.suspension_when_overdue.to_string(),
        extension_when_overdue: lifecycle.extension_when_overdue.to_string(),
        on_time_closing: lifecycle.on_time_closing.to_string(),
        rework: lifecycle.rework.to_string(),
        exempt_late: lifecycle.exempt_late.to_string(),
        no_deadline: lifecycle.no_deadline.to_string(),
        valid_report: lifecycle.valid_report.to_string(),
        missed_over: lifecycle.missed_over.to_string(),
        accurate_dispatch: lifecycle.accurate_dispatch.to_string(),
        suspended: lifecycle.suspended.to_string(),
    }
}

/// The columns of a batch.
pub(super) fn columns(batch: cases::FactBatch) -> FactColumns {
    move_columns!(batch => FactColumns)
}
