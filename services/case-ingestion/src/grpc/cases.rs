//! `CaseService`.

use chengping_chassis::CancellationToken;
use chengping_chassis::error::to_status;
use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::case_service_server::CaseService;
use chengping_types::name::{CaseName, JurisdictionName};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::convert::{
    Timelines, case_to_pb, counts_to_pb, event_to_pb, named, page, parent, timeline_to_pb,
};
use super::limits::Limits;
use super::{changes, intake};
use crate::app::{App, Following};
use crate::config::IntakeConfig;
use crate::domain::Receipt;

/// The handlers of `CaseService`.
pub(crate) struct CaseHandlers {
    app: App,
    limits: Limits,
    shutdown: CancellationToken,
}

impl CaseHandlers {
    pub(crate) fn new(app: App, config: IntakeConfig, shutdown: CancellationToken) -> Self {
        let limits = Limits::new(config, app.metrics().clone());
        Self { app, limits, shutdown }
    }
}

#[tonic::async_trait]
impl CaseService for CaseHandlers {
    type StreamCasesStream = ReceiverStream<Result<pb::StreamCasesResponse, Status>>;
    type WatchCaseChangesStream = changes::Changes;
    type StreamEventsStream = ReceiverStream<Result<pb::StreamEventsResponse, Status>>;

    async fn batch_create_cases(
        &self,
        request: Request<pb::BatchCreateCasesRequest>,
    ) -> Result<Response<pb::BatchCreateCasesResponse>, Status> {
        let taken = intake::take_in(&self.app, &self.limits, request.into_inner()).await;
        let receipt = taken.map_err(to_status)?;
        let (counts, watermark) = receipt_to_pb(receipt);
        Ok(Response::new(pb::BatchCreateCasesResponse { counts, watermark }))
    }

    async fn batch_create_events(
        &self,
        request: Request<pb::BatchCreateEventsRequest>,
    ) -> Result<Response<pb::BatchCreateEventsResponse>, Status> {
        let taken = intake::take_in(&self.app, &self.limits, request.into_inner()).await;
        let receipt = taken.map_err(to_status)?;
        let (counts, watermark) = receipt_to_pb(receipt);
        Ok(Response::new(pb::BatchCreateEventsResponse { counts, watermark }))
    }

    async fn upload_cases(
        &self,
        request: Request<Streaming<pb::UploadCasesRequest>>,
    ) -> Result<Response<pb::UploadCasesResponse>, Status> {
        let receipt = intake::upload(&self.app, &self.limits, request.into_inner()).await?;
        let (counts, watermark) = receipt_to_pb(receipt);
        Ok(Response::new(pb::UploadCasesResponse { counts, watermark }))
    }

    async fn upload_events(
        &self,
        request: Request<Streaming<pb::UploadEventsRequest>>,
    ) -> Result<Response<pb::UploadEventsResponse>, Status> {
        let receipt = intake::upload(&self.app, &self.limits, request.into_inner()).await?;
        let (counts, watermark) = receipt_to_pb(receipt);
        Ok(Response::new(pb::UploadEventsResponse { counts, watermark }))
    }

    async fn stream_cases(
        &self,
        request: Request<Streaming<pb::StreamCasesRequest>>,
    ) -> Result<Response<Self::StreamCasesStream>, Status> {
        let (app, shutdown) = (self.app.clone(), self.shutdown.clone());
        let answers = intake::answer(
            app,
            &self.limits,
            request.into_inner(),
            shutdown,
            |acknowledged_batch, so_far| {
                let (counts, watermark) = receipt_to_pb(so_far);
                pb::StreamCasesResponse { acknowledged_batch, counts, watermark }
            },
        );
        Ok(Response::new(answers))
    }

    async fn stream_events(
        &self,
        request: Request<Streaming<pb::StreamEventsRequest>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        let (app, shutdown) = (self.app.clone(), self.shutdown.clone());
        let answers = intake::answer(
            app,
            &self.limits,
            request.into_inner(),
            shutdown,
            |acknowledged_batch, so_far| {
                let (counts, watermark) = receipt_to_pb(so_far);
                pb::StreamEventsResponse { acknowledged_batch, counts, watermark }
            },
        );
        Ok(Response::new(answers))
    }

    async fn get_case(
        &self,
        request: Request<pb::GetCaseRequest>,
    ) -> Result<Response<pb::Case>, Status> {
        let name: CaseName = named(&request.into_inner().name).map_err(to_status)?;
        let case = self.app.case_for(&name).await.map_err(to_status)?;
        Ok(Response::new(case_to_pb(&name.jurisdiction, case)))
    }

    async fn list_cases(
        &self,
        request: Request<pb::ListCasesRequest>,
    ) -> Result<Response<pb::ListCasesResponse>, Status> {
        let request = request.into_inner();
        let parent: JurisdictionName = parent(&request.parent).map_err(to_status)?;
        let page = page(request.page_size, request.page_token);
        let (cases, next_page_token) = self.app.cases(&parent, &page).await.map_err(to_status)?;
        let cases = cases.into_iter().map(|case| case_to_pb(&parent.jurisdiction, case)).collect();
        Ok(Response::new(pb::ListCasesResponse { cases, next_page_token }))
    }

    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        let request = request.into_inner();
        let parent: CaseName = parent(&request.parent).map_err(to_status)?;
        let page = page(request.page_size, request.page_token);
        let (events, next_page_token) = self.app.events(&parent, &page).await.map_err(to_status)?;
        let events = events.into_iter().map(|event| event_to_pb(&parent.jurisdiction, event));
        Ok(Response::new(pb::ListEventsResponse { events: events.collect(), next_page_token }))
    }

    async fn get_timeline(
        &self,
        request: Request<pb::GetTimelineRequest>,
    ) -> Result<Response<pb::Timeline>, Status> {
        let Timelines { name, as_of, lifecycle } =
            Timelines::try_from(request.into_inner()).map_err(to_status)?;
        let timeline = self.app.timeline(&name, as_of, &lifecycle).await.map_err(to_status)?;
        Ok(Response::new(timeline_to_pb(&name.jurisdiction, timeline)))
    }

    async fn watch_case_changes(
        &self,
        request: Request<pb::WatchCaseChangesRequest>,
    ) -> Result<Response<Self::WatchCaseChangesStream>, Status> {
        let following = Following::try_from(request.into_inner()).map_err(to_status)?;
        let told = changes::answer(self.app.clone(), following, self.shutdown.clone());
        Ok(Response::new(told))
    }
}

fn receipt_to_pb(receipt: Receipt) -> (Option<pb::IntakeCounts>, i64) {
    (Some(counts_to_pb(receipt.counts)), receipt.watermark)
}
