//! Former readings and changes.

use std::time::Duration;

use chengping_casework::{Question, View};
use chengping_chassis::error::FieldErrors;
use chengping_proto::cases::v1 as pb;
use chengping_types::name::JurisdictionName;

use super::checked;
use super::query::{month_view, required_view};
use crate::app::{Following, Since};
use crate::domain::Changes;
use crate::error::Error;

const KEEP_ALIVE_DEFAULT: Duration = Duration::from_secs(30);
const KEEP_ALIVE_MIN: Duration = Duration::from_secs(1);

/// The former reading of the months of these questions, which saw `watermark` records or less.
pub(super) fn since(
    errors: &mut FieldErrors,
    given: &pb::FormerReading,
    questions: &[Question],
    watermark: i64,
) -> Option<Since> {
    if !(0..=watermark).contains(&given.watermark) {
        errors.push("since.watermark", "must be from 0 to the watermark of now");
    }
    let first = required_view(errors, "since.", given.as_of.as_ref(), given.decided.as_ref());
    let mut views: Vec<View> = questions.iter().map(|question| question.view).collect();
    if let (Some(view), Some(first)) = (views.first_mut(), first) {
        *view = first;
    }
    for (index, further) in given.further_months.iter().enumerate() {
        let prefix = format!("since.further_months[{index}].");
        let Some((month, view)) = month_view(errors, &prefix, further) else { continue };
        match questions.iter().skip(1).position(|question| question.month == month) {
            Some(place) => views[place + 1] = view,
            None => errors.push(format!("{prefix}month"), "is not among further_months"),
        }
    }
    let is_later = |(former, question): (&View, &Question)| {
        former.as_of > question.view.as_of || former.decided > question.view.decided
    };
    if views.iter().zip(questions).any(is_later) {
        errors.push("since", "saw further than is asked for now; views only move forward");
    }
    first.map(|_| Since { watermark: given.watermark, views })
}

impl TryFrom<pb::WatchCaseChangesRequest> for Following {
    type Error = Error;

    fn try_from(request: pb::WatchCaseChangesRequest) -> Result<Self, Error> {
        let mut errors = FieldErrors::default();
        let parent: Option<JurisdictionName> = errors.parse("parent", &request.parent);
        if request.watermark.is_some_and(|watermark| watermark < 0) {
            errors.push("watermark", "is negative; take it from the last message, or leave it out");
        }
        if !request.history.is_empty() && request.watermark.is_none() {
            errors.push("history", "belongs to a watermark; give both or none");
        }
        let keep_alive = match request.keep_alive {
            None => Some(KEEP_ALIVE_DEFAULT),
            Some(given) => Duration::try_from(given).ok().filter(|given| *given >= KEEP_ALIVE_MIN),
        };
        if keep_alive.is_none() {
            errors.push("keep_alive", "must be at least a second");
        }
        let all = parent.zip(keep_alive).map(|(parent, keep_alive)| Self {
            jurisdiction: parent.jurisdiction,
            after: request.watermark,
            history: request.history,
            watermark_only: request.watermark_only,
            keep_alive,
        });
        checked(errors, all)
    }
}

pub(in crate::grpc) fn changes_to_pb(changes: Changes) -> pb::WatchCaseChangesResponse {
    let Changes { watermark, case_nos, history } = changes;
    pb::WatchCaseChangesResponse { watermark, case_nos, history }
}
