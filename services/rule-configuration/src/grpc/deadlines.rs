//! Deadlines, computed and explained.

use chengping_proto::rules::v1 as pb;

use super::convert::deadline as convert;
use crate::app::App;
use crate::error::Error;

pub(super) async fn compute(
    app: &App,
    request: pb::ComputeDeadlineRequest,
) -> Result<pb::ComputeDeadlineResponse, Error> {
    let question = convert::question(request, "")?;
    let answer = app.explain_deadline(&question).await?;
    Ok(convert::computed(&answer))
}

pub(super) async fn explain(
    app: &App,
    request: pb::ExplainDeadlineRequest,
) -> Result<pb::ExplainDeadlineResponse, Error> {
    let question = convert::question(request.deadline.unwrap_or_default(), "deadline.")?;
    let answer = app.explain_deadline(&question).await?;
    Ok(convert::explained(&answer))
}
