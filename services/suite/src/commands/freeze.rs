//! `chengping freeze`: fixes what is known of a month.

use chengping_proto::cases::v1::{CreateSnapshotRequest, Snapshot};
use clap::Args;
use serde_json::json;

use crate::args::Common;
use crate::clients::Clients;
use crate::convert::{time_text, timestamp};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Flags of `freeze`.
#[derive(Debug, Args)]
pub struct FreezeArgs {}

/// Creates a snapshot of the month and prints what it holds.
pub async fn run(common: &Common, _: &FreezeArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let month = common.required_month()?;
    let Some(as_of) = common.as_of else {
        return Err(Failure::usage("name the instant of the freeze with --as-of RFC3339"));
    };
    let clients = Clients::connect(common).await?;
    let snapshot = Snapshot {
        month: month.to_string(),
        as_of: Some(timestamp(as_of)),
        decided: Some(timestamp(common.decided.unwrap_or(as_of))),
        ..Snapshot::default()
    };
    let request = CreateSnapshotRequest { parent: clients.parent(), snapshot: Some(snapshot) };
    let snapshot = clients.snapshots().create_snapshot(request).await;
    let snapshot = snapshot.doing(format!("freeze {month}"))?.into_inner();
    let mut table = Table::new(&[
        ("snapshot", Align::Left),
        ("watermark", Align::Right),
        ("cases", Align::Right),
        ("events", Align::Right),
        ("open_rejects", Align::Right),
        ("digest", Align::Left),
    ]);
    table.row([
        snapshot.name.clone(),
        snapshot.watermark.to_string(),
        snapshot.case_count.to_string(),
        snapshot.event_count.to_string(),
        snapshot.open_reject_count.to_string(),
        snapshot.digest.clone(),
    ]);
    out.report(
        &table,
        &json!({
            "snapshot": snapshot.name,
            "month": snapshot.month,
            "as_of": time_text(snapshot.as_of.as_ref()),
            "decided": time_text(snapshot.decided.as_ref()),
            "watermark": snapshot.watermark,
            "digest": snapshot.digest,
            "cases": snapshot.case_count,
            "events": snapshot.event_count,
            "open_rejects": snapshot.open_reject_count,
        }),
    )?;
    Ok(Outcome::Done)
}
