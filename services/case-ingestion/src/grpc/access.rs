//! `AccessService`.

use chengping_chassis::error::to_status;
use chengping_proto::access::v1 as pb;
use chengping_proto::cases::v1::access_service_server::AccessService;
use tonic::{Request, Response, Status};

use crate::app::App;

/// The handlers of `AccessService`.
pub(crate) struct AccessHandlers {
    app: App,
}

impl AccessHandlers {
    pub(crate) fn new(app: App) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl AccessService for AccessHandlers {
    async fn list_access_entries(
        &self,
        request: Request<pb::ListAccessEntriesRequest>,
    ) -> Result<Response<pb::ListAccessEntriesResponse>, Status> {
        let listed = chengping_access::list(self.app.access(), request.into_inner()).await;
        listed.map(Response::new).map_err(to_status)
    }
}
