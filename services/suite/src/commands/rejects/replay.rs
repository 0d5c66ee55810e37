//! `chengping rejects replay`: takes in the corrected row of a reject.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use chengping_interchange::{FileKind, Format, Reader, Record};
use chengping_proto::cases::v1::reject::State;
use chengping_proto::cases::v1::replay_reject_request::Record as Corrected;
use chengping_proto::cases::v1::{
    BatchCreateEventsRequest, EventRecord, GetRejectRequest, Reject, ReplayRejectRequest,
};
use clap::Args;
use serde_json::{Value, json};
use tonic::Code;
use tonic_types::StatusExt as _;

use super::super::import::read_mapping;
use super::exported::{self, Exported};
use super::{reject_name, report};
use crate::clients::Clients;
use crate::convert::record::{case_record, event_record};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Flags of `rejects replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Reject, as `rejects` lists it
    #[arg(value_name = "ID", required_unless_present = "from")]
    reject: Option<String>,
    /// Exported file with corrected payloads: every line of it is replayed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reject", "payload_file"])]
    from: Option<PathBuf>,
    /// Corrected row: a header and a CSV row, or a JSON object; - for standard input; the row as
    /// it was unless given
    #[arg(long, value_name = "FILE|-")]
    payload_file: Option<PathBuf>,
    /// Which file the row belongs to, where neither the name nor the header says it
    #[arg(long, value_name = "cases|events")]
    kind: Option<Kind>,
    /// Mapping by which the row was imported
    #[arg(long, value_name = "FILE", conflicts_with = "kind")]
    mapping: Option<PathBuf>,
}

/// A file whose rows can be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind(FileKind);

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cases" => Ok(Self(FileKind::Cases)),
            "events" => Ok(Self(FileKind::Events)),
            _ => Err("expected cases or events".to_owned()),
        }
    }
}

/// Sends one row again, or those of a file, and says whether they were taken in.
pub(super) async fn run(
    clients: &Clients,
    args: &ReplayArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    if let Some(path) = &args.from {
        return replay_file(clients, args, path, out).await;
    }
    let payload = match &args.payload_file {
        None => None,
        Some(path) if path.as_os_str() == "-" => {
            let mut payload = Vec::new();
            io::stdin().read_to_end(&mut payload).context("cannot read standard input")?;
            Some(payload)
        }
        Some(path) => {
            Some(fs::read(path).with_context(|| format!("cannot read {}", path.display()))?)
        }
    };
    let reject = args.reject.as_deref().unwrap_or_default();
    let reject = replay(clients, args, reject, payload).await?;
    report(std::slice::from_ref(&reject), out)?;
    let replayed = reject.state() == State::Replayed;
    Ok(if replayed { Outcome::Done } else { Outcome::DoneWithRejects })
}

/// Replays every line of an exported file. What cannot be taken in stays open and is told; it does
/// not stop the others.
async fn replay_file(
    clients: &Clients,
    args: &ReplayArgs,
    path: &Path,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let exported = exported::read(path)?;
    let mut table =
        Table::new(&[("reject", Align::Left), ("outcome", Align::Left), ("message", Align::Left)]);
    let mut lines = Vec::new();
    let mut refused = 0;
    for Exported { reject, payload } in exported {
        let (outcome, message) = match replay(clients, args, &reject, Some(payload)).await {
            Ok(_) => ("replayed", String::new()),
            Err(failure) if is_done(&failure) => ("done before", String::new()),
            Err(failure) if stops(&failure) => return Err(failure),
            Err(failure) => {
                refused += 1;
                ("refused", failure.message())
            }
        };
        lines.push(json!({"reject": reject, "outcome": outcome, "message": message}));
        table.row([reject, outcome.to_owned(), message]);
    }
    out.report(&table, &lines)?;
    out.remark(format_args!(
        "{} of {} rows are taken in; {refused} stay open",
        lines.len() - refused,
        lines.len()
    ))?;
    Ok(if refused == 0 { Outcome::Done } else { Outcome::DoneWithRejects })
}

/// Whether the reject was replayed or dismissed before, as where a file is given twice.
fn is_done(failure: &Failure) -> bool {
    let Failure::Rpc { status, .. } = failure else { return false };
    status.get_error_details().error_info().is_some_and(|info| info.reason == "REJECT_NOT_OPEN")
}

/// Whether the next row would not fare better.
fn stops(failure: &Failure) -> bool {
    match failure {
        Failure::Rpc { status, .. } => !matches!(
            status.code(),
            Code::FailedPrecondition | Code::InvalidArgument | Code::NotFound
        ),
        Failure::Other(_) => false,
        Failure::Usage(_) | Failure::Output(_) => true,
    }
}

/// Sends a row again, as it was unless a payload is given.
async fn replay(
    clients: &Clients,
    args: &ReplayArgs,
    reject: &str,
    payload: Option<Vec<u8>>,
) -> Result<Reject, Failure> {
    let name = reject_name(clients, reject);
    let request = GetRejectRequest { name: name.clone() };
    let reject = clients.rejects().get_reject(request).await.doing("get the reject")?.into_inner();
    let payload = payload.unwrap_or_else(|| reject.payload.clone());
    // A mapped row is a case and what happened to it; the events follow once the case stands.
    let (record, events) = match &args.mapping {
        None => (corrected(&reject, payload, args.kind.map(|kind| kind.0))?, Vec::new()),
        Some(path) => mapped(&reject, payload, path)?,
    };
    let request = ReplayRejectRequest { name, record: Some(record) };
    let reject = clients.rejects().replay_reject(request).await;
    let reject = reject.doing("replay the reject")?.into_inner();
    if !events.is_empty() {
        let request = BatchCreateEventsRequest { parent: clients.parent(), records: events };
        clients.cases().batch_create_events(request).await.doing("take in the row's events")?;
    }
    Ok(reject)
}

/// The case and the events of the only row of a mapped payload, at the place of the reject.
fn mapped(
    reject: &Reject,
    payload: Vec<u8>,
    mapping: &Path,
) -> anyhow::Result<(Corrected, Vec<EventRecord>)> {
    let mapping = read_mapping(mapping)?;
    let position = reject.position.clone().unwrap_or_default();
    let mut rows = mapping.replay(&position.file, payload)?;
    let row = match rows.next() {
        None => bail!("there is no corrected row; a filter of the mapping may leave it out"),
        Some(Err(refused)) => bail!("the corrected row is not right yet: {refused}"),
        Some(Ok(row)) => row,
    };
    if rows.next().is_some() {
        bail!("there is more than one corrected row; replay one at a time");
    }
    let events = row.events.iter().map(|event| event_record(event, position.clone(), true));
    let events = events.collect::<Result<_, _>>()?;
    Ok((Corrected::Case(case_record(&row.case, position)), events))
}

/// The only row of a payload, at the place of the reject.
fn corrected(
    reject: &Reject,
    payload: Vec<u8>,
    kind: Option<FileKind>,
) -> anyhow::Result<Corrected> {
    let position = reject.position.clone().unwrap_or_default();
    let is_json = payload.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let format = if is_json { Format::Ndjson } else { Format::Csv };
    // What the service set aside says so itself.
    let no_deadline = is_json
        && serde_json::from_slice::<Value>(&payload).is_ok_and(|row| row["no_deadline"] == true);
    let mut rows = Reader::from_read(&position.file, format, kind, io::Cursor::new(payload))
        .context("the corrected row cannot be read; say with --kind what it is")?
        .with_computed_deadlines();
    let entry = match rows.next() {
        None => bail!("there is no corrected row"),
        Some(Err(refused)) => bail!("the corrected row is not right yet: {refused}"),
        Some(Ok(entry)) => entry,
    };
    if rows.next().is_some() {
        bail!("there is more than one corrected row; replay one at a time");
    }
    match &entry.record {
        Record::Case(case) => Ok(Corrected::Case(case_record(case, position))),
        Record::Event(event) => Ok(Corrected::Event(event_record(event, position, no_deadline)?)),
        other => bail!(
            "a row of {} is not replayed: import it with `chengping registry import`, and dismiss \
             the reject",
            other.kind()
        ),
    }
}

#[cfg(test)]
mod tests {
    use chengping_proto::cases::v1::Position;

    use super::*;

    const HEADER: &str = "case_no,event_no,at,kind\n";

    fn reject() -> Reject {
        let position = Position { file: "events.csv".to_owned(), row: 7, line: 9 };
        Reject { position: Some(position), ..Reject::default() }
    }

    #[test]
    fn a_corrected_row_keeps_the_place_of_its_reject() {
        let row = format!("{HEADER}C1,1,2018-04-03T09:15:00+08:00,filed\n");
        match corrected(&reject(), row.into(), None).unwrap() {
            Corrected::Event(record) => {
                assert_eq!(record.position.unwrap().row, 7);
                assert_eq!(record.event.unwrap().case_no, "C1");
            }
            Corrected::Case(case) => panic!("{case:?}"),
        }
    }

    #[test]
    fn what_cannot_be_replayed_is_said() {
        let message = |payload: &str| {
            format!("{:#}", corrected(&reject(), payload.into(), None).unwrap_err())
        };
        assert!(message(HEADER).contains("no corrected row"));
        assert!(message(&format!("{HEADER}C1,1,today,filed\n")).contains("bad_timestamp"));
        let row = "C1,1,2018-04-03T09:15:00+08:00,filed\n";
        assert!(message(&format!("{HEADER}{row}{row}")).contains("one at a time"));
    }
}
