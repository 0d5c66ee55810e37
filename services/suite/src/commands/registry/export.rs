//! `chengping registry export`: the registry as interchange files.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Context as _;
use chengping_interchange::{FileKind, Record, Writer};
use chengping_proto::rules::v1::{
    ExportRegistryRequest, GetDeadlineRulesRequest, ListCategoriesRequest, RegistryRevision,
};
use chengping_types::registry::Registry;
use chengping_types::{Category, DeadlineRules, TimeZone};
use tonic::Code;

use super::{current, revision_json, summary};
use crate::clients::{Clients, all_pages};
use crate::convert::deadline_rules;
use crate::convert::registry::{add, read_category};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Writes the newest revision into `folder`.
pub(super) async fn run(
    clients: &Clients,
    folder: &Path,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let (revision, registry) = match download(clients).await {
        // Deadline rules and categories stand without a revision.
        Err(Failure::Rpc { status, .. }) if status.code() == Code::NotFound => Default::default(),
        downloaded => downloaded?,
    };
    let request = GetDeadlineRulesRequest { parent: clients.parent() };
    let rules = clients.registry().get_deadline_rules(request).await;
    let rules = deadline_rules::read(rules.doing("read the deadline rules")?.into_inner())
        .context("the server sent a row that no file can hold")?;
    let request =
        ListCategoriesRequest { parent: clients.parent(), ..ListCategoriesRequest::default() };
    let categories = all_pages!(clients.registry(), list_categories, request, categories);
    let categories = categories.doing("list the categories")?.into_iter().map(read_category);
    let categories: Vec<_> = categories
        .collect::<Result<_, _>>()
        .context("the server sent a row that no file can hold")?;
    let others: Vec<_> = deadline_records(rules).chain(category_records(categories)).collect();
    let files = if revision.revision > 0 { records(registry).to_vec() } else { Vec::new() };
    if files.is_empty() && others.is_empty() {
        return Err(Failure::other("nothing is registered yet; use `chengping registry import`"));
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut table = Table::new(&[("file", Align::Left), ("rows", Align::Right)]);
    for (kind, rows) in files.into_iter().chain(others) {
        let path = folder.join(format!("{kind}.csv"));
        write(&path, kind, &rows).with_context(|| format!("cannot write {}", path.display()))?;
        table.row([path.display().to_string(), rows.len().to_string()]);
    }
    out.remark(summary(&revision))?;
    out.report(&table, &revision_json(&revision))?;
    Ok(Outcome::Done)
}

/// The newest revision and what it says.
pub(super) async fn download(clients: &Clients) -> Result<(RegistryRevision, Registry), Failure> {
    let doing = "export the registry";
    let request = ExportRegistryRequest { name: current(clients) };
    let mut parts = clients.registry().export_registry(request).await.doing(doing)?.into_inner();
    let mut revision = RegistryRevision::default();
    let mut registry = Registry::default();
    while let Some(part) = parts.message().await.doing(doing)? {
        revision = part.registry_revision.unwrap_or(revision);
        for row in part.rows {
            add(&mut registry, row).context("the server sent a row that no file can hold")?;
        }
    }
    Ok((revision, registry))
}

fn records(registry: Registry) -> [(FileKind, Vec<Record>); 4] {
    let Registry { bodies, areas, coefficients, long_term } = registry;
    [
        (FileKind::Bodies, bodies.into_iter().map(Record::Body).collect()),
        (FileKind::Areas, areas.into_iter().map(Record::Area).collect()),
        (FileKind::Coefficients, coefficients.into_iter().map(Record::Coefficient).collect()),
        (FileKind::LongTerm, long_term.into_iter().map(Record::LongTerm).collect()),
    ]
}

/// The optional files, where there are rows for them.
fn deadline_records(rules: DeadlineRules) -> impl Iterator<Item = (FileKind, Vec<Record>)> {
    let DeadlineRules { working_hours, calendar, filing_conditions } = rules;
    let conditions = filing_conditions.into_iter().map(Record::FilingCondition);
    [
        (FileKind::WorkingHours, working_hours.into_iter().map(Record::WorkingHours).collect()),
        (FileKind::Calendar, calendar.into_iter().map(Record::CalendarDay).collect()),
        (FileKind::FilingConditions, conditions.collect::<Vec<_>>()),
    ]
    .into_iter()
    .filter(|(_, rows)| !rows.is_empty())
}

/// The optional file, where there are rows for it.
fn category_records(categories: Vec<Category>) -> Option<(FileKind, Vec<Record>)> {
    let rows: Vec<_> = categories.into_iter().map(Record::Category).collect();
    (!rows.is_empty()).then_some((FileKind::Categories, rows))
}

fn write(path: &Path, kind: FileKind, rows: &[Record]) -> anyhow::Result<()> {
    // Registry files hold months and no instants.
    let zone: TimeZone = "UTC".parse()?;
    let mut writer = Writer::new(kind, zone, File::create(path)?)?;
    for row in rows {
        writer.write(row)?;
    }
    Ok(writer.finish()?.sync_all()?)
}
