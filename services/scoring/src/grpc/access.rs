//! `AccessService`.

use chengping_chassis::error::to_status;
use chengping_proto::access::v1 as pb;
use chengping_proto::scoring::v1::access_service_server::{AccessService, AccessServiceServer};
use tonic::{Request, Response, Status};

use crate::app::App;

/// The gRPC service over the log of who looked.
pub(crate) fn access_service(app: App) -> AccessServiceServer<Access> {
    AccessServiceServer::new(Access { app })
}

/// The handlers of the service.
#[derive(Debug)]
pub(crate) struct Access {
    app: App,
}

#[tonic::async_trait]
impl AccessService for Access {
    async fn list_access_entries(
        &self,
        request: Request<pb::ListAccessEntriesRequest>,
    ) -> Result<Response<pb::ListAccessEntriesResponse>, Status> {
        let listed = chengping_access::list(self.app.access(), request.into_inner()).await;
        listed.map(Response::new).map_err(to_status)
    }
}
