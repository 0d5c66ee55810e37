//! `chengping evaluate`: scores every body for a month.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use chengping_proto::scoring::v1::evaluation::State;
use chengping_proto::scoring::v1::{
    CreateEvaluationRequest, Evaluation, GetEvaluationRequest, ListScorecardsRequest, Scorecard,
    scorecard,
};
use chengping_types::name::RulePackRevisionName;
use chengping_types::{JurisdictionId, Month, PackId};
use clap::Args;
use serde_json::json;
use tonic::Status;
use uuid::Uuid;

use super::import::progress::Waiting;
use crate::args::Common;
use crate::clients::{Clients, all_pages};
use crate::convert::{enum_text, time_text, timestamp};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table, say};
use crate::rejecting;

/// Between two looks at an evaluation that is still running.
const PAUSE: Duration = Duration::from_millis(200);

/// Flags of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Rules to apply; those in force in the month unless given
    #[arg(long, value_name = "NAME@REVISION")]
    rule_pack: Option<PackRevision>,
    /// Evaluation of an earlier month whose counts stand in the place of those that were frozen then,
    /// as after a correction of that month; may be repeated
    #[arg(long = "correction", value_name = "ID")]
    corrections: Vec<String>,
}

/// A revision of a rule pack, as `zz-2018@3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackRevision {
    /// The pack.
    pub pack: PackId,
    /// The number of the revision, from 1.
    pub revision: u64,
}

impl PackRevision {
    /// Its resource name.
    pub fn name(&self, jurisdiction: &JurisdictionId) -> String {
        let name = RulePackRevisionName {
            jurisdiction: jurisdiction.clone(),
            rule_pack: self.pack.clone(),
            revision: self.revision,
        };
        name.to_string()
    }
}

impl FromStr for PackRevision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (pack, revision) = text.rsplit_once('@')?;
            let revision = revision.parse().ok().filter(|revision| *revision > 0)?;
            Some(Self { pack: pack.parse().ok()?, revision })
        };
        read().ok_or_else(|| "expected NAME@REVISION, such as zz-2018@3".to_owned())
    }
}

/// Creates an evaluation, waits for its end and prints what it is known by.
pub async fn run(
    common: &Common,
    args: &EvaluateArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    let doing = format!("evaluate {month}");
    let waiting = Waiting::new(format!("evaluating {month}"));
    let evaluation = create(&clients, common, month, args).await.doing(doing)?;
    drop(waiting);
    if evaluation.state() == State::Failed {
        return Err(Failure::other(format!(
            "the evaluation of {month} failed: {} ({})",
            evaluation.failure_reason, evaluation.name
        )));
    }
    let cards = scorecards(&clients, &evaluation.name, None).await;
    let cards = cards.doing("read the scorecards")?;
    print(&evaluation, &cards, out)?;
    if let Some(warning) = rejecting::warning(evaluation.open_reject_count) {
        say(warning);
    }
    Ok(Outcome::Done)
}

async fn create(
    clients: &Clients,
    common: &Common,
    month: Month,
    args: &EvaluateArgs,
) -> Result<Evaluation, Status> {
    let name = |id: &String| match id.contains('/') {
        true => id.clone(),
        false => format!("{}/evaluations/{id}", clients.parent()),
    };
    let corrections = args.corrections.iter().map(name).collect();
    let revision = args.rule_pack.as_ref().map(|pack| pack.name(clients.jurisdiction()));
    let evaluation = Evaluation {
        month: month.to_string(),
        as_of: common.as_of.map(timestamp),
        decided: common.decided.map(timestamp),
        rule_pack_revision: revision.unwrap_or_default(),
        ..Evaluation::default()
    };
    let request = CreateEvaluationRequest {
        parent: clients.parent(),
        evaluation: Some(evaluation),
        request_id: Uuid::new_v4().to_string(),
        corrections,
    };
    let mut client = clients.evaluations();
    let mut evaluation = client.create_evaluation(request).await?.into_inner();
    while matches!(evaluation.state(), State::Pending | State::Running) {
        tokio::time::sleep(PAUSE).await;
        let request = GetEvaluationRequest { name: evaluation.name };
        evaluation = client.get_evaluation(request).await?.into_inner();
    }
    Ok(evaluation)
}

/// All scorecards of an evaluation by group and rank, without their items.
pub async fn scorecards(
    clients: &Clients,
    evaluation: &str,
    group: Option<&str>,
) -> Result<Vec<Scorecard>, Status> {
    let request = ListScorecardsRequest {
        parent: evaluation.to_owned(),
        group: group.unwrap_or_default().to_owned(),
        ..ListScorecardsRequest::default()
    };
    all_pages!(clients.evaluations(), list_scorecards, request, scorecards)
}

/// The state of a scorecard as the results document names it.
pub fn state_text(state: scorecard::State) -> String {
    enum_text(state.as_str_name(), "STATE_")
}

fn print(evaluation: &Evaluation, cards: &[Scorecard], out: &mut Output) -> Result<(), Failure> {
    let mut bodies = BTreeMap::new();
    for state in [scorecard::State::Scored, scorecard::State::TooFewCases, scorecard::State::NoData]
    {
        let count = cards.iter().filter(|card| card.state() == state).count();
        bodies.insert(state_text(state), count);
    }
    let mut table = Table::new(&[("of the evaluation", Align::Left), ("value", Align::Left)]);
    let mut row = |what: &str, value: &str| table.row([what.to_owned(), value.to_owned()]);
    row("name", &evaluation.name);
    row("digest", &evaluation.digest);
    row("month", &evaluation.month);
    row("as of", &time_text(evaluation.as_of.as_ref()));
    row("decided", &time_text(evaluation.decided.as_ref()));
    row("rules", &evaluation.rule_pack_revision);
    row("registry", &evaluation.registry_revision);
    row("snapshot", &evaluation.snapshot);
    row("records seen", &evaluation.watermark.to_string());
    for (state, count) in &bodies {
        row(&format!("bodies {}", state.replace('_', " ")), &count.to_string());
    }
    row("open rejects", &evaluation.open_reject_count.to_string());
    out.report(
        &table,
        &json!({
            "evaluation": evaluation.name,
            "digest": evaluation.digest,
            "month": evaluation.month,
            "as_of": time_text(evaluation.as_of.as_ref()),
            "decided": time_text(evaluation.decided.as_ref()),
            "rule_pack_revision": evaluation.rule_pack_revision,
            "rule_pack_digest": evaluation.rule_pack_digest,
            "registry_revision": evaluation.registry_revision,
            "snapshot": evaluation.snapshot,
            "snapshot_digest": evaluation.snapshot_digest,
            "watermark": evaluation.watermark,
            "engine": evaluation.engine_version,
            "bodies": bodies,
            "open_rejects": evaluation.open_reject_count,
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_named_after_its_pack() {
        let revision: PackRevision = "gbt-30428.4@12".parse().unwrap();
        assert_eq!(
            revision.name(&"zz".parse().unwrap()),
            "jurisdictions/zz/rulePacks/gbt-30428.4/revisions/12"
        );
        for bad in ["zz-2018", "zz-2018@", "zz-2018@latest", "zz-2018@0", "@1"] {
            assert!(bad.parse::<PackRevision>().is_err(), "{bad}");
        }
    }
}
