//! The working calendar.

use chengping_proto::rules::v1 as pb;
use chengping_types::name::WorkCalendarName;
use tonic::Request;

use super::{actor, convert};
use crate::app::App;
use crate::error::Error;

const UPDATE: &str = "chengping.rules.v1.RegistryService/UpdateWorkCalendar";

pub(super) async fn get(
    app: &App,
    request: Request<pb::GetWorkCalendarRequest>,
) -> Result<pb::WorkCalendar, Error> {
    let name: WorkCalendarName = convert::single("name", &request.get_ref().name)?;
    let calendar = app.work_calendar(&name).await?;
    Ok(convert::calendar::work_calendar(&name, calendar))
}

pub(super) async fn update(
    app: &App,
    request: Request<pb::UpdateWorkCalendarRequest>,
) -> Result<pb::WorkCalendar, Error> {
    let actor = actor(request.metadata())?;
    let change = convert::calendar::change(request.into_inner(), actor, UPDATE)?;
    let name = change.name.clone();
    let calendar = app.update_work_calendar(change).await?;
    Ok(convert::calendar::work_calendar(&name, calendar))
}
