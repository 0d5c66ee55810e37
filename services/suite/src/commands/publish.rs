//! `chengping publish` and `chengping correct`: seals and publishes the results of a month.

use chengping_proto::publication::v1::bulletin_version::State;
use chengping_proto::publication::v1::{
    BulletinVersion, CompareBulletinVersionsRequest, CorrectBulletinRequest,
    CreateBulletinVersionRequest, GetCheckpointRequest, ListBulletinVersionsRequest,
    PublishBulletinVersionRequest, ResultDifference,
};
use chengping_proto::scoring::v1::Evaluation;
use chengping_types::Month;
use clap::Args;
use serde_json::{Value, json};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::args::{Common, Format};
use crate::clients::{Clients, all_pages};
use crate::convert::{enum_text, last_part, second_text, time_text};
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

/// The month, and the evaluation that a version of it is made from. Says which rows are missing in it.
pub(super) async fn selected(
    common: &Common,
    selection: &Selection,
) -> Result<(Month, Clients, Evaluation), Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    let evaluation = selection::evaluation(&clients, common, selection).await?;
    if let Some(warning) = rejecting::warning(evaluation.open_reject_count) {
        say(warning);
    }
    Ok((month, clients, evaluation))
}

/// Publishes the first version of a month. Doing it again changes nothing.
pub async fn publish(
    common: &Common,
    args: &PublishArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let (month, clients, evaluation) = selected(common, &args.selection).await?;
    let versions = versions(&clients, month).await.doing("list the versions")?;
    require_nothing_shown(month, &versions)?;
    if let Some(decided) = versions.iter().find(|version| version.state() == State::Decided) {
        return seal_decided(&clients, month, decided.clone(), &evaluation, out).await;
    }
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
        None => create(&clients, month, &evaluation, "").await.doing("create a version")?,
    };
    let version = seal(&clients, version).await.doing(format!("publish {month}"))?;
    report(&clients, &version, out).await
}

/// Refuses to make another version in place of one that the bodies are being shown.
fn require_nothing_shown(month: Month, versions: &[BulletinVersion]) -> Result<(), Failure> {
    let is_shown = |version: &&BulletinVersion| {
        matches!(version.state(), State::UnderNotice | State::ObjectionWindow)
    };
    let Some(shown) = versions.iter().find(is_shown) else { return Ok(()) };
    Err(Failure::other(format!(
        "version {} of {month} is shown to the bodies, who may object until {}; `chengping approve \
         --month {month}` it first, or show other results with `chengping submit`",
        shown.version,
        second_text(shown.objection_end_time.as_ref()),
    )))
}

/// Publishes a version that went through its objections, when it is made from these results.
async fn seal_decided(
    clients: &Clients,
    month: Month,
    decided: BulletinVersion,
    evaluation: &Evaluation,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    if decided.results_digest != evaluation.digest {
        return Err(Failure::other(format!(
            "version {} of {month}, which went through its objections, is made from other results \
             ({}) than those of {}; name its evaluation with --evaluation {}, or show the new \
             results with `chengping submit --month {month}`",
            decided.version, decided.results_digest, evaluation.name, decided.evaluation
        )));
    }
    let version = seal(clients, decided).await.doing(format!("publish {month}"))?;
    report(clients, &version, out).await
}

/// The newest version of a month, in whichever state.
///
/// # Errors
///
/// When there is none.
pub(super) async fn newest_version(
    clients: &Clients,
    month: Month,
) -> Result<BulletinVersion, Failure> {
    let versions = versions(clients, month).await.doing("list the versions")?;
    versions.into_iter().next().ok_or_else(|| {
        Failure::other(format!(
            "{month} has no version yet; make one with `chengping submit --month {month}`"
        ))
    })
}

/// Publishes the next version of a published month, with the reason. Doing it again changes
/// nothing.
pub async fn correct(
    common: &Common,
    args: &CorrectArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let (month, clients, evaluation) = selected(common, &args.selection).await?;
    let versions = versions(&clients, month).await.doing("list the versions")?;
    require_nothing_shown(month, &versions)?;
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

pub(super) async fn versions(
    clients: &Clients,
    month: Month,
) -> Result<Vec<BulletinVersion>, Status> {
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

/// Makes the next version of a month from an evaluation, with a reason where it is a correction.
pub(super) async fn create(
    clients: &Clients,
    month: Month,
    evaluation: &Evaluation,
    reason: &str,
) -> Result<BulletinVersion, Status> {
    let version = BulletinVersion {
        evaluation: evaluation.name.clone(),
        reason: reason.to_owned(),
        ..BulletinVersion::default()
    };
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

/// Prints a sealed version, and of a correction what it changes.
pub(super) async fn report(
    clients: &Clients,
    version: &BulletinVersion,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let name = format!("{}/checkpoint", clients.parent());
    let checkpoint = clients.ledger().get_checkpoint(GetCheckpointRequest { name }).await;
    let checkpoint = checkpoint.doing("read the checkpoint")?.into_inner();
    let changed = match (version.version, version.state()) {
        (1, _) | (_, State::Withdrawn) => None,
        _ => Some(changes(clients, version).await?),
    };
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
            "reason": version.reason,
            "waive_reason": version.waive_reason,
            "withdraw_reason": version.withdraw_reason,
            "inquiries": version.inquiries,
            "touched_versions": version.touched_versions,
            "differences": changed.iter().flatten().map(difference_json).collect::<Vec<_>>(),
        }),
    )?;
    if out.format() == Format::Table {
        out.text(&format!("\n{}", checkpoint.note))?;
        if let Some(changed) = &changed {
            out.text(&changed_table(changed).to_string())?;
        }
    }
    for touched in &version.touched_versions {
        say(format_args!(
            "{touched} used a value that this changes; evaluate its month with `--correction {}`, \
             and correct it",
            last_part(&version.evaluation)
        ));
    }
    Ok(Outcome::Done)
}

async fn changes(
    clients: &Clients,
    version: &BulletinVersion,
) -> Result<Vec<ResultDifference>, Failure> {
    let request = CompareBulletinVersionsRequest { name: version.name.clone(), base_version: 0 };
    let answer = clients.bulletins().compare_bulletin_versions(request).await;
    Ok(answer.doing("compare with the version before")?.into_inner().differences)
}

fn changed_table(changed: &[ResultDifference]) -> Table {
    let mut table = Table::new(&[
        ("group", Align::Left),
        ("body", Align::Left),
        ("score_before", Align::Right),
        ("score_after", Align::Right),
        ("rank_before", Align::Right),
        ("rank_after", Align::Right),
    ]);
    let rank = |rank: i32| if rank == 0 { String::new() } else { rank.to_string() };
    for difference in changed {
        table.row([
            difference.group.clone(),
            difference.body_id.clone(),
            difference.score_before.clone(),
            difference.score_after.clone(),
            rank(difference.rank_before),
            rank(difference.rank_after),
        ]);
    }
    table
}

/// A difference as programs read it.
pub(super) fn difference_json(difference: &ResultDifference) -> Value {
    json!({
        "body": difference.body_id,
        "group": difference.group,
        "score_before": difference.score_before,
        "score_after": difference.score_after,
        "rank_before": difference.rank_before,
        "rank_after": difference.rank_after,
        "grade_before": difference.grade_before,
        "grade_after": difference.grade_after,
    })
}
