//! `chengping object`, `inquire`, `review`, `decide`, `inquiries` and `evidence`: contesting a month.

mod shown;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use chengping_proto::cases::v1::{Event, EventKind};
use chengping_proto::publication::v1::decide_inquiry_request::Decision;
use chengping_proto::publication::v1::inquiry::{Kind, State, Subject};
use chengping_proto::publication::v1::inquiry_event;
use chengping_proto::publication::v1::{
    CreateInquiryEvidenceRequest, CreateInquiryRequest, DecideInquiryRequest,
    GetInquiryEvidenceRequest, GetInquiryRequest, Inquiry, InquiryEvidence, ListInquiriesRequest,
    ReviewInquiryRequest,
};
use chengping_types::Instant;
use clap::{Args, ValueEnum};
use uuid::Uuid;

use crate::args::Common;
use crate::attached::AttachedFile;
use crate::clients::{Clients, all_pages};
use crate::convert::{enum_name, last_part, timestamp};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Output, say};

/// How often it is looked whether a decision is written.
const PAUSE: Duration = Duration::from_millis(100);
/// How often at most.
const LOOKS: usize = 50;

/// How much evidence an inquiry has at most, and how large a piece is.
const EVIDENCE_MAX: usize = 8;
const EVIDENCE_BYTES_MAX: usize = 1 << 20;

/// Flags of `object` and `inquire`.
#[derive(Debug, Args)]
pub struct FileArgs {
    /// Body that asks
    #[arg(long, value_name = "BODY")]
    body: String,
    /// What it is about
    #[arg(long, value_enum)]
    subject: AboutWhat,
    /// Case concerned
    #[arg(long, value_name = "CASE_NO", default_value = "")]
    case: String,
    /// What is claimed
    #[arg(long, value_name = "TEXT")]
    statement: String,
    /// Evidence, at most 1 MiB; may be repeated
    #[arg(long, value_name = "FILE")]
    evidence: Vec<PathBuf>,
}

/// What an inquiry is about.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum AboutWhat {
    /// Lateness, rework, attribution or zone of a case
    CaseFact,
    /// The stream of a case
    Stream,
    /// A supervision order
    Order,
    /// A return visit
    Visit,
    /// A value of the registry
    RegistryValue,
    /// A formula or weight
    Formula,
}

impl From<AboutWhat> for Subject {
    fn from(about: AboutWhat) -> Self {
        match about {
            AboutWhat::CaseFact => Self::CaseFact,
            AboutWhat::Stream => Self::Stream,
            AboutWhat::Order => Self::Order,
            AboutWhat::Visit => Self::Visit,
            AboutWhat::RegistryValue => Self::RegistryValue,
            AboutWhat::Formula => Self::Formula,
        }
    }
}

/// Flags of `inquiries`.
#[derive(Debug, Args)]
pub struct InquiriesArgs {
    /// Number of one, to show with its evidence and steps
    number: Option<u64>,
    /// Only those of this body
    #[arg(long, value_name = "BODY", default_value = "")]
    body: String,
    /// Only those in this state
    #[arg(long, value_enum)]
    state: Option<Standing>,
    /// Only those whose answer is overdue
    #[arg(long)]
    overdue: bool,
}

/// Where an inquiry stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Standing {
    /// Waits for the first review
    Filed,
    /// Waits for the decision
    Reviewed,
    /// Upheld
    Upheld,
    /// Refused
    Refused,
}

impl From<Standing> for State {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Filed => Self::Filed,
            Standing::Reviewed => Self::Reviewed,
            Standing::Upheld => Self::Upheld,
            Standing::Refused => Self::Refused,
        }
    }
}

/// Flags of `review`.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Number of the inquiry
    number: u64,
    /// What was found
    #[arg(long, value_name = "TEXT")]
    finding: String,
}

/// Flags of `decide`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("decision").required(true).args(["uphold", "refuse"])))]
pub struct DecideArgs {
    /// Number of the inquiry
    number: u64,
    /// It is right
    #[arg(long)]
    uphold: bool,
    /// The figure stands
    #[arg(long)]
    refuse: bool,
    /// The answer
    #[arg(long, value_name = "TEXT")]
    answer: String,
    /// Leave the case out of these counts: `late`, `rework` or `all`
    #[arg(long, value_name = "WHAT", requires = "uphold")]
    exempt: Option<String>,
    /// Withdraw the latest order of the case
    #[arg(long, requires = "uphold")]
    withdraw_order: bool,
    /// Event to write into the record of the case, as KIND or KIND,FIELD=VALUE,… with the fields of
    /// events.csv (at, unit, due_at, outcome); may be repeated
    #[arg(long = "event", value_name = "EVENT", requires = "uphold", value_parser = event)]
    events: Vec<Event>,
    /// Registry revision or revision of a rule pack that mends it, as its resource name
    #[arg(long, value_name = "NAME", requires = "uphold", default_value = "")]
    mended_by: String,
}

/// Flags of `evidence`.
#[derive(Debug, Args)]
pub struct EvidenceArgs {
    /// Number of the inquiry
    number: u64,
    /// Number of the piece to get, from 1
    #[arg(requires = "out", required_unless_present = "add")]
    piece: Option<u64>,
    /// File to write it to
    #[arg(long, value_name = "FILE", requires = "piece")]
    out: Option<PathBuf>,
    /// File to add as evidence, at most 1 MiB, until the inquiry is decided; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "piece")]
    add: Vec<PathBuf>,
}

/// An event as it is typed.
fn event(text: &str) -> Result<Event, String> {
    let mut parts = text.split(',');
    let kind = parts.next().unwrap_or_default();
    let known = EventKind::from_str_name(&enum_name(kind, "EVENT_KIND_"));
    let kind = known.ok_or_else(|| format!("{kind:?} is no kind of event"))?;
    let mut event = Event { kind: kind.into(), ..Event::default() };
    for part in parts {
        let (field, value) = part.split_once('=').ok_or("expected FIELD=VALUE behind the kind")?;
        let instant = || {
            let instant: Result<Instant, _> = value.parse();
            instant.map(timestamp).map_err(|error| format!("{field}: {error}"))
        };
        match field {
            "at" => event.event_time = Some(instant()?),
            "due_at" => event.due_time = Some(instant()?),
            "unit" => value.clone_into(&mut event.unit),
            "outcome" => value.clone_into(&mut event.outcome),
            "no_deadline" => event.no_deadline = value == "true",
            _ => return Err(format!("{field:?} is not at, unit, due_at, outcome or no_deadline")),
        }
    }
    Ok(event)
}

/// Files an objection to the version of a month that is in its objection window.
pub async fn object(
    common: &Common,
    args: &FileArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    file(common, args, Kind::Objection, out).await
}

/// Files an inquiry about a month.
pub async fn inquire(
    common: &Common,
    args: &FileArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    file(common, args, Kind::Inquiry, out).await
}

async fn file(
    common: &Common,
    args: &FileArgs,
    kind: Kind,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let month = common.required_month()?;
    // Before anything is filed: a file that cannot be sent is a mistake of the command.
    let evidence = pieces(&args.evidence)?;
    let clients = Clients::connect(common).await?;
    let inquiry = Inquiry {
        kind: kind.into(),
        month: month.to_string(),
        body_id: args.body.clone(),
        subject: Subject::from(args.subject).into(),
        case_no: args.case.clone(),
        statement: args.statement.clone(),
        ..Inquiry::default()
    };
    let request = CreateInquiryRequest {
        parent: clients.parent(),
        inquiry: Some(inquiry),
        request_id: Uuid::new_v4().to_string(),
    };
    let what = match kind {
        Kind::Objection => "file the objection",
        _ => "file the inquiry",
    };
    let inquiry = clients.inquiries().create_inquiry(request).await.doing(what)?.into_inner();
    add(&clients, &inquiry.name, evidence).await?;
    let inquiry = get(&clients, &inquiry.name).await?;
    shown::list(&[inquiry], out)?;
    Ok(Outcome::Done)
}

/// Evidence as it is sent, all of it read before anything of it is.
fn pieces(paths: &[PathBuf]) -> Result<Vec<InquiryEvidence>, Failure> {
    if paths.len() > EVIDENCE_MAX {
        return Err(Failure::usage(format!("send at most {EVIDENCE_MAX} pieces of evidence")));
    }
    let piece = |path: &PathBuf| {
        let AttachedFile { file_name, media_type, content } =
            AttachedFile::read(path, EVIDENCE_BYTES_MAX)?;
        Ok(InquiryEvidence { file_name, media_type, content, ..InquiryEvidence::default() })
    };
    paths.iter().map(piece).collect()
}

/// Adds evidence to an inquiry.
async fn add(
    clients: &Clients,
    inquiry: &str,
    evidence: Vec<InquiryEvidence>,
) -> Result<(), Failure> {
    for evidence in evidence {
        let number = last_part(inquiry);
        let doing = format!(
            "add {}; the inquiry is filed: `chengping evidence {number} --add FILE` adds what is missing",
            evidence.file_name
        );
        let request =
            CreateInquiryEvidenceRequest { parent: inquiry.to_owned(), evidence: Some(evidence) };
        clients.inquiries().create_inquiry_evidence(request).await.doing(doing)?;
    }
    Ok(())
}

/// Lists inquiries, or shows one with all that belongs to it.
pub async fn inquiries(
    common: &Common,
    args: &InquiriesArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    if let Some(number) = args.number {
        let inquiry = get(&clients, &name(&clients, number)).await?;
        shown::whole(&inquiry, out)?;
        return Ok(Outcome::Done);
    }
    let request = ListInquiriesRequest {
        parent: clients.parent(),
        month: common.month.map(|month| month.to_string()).unwrap_or_default(),
        body_id: args.body.clone(),
        state: args.state.map_or(State::Unspecified, State::from).into(),
        overdue: args.overdue,
        ..ListInquiriesRequest::default()
    };
    let found = all_pages!(clients.inquiries(), list_inquiries, request, inquiries);
    shown::list(&found.doing("list the inquiries")?, out)?;
    Ok(Outcome::Done)
}

/// Gives the first review of an inquiry.
pub async fn review(
    common: &Common,
    args: &ReviewArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let request = ReviewInquiryRequest {
        name: name(&clients, args.number),
        finding: args.finding.clone(),
        etag: String::new(),
    };
    let inquiry = clients.inquiries().review_inquiry(request).await;
    shown::list(&[inquiry.doing("review the inquiry")?.into_inner()], out)?;
    Ok(Outcome::Done)
}

/// Decides an inquiry, and waits a little for what it writes.
pub async fn decide(
    common: &Common,
    args: &DecideArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let exempted = args.exempt.iter().map(|outcome| Event {
        kind: EventKind::Exempted.into(),
        outcome: outcome.clone(),
        ..Event::default()
    });
    let withdrawn = args
        .withdraw_order
        .then(|| Event { kind: EventKind::OrderWithdrawn.into(), ..Event::default() });
    let decision = if args.uphold { Decision::Upheld } else { Decision::Refused };
    let request = DecideInquiryRequest {
        name: name(&clients, args.number),
        decision: decision.into(),
        answer: args.answer.clone(),
        etag: String::new(),
        events: exempted.chain(withdrawn).chain(args.events.iter().cloned()).collect(),
        mended_by: args.mended_by.clone(),
    };
    let inquiry = clients.inquiries().decide_inquiry(request).await;
    let mut inquiry = inquiry.doing("decide the inquiry")?.into_inner();
    let waits = |inquiry: &Inquiry| {
        inquiry.events.iter().any(|event| event.state() == inquiry_event::State::Pending)
    };
    for _ in 0..LOOKS {
        if !waits(&inquiry) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        inquiry = get(&clients, &inquiry.name).await?;
    }
    shown::list(std::slice::from_ref(&inquiry), out)?;
    shown::events(&inquiry, out)?;
    if inquiry.events.iter().any(|event| event.state() != inquiry_event::State::Written) {
        say(
            "note: the decision is made, and not all of it is written into the record of the case \
             yet; it is sent again until it is",
        );
    } else if inquiry.state() == State::Upheld {
        let month = &inquiry.month;
        say(format_args!(
            "evaluate again, `chengping evaluate --month {month} --decided now`, and make the next \
             version from that"
        ));
    }
    Ok(Outcome::Done)
}

/// Writes a piece of evidence to a file, or adds some.
pub async fn evidence(
    common: &Common,
    args: &EvidenceArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let added = pieces(&args.add)?;
    let clients = Clients::connect(common).await?;
    let inquiry = name(&clients, args.number);
    let (Some(piece), Some(path)) = (args.piece, &args.out) else {
        add(&clients, &inquiry, added).await?;
        shown::whole(&get(&clients, &inquiry).await?, out)?;
        return Ok(Outcome::Done);
    };
    let request = GetInquiryEvidenceRequest { name: format!("{inquiry}/evidence/{piece}") };
    let evidence = clients.inquiries().get_inquiry_evidence(request).await;
    let evidence = evidence.doing("get the evidence")?.into_inner();
    let shown = path.display();
    fs::write(path, &evidence.content).with_context(|| format!("cannot write {shown}"))?;
    shown::evidence(std::slice::from_ref(&evidence), out)?;
    Ok(Outcome::Done)
}

async fn get(clients: &Clients, name: &str) -> Result<Inquiry, Failure> {
    let request = GetInquiryRequest { name: name.to_owned() };
    let found = clients.inquiries().get_inquiry(request).await;
    Ok(found.doing(format!("get {name}"))?.into_inner())
}

fn name(clients: &Clients, number: u64) -> String {
    format!("{}/inquiries/{number}", clients.parent())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_typed_with_the_fields_of_its_file() {
        let typed = event("handled,at=2018-04-03T09:00:00+08:00,unit=b1").unwrap();
        assert_eq!((typed.kind(), typed.unit.as_str()), (EventKind::Handled, "b1"));
        assert_eq!(typed.event_time.unwrap().seconds, 1_522_717_200);
        for bad in ["", "gone", "handled,unit", "handled,at=soon", "handled,note=x"] {
            assert!(event(bad).is_err(), "{bad}");
        }
    }
}
