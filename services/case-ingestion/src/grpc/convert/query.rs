//! Requests that name or list something.

use std::fmt::Display;
use std::str::FromStr;

use chengping_casework::columns::Form;
use chengping_casework::{Lifecycle, Question, View};
use chengping_chassis::error::FieldErrors;
use chengping_proto::cases::v1 as pb;
use chengping_types::name::{CaseName, JurisdictionName};
use chengping_types::{Instant, JurisdictionId, Month, TimeZone};
use prost_types::Timestamp;

use super::since;
use super::{checked, checked_instant, required_instant};
use crate::app::{Page, Since};
use crate::error::Error;

/// The last day of a month that every month could freeze on.
const FREEZE_DAY_MAX: i32 = 31;

/// How many months may come with the one that is asked for: five years.
const FURTHER_MONTHS_MAX: usize = 60;

/// The field `parent` of a list.
pub(in crate::grpc) fn parent<T: FromStr<Err: Display>>(text: &str) -> Result<T, Error> {
    field("parent", text)
}

/// The field `name` of a request for one resource.
pub(in crate::grpc) fn named<T: FromStr<Err: Display>>(text: &str) -> Result<T, Error> {
    field("name", text)
}

fn field<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Error> {
    let mut errors = FieldErrors::default();
    let value = errors.parse(field, text);
    checked(errors, value)
}

pub(in crate::grpc) fn page(size: i32, token: String) -> Page {
    Page { size, token }
}

/// A question for the process of a case.
pub(in crate::grpc) struct Timelines {
    pub(in crate::grpc) name: CaseName,
    pub(in crate::grpc) as_of: Option<Instant>,
    pub(in crate::grpc) lifecycle: Lifecycle,
}

impl TryFrom<pb::GetTimelineRequest> for Timelines {
    type Error = Error;

    fn try_from(request: pb::GetTimelineRequest) -> Result<Self, Error> {
        let mut errors = FieldErrors::default();
        let name = errors.parse("name", &request.name);
        let as_of =
            request.as_of.as_ref().and_then(|as_of| checked_instant(&mut errors, "as_of", as_of));
        let lifecycle = lifecycle(request.lifecycle.unwrap_or_default(), &mut errors);
        Ok(Self { name: checked(errors, name)?, as_of, lifecycle })
    }
}

/// A question for facts.
pub(in crate::grpc) struct Facts {
    pub(in crate::grpc) jurisdiction: JurisdictionId,
    pub(in crate::grpc) watermark: i64,
    /// One for each month.
    pub(in crate::grpc) questions: Vec<Question>,
    /// What was read before, where only differences are asked for.
    pub(in crate::grpc) since: Option<Since>,
    /// How they are told.
    pub(in crate::grpc) form: Form,
}

impl TryFrom<pb::StreamFactsRequest> for Facts {
    type Error = Error;

    fn try_from(request: pb::StreamFactsRequest) -> Result<Self, Error> {
        let mut errors = FieldErrors::default();
        let parent: Option<JurisdictionName> = errors.parse("parent", &request.parent);
        let asked =
            pb::MonthView { month: request.month, as_of: request.as_of, decided: request.decided };
        let asked = month_view(&mut errors, "", &asked);
        let time_zone: Option<TimeZone> = errors.parse("time_zone", &request.time_zone);
        if request.watermark < 0 {
            errors.push("watermark", "is negative; take it from a snapshot");
        }
        let freeze_day = u8::try_from(request.freeze_day)
            .ok()
            .filter(|day| (1..=FREEZE_DAY_MAX).contains(&i32::from(*day)));
        if freeze_day.is_none() {
            errors.push("freeze_day", format!("must be from 1 to {FREEZE_DAY_MAX}"));
        }
        let lifecycle = lifecycle(request.lifecycle.unwrap_or_default(), &mut errors);
        let further = further_months(&mut errors, &request.further_months, asked);
        let questions = (|| {
            let (time_zone, freeze_day) = (time_zone?, freeze_day?);
            let question = |(month, view)| {
                let time_zone = time_zone.clone();
                Question { month, time_zone, view, freeze_day, lifecycle }
            };
            Some(std::iter::once(asked?).chain(further).map(question).collect::<Vec<_>>())
        })();
        let watermark = request.watermark;
        let since = match (&request.since, &questions) {
            (Some(given), Some(questions)) => {
                since::since(&mut errors, given, questions, watermark)
            }
            _ => None,
        };
        let all = parent.zip(questions).map(|(parent, questions)| Self {
            jurisdiction: parent.jurisdiction,
            watermark,
            questions,
            since,
            form: Form {
                without_case_nos: request.without_case_nos,
                with_desk_lists: request.with_desk_lists,
            },
        });
        checked(errors, all)
    }
}

/// The months beside the one `asked` for, each once.
fn further_months(
    errors: &mut FieldErrors,
    given: &[pb::MonthView],
    asked: Option<(Month, View)>,
) -> Vec<(Month, View)> {
    if given.len() > FURTHER_MONTHS_MAX {
        errors.push("further_months", format!("are at most {FURTHER_MONTHS_MAX}"));
        return Vec::new();
    }
    let mut known: Vec<Month> = asked.iter().map(|(month, _)| *month).collect();
    let mut further = Vec::with_capacity(given.len());
    for (index, given) in given.iter().enumerate() {
        let prefix = format!("further_months[{index}].");
        let Some((month, view)) = month_view(errors, &prefix, given) else { continue };
        if known.contains(&month) {
            errors.push(format!("{prefix}month"), "is asked for twice");
        }
        known.push(month);
        further.push((month, view));
    }
    further
}

pub(super) fn month_view(
    errors: &mut FieldErrors,
    prefix: &str,
    given: &pb::MonthView,
) -> Option<(Month, View)> {
    let month = errors.parse(format!("{prefix}month"), &given.month);
    let view = required_view(errors, prefix, given.as_of.as_ref(), given.decided.as_ref());
    month.zip(view)
}

pub(super) fn required_view(
    errors: &mut FieldErrors,
    prefix: &str,
    as_of: Option<&Timestamp>,
    decided: Option<&Timestamp>,
) -> Option<View> {
    let as_of = required_instant(errors, &format!("{prefix}as_of"), as_of);
    let decided = required_instant(errors, &format!("{prefix}decided"), decided);
    Some(View { as_of: as_of?, decided: decided? })
}

fn lifecycle(given: pb::Lifecycle, errors: &mut FieldErrors) -> Lifecycle {
    fn setting<T: FromStr<Err: Display> + Default>(
        errors: &mut FieldErrors,
        name: &str,
        text: &str,
    ) -> T {
        let value = errors.parse_optional(format!("lifecycle.{name}"), text);
        value.flatten().unwrap_or_default()
    }
    Lifecycle {
        period_basis: setting(errors, "period_basis", &given.period_basis),
        late_correction: setting(errors, "late_correction", &given.late_correction),
        redispatch_deadline: setting(errors, "redispatch_deadline", &given.redispatch_deadline),
        suspension_when_overdue: setting(
            errors,
            "suspension_when_overdue",
            &given.suspension_when_overdue,
        ),
        extension_when_overdue: setting(
            errors,
            "extension_when_overdue",
            &given.extension_when_overdue,
        ),
        on_time_closing: setting(errors, "on_time_closing", &given.on_time_closing),
        rework: setting(errors, "rework", &given.rework),
        exempt_late: setting(errors, "exempt_late", &given.exempt_late),
        no_deadline: setting(errors, "no_deadline", &given.no_deadline),
        valid_report: setting(errors, "valid_report", &given.valid_report),
        missed_over: setting(errors, "missed_over", &given.missed_over),
        accurate_dispatch: setting(errors, "accurate_dispatch", &given.accurate_dispatch),
        suspended: setting(errors, "suspended", &given.suspended),
    }
}
