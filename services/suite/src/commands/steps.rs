//! `chengping submit`, `approve` and `withdraw`: the steps of a version beside its publication.

use chengping_proto::publication::v1::bulletin_version::State;
use chengping_proto::publication::v1::{
    ApproveBulletinVersionRequest, BulletinVersion, SubmitBulletinVersionRequest,
    WithdrawBulletinVersionRequest,
};
use chengping_types::Month;
use clap::Args;
use serde_json::json;

use super::publish::{create, newest_version, report, selected, versions};
use crate::args::Common;
use crate::clients::Clients;
use crate::convert::{enum_text, last_part, second_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};
use crate::selection::Selection;

/// Flags of `submit`.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    #[command(flatten)]
    selection: Selection,
    /// Why the month is corrected; required where it is published, and published with the version
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Flags of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// Close the objection window before its end, and say why; published with the version
    #[arg(long, value_name = "REASON", default_value = "")]
    waive_window: String,
}

/// Flags of `withdraw`.
#[derive(Debug, Args)]
pub struct WithdrawArgs {
    /// Why; published
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Makes the next version of a month from an evaluation and shows it to the bodies.
pub async fn submit(
    common: &Common,
    args: &SubmitArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let (month, clients, evaluation) = selected(common, &args.selection).await?;
    let version = create(&clients, month, &evaluation, &args.reason).await;
    let version = version.doing(format!("create a version of {month}"))?;
    let request = SubmitBulletinVersionRequest { name: version.name, etag: version.etag };
    let version = clients.bulletins().submit_bulletin_version(request).await;
    let version = version.doing(format!("show {month} to the bodies"))?.into_inner();
    show(&version, out)?;
    Ok(Outcome::Done)
}

/// Closes the objection window of the newest version.
pub async fn approve(
    common: &Common,
    args: &ApproveArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    let version = newest_version(&clients, month).await?;
    let request = ApproveBulletinVersionRequest {
        name: version.name,
        etag: version.etag,
        waive_reason: args.waive_window.clone(),
    };
    let version = clients.bulletins().approve_bulletin_version(request).await;
    show(&version.doing(format!("approve {month}"))?.into_inner(), out)?;
    Ok(Outcome::Done)
}

/// Takes back the version of a month that stands.
pub async fn withdraw(
    common: &Common,
    args: &WithdrawArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    let version = standing(&clients, month).await?;
    let request = WithdrawBulletinVersionRequest {
        name: version.name,
        reason: args.reason.clone(),
        etag: String::new(),
    };
    let version = clients.bulletins().withdraw_bulletin_version(request).await;
    let version = version.doing(format!("withdraw {month}"))?.into_inner();
    report(&clients, &version, out).await
}

/// The version that stands; the newest withdrawn one where none does, so that a repeat is one.
async fn standing(clients: &Clients, month: Month) -> Result<BulletinVersion, Failure> {
    let versions = versions(clients, month).await.doing("list the versions")?;
    let found = versions
        .into_iter()
        .find(|version| matches!(version.state(), State::Published | State::Withdrawn));
    found.ok_or_else(|| Failure::other(format!("nothing of {month} is published")))
}

/// What the bodies are shown, and until when they may object.
fn show(version: &BulletinVersion, out: &mut Output) -> Result<(), Failure> {
    let state = enum_text(version.state().as_str_name(), "STATE_");
    let inquiries: Vec<_> = version.inquiries.iter().map(|name| last_part(name)).collect();
    let mut table = Table::new(&[
        ("version", Align::Left),
        ("state", Align::Left),
        ("objections_until", Align::Left),
        ("decided_by", Align::Left),
        ("inquiries", Align::Left),
        ("results_digest", Align::Left),
    ]);
    table.row([
        version.name.clone(),
        state.clone(),
        second_text(version.objection_end_time.as_ref()),
        second_text(version.decision_due_time.as_ref()),
        inquiries.join(" "),
        version.results_digest.clone(),
    ]);
    out.report(
        &table,
        &json!({
            "name": version.name,
            "version": version.version,
            "evaluation": version.evaluation,
            "state": state,
            "reason": version.reason,
            "results_digest": version.results_digest,
            "notice_time": time_text(version.notice_time.as_ref()),
            "objection_start_time": time_text(version.objection_start_time.as_ref()),
            "objection_end_time": time_text(version.objection_end_time.as_ref()),
            "decision_due_time": time_text(version.decision_due_time.as_ref()),
            "waive_reason": version.waive_reason,
            "inquiries": version.inquiries,
            "etag": version.etag,
        }),
    )
}
