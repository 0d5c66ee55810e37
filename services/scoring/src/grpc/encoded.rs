//! `GetScorecard` answered with bytes: what the generated server would do, but for encoding a card
//! that was encoded before. All other methods are the generated server's.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use chengping_chassis::error::to_status;
use chengping_chassis::serve::MESSAGE_BYTES_MAX;
use chengping_proto::codec::EncodedCodec;
use chengping_proto::scoring::v1 as pb;
use chengping_proto::scoring::v1::evaluation_service_server::EvaluationServiceServer;
use futures_util::future::BoxFuture;
use http::Response;
use tonic::Request;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, UnaryService};

use super::{Answer, Handlers};

/// The method, as it stands in the address of a call.
const GET_SCORECARD: &str = "/chengping.scoring.v1.EvaluationService/GetScorecard";

/// The service over the use cases.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    handlers: Arc<Handlers>,
    generated: EvaluationServiceServer<Handlers>,
}

impl Service {
    pub(super) fn new(handlers: Handlers) -> Self {
        let handlers = Arc::new(handlers);
        let generated = EvaluationServiceServer::from_arc(Arc::clone(&handlers))
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        Self { handlers, generated }
    }
}

impl NamedService for Service {
    const NAME: &'static str = EvaluationServiceServer::<Handlers>::NAME;
}

impl tower::Service<http::Request<Body>> for Service {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        tower::Service::<http::Request<Body>>::poll_ready(&mut self.generated, context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if request.uri().path() != GET_SCORECARD {
            return self.generated.call(request);
        }
        let method = GetScorecard(Arc::clone(&self.handlers));
        Box::pin(async move {
            let codec = EncodedCodec::default();
            let mut grpc = Grpc::new(codec).max_encoding_message_size(MESSAGE_BYTES_MAX);
            Ok(grpc.unary(method, request).await)
        })
    }
}

struct GetScorecard(Arc<Handlers>);

impl UnaryService<pb::GetScorecardRequest> for GetScorecard {
    type Response = Bytes;
    type Future = BoxFuture<'static, Answer<Bytes>>;

    fn call(&mut self, request: Request<pb::GetScorecardRequest>) -> Self::Future {
        let handlers = Arc::clone(&self.0);
        Box::pin(async move {
            let card = handlers.scorecard(&request.into_inner()).await.map_err(to_status)?;
            Ok(tonic::Response::new(card))
        })
    }
}
