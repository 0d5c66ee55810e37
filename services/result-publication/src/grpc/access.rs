//! `AccessService`.

use chengping_chassis::error::to_status;
use chengping_proto::access::v1 as pb;
use chengping_proto::publication::v1::access_service_server::AccessService;
use tonic::{Request, Response};

use super::Answer;
use crate::app::App;

/// The handlers of the log of who looked.
pub(super) struct Access {
    pub(super) app: App,
}

#[tonic::async_trait]
impl AccessService for Access {
    async fn list_access_entries(
        &self,
        request: Request<pb::ListAccessEntriesRequest>,
    ) -> Answer<pb::ListAccessEntriesResponse> {
        let listed = chengping_access::list(self.app.access(), request.into_inner()).await;
        listed.map(Response::new).map_err(to_status)
    }
}
