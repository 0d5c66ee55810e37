//! Which evaluation a command means that names a month.

use chengping_proto::publication::v1::{GetBulletinRequest, GetBulletinVersionRequest};
use chengping_proto::scoring::v1::evaluation::State;
use chengping_proto::scoring::v1::{Evaluation, GetEvaluationRequest, ListEvaluationsRequest};
use chengping_types::name::{BulletinName, EvaluationName};
use chengping_types::{Month, RecordId};
use clap::Args;

use crate::args::Common;
use crate::clients::Clients;
use crate::convert::instant;
use crate::failure::{Doing as _, Failure};

/// Flags that select an evaluation.
#[derive(Debug, Clone, Default, Args)]
pub struct Selection {
    /// Evaluation; the newest of the month unless given
    #[arg(long, value_name = "ID")]
    pub evaluation: Option<String>,
}

/// The evaluation that was named, or the newest of the month that has ended well, with the view
/// that `--as-of` and `--decided` name, if they do.
///
/// # Errors
///
/// When there is none, or it is of another month, or it has not ended well.
pub async fn evaluation(
    clients: &Clients,
    common: &Common,
    selection: &Selection,
) -> Result<Evaluation, Failure> {
    let Some(id) = &selection.evaluation else {
        return newest(clients, common, common.required_month()?).await;
    };
    let name = evaluation_name(clients, id)?;
    let request = GetEvaluationRequest { name: name.clone() };
    let found = clients.evaluations().get_evaluation(request).await;
    let found = found.doing(format!("get {name}"))?.into_inner();
    if found.state() != State::Succeeded {
        return Err(Failure::other(format!("{name} has no results")));
    }
    match common.month {
        Some(month) if month.to_string() != found.month => {
            Err(Failure::usage(format!("{name} is of {}, and not of --month {month}", found.month)))
        }
        _ => Ok(found),
    }
}

/// The evaluation of the version of the month that is published.
///
/// # Errors
///
/// When none is.
pub async fn published(clients: &Clients, month: Month) -> Result<Evaluation, Failure> {
    let bulletin = bulletin_name(clients, month);
    let doing = format!("get the bulletin of {month}");
    let request = GetBulletinRequest { name: bulletin.clone() };
    let found = clients.bulletins().get_bulletin(request).await.doing(&doing)?.into_inner();
    if found.published_version == 0 {
        return Err(Failure::other(format!("nothing of {month} is published")));
    }
    let name = format!("{bulletin}/versions/{}", found.published_version);
    let request = GetBulletinVersionRequest { name };
    let version = clients.bulletins().get_bulletin_version(request).await.doing(&doing)?;
    let request = GetEvaluationRequest { name: version.into_inner().evaluation };
    let found = clients.evaluations().get_evaluation(request).await;
    Ok(found.doing("get the published evaluation")?.into_inner())
}

/// The resource name of the bulletin of a month.
pub fn bulletin_name(clients: &Clients, month: Month) -> String {
    BulletinName { jurisdiction: clients.jurisdiction().clone(), month }.to_string()
}

async fn newest(clients: &Clients, common: &Common, month: Month) -> Result<Evaluation, Failure> {
    let mut request = ListEvaluationsRequest {
        parent: clients.parent(),
        month: month.to_string(),
        ..ListEvaluationsRequest::default()
    };
    let mut client = clients.evaluations();
    loop {
        let page = client.list_evaluations(request.clone()).await;
        let page = page.doing(format!("list the evaluations of {month}"))?.into_inner();
        // Newest first, so that the first that fits is the one.
        let mut evaluations = page.evaluations.into_iter();
        if let Some(found) = evaluations.find(|evaluation| fits(evaluation, common)) {
            return Ok(found);
        }
        if page.next_page_token.is_empty() {
            let view = if common.as_of.is_some() || common.decided.is_some() {
                " as of that instant"
            } else {
                ""
            };
            return Err(Failure::other(format!(
                "{month} was not evaluated{view} yet; run `chengping evaluate --month {month}`"
            )));
        }
        request.page_token = page.next_page_token;
    }
}

fn fits(evaluation: &Evaluation, common: &Common) -> bool {
    let as_of = evaluation.as_of.as_ref().map(instant);
    let decided = evaluation.decided.as_ref().map(instant);
    evaluation.state() == State::Succeeded
        && (common.as_of.is_none() || common.as_of == as_of)
        && (common.decided.is_none() || common.decided == decided)
}

/// The resource name of an evaluation that is given as that or as its ID.
fn evaluation_name(clients: &Clients, text: &str) -> Result<String, Failure> {
    let wrong = |error: String| Failure::usage(format!("--evaluation: {error}"));
    if text.contains('/') {
        let name: EvaluationName = text.parse().map_err(|error| wrong(format!("{error}")))?;
        return Ok(name.to_string());
    }
    let evaluation: RecordId = text.parse().map_err(|error| wrong(format!("{error}")))?;
    let name = EvaluationName { jurisdiction: clients.jurisdiction().clone(), evaluation };
    Ok(name.to_string())
}
