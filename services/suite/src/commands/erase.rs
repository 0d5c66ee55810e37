//! `chengping erase`: erases titles, notes and the payloads of closed rejects for good.

use chengping_proto::cases::v1::{EraseTextsRequest, RetentionEntry};
use chengping_types::Month;
use clap::Args;
use serde_json::json;

use crate::args::Common;
use crate::clients::Clients;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Flags of `erase`.
#[derive(Debug, Args)]
pub struct EraseArgs {
    /// Of cases of months before this one [default: of all that are older than
    /// retention.texts_min_months]
    #[arg(long, value_name = "YYYY-MM")]
    before: Option<Month>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Erase before its time (retention.texts_min_months); the reason must say why
    #[arg(long)]
    early: bool,
    /// Count what would be erased, and change nothing
    #[arg(long)]
    validate_only: bool,
}

/// Erases, and tells how much of which month.
pub async fn run(common: &Common, args: &EraseArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let request = EraseTextsRequest {
        parent: clients.parent(),
        before: args.before.map(|month| month.to_string()).unwrap_or_default(),
        reason: args.reason.clone(),
        early: args.early,
        validate_only: args.validate_only,
    };
    let erased = clients.archives().erase_texts(request).await;
    let entries = erased.doing("erase titles and notes")?.into_inner().entries;
    let mut table = Table::new(&[
        ("month", Align::Left),
        ("titles", Align::Right),
        ("notes", Align::Right),
        ("payloads", Align::Right),
        ("actor", Align::Left),
    ]);
    for entry in &entries {
        table.row([
            entry.month.clone(),
            entry.title_count.to_string(),
            entry.note_count.to_string(),
            entry.payload_count.to_string(),
            entry.actor.clone(),
        ]);
    }
    let value = |entry: &RetentionEntry| {
        json!({
            "month": entry.month,
            "titles": entry.title_count,
            "notes": entry.note_count,
            "payloads": entry.payload_count,
            "actor": entry.actor,
            "reason": entry.reason,
            "early": entry.early,
        })
    };
    out.report(&table, &entries.iter().map(value).collect::<Vec<_>>())?;
    let verb = if args.validate_only { "would be" } else { "were" };
    out.remark(format_args!("texts of {} months {verb} erased", entries.len()))?;
    Ok(Outcome::Done)
}
