//! The digest of what was accepted about a case.

use std::fmt::{Display, Write as _};

use chengping_types::Digest;

use crate::{Case, Event};

/// The digest of a case and its events, in canonical JSON; the order of `events` does not matter.
///
/// Title and notes are not in it (decisions.md 220): no score can depend on them, and what somebody
/// wrote about persons must be erasable without a digest that breaks.
#[must_use]
pub fn case_digest(case: &Case, events: &[Event]) -> Digest {
    let mut text = String::with_capacity(256 * (events.len() + 1));
    write_evidence(&mut text, case, events);
    Digest::of(text.as_bytes())
}

/// Writes the canonical JSON (RFC 8785) by hand, keys in their order: all evidence of a month is
/// written, and by way of a tree of values that takes ten times as long.
fn write_evidence(out: &mut String, case: &Case, events: &[Event]) {
    out.push_str("{\"case\":{\"area_code\":");
    quote(out, &case.area_code);
    field(out, "case_no", case.case_no.as_str());
    field(out, "category_code", &case.category_code);
    field(out, "category_scheme", &case.category_scheme);
    if let Some(collector) = &case.collector {
        field(out, "collector", collector.as_str());
    }
    if let Some(condition) = &case.filing_condition {
        field(out, "filing_condition", condition);
    }
    field(out, "source", case.source.as_str());
    out.push_str("},\"events\":[");
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_unstable_by_key(|event| event.event_no);
    for (place, event) in sorted.into_iter().enumerate() {
        out.push_str(if place == 0 { "{\"actor\":" } else { ",{\"actor\":" });
        optional(out, event.actor.as_ref().map(|actor| actor.as_str()));
        shown(out, "at", Some(event.at));
        field(out, "case_no", event.case_no.as_str());
        shown(out, "due_at", event.due_at);
        // As a text: it may be beyond what every JSON reader holds exactly.
        shown(out, "event_no", Some(event.event_no));
        field(out, "kind", event.kind.as_str());
        out.push_str(",\"outcome\":");
        optional(out, event.outcome.as_deref());
        shown(out, "stage_due_at", event.stage_due_at);
        out.push_str(",\"unit\":");
        optional(out, event.unit.as_ref().map(|unit| unit.as_str()));
        out.push('}');
    }
    out.push_str("]}");
}

fn field(out: &mut String, key: &str, text: &str) {
    write_key(out, key);
    quote(out, text);
}

fn write_key(out: &mut String, key: &str) {
    out.push_str(",\"");
    out.push_str(key);
    out.push_str("\":");
}

/// A value whose text needs no escapes.
fn shown(out: &mut String, key: &str, value: Option<impl Display>) {
    write_key(out, key);
    match value {
        Some(value) => write!(out, "\"{value}\"").expect("a string takes everything"),
        None => out.push_str("null"),
    }
}

fn optional(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => quote(out, text),
        None => out.push_str("null"),
    }
}

/// A text as RFC 8785, 3.2.2.2 writes it.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    while let Some(place) = rest.bytes().position(is_special) {
        out.push_str(&rest[..place]);
        match rest.as_bytes()[place] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            control => write!(out, "\\u{control:04x}").expect("a string takes everything"),
        }
        rest = &rest[place + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use chengping_types::{BodyId, CaseNo, Instant, canonical};
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde::Serialize;

    use super::*;
    use crate::script::{case, events};
    use crate::{EventKind, Source};

    /// What the digest is that of, said to a serialiser.
    #[derive(Serialize)]
    struct Evidence<'a> {
        case: Case,
        events: Vec<EventEvidence<'a>>,
    }

    #[derive(Serialize)]
    struct EventEvidence<'a> {
        case_no: &'a CaseNo,
        event_no: String,
        at: Instant,
        kind: EventKind,
        actor: &'a Option<BodyId>,
        unit: &'a Option<BodyId>,
        due_at: Option<Instant>,
        stage_due_at: Option<Instant>,
        outcome: &'a Option<String>,
    }

    fn canonical_form(case: &Case, events: &[Event]) -> String {
        let mut events: Vec<&Event> = events.iter().collect();
        events.sort_by_key(|event| event.event_no);
        let events = events
            .into_iter()
            .map(|event| EventEvidence {
                case_no: &event.case_no,
                event_no: event.event_no.to_string(),
                at: event.at,
                kind: event.kind,
                actor: &event.actor,
                unit: &event.unit,
                due_at: event.due_at,
                stage_due_at: event.stage_due_at,
                outcome: &event.outcome,
            })
            .collect();
        let case = Case { title: None, ..case.clone() };
        String::from_utf8(canonical::to_vec(&Evidence { case, events }).unwrap()).unwrap()
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z0-9-]{0,12}",
            "\\PC{0,8}",
            "[\\x00-\\x7f\u{80}\u{2028}\u{1f600}\"\\\\]{0,8}"
        ]
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let time =
            || (Instant::MIN.as_micros()..=Instant::MAX.as_micros()).prop_map(Instant::from_micros);
        let body = || prop::option::of("[a-z0-9-]{1,9}".prop_map(|text| text.parse().unwrap()));
        let outcome = prop::option::of(any_text());
        let times = (time(), prop::option::of(time()), prop::option::of(time()));
        (any::<u64>(), times, select(EventKind::ALL), body(), body(), outcome).prop_map(
            |(event_no, (at, due_at, stage_due_at), kind, actor, unit, outcome)| Event {
                case_no: "案\"1\\".parse().unwrap(),
                event_no,
                at,
                kind,
                actor,
                unit,
                due_at,
                stage_due_at,
                outcome,
                note: Some("x".to_owned()),
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_by_hand_is_the_canonical_form(
            texts in (any_text(), any_text(), any_text(), prop::option::of(any_text())),
            collector in prop::option::of("[a-z0-9-]{1,9}"),
            source in select(Source::ALL),
            events in prop::collection::vec(any_event(), 0..5),
        ) {
            let (category_scheme, category_code, area_code, filing_condition) = texts;
            let case = Case {
                case_no: "案\"1\\".parse().unwrap(),
                source,
                category_scheme,
                category_code,
                area_code,
                collector: collector.map(|text| text.parse().unwrap()),
                title: Some("x".to_owned()),
                filing_condition,
            };
            let mut written = String::new();
            write_evidence(&mut written, &case, &events);
            prop_assert_eq!(written, canonical_form(&case, &events));
        }
    }

    #[test]
    fn everything_that_a_score_can_depend_on_is_in_the_digest() {
        let before = case_digest(&case(), &events("04-20T09 filed"));
        let other = Case { area_code: "R2".to_owned(), ..case() };
        assert_ne!(case_digest(&other, &events("04-20T09 filed")), before);
        assert_ne!(case_digest(&case(), &events("04-20T10 filed")), before);
        assert_ne!(case_digest(&case(), &events("04-20T09 filed by=sup1")), before);
    }

    #[test]
    fn erasing_title_and_notes_breaks_no_digest() {
        let before = case_digest(&case(), &events("04-20T09 filed"));
        let mut noted = events("04-20T09 filed");
        noted[0].note = Some("x".to_owned());
        let titled = Case { title: Some("x".to_owned()), ..case() };
        assert_eq!(case_digest(&titled, &noted), before);
    }

    #[test]
    fn the_largest_event_number_has_a_digest() {
        let mut events = events("04-20T09 filed");
        events[0].event_no = u64::MAX;
        let digest = case_digest(&case(), &events);
        events[0].event_no = u64::MAX - 1;
        assert_ne!(case_digest(&case(), &events), digest);
    }
}
