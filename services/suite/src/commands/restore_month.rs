//! `chengping restore-month`: takes the events of a month back from its archive.

use std::path::{Path, PathBuf};

use chengping_proto::cases::v1::{ArchiveRecord, RestoreMonthRequest};
use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::archive::{archive_json, archive_name, check, state_text};
use crate::archive::{ArchiveError, Reader};
use crate::args::Common;
use crate::clients::Clients;
use crate::convert::archive::to_pb;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Records of a message.
const RECORDS_A_MESSAGE: usize = 2_000;
/// What the titles and notes of a message may take together.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Messages that wait to be sent.
const BUFFERED: usize = 4;

/// Flags of `restore-month`.
#[derive(Debug, Args)]
pub struct RestoreMonthArgs {
    /// File that `archive` wrote
    #[arg(long, value_name = "FILE.parquet")]
    from: PathBuf,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Check everything and change nothing
    #[arg(long)]
    validate_only: bool,
}

/// Reads the file twice: once to know that it is whole, and once to send it.
pub async fn run(
    common: &Common,
    args: &RestoreMonthArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let about = check(&args.from).await?;
    let month = about.month;
    if &about.jurisdiction != clients.jurisdiction()
        || common.month.is_some_and(|asked| asked != month)
    {
        let (path, jurisdiction) = (args.from.display(), &about.jurisdiction);
        return Err(Failure::usage(format!("{path} is the archive of {month} of {jurisdiction}")));
    }
    let (sender, receiver) = mpsc::channel(BUFFERED);
    let path = args.from.clone();
    let reading = tokio::task::spawn_blocking(move || send(&path, &sender));
    let first = RestoreMonthRequest {
        name: archive_name(&clients, month),
        reason: args.reason.clone(),
        validate_only: args.validate_only,
        ..RestoreMonthRequest::default()
    };
    let messages = tokio_stream::once(first).chain(ReceiverStream::new(receiver));
    let restored = clients.archives().restore_month(messages).await;
    let restored = restored.doing(format!("take {month} back"))?.into_inner();
    // It ends early where the month was back already.
    let read = reading.await.map_err(|_| Failure::other("the file changed meanwhile"))?;
    read.map_err(super::archive::of_file(&args.from))?;

    let archive = restored.archive.unwrap_or_default();
    let mut table = Table::new(&[
        ("month", Align::Left),
        ("state", Align::Left),
        ("events", Align::Right),
        ("released", Align::Right),
        ("watermark", Align::Right),
    ]);
    table.row([
        month.to_string(),
        state_text(&archive),
        archive.event_count.to_string(),
        restored.released_count.to_string(),
        restored.watermark.to_string(),
    ]);
    let value = json!({
        "archive": archive_json(&archive),
        "released": restored.released_count,
        "watermark": restored.watermark,
    });
    out.report(&table, &value)?;
    Ok(Outcome::Done)
}

/// Sends the records of a file, some a message, until there are no more or nobody wants them.
fn send(path: &Path, messages: &mpsc::Sender<RestoreMonthRequest>) -> Result<(), ArchiveError> {
    let reader = Reader::open(path)?;
    let send = |records: Vec<ArchiveRecord>| {
        let request = RestoreMonthRequest { records, ..RestoreMonthRequest::default() };
        // Who does not listen any more has said why in the answer.
        let _ = messages.blocking_send(request);
    };
    reader.read(|records| {
        let (mut some, mut bytes) = (Vec::new(), 0);
        for record in &records {
            bytes += record.text().map_or(0, str::len);
            some.push(to_pb(record).map_err(|error| ArchiveError::Form(error.to_string()))?);
            if some.len() >= RECORDS_A_MESSAGE || bytes >= TEXT_BYTES_MAX {
                send(std::mem::take(&mut some));
                bytes = 0;
            }
        }
        if !some.is_empty() {
            send(some);
        }
        Ok(())
    })
}
