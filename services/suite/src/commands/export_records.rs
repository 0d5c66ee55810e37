//! `chengping export-records`: the case records that a version was counted from, as a file that
//! `verify --facts` counts again.

use std::fs::{self, File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chengping_casework::records::{Head, SnapshotHead, Writer};
use chengping_proto::cases::v1::{Snapshot, StreamRecordsRequest, StreamRecordsResponse};
use chengping_proto::publication::v1::GetBulletinVersionRequest;
use chengping_proto::rules::v1::ExportRegistryRequest;
use chengping_proto::scoring::v1::{Evaluation, GetEvaluationRequest};
use chengping_types::registry::Registry;
use clap::Args;
use serde_json::json;
use tonic::Streaming;

use super::verify::version_name;
use crate::args::Common;
use crate::clients::Clients;
use crate::convert::instant;
use crate::convert::registry::add;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// What is written at a time.
const WRITE_BYTES: usize = 1 << 20;

/// Flags of `export-records`.
#[derive(Debug, Args)]
pub struct ExportRecordsArgs {
    /// Version; the published one unless given
    #[arg(long, value_name = "N")]
    version_number: Option<i32>,
    /// Where to write the file, for the owner of this account only: it holds all cases
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Writes the file, and says what it holds.
pub async fn run(
    common: &Common,
    args: &ExportRecordsArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    let doing = format!("export the case records of {month}");
    let name = version_name(&clients, month, args.version_number, &doing).await?;
    let request = GetBulletinVersionRequest { name };
    let version = clients.bulletins().get_bulletin_version(request).await.doing(&doing)?;
    let request = GetEvaluationRequest { name: version.into_inner().evaluation };
    let evaluation = clients.evaluations().get_evaluation(request).await.doing(&doing)?;
    let Evaluation { snapshot, registry_revision, .. } = evaluation.into_inner();
    let registry = registry(&clients, registry_revision, &doing).await?;
    let request = StreamRecordsRequest { name: snapshot };
    let parts = clients.snapshots().stream_records(request).await;
    let mut parts = parts.doing(&doing)?.into_inner();
    let first = parts.message().await.doing(&doing)?;
    let snapshot = first.and_then(|first| first.snapshot).context("no snapshot was sent")?;
    let head = head(&clients, &snapshot, registry).context("the snapshot is none")?;
    write(&args.out, &head, &mut parts, &doing).await?;
    report(&args.out, &snapshot, out)
}

async fn registry(clients: &Clients, name: String, doing: &str) -> Result<Registry, Failure> {
    let request = ExportRegistryRequest { name };
    let parts = clients.registry().export_registry(request).await.doing(doing)?;
    let (mut parts, mut registry) = (parts.into_inner(), Registry::default());
    while let Some(part) = parts.message().await.doing(doing)? {
        for row in part.rows {
            add(&mut registry, row).context("the server sent a row that no file can hold")?;
        }
    }
    Ok(registry)
}

fn head(clients: &Clients, snapshot: &Snapshot, registry: Registry) -> anyhow::Result<Head> {
    let snapshot = SnapshotHead {
        month: snapshot.month.parse()?,
        as_of: snapshot.as_of.as_ref().map(instant).context("it has no as_of")?,
        decided: snapshot.decided.as_ref().map(instant).context("it has no decided")?,
        watermark: snapshot.watermark.try_into()?,
        digest: snapshot.digest.parse()?,
    };
    Ok(Head::new(clients.jurisdiction().clone(), snapshot, registry))
}

/// Writes beside the place of the file, and moves it there when it is whole and lasts. What could not
/// be finished is removed: it holds cases.
async fn write(
    path: &Path,
    head: &Head,
    parts: &mut Streaming<StreamRecordsResponse>,
    doing: &str,
) -> Result<(), Failure> {
    let mut part_path = path.to_owned().into_os_string();
    part_path.push(".part");
    let part_path = PathBuf::from(part_path);
    // What an earlier call left is of no use, and may be for others to read.
    if part_path.exists() {
        fs::remove_file(&part_path).context("cannot remove the rest of an earlier call")?;
    }
    let written = write_part(&part_path, head, parts, doing).await;
    if written.is_err() {
        fs::remove_file(&part_path).ok();
    }
    written?;
    fs::rename(&part_path, path).context("cannot put the file in its place")?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new("."))).context("cannot open its folder")?;
    folder.sync_all().context("cannot make the file last")?;
    Ok(())
}

async fn write_part(
    path: &Path,
    head: &Head,
    parts: &mut Streaming<StreamRecordsResponse>,
    doing: &str,
) -> Result<(), Failure> {
    let context = || format!("cannot write {}", path.display());
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = BufWriter::with_capacity(WRITE_BYTES, file.with_context(context)?);
    let mut writer = Writer::new(file, head).with_context(context)?;
    while let Some(part) = parts.message().await.doing(doing)? {
        writer.write(&part.case_files).with_context(context)?;
    }
    let file = writer.finish().with_context(context)?.into_inner();
    let file = file.map_err(std::io::IntoInnerError::into_error).with_context(context)?;
    file.sync_all().with_context(context)?;
    Ok(())
}

fn report(path: &Path, snapshot: &Snapshot, out: &mut Output) -> Result<Outcome, Failure> {
    let mut table = Table::new(&[
        ("file", Align::Left),
        ("cases", Align::Right),
        ("records", Align::Right),
        ("snapshot", Align::Left),
    ]);
    let Snapshot { case_count, watermark, digest, .. } = snapshot;
    let file = path.display().to_string();
    table.row([file, case_count.to_string(), watermark.to_string(), digest.clone()]);
    let json = json!({
        "file": path,
        "month": snapshot.month,
        "snapshot": snapshot.name,
        "digest": digest,
        "watermark": watermark,
        "cases": case_count,
    });
    out.report(&table, &json)?;
    out.remark("it holds single cases: give it to those only who may see all of them")?;
    Ok(Outcome::Done)
}
