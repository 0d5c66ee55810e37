//! Cases and events as the API has them.

use anyhow::Context as _;
use chengping_casework::{Case, Event, EventKind};
use chengping_proto::cases::v1::{self as pb, CaseRecord, EventRecord, Position};

use super::{enum_name, timestamp};

/// A case with its place.
pub fn case_record(case: &Case, position: Position) -> CaseRecord {
    let source = enum_name(case.source.as_str(), "SOURCE_");
    let case = pb::Case {
        case_no: case.case_no.to_string(),
        source: pb::Source::from_str_name(&source).unwrap_or_default().into(),
        category_scheme: case.category_scheme.clone(),
        category_code: case.category_code.clone(),
        area_code: case.area_code.clone(),
        collector: case.collector.as_ref().map(ToString::to_string).unwrap_or_default(),
        title: case.title.clone().unwrap_or_default(),
        filing_condition: case.filing_condition.clone().unwrap_or_default(),
        ..pb::Case::default()
    };
    CaseRecord { case: Some(case), position: Some(position) }
}

/// An event with its place. `no_deadline` says that its platform sets no deadline: then a dispatch
/// may lack one, else the service has to compute it.
///
/// # Errors
///
/// When its number is larger than the API can carry.
pub fn event_record(
    event: &Event,
    position: Position,
    no_deadline: bool,
) -> anyhow::Result<EventRecord> {
    let kind = enum_name(event.kind.as_str(), "EVENT_KIND_");
    let event = pb::Event {
        case_no: event.case_no.to_string(),
        event_no: i64::try_from(event.event_no).context("the event number is too large")?,
        event_time: Some(timestamp(event.at)),
        kind: pb::EventKind::from_str_name(&kind).unwrap_or_default().into(),
        actor: event.actor.as_ref().map(ToString::to_string).unwrap_or_default(),
        unit: event.unit.as_ref().map(ToString::to_string).unwrap_or_default(),
        due_time: event.due_at.map(timestamp),
        stage_due_time: event.stage_due_at.map(timestamp),
        outcome: event.outcome.clone().unwrap_or_default(),
        note: event.note.clone().unwrap_or_default(),
        no_deadline: no_deadline && event.kind == EventKind::Dispatched && event.due_at.is_none(),
        ..pb::Event::default()
    };
    Ok(EventRecord { event: Some(event), position: Some(position) })
}

#[cfg(test)]
mod tests {
    use chengping_casework::Source;

    use super::*;

    #[test]
    fn every_source_and_kind_has_its_number() {
        for source in Source::ALL {
            let name = enum_name(source.as_str(), "SOURCE_");
            let number = pb::Source::from_str_name(&name).map(i32::from);
            assert_eq!(number, Some(i32::from(source.code())), "{name}");
        }
        for kind in EventKind::ALL {
            let name = enum_name(kind.as_str(), "EVENT_KIND_");
            let number = pb::EventKind::from_str_name(&name).map(i32::from);
            assert_eq!(number, Some(i32::from(kind.code())), "{name}");
        }
    }

    #[test]
    fn a_dispatch_of_a_platform_without_deadlines_says_so() {
        let event = |kind| Event {
            case_no: "1".parse().unwrap(),
            event_no: 1,
            at: "2011-08-01T00:00:00-04:00".parse().unwrap(),
            kind,
            actor: None,
            unit: None,
            due_at: None,
            stage_due_at: None,
            outcome: None,
            note: None,
        };
        let no_deadline = |kind, of_platform| {
            let record = event_record(&event(kind), Position::default(), of_platform).unwrap();
            record.event.unwrap().no_deadline
        };
        assert!(no_deadline(EventKind::Dispatched, true));
        assert!(!no_deadline(EventKind::Dispatched, false));
        assert!(!no_deadline(EventKind::Extended, true));
    }
}
