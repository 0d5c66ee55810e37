//! `chengping registry`: who is evaluated, where, and with which coefficients.

pub mod calendar;
pub mod deadline;
pub mod export;
pub mod import;

use std::path::PathBuf;

use chengping_proto::rules::v1::{GetRegistryRevisionRequest, ListBodiesRequest, RegistryRevision};
use clap::Subcommand;
use serde_json::{Value, json};

use self::calendar::CalendarCommand;
use self::deadline::DeadlineArgs;
use crate::args::Common;
use crate::clients::{Clients, all_pages};
use crate::convert::{enum_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Subcommands of `registry`.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// Import bodies, areas, coefficients, the long-term list, limits and calendars
    Import {
        /// Check and answer, but change nothing
        #[arg(long)]
        validate_only: bool,
        /// Interchange files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Write the whole registry as interchange files
    Export {
        /// Folder to write to
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Show what is registered
    Show,
    /// Show or replace the working calendar
    #[command(subcommand)]
    Calendar(CalendarCommand),
    /// Compute when a limit is over that starts at an instant
    Deadline(DeadlineArgs),
}

/// Does what the subcommand says.
pub async fn run(
    common: &Common,
    command: &RegistryCommand,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    match command {
        RegistryCommand::Import { files, validate_only } => {
            let clients = Clients::connect(common).await?;
            import::run(&clients, files, *validate_only, out).await
        }
        RegistryCommand::Export { folder } => {
            let clients = Clients::connect(common).await?;
            export::run(&clients, folder, out).await
        }
        RegistryCommand::Show => show(&Clients::connect(common).await?, out).await,
        RegistryCommand::Calendar(command) => calendar::run(common, command, out).await,
        RegistryCommand::Deadline(args) => deadline::run(common, args, out).await,
    }
}

async fn show(clients: &Clients, out: &mut Output) -> Result<Outcome, Failure> {
    let name = current(clients);
    let revision =
        clients.registry().get_registry_revision(GetRegistryRevisionRequest { name }).await;
    let revision = revision.doing("read the registry")?.into_inner();
    let request = ListBodiesRequest { parent: clients.parent(), ..ListBodiesRequest::default() };
    let bodies = all_pages!(clients.registry(), list_bodies, request, bodies);
    let mut table = Table::new(&[
        ("kind", Align::Left),
        ("body", Align::Left),
        ("name", Align::Left),
        ("parent", Align::Left),
        ("valid_from", Align::Left),
        ("valid_to", Align::Left),
    ]);
    let mut rows = Vec::new();
    for body in bodies.doing("list the bodies")? {
        let kind = enum_text(body.kind().as_str_name(), "BODY_KIND_");
        rows.push(json!({
            "body_id": body.body_id,
            "kind": kind,
            "name": body.display_name,
            "parent": body.parent_body,
            "valid_from": body.valid_from,
            "valid_to": body.valid_to,
        }));
        table.row([
            kind,
            body.body_id,
            body.display_name,
            body.parent_body,
            body.valid_from,
            body.valid_to,
        ]);
    }
    out.remark(summary(&revision))?;
    let mut json = revision_json(&revision);
    json["bodies"] = Value::from(rows);
    out.report(&table, &json)?;
    Ok(Outcome::Done)
}

/// The resource name of the newest revision.
pub fn current(clients: &Clients) -> String {
    format!("{}/registryRevisions/current", clients.parent())
}

/// A revision on one line.
pub fn summary(revision: &RegistryRevision) -> String {
    format!(
        "registry revision {}: {} bodies, {} areas, {} coefficients, {} long-term entries",
        revision.revision,
        revision.body_count,
        revision.area_count,
        revision.coefficient_count,
        revision.long_term_count
    )
}

/// A revision as JSON.
pub fn revision_json(revision: &RegistryRevision) -> Value {
    json!({
        "name": revision.name,
        "revision": revision.revision,
        "digest": revision.digest,
        "create_time": time_text(revision.create_time.as_ref()),
        "body_count": revision.body_count,
        "area_count": revision.area_count,
        "coefficient_count": revision.coefficient_count,
        "long_term_count": revision.long_term_count,
    })
}
