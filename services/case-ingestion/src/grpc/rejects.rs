//! `RejectService`.

use chengping_chassis::error::to_status;
use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::reject_service_server::RejectService;
use tonic::{Request, Response, Status};

use super::convert::{correction, dismissal, listing, named, new_rejects, page, reject_to_pb};
use crate::app::App;
use crate::domain::RejectName;

/// The handlers of `RejectService`.
pub(crate) struct RejectHandlers {
    app: App,
}

impl RejectHandlers {
    pub(crate) fn new(app: App) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl RejectService for RejectHandlers {
    async fn batch_create_rejects(
        &self,
        request: Request<pb::BatchCreateRejectsRequest>,
    ) -> Result<Response<pb::BatchCreateRejectsResponse>, Status> {
        let (jurisdiction, rejects) = new_rejects(request.into_inner()).map_err(to_status)?;
        let stored = self.app.store_rejects(&jurisdiction, &rejects).await.map_err(to_status)?;
        Ok(Response::new(pb::BatchCreateRejectsResponse {
            stored_count: stored.stored,
            repeated_count: stored.repeated,
        }))
    }

    async fn get_reject(
        &self,
        request: Request<pb::GetRejectRequest>,
    ) -> Result<Response<pb::Reject>, Status> {
        let name: RejectName = named(&request.into_inner().name).map_err(to_status)?;
        let reject = self.app.reject(&name).await.map_err(to_status)?;
        let one = format!("rejects/{}", name.reject);
        self.app.note_whole(&name.jurisdiction, &one).await.map_err(to_status)?;
        Ok(Response::new(reject_to_pb(&name.jurisdiction, reject)))
    }

    async fn list_rejects(
        &self,
        request: Request<pb::ListRejectsRequest>,
    ) -> Result<Response<pb::ListRejectsResponse>, Status> {
        let request = request.into_inner();
        let (parent, listing) = listing(&request).map_err(to_status)?;
        let jurisdiction = &parent.jurisdiction;
        let page = page(request.page_size, request.page_token);
        let found = self.app.rejects(jurisdiction, &listing, &page).await.map_err(to_status)?;
        self.app.note_whole(jurisdiction, "rejects").await.map_err(to_status)?;
        let rejects = found.rejects.into_iter().map(|reject| reject_to_pb(jurisdiction, reject));
        Ok(Response::new(pb::ListRejectsResponse {
            rejects: rejects.collect(),
            next_page_token: found.next,
            total_size: found.total,
        }))
    }

    async fn replay_reject(
        &self,
        request: Request<pb::ReplayRejectRequest>,
    ) -> Result<Response<pb::Reject>, Status> {
        let (name, correction) = correction(request.into_inner()).map_err(to_status)?;
        let reject = self.app.replay(&name, correction).await.map_err(to_status)?;
        Ok(Response::new(reject_to_pb(&name.jurisdiction, reject)))
    }

    async fn dismiss_reject(
        &self,
        request: Request<pb::DismissRejectRequest>,
    ) -> Result<Response<pb::Reject>, Status> {
        let request = request.into_inner();
        let (name, reason) = dismissal(&request).map_err(to_status)?;
        let reject = self.app.dismiss(&name, reason).await.map_err(to_status)?;
        Ok(Response::new(reject_to_pb(&name.jurisdiction, reject)))
    }
}
