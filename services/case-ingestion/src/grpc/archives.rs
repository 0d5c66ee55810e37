//! `ArchiveService`.

use chengping_chassis::error::to_status;
use chengping_chassis::identity;
use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::archive_service_server::ArchiveService;
use chengping_types::name::{ArchiveName, JurisdictionName};
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use super::convert::{
    ArchiveMessages, RestoreCommand, archive_records, archive_to_pb, entry_to_pb, erasing, named,
    page, parent, putting_away, restored_to_pb,
};
use crate::app::App;
use crate::error::Error;

/// The handlers of `ArchiveService`.
pub(crate) struct ArchiveHandlers {
    app: App,
}

impl ArchiveHandlers {
    pub(crate) fn new(app: App) -> Self {
        Self { app }
    }
}

fn actor<T>(request: &Request<T>) -> Result<String, Status> {
    identity::actor(request.metadata()).map_err(|errors| to_status(Error::Invalid(errors)))
}

#[tonic::async_trait]
impl ArchiveService for ArchiveHandlers {
    type StreamArchiveStream = BoxStream<'static, Result<pb::StreamArchiveResponse, Status>>;

    async fn stream_archive(
        &self,
        request: Request<pb::StreamArchiveRequest>,
    ) -> Result<Response<Self::StreamArchiveStream>, Status> {
        let request = request.into_inner();
        let name: ArchiveName = named(&request.name).map_err(to_status)?;
        let pages = self.app.archive_pages(&name).await.map_err(to_status)?;
        let month = format!("archives/{}", name.archive);
        self.app.note_whole(&name.jurisdiction, &month).await.map_err(to_status)?;
        let messages = ArchiveMessages::new(name.jurisdiction, request.with_texts);
        // The client that goes drops the stream, and with it the reading.
        let state = Some((pages, messages));
        let messages = stream::try_unfold(state, |state| async move {
            let Some((mut pages, mut messages)) = state else { return Ok::<_, Status>(None) };
            let records = pages.next().await.map_err(to_status)?;
            if records.is_empty() {
                let last = vec![messages.last()];
                return Ok(Some((stream::iter(last).map(Ok), None)));
            }
            let some = messages.next(records).map_err(to_status)?;
            Ok(Some((stream::iter(some).map(Ok), Some((pages, messages)))))
        });
        Ok(Response::new(messages.try_flatten().boxed()))
    }

    async fn put_away_month(
        &self,
        request: Request<pb::PutAwayMonthRequest>,
    ) -> Result<Response<pb::Archive>, Status> {
        let actor = actor(&request)?;
        let wish = putting_away(request.into_inner(), actor).map_err(to_status)?;
        let archive = self.app.put_away(&wish).await.map_err(to_status)?;
        Ok(Response::new(archive_to_pb(&wish.name.jurisdiction, archive)))
    }

    async fn restore_month(
        &self,
        request: Request<Streaming<pb::RestoreMonthRequest>>,
    ) -> Result<Response<pb::RestoreMonthResponse>, Status> {
        let actor = actor(&request)?;
        let mut messages = request.into_inner();
        let first = messages.message().await?.unwrap_or_default();
        let RestoreCommand { name, why, validate_only } =
            RestoreCommand::read(&first, actor).map_err(to_status)?;
        let jurisdiction = &name.jurisdiction;
        let Some(mut restoring) = self.app.begin_restore(&name, why).await.map_err(to_status)?
        else {
            let restored = self.app.restored(&name).await.map_err(to_status)?;
            return Ok(Response::new(restored_to_pb(jurisdiction, restored)));
        };
        let mut message = Some(first);
        while let Some(request) = message {
            let records = archive_records(request.records).map_err(to_status)?;
            restoring.add(records).await.map_err(to_status)?;
            message = messages.message().await?;
        }
        let restored = restoring.finish(validate_only).await.map_err(to_status)?;
        Ok(Response::new(restored_to_pb(jurisdiction, restored)))
    }

    async fn get_archive(
        &self,
        request: Request<pb::GetArchiveRequest>,
    ) -> Result<Response<pb::Archive>, Status> {
        let name: ArchiveName = named(&request.into_inner().name).map_err(to_status)?;
        let archive = self.app.archive(&name).await.map_err(to_status)?;
        Ok(Response::new(archive_to_pb(&name.jurisdiction, archive)))
    }

    async fn list_archives(
        &self,
        request: Request<pb::ListArchivesRequest>,
    ) -> Result<Response<pb::ListArchivesResponse>, Status> {
        let request = request.into_inner();
        let parent: JurisdictionName = parent(&request.parent).map_err(to_status)?;
        let page = page(request.page_size, request.page_token);
        let (archives, next_page_token) =
            self.app.archives(&parent, &page).await.map_err(to_status)?;
        let archives = archives.into_iter().map(|one| archive_to_pb(&parent.jurisdiction, one));
        let archives = archives.collect();
        Ok(Response::new(pb::ListArchivesResponse { archives, next_page_token }))
    }

    async fn erase_texts(
        &self,
        request: Request<pb::EraseTextsRequest>,
    ) -> Result<Response<pb::EraseTextsResponse>, Status> {
        let actor = actor(&request)?;
        let wish = erasing(&request.into_inner(), actor).map_err(to_status)?;
        let entries = self.app.erase_texts(&wish).await.map_err(to_status)?;
        let entries = entries.into_iter().map(|entry| entry_to_pb(&wish.jurisdiction, entry));
        Ok(Response::new(pb::EraseTextsResponse { entries: entries.collect() }))
    }

    async fn list_retention_entries(
        &self,
        request: Request<pb::ListRetentionEntriesRequest>,
    ) -> Result<Response<pb::ListRetentionEntriesResponse>, Status> {
        let request = request.into_inner();
        let parent: JurisdictionName = parent(&request.parent).map_err(to_status)?;
        let page = page(request.page_size, request.page_token);
        let (entries, next_page_token) =
            self.app.retention_entries(&parent, &page).await.map_err(to_status)?;
        let entries = entries.into_iter().map(|one| entry_to_pb(&parent.jurisdiction, one));
        let entries = entries.collect();
        Ok(Response::new(pb::ListRetentionEntriesResponse { entries, next_page_token }))
    }
}
