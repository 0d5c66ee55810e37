//! Changes of the registry by name: renaming, closing, joining and making bodies, taking rows out.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chengping_interchange::Encoding;
use chengping_proto::rules::v1::registry_row::Content;
use chengping_proto::rules::v1::{
    self as pb, Body, Coefficient, MergeBodiesRequest, RegistryChange, RegistryRow,
    RemoveRegistryRowsRequest, UpdateBodyRequest,
};
use chengping_types::{BodyId, BodyKind, Month};
use clap::Args;
use prost_types::FieldMask;
use tonic::Status;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::diff::{self, say_warnings};
use super::rows::Rows;
use super::{bodies_table, body_json, summary};
use crate::clients::Clients;
use crate::convert::enum_name;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Output, say};
use crate::{files, rejecting};

/// What every change is asked with.
#[derive(Debug, Clone, Args)]
pub struct Change {
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Check and answer, but change nothing
    #[arg(long)]
    pub validate_only: bool,
}

/// New values of a body.
#[derive(Debug, Clone, Args)]
pub struct Values {
    /// What kind of body it is; never changes
    #[arg(long, value_name = "KIND")]
    pub kind: Option<BodyKind>,
    /// Its name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The district of a sub-district; empty for none
    #[arg(long, value_name = "BODY")]
    pub parent: Option<String>,
    /// Its code in the comprehensive-assessment system; empty for none
    #[arg(long, value_name = "CODE")]
    pub assessment_code: Option<String>,
    /// First month of the values; without it they correct the newest period
    #[arg(long, value_name = "YYYY-MM")]
    pub from: Option<Month>,
}

/// Sets values of a body, or makes it.
pub(super) async fn set(
    clients: &Clients,
    body: &BodyId,
    values: &Values,
    change: &Change,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let Values { kind, name, parent, assessment_code, from } = values;
    let kind_name = kind.map(|kind| enum_name(kind.as_str(), "BODY_KIND_"));
    let kind = kind_name.and_then(|name| pb::BodyKind::from_str_name(&name)).unwrap_or_default();
    let given = [
        ("kind", values.kind.is_some()),
        ("display_name", name.is_some()),
        ("parent_body", parent.is_some()),
        ("assessment_code", assessment_code.is_some()),
    ];
    let paths: Vec<_> = given.iter().filter(|(_, given)| *given).map(|(path, _)| *path).collect();
    if paths.is_empty() {
        return Err(Failure::usage("name a value to be set, such as --name NAME"));
    }
    let new = Body {
        kind: kind.into(),
        display_name: name.clone().unwrap_or_default(),
        parent_body: parent.clone().unwrap_or_default(),
        assessment_code: assessment_code.clone().unwrap_or_default(),
        ..Body::default()
    };
    let request = UpdateBodyRequest {
        effective_from: from.map(|month| month.to_string()).unwrap_or_default(),
        allow_missing: true,
        ..request(clients, body, new, &paths, change)
    };
    let doing = format!("set {body}");
    show(&update(clients, request).await.doing(doing)?, change, out)
}

/// Gives a body another name from a month on.
pub(super) async fn rename(
    clients: &Clients,
    (body, name, from): (&BodyId, &str, Month),
    change: &Change,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let new = Body { display_name: name.to_owned(), ..Body::default() };
    let request = UpdateBodyRequest {
        effective_from: from.to_string(),
        ..request(clients, body, new, &["display_name"], change)
    };
    let doing = format!("rename {body}");
    show(&update(clients, request).await.doing(doing)?, change, out)
}

/// Ends a body that manages nothing any more.
pub(super) async fn close(
    clients: &Clients,
    (body, last): (&BodyId, Month),
    change: &Change,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let new = Body { valid_to: last.to_string(), ..Body::default() };
    let request = request(clients, body, new, &["valid_to"], change);
    let closed = update(clients, request).await.map_err(|status| not_closed(status, body))?;
    show(&closed, change, out)
}

fn request(
    clients: &Clients,
    body: &BodyId,
    new: Body,
    paths: &[&str],
    change: &Change,
) -> UpdateBodyRequest {
    let name = format!("{}/bodies/{body}", clients.parent());
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    UpdateBodyRequest {
        body: Some(Body { name, ..new }),
        update_mask: Some(FieldMask { paths }),
        reason: change.reason.clone(),
        validate_only: change.validate_only,
        request_id: Uuid::new_v4().to_string(),
        ..UpdateBodyRequest::default()
    }
}

async fn update(clients: &Clients, request: UpdateBodyRequest) -> Result<Body, Status> {
    Ok(clients.registry().update_body(request).await?.into_inner())
}

fn show(body: &Body, change: &Change, out: &mut Output) -> Result<Outcome, Failure> {
    out.report(&bodies_table(std::slice::from_ref(body)), &body_json(body))?;
    if change.validate_only {
        out.remark("nothing was changed")?;
    }
    Ok(Outcome::Done)
}

/// Joins bodies into another one.
pub(super) async fn merge(
    clients: &Clients,
    (into, merged, from): (&BodyId, &[BodyId], Month),
    coefficients: Option<&Path>,
    change: &Change,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let coefficients = match coefficients {
        Some(path) => read_coefficients(path)?,
        None => Vec::new(),
    };
    let request = MergeBodiesRequest {
        name: format!("{}/bodies/{into}", clients.parent()),
        merged_bodies: merged.iter().map(ToString::to_string).collect(),
        effective_from: from.to_string(),
        coefficients,
        reason: change.reason.clone(),
        validate_only: change.validate_only,
        request_id: Uuid::new_v4().to_string(),
        ..MergeBodiesRequest::default()
    };
    let done = clients.registry().merge_bodies(request).await;
    changed(&done.doing(format!("merge into {into}"))?.into_inner(), change, out)
}

fn read_coefficients(path: &Path) -> Result<Vec<Coefficient>, Failure> {
    let rows = read_all(&[path.to_owned()])?;
    let coefficient = |row: RegistryRow| match row.content {
        Some(Content::Coefficient(row)) => Ok(row),
        _ => Err(Failure::usage(format!("{} has no coefficients", path.display()))),
    };
    rows.into_iter().map(coefficient).collect()
}

/// Takes the rows of files out.
pub(super) async fn remove(
    clients: &Clients,
    paths: &[PathBuf],
    expected_revision: i64,
    change: &Change,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let request = RemoveRegistryRowsRequest {
        parent: clients.parent(),
        rows: read_all(paths)?,
        reason: change.reason.clone(),
        validate_only: change.validate_only,
        expected_revision,
        request_id: Uuid::new_v4().to_string(),
    };
    let done = clients.registry().remove_registry_rows(request).await;
    changed(&done.doing("take the rows out")?.into_inner(), change, out)
}

/// The rows of registry files, of which none may be bad.
fn read_all(paths: &[PathBuf]) -> Result<Vec<RegistryRow>, Failure> {
    let found = files::find(paths, Encoding::Utf8);
    for problem in &found.problems {
        say(format_args!("error: {problem}"));
    }
    let mut rows = Rows { rejects: found.rejects, ..Rows::default() };
    for file in &found.files {
        if !file.kind.is_registry() {
            let message = format!("{} is no registry file", file.path.display());
            return Err(Failure::usage(message));
        }
        rows.read(file).with_context(|| format!("cannot read {}", file.path.display()))?;
    }
    rejecting::show(&rows.rejects);
    if !rows.rejects.is_empty() || !found.problems.is_empty() {
        return Err(Failure::other("not every row can be read, so nothing was changed"));
    }
    Ok(rows.contents)
}

fn changed(done: &RegistryChange, change: &Change, out: &mut Output) -> Result<Outcome, Failure> {
    say_warnings(&done.warnings);
    diff::report(&done.differences, done.difference_count, out)?;
    if change.validate_only {
        out.remark("nothing was changed")?;
    } else if let Some(revision) = &done.registry_revision {
        out.remark(summary(revision))?;
    }
    Ok(Outcome::Done)
}

/// Says row by row what a body that ends would leave behind.
fn not_closed(status: Status, body: &BodyId) -> Failure {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.as_slice());
    let of_end = |field: &&tonic_types::FieldViolation| field.field == "body.valid_to";
    let rows: Vec<_> = violations.unwrap_or_default().iter().filter(of_end).collect();
    if rows.is_empty() {
        return Failure::Rpc { doing: format!("close {body}"), status: Box::new(status) };
    }
    for row in &rows {
        say(&row.description);
    }
    let message = format!(
        "{body} was not closed; give what it has to another body, all of it with --areas-to BODY"
    );
    Failure::other(message)
}
