//! The process of a case.

use chengping_casework::Stage;
use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::timeline::State;
use chengping_types::JurisdictionId;
use serde_json::Value;

use super::{event_to_pb, timestamp};
use crate::app::CaseTimeline;

pub(in crate::grpc) fn timeline_to_pb(
    jurisdiction: &JurisdictionId,
    case: CaseTimeline,
) -> pb::Timeline {
    let CaseTimeline { timeline, events } = case;
    let mut irregularities = Vec::new();
    for irregularity in timeline.steps.iter().filter_map(|step| step.irregularity) {
        let name = match serde_json::to_value(irregularity) {
            Ok(Value::String(name)) => name,
            other => unreachable!("an irregularity is written as a word, not {other:?}"),
        };
        if !irregularities.contains(&name) {
            irregularities.push(name);
        }
    }
    pb::Timeline {
        state: state(timeline.stage).into(),
        unit: timeline.unit.map(|unit| unit.to_string()).unwrap_or_default(),
        due_time: timeline.deadline.map(timestamp),
        handle_time: timeline.handled_at.map(timestamp),
        close_time: timeline.closed_at.map(timestamp),
        on_time: timeline.on_time,
        rework_rounds: timeline.rework_rounds.into(),
        irregularities,
        events: events.into_iter().map(|event| event_to_pb(jurisdiction, event)).collect(),
    }
}

/// The stages of desks are one state with what they wait for.
fn state(stage: Stage) -> State {
    match stage {
        Stage::Reported | Stage::Verifying => State::Reported,
        Stage::SelfHandled => State::SelfHandled,
        Stage::Declined => State::Declined,
        Stage::Accepted => State::Accepted,
        Stage::Refused => State::Refused,
        Stage::Filed => State::Filed,
        Stage::Handling => State::Dispatched,
        Stage::Returned => State::Returned,
        Stage::Suspended => State::Suspended,
        Stage::Handled | Stage::Checking | Stage::Checked => State::Handled,
        Stage::Closed => State::Closed,
        Stage::Voided => State::Voided,
    }
}
