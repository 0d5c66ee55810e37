//! `SnapshotService`.

use chengping_chassis::error::to_status;
use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::snapshot_service_server::SnapshotService;
use chengping_types::name::{JurisdictionName, SnapshotName};
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use tonic::{Request, Response, Status};

use super::convert::{Facts, SnapshotCommand, fact_batches, named, page, parent, snapshot_to_pb};
use crate::app::{App, MonthFacts};

/// What a message with records takes at most.
const RECORD_BYTES_MAX: usize = 1 << 20;

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
    type StreamRecordsStream = BoxStream<'static, Result<pb::StreamRecordsResponse, Status>>;

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

    async fn rebuild_case_files(
        &self,
        request: Request<pb::RebuildCaseFilesRequest>,
    ) -> Result<Response<pb::RebuildCaseFilesResponse>, Status> {
        let parent: JurisdictionName = parent(&request.into_inner().parent).map_err(to_status)?;
        let watermark =
            self.app.rebuild_case_files(&parent.jurisdiction).await.map_err(to_status)?;
        Ok(Response::new(pb::RebuildCaseFilesResponse { watermark }))
    }

    async fn stream_facts(
        &self,
        request: Request<pb::StreamFactsRequest>,
    ) -> Result<Response<Self::StreamFactsStream>, Status> {
        let Facts { jurisdiction, watermark, questions, since, form } =
            Facts::try_from(request.into_inner()).map_err(to_status)?;
        self.app.note_whole(&jurisdiction, "facts").await.map_err(to_status)?;
        let form = move |months: &[MonthFacts]| {
            months.iter().flat_map(|of| fact_batches(of, form)).collect()
        };
        let pages = match since {
            None => self.app.facts(jurisdiction, watermark, questions, form).await,
            Some(since) => {
                self.app.facts_since(jurisdiction, watermark, questions, since, form).await
            }
        };
        let pages = pages.map_err(to_status)?;
        // The client that goes drops the stream, and with it the reading.
        let batches =
            pages.map_err(to_status).map_ok(|batches: Vec<_>| stream::iter(batches).map(Ok));
        Ok(Response::new(batches.try_flatten().boxed()))
    }

    async fn stream_records(
        &self,
        request: Request<pb::StreamRecordsRequest>,
    ) -> Result<Response<Self::StreamRecordsStream>, Status> {
        let name: SnapshotName = named(&request.into_inner().name).map_err(to_status)?;
        let snapshot = self.app.snapshot(&name).await.map_err(to_status)?;
        let (jurisdiction, watermark) = (&name.jurisdiction, snapshot.watermark);
        let of = format!("snapshots/{}/records", name.snapshot);
        self.app.note_whole(jurisdiction, &of).await.map_err(to_status)?;
        let pages = self.app.records(jurisdiction.clone(), watermark).await.map_err(to_status)?;
        let head = pb::StreamRecordsResponse {
            snapshot: Some(snapshot_to_pb(jurisdiction, snapshot)),
            ..pb::StreamRecordsResponse::default()
        };
        // The client that goes drops the stream, and with it the reading.
        let parts = pages.map_err(to_status).map_ok(|page| {
            let parts: Vec<_> = page.chunks(RECORD_BYTES_MAX).map(part).map(Ok).collect();
            stream::iter(parts)
        });
        Ok(Response::new(stream::once(async { Ok(head) }).chain(parts.try_flatten()).boxed()))
    }
}

fn part(files: &[u8]) -> pb::StreamRecordsResponse {
    pb::StreamRecordsResponse { case_files: files.to_vec(), ..pb::StreamRecordsResponse::default() }
}
