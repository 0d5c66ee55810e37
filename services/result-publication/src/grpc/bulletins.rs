//! `BulletinService`.

use std::pin::Pin;

use chengping_chassis::error::to_status;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::bulletin_service_server::BulletinService;
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use tonic::{Request, Response, Status};

use super::page::Page;
use super::{Answer, convert, not_built};
use crate::app::App;
use crate::domain::state::Step;
use crate::error::Error;

/// The largest part of a bundle.
const PART_BYTES: usize = 1 << 20;

pub(super) struct Bulletins {
    pub(super) app: App,
}

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

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
        let bulletins = App::seen_bulletins(bulletins);
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
        let versions = App::seen_versions(versions);
        let bulletin_versions = versions.iter().map(convert::version).collect();
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

    async fn advance(
        &self,
        name: &str,
        etag: &str,
        step: Step,
    ) -> Result<pb::BulletinVersion, Error> {
        let name = convert::version_name("name", name)?;
        let version = match step {
            Step::Publish => self.app.publish(&name, etag).await?,
            _ => self.app.advance(&name, etag, step).await?,
        };
        Ok(convert::version(&version))
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
        let wish = convert::create(request.into_inner()).map_err(to_status)?;
        let version = self.app.create(wish).await.map_err(to_status)?;
        Ok(Response::new(convert::version(&version)))
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
        Ok(Response::new(convert::version(&version)))
    }

    async fn list_bulletin_versions(
        &self,
        request: Request<pb::ListBulletinVersionsRequest>,
    ) -> Answer<pb::ListBulletinVersionsResponse> {
        self.list_versions(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn submit_bulletin_version(
        &self,
        request: Request<pb::SubmitBulletinVersionRequest>,
    ) -> Answer<pb::BulletinVersion> {
        let pb::SubmitBulletinVersionRequest { name, etag } = request.into_inner();
        let version = self.advance(&name, &etag, Step::Submit).await;
        version.map(Response::new).map_err(to_status)
    }

    async fn approve_bulletin_version(
        &self,
        request: Request<pb::ApproveBulletinVersionRequest>,
    ) -> Answer<pb::BulletinVersion> {
        let pb::ApproveBulletinVersionRequest { name, etag } = request.into_inner();
        let version = self.advance(&name, &etag, Step::Approve).await;
        version.map(Response::new).map_err(to_status)
    }

    async fn publish_bulletin_version(
        &self,
        request: Request<pb::PublishBulletinVersionRequest>,
    ) -> Answer<pb::BulletinVersion> {
        let pb::PublishBulletinVersionRequest { name, etag } = request.into_inner();
        let version = self.advance(&name, &etag, Step::Publish).await;
        version.map(Response::new).map_err(to_status)
    }

    async fn correct_bulletin(
        &self,
        request: Request<pb::CorrectBulletinRequest>,
    ) -> Answer<pb::BulletinVersion> {
        let wish = convert::correct(request.into_inner()).map_err(to_status)?;
        let version = self.app.create(wish).await.map_err(to_status)?;
        Ok(Response::new(convert::version(&version)))
    }

    async fn withdraw_bulletin_version(
        &self,
        _: Request<pb::WithdrawBulletinVersionRequest>,
    ) -> Answer<pb::BulletinVersion> {
        not_built("WithdrawBulletinVersion").map_err(to_status)
    }

    async fn download_bulletin_version(
        &self,
        request: Request<pb::DownloadBulletinVersionRequest>,
    ) -> Answer<Self::DownloadBulletinVersionStream> {
        let name = convert::version_name("name", &request.get_ref().name).map_err(to_status)?;
        let bundle = self.app.bundle(&name).await.map_err(to_status)?;
        let parts: Vec<_> = bundle
            .chunks(PART_BYTES)
            .map(|part| Ok(pb::DownloadBulletinVersionResponse { data: part.to_vec() }))
            .collect();
        Ok(Response::new(stream::iter(parts).boxed()))
    }

    async fn export_bulletin_version(
        &self,
        _: Request<pb::ExportBulletinVersionRequest>,
    ) -> Answer<Self::ExportBulletinVersionStream> {
        not_built("ExportBulletinVersion").map_err(to_status)
    }

    async fn watch_publications(
        &self,
        request: Request<pb::WatchPublicationsRequest>,
    ) -> Answer<Self::WatchPublicationsStream> {
        let watch = convert::watch(request.into_inner()).map_err(to_status)?;
        let told = self.app.watch(watch).await.map_err(to_status)?;
        Ok(Response::new(told.map_ok(convert::told).map_err(to_status).boxed()))
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
