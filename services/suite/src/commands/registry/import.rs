//! `chengping registry import`: reads registry files and has the service take in their rows.

use std::path::PathBuf;

use chengping_interchange::{Encoding, Record, payload};
use chengping_proto::cases::v1::Reject;
use chengping_proto::rules::v1::{ImportRegistryRequest, ImportRegistryResponse, RegistryReject};
use serde_json::json;
use tonic::Status;

use super::diff::{self, say_warnings};
use super::rows::Rows;
use super::{revision_json, summary};
use crate::clients::Clients;
use crate::convert::reject::position;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::files::{self, SourceFile};
use crate::output::{Align, Output, Table, say};
use crate::rejecting;

/// How registry files are to be taken in.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Whether nothing is to be changed.
    pub validate_only: bool,
    /// Whether the rows are all that there are of their tables.
    pub replace: bool,
    /// Why; kept in the audit log.
    pub reason: String,
    /// The revision that must still hold; 0 for any.
    pub expected_revision: i64,
}

/// What became of the rows of registry files.
pub struct Imported {
    /// What the service says.
    pub response: ImportRegistryResponse,
    /// Rows read, rejects included.
    pub read: u64,
    /// Every row that was set aside, by the reader or by the service.
    pub rejects: Vec<Reject>,
}

/// Imports `paths`, shows what was set aside, and has it kept unless nothing is to be changed.
pub(super) async fn run(
    clients: &Clients,
    paths: &[PathBuf],
    asked: &Asked,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let (imported, is_readable) = import_paths(clients, paths, asked).await?;
    report(&imported, out)?;
    if !is_readable || imported.did_nothing(asked) {
        return Ok(Outcome::FoundWanting);
    }
    Ok(imported.outcome())
}

/// Shows what an import of `paths` would change.
pub(super) async fn compare(
    clients: &Clients,
    paths: &[PathBuf],
    asked: &Asked,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let (imported, is_readable) = import_paths(clients, paths, asked).await?;
    let response = &imported.response;
    diff::report(&response.differences, response.difference_count, out)?;
    if !is_readable || imported.did_nothing(asked) {
        return Ok(Outcome::FoundWanting);
    }
    Ok(imported.outcome())
}

/// Imports what `paths` lead to; whether all of it are registry files.
async fn import_paths(
    clients: &Clients,
    paths: &[PathBuf],
    asked: &Asked,
) -> Result<(Imported, bool), Failure> {
    let found = files::find(paths, Encoding::Utf8);
    let mut unreadable = found.problems;
    let (registry, others): (Vec<_>, Vec<_>) =
        found.files.into_iter().partition(|file| file.kind.is_registry());
    unreadable.extend(others.iter().map(|file| {
        let (path, kind) = (file.path.display(), file.kind);
        format!("{path} is a {kind} file; use `chengping import`")
    }));
    for problem in &unreadable {
        say(format_args!("error: {problem}"));
    }
    if registry.is_empty() && found.rejects.is_empty() {
        return Err(Failure::other("there is no registry file to import"));
    }
    if asked.replace && !unreadable.is_empty() {
        return Err(Failure::other("not all files can be read, so nothing was replaced"));
    }
    let imported = import(clients, &registry, found.rejects, asked).await?;
    Ok((imported, unreadable.is_empty()))
}

impl Imported {
    fn outcome(&self) -> Outcome {
        if self.rejects.is_empty() { Outcome::Done } else { Outcome::DoneWithRejects }
    }

    /// All or nothing was asked for, and all was not possible.
    fn did_nothing(&self, asked: &Asked) -> bool {
        let did_nothing = asked.replace && !self.rejects.is_empty();
        if did_nothing {
            say("error: a row cannot be taken in, so nothing is replaced");
        }
        did_nothing
    }
}

/// Imports registry files as one revision of the registry; `refused` are the headers of those
/// that are not read.
///
/// # Errors
///
/// When a file cannot be read, or the service does not answer.
pub async fn import(
    clients: &Clients,
    files: &[SourceFile],
    refused: Vec<Reject>,
    asked: &Asked,
) -> Result<Imported, Failure> {
    let mut rows = Rows { rejects: refused, ..Rows::default() };
    for file in files {
        rows.read(file)?;
    }
    if asked.replace && !rows.rejects.is_empty() {
        // The service does not know of them, and would take out what they stand for.
        rejecting::show(&rows.rejects);
        return Err(Failure::other("a row cannot be read, so nothing was replaced"));
    }
    let response = send(clients, rows.messages(clients.parent(), asked)).await;
    let response = response.doing("import the registry")?;
    say_warnings(&response.warnings);
    let mut rejects = rows.rejects;
    for refused in &response.rejects {
        let place = (refused.file.clone(), refused.row);
        rejects.push(refusal(refused, rows.records.get(&place)));
    }
    rejecting::show(&rejects);
    if !asked.validate_only {
        rejecting::keep(clients, rejects.clone()).await.doing("keep the rejects")?;
    }
    Ok(Imported { response, read: rows.read, rejects })
}

/// Sends an import.
pub(super) async fn send(
    clients: &Clients,
    messages: Vec<ImportRegistryRequest>,
) -> Result<ImportRegistryResponse, Status> {
    let messages = futures_util::stream::iter(messages);
    Ok(clients.registry().import_registry(messages).await?.into_inner())
}

/// A row that the service refused, with its payload where it is known.
fn refusal(refused: &RegistryReject, record: Option<&(Record, u64)>) -> Reject {
    let line = record.map_or(0, |(_, line)| *line);
    let row = u64::try_from(refused.row).unwrap_or_default();
    Reject {
        position: Some(position(&refused.file, row, line)),
        column: refused.column.clone(),
        code: refused.code.clone(),
        message: refused.message.clone(),
        payload: record.map(|(record, _)| payload(record)).unwrap_or_default(),
        ..Reject::default()
    }
}

fn report(imported: &Imported, out: &mut Output) -> Result<(), Failure> {
    let Imported { response, read, rejects } = imported;
    let revision = response.registry_revision.clone().unwrap_or_default();
    let mut table = Table::new(&[
        ("read", Align::Right),
        ("added", Align::Right),
        ("changed", Align::Right),
        ("repeated", Align::Right),
        ("removed", Align::Right),
        ("rejected", Align::Right),
    ]);
    table.row([
        read.to_string(),
        response.added_count.to_string(),
        response.changed_count.to_string(),
        response.repeated_count.to_string(),
        response.removed_count.to_string(),
        rejects.len().to_string(),
    ]);
    out.report(
        &table,
        &json!({
            "read": read,
            "added": response.added_count,
            "changed": response.changed_count,
            "repeated": response.repeated_count,
            "removed": response.removed_count,
            "rejected": rejects.len(),
            "registry_revision": revision_json(&revision),
        }),
    )?;
    out.remark(summary(&revision))
}
