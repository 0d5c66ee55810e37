//! Inquiries as they are printed.

use chengping_proto::cases::v1::Event;
use chengping_proto::publication::v1::{Inquiry, InquiryEvent, InquiryEvidence};
use serde_json::{Value, json};

use crate::args::Format;
use crate::convert::{enum_text, last_part, second_text, time_text};
use crate::failure::Failure;
use crate::output::{Align, Output, Table};

fn kind(inquiry: &Inquiry) -> String {
    enum_text(inquiry.kind().as_str_name(), "KIND_")
}

fn subject(inquiry: &Inquiry) -> String {
    enum_text(inquiry.subject().as_str_name(), "SUBJECT_")
}

fn state(inquiry: &Inquiry) -> String {
    enum_text(inquiry.state().as_str_name(), "STATE_")
}

/// A line an inquiry.
pub(super) fn list(inquiries: &[Inquiry], out: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("number", Align::Right),
        ("kind", Align::Left),
        ("month", Align::Left),
        ("body", Align::Left),
        ("subject", Align::Left),
        ("case", Align::Left),
        ("state", Align::Left),
        ("due", Align::Left),
        ("corrected_by", Align::Left),
    ]);
    for inquiry in inquiries {
        table.row([
            last_part(&inquiry.name).to_owned(),
            kind(inquiry),
            inquiry.month.clone(),
            inquiry.body_id.clone(),
            subject(inquiry),
            inquiry.case_no.clone(),
            state(inquiry),
            second_text(inquiry.due_time.as_ref()),
            corrected_by(inquiry),
        ]);
    }
    out.report(&table, &inquiries.iter().map(json).collect::<Vec<_>>())
}

fn corrected_by(inquiry: &Inquiry) -> String {
    match inquiry.correcting_version.as_str() {
        "" => String::new(),
        version => format!("version {}", last_part(version)),
    }
}

/// An inquiry with all that belongs to it.
pub(super) fn whole(inquiry: &Inquiry, out: &mut Output) -> Result<(), Failure> {
    if out.format() != Format::Table {
        return list(std::slice::from_ref(inquiry), out);
    }
    let mut table = Table::new(&[("of the inquiry", Align::Left), ("value", Align::Left)]);
    let mut row = |what: &str, value: &str| {
        if !value.is_empty() {
            table.row([what.to_owned(), value.to_owned()]);
        }
    };
    row("number", last_part(&inquiry.name));
    row("kind", &kind(inquiry));
    row("month", &inquiry.month);
    row("body", &inquiry.body_id);
    row("subject", &subject(inquiry));
    row("case", &inquiry.case_no);
    row("objects to", &inquiry.bulletin_version);
    row("statement", &inquiry.statement);
    row("state", &state(inquiry));
    row("due", &second_text(inquiry.due_time.as_ref()));
    row("finding", &inquiry.finding);
    row("answer", &inquiry.answer);
    row("mended by", &inquiry.mended_by);
    row("corrected by", &inquiry.correcting_version);
    out.text(&table.to_string())?;
    if !inquiry.evidence.is_empty() {
        evidence(&inquiry.evidence, out)?;
    }
    events(inquiry, out)?;
    moves(inquiry, out)
}

/// What the decision writes into the record of the case.
pub(super) fn events(inquiry: &Inquiry, out: &mut Output) -> Result<(), Failure> {
    if inquiry.events.is_empty() || out.format() != Format::Table {
        return Ok(());
    }
    let mut table = Table::new(&[
        ("case", Align::Left),
        ("event_no", Align::Right),
        ("at", Align::Left),
        ("kind", Align::Left),
        ("unit", Align::Left),
        ("outcome", Align::Left),
        ("written", Align::Left),
    ]);
    for written in &inquiry.events {
        let event = written.event.clone().unwrap_or_default();
        table.row([
            event.case_no.clone(),
            event.event_no.to_string(),
            second_text(event.event_time.as_ref()),
            event_kind(&event),
            event.unit,
            event.outcome,
            written_text(written),
        ]);
    }
    out.text(&table.to_string())
}

fn event_kind(event: &Event) -> String {
    enum_text(event.kind().as_str_name(), "EVENT_KIND_")
}

fn written_text(event: &InquiryEvent) -> String {
    let state = enum_text(event.state().as_str_name(), "STATE_").replace('_', " ");
    if event.problem.is_empty() { state } else { format!("{state}: {}", event.problem) }
}

/// Evidence without its bytes.
pub(super) fn evidence(evidence: &[InquiryEvidence], out: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("piece", Align::Right),
        ("file", Align::Left),
        ("media_type", Align::Left),
        ("bytes", Align::Right),
        ("digest", Align::Left),
    ]);
    for piece in evidence {
        table.row([
            last_part(&piece.name).to_owned(),
            piece.file_name.clone(),
            piece.media_type.clone(),
            piece.size_bytes.to_string(),
            piece.digest.clone(),
        ]);
    }
    out.report(&table, &evidence.iter().map(evidence_json).collect::<Vec<_>>())
}

fn moves(inquiry: &Inquiry, out: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("state", Align::Left),
        ("actor", Align::Left),
        ("time", Align::Left),
        ("digest", Align::Left),
    ]);
    for step in &inquiry.moves {
        table.row([
            enum_text(step.state().as_str_name(), "STATE_"),
            step.actor.clone(),
            second_text(step.move_time.as_ref()),
            step.digest_after.clone(),
        ]);
    }
    out.text(&table.to_string())
}

fn evidence_json(piece: &InquiryEvidence) -> Value {
    json!({
        "name": piece.name,
        "file_name": piece.file_name,
        "media_type": piece.media_type,
        "size_bytes": piece.size_bytes,
        "digest": piece.digest,
        "author": piece.author,
    })
}

fn json(inquiry: &Inquiry) -> Value {
    let events = inquiry.events.iter().map(|written| {
        let event = written.event.clone().unwrap_or_default();
        json!({
            "case_no": event.case_no,
            "event_no": event.event_no.to_string(),
            "at": time_text(event.event_time.as_ref()),
            "kind": event_kind(&event),
            "unit": event.unit,
            "due_at": time_text(event.due_time.as_ref()),
            "outcome": event.outcome,
            "state": enum_text(written.state().as_str_name(), "STATE_"),
            "problem": written.problem,
            "watermark": written.watermark,
        })
    });
    let moves = inquiry.moves.iter().map(|step| {
        json!({
            "state": enum_text(step.state().as_str_name(), "STATE_"),
            "actor": step.actor,
            "time": time_text(step.move_time.as_ref()),
            "digest_before": step.digest_before,
            "digest_after": step.digest_after,
        })
    });
    json!({
        "name": inquiry.name,
        "kind": kind(inquiry),
        "month": inquiry.month,
        "body": inquiry.body_id,
        "subject": subject(inquiry),
        "case_no": inquiry.case_no,
        "bulletin_version": inquiry.bulletin_version,
        "statement": inquiry.statement,
        "author": inquiry.author,
        "state": state(inquiry),
        "due_time": time_text(inquiry.due_time.as_ref()),
        "create_time": time_text(inquiry.create_time.as_ref()),
        "finding": inquiry.finding,
        "reviewer": inquiry.reviewer,
        "answer": inquiry.answer,
        "decider": inquiry.decider,
        "decide_time": time_text(inquiry.decide_time.as_ref()),
        "mended_by": inquiry.mended_by,
        "correcting_version": inquiry.correcting_version,
        "events": events.collect::<Vec<_>>(),
        "evidence": inquiry.evidence.iter().map(evidence_json).collect::<Vec<_>>(),
        "moves": moves.collect::<Vec<_>>(),
    })
}
