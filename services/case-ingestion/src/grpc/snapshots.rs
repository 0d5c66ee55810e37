//! `SnapshotService`.

use chengping_chassis::error::to_status;
use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::snapshot_service_server::SnapshotService;
use chengping_types::name::{JurisdictionName, SnapshotName};
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use tonic::{Request, Response, Status};

use super::convert::{Facts, SnapshotCommand, fact_batches, named, page, parent, snapshot_to_pb};
use crate::app::{App, MonthFacts};

/// The handlers of `SnapshotService`.
pub(crate) struct SnapshotHandlers {
    app: App,
}

impl SnapshotHandlers {
    pub(crate) fn new(app: App) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl SnapshotService for SnapshotHandlers {
    type StreamFactsStream = BoxStream<'static, Result<pb::StreamFactsResponse, Status>>;

    async fn create_snapshot(
        &self,
        request: Request<pb::CreateSnapshotRequest>,
    ) -> Result<Response<pb::Snapshot>, Status> {
        let SnapshotCommand { jurisdiction, month, view } =
            SnapshotCommand::try_from(request.into_inner()).map_err(to_status)?;
        let snapshot =
            self.app.create_snapshot(&jurisdiction, month, view).await.map_err(to_status)?;
        Ok(Response::new(snapshot_to_pb(&jurisdiction, snapshot)))
    }

    async fn get_snapshot(
        &self,
        request: Request<pb::GetSnapshotRequest>,
    ) -> Result<Response<pb::Snapshot>, Status> {
        let name: SnapshotName = named(&request.into_inner().name).map_err(to_status)?;
        let snapshot = self.app.snapshot(&name).await.map_err(to_status)?;
        Ok(Response::new(snapshot_to_pb(&name.jurisdiction, snapshot)))
    }

    async fn list_snapshots(
        &self,
        request: Request<pb::ListSnapshotsRequest>,
    ) -> Result<Response<pb::ListSnapshotsResponse>, Status> {
        let request = request.into_inner();
        let parent: JurisdictionName = parent(&request.parent).map_err(to_status)?;
        let page = page(request.page_size, request.page_token);
        let (snapshots, next_page_token) =
            self.app.snapshots(&parent, &page).await.map_err(to_status)?;
        let snapshots = snapshots.into_iter().map(|one| snapshot_to_pb(&parent.jurisdiction, one));
        let snapshots = snapshots.collect();
        Ok(Response::new(pb::ListSnapshotsResponse { snapshots, next_page_token }))
    }

    async fn verify_snapshot(
        &self,
        request: Request<pb::VerifySnapshotRequest>,
    ) -> Result<Response<pb::VerifySnapshotResponse>, Status> {
        let name: SnapshotName = named(&request.into_inner().name).map_err(to_status)?;
        let digest = self.app.verify_snapshot(&name).await.map_err(to_status)?.to_string();
        Ok(Response::new(pb::VerifySnapshotResponse { digest }))
    }

    async fn stream_facts(
        &self,
        request: Request<pb::StreamFactsRequest>,
    ) -> Result<Response<Self::StreamFactsStream>, Status> {
        let Facts { jurisdiction, watermark, questions, since } =
            Facts::try_from(request.into_inner()).map_err(to_status)?;
        if let Some(since) = since {
            let facts = self.app.facts_since(jurisdiction, watermark, questions, since).await;
            let differences = stream::try_unfold(facts.map_err(to_status)?, |mut facts| async {
                let months = facts.next().await.map_err(to_status)?;
                Ok::<_, Status>(months.map(|months| (batches(&months), facts)))
            });
            return Ok(Response::new(differences.try_flatten().boxed()));
        }
        let pages = self.app.facts(jurisdiction, watermark, questions).await.map_err(to_status)?;
        // The client that goes drops the stream, and with it the reading.
        let facts = stream::try_unfold(pages, |mut pages| async move {
            let months = pages.next().await.map_err(to_status)?;
            Ok::<_, Status>(months.map(|months| (batches(&months), pages)))
        });
        Ok(Response::new(facts.try_flatten().boxed()))
    }
}

/// The batches of the facts of some months, in their order.
fn batches(
    months: &[MonthFacts],
) -> impl Stream<Item = Result<pb::StreamFactsResponse, Status>> + use<> {
    let batches: Vec<_> = months.iter().flat_map(fact_batches).collect();
    stream::iter(batches).map(Ok)
}
