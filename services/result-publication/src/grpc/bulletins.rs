//! `BulletinService`.

use std::pin::Pin;

use chengping_chassis::error::to_status;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::bulletin_service_server::BulletinService;
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use tonic::{Request, Response, Status};

use super::page::Page;
use super::{Answer, actor, convert};
use crate::app::{App, now};
use crate::error::Error;

/// The largest part of a bundle or file.
const PART_BYTES: usize = 1 << 20;

pub(super) struct Bulletins {
    pub(super) app: App,
}

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The parts of a bundle or file, each made when it is sent.
fn parts(bytes: Vec<u8>) -> impl Iterator<Item = Vec<u8>> + Send {
    (0..bytes.len()).step_by(PART_BYTES).map(move |start| {
        let end = bytes.len().min(start + PART_BYTES);
        bytes[start..end].to_vec()
    })
}

impl Bulletins {
    async fn list(
        &self,
        request: pb::ListBulletinsRequest,
    ) -> Result<pb::ListBulletinsResponse, Error> {
        let jurisdiction = convert::parent(&request.parent)?;
        let arguments = ["bulletins", &request.parent];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.bulletins(&jurisdiction, page.after, page.limit()).await?;
        let (bulletins, next_page_token) = page.cut(found, |bulletin| bulletin.month);
        let bulletins = bulletins.iter().map(convert::bulletin).collect();
        Ok(pb::ListBulletinsResponse { bulletins, next_page_token })
    }

    async fn list_versions(
        &self,
        request: pb::ListBulletinVersionsRequest,
    ) -> Result<pb::ListBulletinVersionsResponse, Error> {
        let name = convert::bulletin_name("parent", &request.parent)?;
        let arguments = ["versions", &request.parent];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.versions(&name, page.after, page.limit()).await?;
        let (versions, next_page_token) = page.cut(found, |version| version.number);
        let now = now();
        let bulletin_versions =
            versions.iter().map(|version| convert::version(version, now)).collect();
        Ok(pb::ListBulletinVersionsResponse { bulletin_versions, next_page_token })
    }

    async fn consumers(
        &self,
        request: pb::ListConsumersRequest,
    ) -> Result<pb::ListConsumersResponse, Error> {
        let jurisdiction = convert::parent(&request.parent)?;
        let arguments = ["consumers", &request.parent];
        let page = Page::<String>::read(request.page_size, &request.page_token, &arguments)?;
        let after = page.after.as_deref();
        let (found, size) = self.app.consumers(&jurisdiction, after, page.limit()).await?;
        let (consumers, next_page_token) = page.cut(found, |consumer| consumer.name.clone());
        let told = |consumer| convert::consumer(&jurisdiction, consumer, size);
        let consumers = consumers.iter().map(told).collect();
        Ok(pb::ListConsumersResponse { consumers, next_page_token })
    }

    async fn list_moves(
        &self,
        request: pb::ListBulletinVersionMovesRequest,
    ) -> Result<pb::ListBulletinVersionMovesResponse, Error> {
        let name = convert::version_name("parent", &request.parent)?;
        let arguments = ["moves", &request.parent];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.moves(&name, page.after, page.limit()).await?;
        let (moves, next_page_token) = page.cut(found, |step| step.revision);
        let moves = moves.iter().map(convert::version_move).collect();
        Ok(pb::ListBulletinVersionMovesResponse { moves, next_page_token })
    }

    async fn compare(
        &self,
        request: pb::CompareBulletinVersionsRequest,
    ) -> Result<pb::CompareBulletinVersionsResponse, Error> {
        let (name, base) = convert::compare(&request)?;
        let comparison = self.app.compare(&name, base).await?;
        Ok(convert::comparison(comparison))
    }
}

#[tonic::async_trait]
impl BulletinService for Bulletins {
    type DownloadBulletinVersionStream = Streamed<pb::DownloadBulletinVersionResponse>;
    type ExportBulletinVersionStream = Streamed<pb::ExportBulletinVersionResponse>;
    type WatchPublicationsStream = Streamed<pb::WatchPublicationsResponse>;

    async fn create_bulletin_version(
        &self,
        request: Request<pb::CreateBulletinVersionRequest>,
    ) -> Answer<pb::BulletinVersion> {
        let actor = actor(&request).map_err(to_status)?;
        let wish = convert::create(request.into_inner(), actor).map_err(to_status)?;
        let version = self.app.create(wish).await.map_err(to_status)?;
        Ok(Response::new(convert::version(&version, now())))
    }

    async fn get_bulletin(&self, request: Request<pb::GetBulletinRequest>) -> Answer<pb::Bulletin> {
        let name = convert::bulletin_name("name", &request.get_ref().name).map_err(to_status)?;
        let bulletin = self.app.bulletin(&name).await.map_err(to_status)?;
        Ok(Response::new(convert::bulletin(&bulletin)))
    }

    async fn list_bulletins(
        &self,
        request: Request<pb::ListBulletinsRequest>,
    ) -> Answer<pb::ListBulletinsResponse> {
        self.list(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn get_bulletin_version(
        &self,
        request: Request<pb::GetBulletinVersionRequest>,
    ) -> Answer<pb::BulletinVersion> {
        let name = convert::version_name("name", &request.get_ref().name).map_err(to_status)?;
        let version = self.app.version(&name).await.map_err(to_status)?;
        Ok(Response::new(convert::version(&version, now())))
    }

    async fn list_bulletin_versions(
        &self,
        request: Request<pb::ListBulletinVersionsRequest>,
    ) -> Answer<pb::ListBulletinVersionsResponse> {
        self.list_versions(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn list_bulletin_version_moves(
        &self,
        request: Request<pb::ListBulletinVersionMovesRequest>,
    ) -> Answer<pb::ListBulletinVersionMovesResponse> {
        self.list_moves(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn compare_bulletin_versions(
        &self,
        request: Request<pb::CompareBulletinVersionsRequest>,
    ) -> Answer<pb::CompareBulletinVersionsResponse> {
        self.compare(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn submit_bulletin_version(
        &self,
        request: Request<pb::SubmitBulletinVersionRequest>,
    ) -> Answer<pb::BulletinVersion> {
        let actor = actor(&request).map_err(to_status)?;
        let pb::SubmitBulletinVersionRequest { name, etag } = request.into_inner();
        let asked = convert::asked(&name, etag, actor, None).map_err(to_status)?;
        let version = self.app.submit(&asked).await.map_err(to_status)?;
        Ok(Response::new(convert::version(&version, now())))
    }

    async fn approve_bulletin_version(
        &self,
        request: Request<pb::ApproveBulletinVersionRequest>,
    ) -> Answer<pb::BulletinVersion> {
        let actor = actor(&request).map_err(to_status)?;
        let pb::ApproveBulletinVersionRequest { name, etag, waive_reason } = request.into_inner();
        let reason = Some(("waive_reason", waive_reason.as_str(), false));
        let asked = convert::asked(&name, etag, actor, reason).map_err(to_status)?;
        let version = self.app.approve(&asked).await.map_err(to_status)?;
        Ok(Response::new(convert::version(&version, now())))
    }

    async fn publish_bulletin_version(
        &self,
        request: Request<pb::PublishBulletinVersionRequest>,
    ) -> Answer<pb::BulletinVersion> {
        let actor = actor(&request).map_err(to_status)?;
        let pb::PublishBulletinVersionRequest { name, etag } = request.into_inner();
        let asked = convert::asked(&name, etag, actor, None).map_err(to_status)?;
        let version = self.app.publish(&asked).await.map_err(to_status)?;
        Ok(Response::new(convert::version(&version, now())))
    }

    async fn correct_bulletin(
        &self,
        request: Request<pb::CorrectBulletinRequest>,
    ) -> Answer<pb::BulletinVersion> {
        let actor = actor(&request).map_err(to_status)?;
        let wish = convert::correct(request.into_inner(), actor).map_err(to_status)?;
        let version = self.app.create(wish).await.map_err(to_status)?;
        Ok(Response::new(convert::version(&version, now())))
    }

    async fn withdraw_bulletin_version(
        &self,
        request: Request<pb::WithdrawBulletinVersionRequest>,
    ) -> Answer<pb::BulletinVersion> {
        let actor = actor(&request).map_err(to_status)?;
        let pb::WithdrawBulletinVersionRequest { name, reason, etag } = request.into_inner();
        let reason = Some(("reason", reason.as_str(), true));
        let asked = convert::asked(&name, etag, actor, reason).map_err(to_status)?;
        let version = self.app.withdraw(&asked).await.map_err(to_status)?;
        Ok(Response::new(convert::version(&version, now())))
    }

    async fn download_bulletin_version(
        &self,
        request: Request<pb::DownloadBulletinVersionRequest>,
    ) -> Answer<Self::DownloadBulletinVersionStream> {
        let name = convert::version_name("name", &request.get_ref().name).map_err(to_status)?;
        let bundle = self.app.bundle(&name).await.map_err(to_status)?;
        let parts = parts(bundle).map(|data| Ok(pb::DownloadBulletinVersionResponse { data }));
        Ok(Response::new(stream::iter(parts).boxed()))
    }

    async fn export_bulletin_version(
        &self,
        request: Request<pb::ExportBulletinVersionRequest>,
    ) -> Answer<Self::ExportBulletinVersionStream> {
        let (name, format) = convert::export(request.get_ref()).map_err(to_status)?;
        let file = self.app.export(&name, format).await.map_err(to_status)?;
        let parts = parts(file).map(|data| Ok(pb::ExportBulletinVersionResponse { data }));
        Ok(Response::new(stream::iter(parts).boxed()))
    }

    async fn watch_publications(
        &self,
        request: Request<pb::WatchPublicationsRequest>,
    ) -> Answer<Self::WatchPublicationsStream> {
        let watch = convert::watch(request.into_inner()).map_err(to_status)?;
        let told = self.app.watch(watch).await.map_err(to_status)?;
        Ok(Response::new(told.map_ok(|told| convert::told(told, now())).map_err(to_status).boxed()))
    }

    async fn acknowledge_publication(
        &self,
        request: Request<pb::AcknowledgePublicationRequest>,
    ) -> Answer<pb::AcknowledgePublicationResponse> {
        let request = request.into_inner();
        let (jurisdiction, consumer) = convert::acknowledge(&request).map_err(to_status)?;
        let pending = self.app.acknowledge(&jurisdiction, &consumer, &request.resume_token).await;
        let pending_count = convert::int64(pending.map_err(to_status)?);
        Ok(Response::new(pb::AcknowledgePublicationResponse { pending_count }))
    }

    async fn list_consumers(
        &self,
        request: Request<pb::ListConsumersRequest>,
    ) -> Answer<pb::ListConsumersResponse> {
        self.consumers(request.into_inner()).await.map(Response::new).map_err(to_status)
    }
}
