//! `chengping publish` and `chengping correct`: seals and publishes the results of a month.

use chengping_proto::publication::v1::bulletin_version::State;
use chengping_proto::publication::v1::{
    BulletinVersion, CorrectBulletinRequest, CreateBulletinVersionRequest, GetCheckpointRequest,
    ListBulletinVersionsRequest, PublishBulletinVersionRequest,
};
use chengping_proto::scoring::v1::Evaluation;
use chengping_types::Month;
use clap::Args;
use serde_json::json;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::args::{Common, Format};
use crate::clients::{Clients, all_pages};
use crate::convert::{enum_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table, say};
use crate::rejecting;
use crate::selection::{self, Selection, bulletin_name};

/// Flags of `publish`.
#[derive(Debug, Args)]
pub struct PublishArgs {
    #[command(flatten)]
    selection: Selection,
}

/// Flags of `correct`.
#[derive(Debug, Args)]
pub struct CorrectArgs {
    #[command(flatten)]
    selection: Selection,
    /// Why; published with the version
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Publishes the first version of a month. Doing it again changes nothing.
pub async fn publish(
    common: &Common,
    args: &PublishArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    let evaluation = selection::evaluation(&clients, common, &args.selection).await?;
    if let Some(warning) = rejecting::warning(evaluation.open_reject_count) {
        say(warning);
    }
    let versions = versions(&clients, month).await.doing("list the versions")?;
    // Newest first: the one that stands comes before those that it corrected.
    let published = versions.iter().find(|version| version.state() == State::Published);
    if let Some(published) = published {
        if published.results_digest != evaluation.digest {
            return Err(other_results(month, published, &evaluation));
        }
        say(format_args!("these results of {month} are published already"));
        return report(&clients, published, out).await;
    }
    let prepared = versions.into_iter().find(|version| {
        version.evaluation == evaluation.name && version.state() != State::Withdrawn
    });
    let version = match prepared {
        Some(version) => version,
        None => create(&clients, month, &evaluation).await.doing("create a version")?,
    };
    let version = seal(&clients, version).await.doing(format!("publish {month}"))?;
    report(&clients, &version, out).await
}

/// Publishes the next version of a published month, with the reason. Doing it again changes
/// nothing.
pub async fn correct(
    common: &Common,
    args: &CorrectArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    let evaluation = selection::evaluation(&clients, common, &args.selection).await?;
    if let Some(warning) = rejecting::warning(evaluation.open_reject_count) {
        say(warning);
    }
    let versions = versions(&clients, month).await.doing("list the versions")?;
    let standing = versions.iter().find(|version| version.state() == State::Published);
    if let Some(standing) = standing
        && standing.results_digest == evaluation.digest
    {
        say(format_args!("these results of {month} are published already"));
        return report(&clients, standing, out).await;
    }
    let prepared = versions.iter().find(|version| {
        version.evaluation == evaluation.name && version.state() == State::Computed
    });
    let version = match prepared {
        Some(version) => version.clone(),
        None => {
            let request = CorrectBulletinRequest {
                name: bulletin_name(&clients, month),
                evaluation: evaluation.name,
                reason: args.reason.clone(),
                request_id: Uuid::new_v4().to_string(),
            };
            let version = clients.bulletins().correct_bulletin(request).await;
            version.doing(format!("correct {month}"))?.into_inner()
        }
    };
    let version = seal(&clients, version).await.doing(format!("publish {month}"))?;
    report(&clients, &version, out).await
}

async fn versions(clients: &Clients, month: Month) -> Result<Vec<BulletinVersion>, Status> {
    let request = ListBulletinVersionsRequest {
        parent: bulletin_name(clients, month),
        ..ListBulletinVersionsRequest::default()
    };
    let found = all_pages!(clients.bulletins(), list_bulletin_versions, request, bulletin_versions);
    match found {
        // The bulletin comes into being with its first version.
        Err(status) if status.code() == Code::NotFound => Ok(Vec::new()),
        found => found,
    }
}

async fn create(
    clients: &Clients,
    month: Month,
    evaluation: &Evaluation,
) -> Result<BulletinVersion, Status> {
    let version =
        BulletinVersion { evaluation: evaluation.name.clone(), ..BulletinVersion::default() };
    let request = CreateBulletinVersionRequest {
        parent: bulletin_name(clients, month),
        bulletin_version: Some(version),
        request_id: Uuid::new_v4().to_string(),
    };
    Ok(clients.bulletins().create_bulletin_version(request).await?.into_inner())
}

async fn seal(clients: &Clients, version: BulletinVersion) -> Result<BulletinVersion, Status> {
    let request = PublishBulletinVersionRequest { name: version.name, etag: version.etag };
    Ok(clients.bulletins().publish_bulletin_version(request).await?.into_inner())
}

fn other_results(month: Month, published: &BulletinVersion, evaluation: &Evaluation) -> Failure {
    Failure::other(format!(
        "version {} of {month} is published with other results ({}) than those of {} ({}); \
         a published version never changes: make the next one with \
         `chengping correct --month {month} --reason TEXT`",
        published.version, published.results_digest, evaluation.name, evaluation.digest
    ))
}

async fn report(
    clients: &Clients,
    version: &BulletinVersion,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let name = format!("{}/checkpoint", clients.parent());
    let checkpoint = clients.ledger().get_checkpoint(GetCheckpointRequest { name }).await;
    let checkpoint = checkpoint.doing("read the checkpoint")?.into_inner();
    let index = version.log_index.map(|index| index.to_string()).unwrap_or_default();
    let mut table = Table::new(&[
        ("version", Align::Left),
        ("state", Align::Left),
        ("log_index", Align::Right),
        ("digest", Align::Left),
        ("results_digest", Align::Left),
    ]);
    table.row([
        version.name.clone(),
        enum_text(version.state().as_str_name(), "STATE_"),
        index,
        version.digest.clone(),
        version.results_digest.clone(),
    ]);
    out.report(
        &table,
        &json!({
            "name": version.name,
            "version": version.version,
            "evaluation": version.evaluation,
            "state": enum_text(version.state().as_str_name(), "STATE_"),
            "digest": version.digest,
            "results_digest": version.results_digest,
            "log_index": version.log_index,
            "publish_time": time_text(version.publish_time.as_ref()),
            "checkpoint": checkpoint.note,
        }),
    )?;
    if out.format() == Format::Table {
        out.text(&format!("\n{}", checkpoint.note))?;
    }
    Ok(Outcome::Done)
}
