//! `chengping registry import`: reads registry files and has the service take in their rows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use chengping_interchange::{Encoding, Record, damage, payload};
use chengping_proto::cases::v1::Reject;
use chengping_proto::rules::v1::{
    ImportRegistryRequest, ImportRegistryResponse, RegistryReject, RegistryRow,
    registry_row::Content,
};
use serde_json::json;
use tonic::Status;

use super::{revision_json, summary};
use crate::clients::Clients;
use crate::convert::reject::{position, reject};
use crate::convert::{deadline_rules, registry as convert};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::files::{self, SourceFile};
use crate::output::{Align, Output, Table, say};
use crate::rejecting;

/// Rows of one message.
const ROWS_MAX: usize = 2000;

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
    validate_only: bool,
    out: &mut Output,
) -> Result<Outcome, Failure> {
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
    let imported = import(clients, &registry, found.rejects, validate_only).await?;
    report(&imported, out)?;
    if !unreadable.is_empty() {
        return Ok(Outcome::FoundWanting);
    }
    Ok(if imported.rejects.is_empty() { Outcome::Done } else { Outcome::DoneWithRejects })
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
    validate_only: bool,
) -> Result<Imported, Failure> {
    let mut rows = Rows { rejects: refused, ..Rows::default() };
    for file in files {
        rows.read(file)?;
    }
    let response = send(clients, rows.messages(clients.parent(), validate_only)).await;
    let response = response.doing("import the registry")?;
    let mut rejects = rows.rejects;
    for refused in &response.rejects {
        let place = (refused.file.clone(), refused.row);
        rejects.push(refusal(refused, rows.records.get(&place)));
    }
    rejecting::show(&rejects);
    if !validate_only {
        rejecting::keep(clients, rejects.clone()).await.doing("keep the rejects")?;
    }
    Ok(Imported { response, read: rows.read, rejects })
}

async fn send(
    clients: &Clients,
    messages: Vec<ImportRegistryRequest>,
) -> Result<ImportRegistryResponse, Status> {
    let messages = futures_util::stream::iter(messages);
    Ok(clients.registry().import_registry(messages).await?.into_inner())
}

/// The rows of all files, as they are sent and as they were.
#[derive(Default)]
struct Rows {
    contents: Vec<RegistryRow>,
    /// For the payload of a row that the service refuses; its line is for finding it again.
    records: BTreeMap<(String, i64), (Record, u64)>,
    rejects: Vec<Reject>,
    read: u64,
}

impl Rows {
    fn read(&mut self, file: &SourceFile) -> anyhow::Result<()> {
        let path = &file.path;
        if let Some(damaged) = damage(path)? {
            self.rejects.push(reject(damaged));
            return Ok(());
        }
        let reader = file.open()?;
        files::say_unknown_columns(path, reader.unknown_columns());
        let file = files::name(path);
        for entry in reader {
            self.read += 1;
            match entry {
                Err(refused) => self.rejects.push(reject(refused)),
                Ok(entry) => {
                    let row = position(&file, entry.row, entry.line).row;
                    let content = Some(content(&entry.record)?);
                    self.contents.push(RegistryRow { file: file.clone(), row, content });
                    self.records.insert((file.clone(), row), (entry.record, entry.line));
                }
            }
        }
        Ok(())
    }

    fn messages(&mut self, parent: String, validate_only: bool) -> Vec<ImportRegistryRequest> {
        let mut messages: Vec<_> = std::mem::take(&mut self.contents)
            .chunks(ROWS_MAX)
            .map(|rows| ImportRegistryRequest { rows: rows.to_vec(), ..Default::default() })
            .collect();
        // A file of which every row is bad is an import of nothing, and not an error.
        if messages.is_empty() {
            messages.push(ImportRegistryRequest::default());
        }
        messages[0].parent = parent;
        messages[0].validate_only = validate_only;
        messages
    }
}

fn content(record: &Record) -> anyhow::Result<Content> {
    match record {
        Record::Body(body) => Ok(convert::body(body)),
        Record::Area(area) => Ok(convert::area(area)),
        Record::Coefficient(row) => convert::coefficient(row),
        Record::LongTerm(entry) => Ok(convert::long_term(entry)),
        Record::WorkingHours(row) => Ok(deadline_rules::working_hours(row)),
        Record::CalendarDay(row) => Ok(deadline_rules::calendar_day(row)),
        Record::FilingCondition(row) => Ok(deadline_rules::filing_limit(row)),
        Record::Case(_) | Record::Event(_) => None.context("a registry file has no cases"),
    }
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
        ("rejected", Align::Right),
    ]);
    table.row([
        read.to_string(),
        response.added_count.to_string(),
        response.changed_count.to_string(),
        response.repeated_count.to_string(),
        rejects.len().to_string(),
    ]);
    out.report(
        &table,
        &json!({
            "read": read,
            "added": response.added_count,
            "changed": response.changed_count,
            "repeated": response.repeated_count,
            "rejected": rejects.len(),
            "registry_revision": revision_json(&revision),
        }),
    )?;
    out.remark(summary(&revision))
}
