//! `chengping registry`: who is evaluated, where, and with which coefficients.

pub mod calendar;
pub mod deadline;
mod diff;
mod edit;
pub mod export;
mod handover;
pub mod import;
mod rows;

use std::path::PathBuf;

use chengping_proto::rules::v1::{
    Body, GetRegistryRevisionRequest, ListBodiesRequest, RegistryRevision,
};
use chengping_types::{BodyId, Month};
use clap::Subcommand;
use serde_json::{Value, json};

use self::calendar::CalendarCommand;
use self::deadline::DeadlineArgs;
use self::edit::{Change, Values};
use self::import::Asked;
use crate::args::Common;
use crate::clients::{Clients, all_pages};
use crate::convert::{enum_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Subcommands of `registry`.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// Import bodies, areas, coefficients, the long-term list, limits, calendars and categories
    Import {
        /// Check and answer, but change nothing
        #[arg(long)]
        validate_only: bool,
        /// Take out what the files do not have, of the tables that they are of; all or nothing
        #[arg(long)]
        replace: bool,
        /// Why; kept in the audit log
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// Revision that must still hold
        #[arg(long, value_name = "REVISION", default_value_t = 0)]
        expect: i64,
        /// Interchange files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show what an import would change, or what is different between two revisions
    Diff {
        /// Revision before
        #[arg(long, value_name = "REVISION", conflicts_with = "files")]
        from: Option<u64>,
        /// Revision after; the newest one unless given
        #[arg(long, value_name = "REVISION", requires = "from")]
        to: Option<u64>,
        /// As an import with --replace would
        #[arg(long, conflicts_with = "from")]
        replace: bool,
        /// Interchange files
        #[arg(required_unless_present = "from", value_name = "FILE")]
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
    /// Set values of a body, from a month on or where they stand; makes a body that is new
    Set {
        /// Body
        #[arg(value_name = "BODY")]
        body: BodyId,
        /// New values.
        #[command(flatten)]
        values: Values,
        /// How.
        #[command(flatten)]
        change: Change,
    },
    /// Give a body another name from a month on
    Rename {
        /// Body
        #[arg(value_name = "BODY")]
        body: BodyId,
        /// New name
        #[arg(value_name = "NAME")]
        name: String,
        /// First month of the name
        #[arg(long, value_name = "YYYY-MM")]
        from: Month,
        /// How.
        #[command(flatten)]
        change: Change,
    },
    /// End a body; says which areas and sub-districts must be given to another one
    Close {
        /// Body
        #[arg(value_name = "BODY")]
        body: BodyId,
        /// Last month in which it is evaluated
        #[arg(long, value_name = "YYYY-MM")]
        last: Month,
        /// Body that goes on with its areas and sub-districts
        #[arg(long, value_name = "BODY")]
        areas_to: Option<BodyId>,
        /// How.
        #[command(flatten)]
        change: Change,
    },
    /// Join bodies into another one, which goes on with their areas and sub-districts
    Merge {
        /// Body that stays
        #[arg(value_name = "INTO")]
        into: BodyId,
        /// Bodies that go
        #[arg(required = true, value_name = "FROM")]
        merged: Vec<BodyId>,
        /// First month in which they are one
        #[arg(long, value_name = "YYYY-MM")]
        from: Month,
        /// coefficients.csv with those of the body from that month on
        #[arg(long, value_name = "FILE")]
        coefficients: Option<PathBuf>,
        /// How.
        #[command(flatten)]
        change: Change,
    },
    /// Take out rows that should never have been there; what has ended is given a last month instead
    Remove {
        /// Revision that must still hold
        #[arg(long, value_name = "REVISION", default_value_t = 0)]
        expect: i64,
        /// Interchange files with the rows
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// How.
        #[command(flatten)]
        change: Change,
    },
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
    let clients = &Clients::connect(common).await?;
    match command {
        RegistryCommand::Import { files, validate_only, replace, reason, expect } => {
            let asked = Asked {
                validate_only: *validate_only,
                replace: *replace,
                reason: reason.clone(),
                expected_revision: *expect,
            };
            import::run(clients, files, &asked, out).await
        }
        RegistryCommand::Diff { from: Some(from), to, .. } => {
            diff::revisions(clients, *from, *to, out).await
        }
        RegistryCommand::Diff { files, replace, .. } => {
            let asked = Asked { validate_only: true, replace: *replace, ..Asked::default() };
            import::compare(clients, files, &asked, out).await
        }
        RegistryCommand::Export { folder } => export::run(clients, folder, out).await,
        RegistryCommand::Show => show(clients, out).await,
        RegistryCommand::Set { body, values, change } => {
            edit::set(clients, body, values, change, out).await
        }
        RegistryCommand::Rename { body, name, from, change } => {
            edit::rename(clients, (body, name, *from), change, out).await
        }
        RegistryCommand::Close { body, last, areas_to: Some(heir), change } => {
            handover::close(clients, (body, *last, heir), change, out).await
        }
        RegistryCommand::Close { body, last, areas_to: None, change } => {
            edit::close(clients, (body, *last), change, out).await
        }
        RegistryCommand::Merge { into, merged, from, coefficients, change } => {
            let bodies = (into, &merged[..], *from);
            edit::merge(clients, bodies, coefficients.as_deref(), change, out).await
        }
        RegistryCommand::Remove { files, expect, change } => {
            edit::remove(clients, files, *expect, change, out).await
        }
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
    let bodies = bodies.doing("list the bodies")?;
    out.remark(summary(&revision))?;
    let mut json = revision_json(&revision);
    json["bodies"] = bodies.iter().map(body_json).collect();
    out.report(&bodies_table(&bodies), &json)?;
    Ok(Outcome::Done)
}

/// Bodies with a line for each of their periods, oldest first.
fn bodies_table(bodies: &[Body]) -> Table {
    let mut table = Table::new(&[
        ("kind", Align::Left),
        ("body", Align::Left),
        ("name", Align::Left),
        ("parent", Align::Left),
        ("valid_from", Align::Left),
        ("valid_to", Align::Left),
    ]);
    for body in bodies {
        let kind = enum_text(body.kind().as_str_name(), "BODY_KIND_");
        let mut row = |[name, parent, from, to]: [&String; 4]| {
            let (kind, id) = (kind.clone(), body.body_id.clone());
            table.row([kind, id, name.clone(), parent.clone(), from.clone(), to.clone()]);
        };
        for former in &body.former_periods {
            row([&former.display_name, &former.parent_body, &former.valid_from, &former.valid_to]);
        }
        row([&body.display_name, &body.parent_body, &body.valid_from, &body.valid_to]);
    }
    table
}

/// A body as JSON, with its former periods where it has some.
fn body_json(body: &Body) -> Value {
    let mut json = json!({
        "body_id": body.body_id,
        "kind": enum_text(body.kind().as_str_name(), "BODY_KIND_"),
        "name": body.display_name,
        "parent": body.parent_body,
        "valid_from": body.valid_from,
        "valid_to": body.valid_to,
        "assessment_code": body.assessment_code,
    });
    let former = body.former_periods.iter().map(|period| {
        json!({
            "name": period.display_name,
            "parent": period.parent_body,
            "valid_from": period.valid_from,
            "valid_to": period.valid_to,
            "assessment_code": period.assessment_code,
        })
    });
    if !body.former_periods.is_empty() {
        json["former_periods"] = former.collect();
    }
    json
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
