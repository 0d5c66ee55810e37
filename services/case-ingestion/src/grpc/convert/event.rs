//! Events.

use chengping_casework::{ComputedDeadline, Event, EventKind};
use chengping_proto::cases::v1 as pb;
use chengping_types::JurisdictionId;
use chengping_types::name::EventName;
use serde_json::{Map, Value};

use super::record::{body, case_no, display_time, fields, name_of, text, time};
use super::timestamp;
use crate::app::ShownEvent;
use crate::domain::{Accepted, Fault, SentEvent, check_event};

/// The event of a message, or the first thing that is wrong with it.
pub(super) fn event(message: &pb::Event) -> Result<SentEvent, Fault> {
    let case_no = case_no(&message.case_no)?;
    let event_no = u64::try_from(message.event_no).ok().filter(|number| *number > 0);
    let event_no = event_no.ok_or_else(|| {
        let message = format!("event_no is {}; use a whole number above 0", message.event_no);
        Fault::new("bad_event_no", "event_no", message)
    })?;
    let at = time("at", message.event_time.as_ref())?
        .ok_or_else(|| Fault::new("missing_at", "at", "the event has no time; give it"))?;
    let kind = kind(message.kind).ok_or_else(|| match message.kind {
        0 => Fault::new("missing_kind", "kind", "the event has no kind; give it"),
        number => {
            let message = format!("kind {number} is not known; use one of the listed ones");
            Fault::new("unknown_kind", "kind", message)
        }
    })?;
    let optional = |column, given: &str| {
        text(column, given).map(|text| Some(text).filter(|text| !text.is_empty()))
    };
    let event = Event {
        case_no,
        event_no,
        at,
        kind,
        actor: body("actor", &message.actor)?,
        unit: body("unit", &message.unit)?,
        due_at: time("due_at", message.due_time.as_ref())?,
        stage_due_at: time("stage_due_at", message.stage_due_time.as_ref())?,
        outcome: optional("outcome", &message.outcome)?,
        note: optional("note", &message.note)?,
    };
    check_event(&event)?;
    Ok(SentEvent { event, no_deadline: message.no_deadline })
}

/// What a reject keeps of a message that is no event.
pub(super) fn payload(message: &pb::Event) -> Map<String, Value> {
    let time = |given: &Option<_>| given.as_ref().map(display_time).unwrap_or_default();
    let number = message.event_no;
    let mut payload = fields([
        ("case_no", message.case_no.clone()),
        ("event_no", if number == 0 { String::new() } else { number.to_string() }),
        ("at", time(&message.event_time)),
        ("kind", name_of(kind(message.kind).map(EventKind::as_str), message.kind)),
        ("actor", message.actor.clone()),
        ("unit", message.unit.clone()),
        ("due_at", time(&message.due_time)),
        ("stage_due_at", time(&message.stage_due_time)),
        ("outcome", message.outcome.clone()),
        ("note", message.note.clone()),
    ]);
    if message.no_deadline {
        payload.insert("no_deadline".to_owned(), Value::Bool(true));
    }
    payload
}

/// The numbers of the API are the codes of the domain.
fn kind(number: i32) -> Option<EventKind> {
    u8::try_from(number).ok().and_then(EventKind::from_code)
}

pub(in crate::grpc) fn event_to_pb(jurisdiction: &JurisdictionId, shown: ShownEvent) -> pb::Event {
    let ShownEvent { accepted, computed, missed_months } = shown;
    let Accepted { record: event, sequence, create_time } = accepted;
    let name = EventName {
        jurisdiction: jurisdiction.clone(),
        case_no: event.case_no.clone(),
        event: event.event_no,
    };
    pb::Event {
        name: name.to_string(),
        case_no: event.case_no.to_string(),
        event_no: i64::try_from(event.event_no).expect("checked on the way in"),
        event_time: Some(timestamp(event.at)),
        kind: event.kind.code().into(),
        actor: event.actor.map(|body| body.to_string()).unwrap_or_default(),
        unit: event.unit.map(|body| body.to_string()).unwrap_or_default(),
        due_time: event.due_at.map(timestamp),
        stage_due_time: event.stage_due_at.map(timestamp),
        outcome: event.outcome.unwrap_or_default(),
        note: event.note.unwrap_or_default(),
        no_deadline: event.kind == EventKind::Dispatched && event.due_at.is_none(),
        create_time: Some(timestamp(create_time)),
        sequence,
        computed_deadline: computed.map(computed_to_pb),
        missed_months: missed_months.iter().map(ToString::to_string).collect(),
    }
}

pub(super) fn computed_to_pb(computed: ComputedDeadline) -> pb::ComputedDeadline {
    pb::ComputedDeadline {
        start_time: Some(timestamp(computed.start)),
        condition_id: computed.condition_id,
        limit: computed.limit.value.to_string(),
        unit: computed.limit.unit.to_string(),
        calendar_digest: computed.calendar.map(|digest| digest.to_string()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;

    use super::*;
    use crate::domain::{Record as _, parse_event_payload};

    fn message() -> pb::Event {
        pb::Event {
            case_no: "A-1".to_owned(),
            event_no: 7,
            event_time: Some(Timestamp { seconds: 1_522_718_100, nanos: 1_000 }),
            kind: pb::EventKind::Dispatched.into(),
            actor: "cmd1".to_owned(),
            unit: "b01".to_owned(),
            due_time: Some(Timestamp { seconds: 1_522_728_100, nanos: 0 }),
            stage_due_time: Some(Timestamp { seconds: -1, nanos: 500_000_000 }),
            note: "请尽快".to_owned(),
            ..pb::Event::default()
        }
    }

    fn fault(change: impl Fn(&mut pb::Event)) -> (&'static str, &'static str) {
        let mut message = message();
        change(&mut message);
        let fault = event(&message).unwrap_err();
        (fault.code, fault.column)
    }

    #[test]
    fn numbers_of_the_api_are_the_codes_of_the_domain() {
        for known in EventKind::ALL {
            let api = pb::EventKind::try_from(i32::from(known.code())).unwrap();
            let name = format!("EVENT_KIND_{}", known.as_str().to_uppercase());
            assert_eq!(api.as_str_name(), name);
        }
    }

    #[test]
    fn a_good_event_has_the_same_payload_before_and_after_it_was_read_and_is_read_back() {
        let without_deadline = pb::Event { due_time: None, no_deadline: true, ..message() };
        for message in [message(), without_deadline] {
            let read = event(&message).unwrap();
            let kept = read.payload();
            assert_eq!(chengping_types::canonical::to_vec(&payload(&message)).unwrap(), kept);
            assert_eq!(parse_event_payload(&kept), Some(read));
        }
    }

    #[test]
    fn a_time_finer_than_a_microsecond_is_refused_and_kept_as_it_was() {
        let mut message = message();
        message.event_time = Some(Timestamp { seconds: 0, nanos: 1_001 });
        assert_eq!(event(&message).unwrap_err().code, "bad_timestamp");
        assert_eq!(payload(&message)["at"], "1970-01-01T00:00:00.000001001Z");
        message.event_time = Some(Timestamp { seconds: i64::MAX, nanos: -1 });
        assert_eq!(event(&message).unwrap_err().code, "bad_timestamp");
    }

    #[test]
    fn each_mistake_has_its_code_and_column() {
        assert_eq!(fault(|event| event.case_no.clear()), ("missing_case_no", "case_no"));
        assert_eq!(fault(|event| event.event_no = 0), ("bad_event_no", "event_no"));
        assert_eq!(fault(|event| event.event_no = -1), ("bad_event_no", "event_no"));
        assert_eq!(fault(|event| event.event_time = None), ("missing_at", "at"));
        assert_eq!(fault(|event| event.kind = 0), ("missing_kind", "kind"));
        assert_eq!(fault(|event| event.kind = 25), ("unknown_kind", "kind"));
        assert_eq!(fault(|event| event.actor.push('!')), ("unknown_body", "actor"));
        assert_eq!(fault(|event| event.unit.clear()), ("missing_unit", "unit"));
        let returned = |event: &mut pb::Event| {
            event.kind = pb::EventKind::Returned.into();
            event.unit.clear();
        };
        assert_eq!(fault(returned), ("missing_unit", "unit"));
        assert_eq!(fault(|event| event.note.push('\0')), ("nul_byte", "note"));
        let long = "x".repeat(64 * 1024 + 1);
        assert_eq!(fault(|event| event.note.clone_from(&long)), ("field_too_long", "note"));
        let closed = |event: &mut pb::Event| event.kind = pb::EventKind::Closed.into();
        assert_eq!(fault(closed), ("bad_outcome", "outcome"));
    }
}
