//! A server that knows one answer.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::net::Ipv4Addr;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Ready, ready};
use http::{Request, Response};
use tokio::net::TcpListener;
use tonic::Status;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;

use crate::raw::Raw;

/// Answers every call with `answer`.
pub(crate) async fn serve(answer: Bytes) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    super::announce(listener.local_addr()?);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let rules = Bare::<Rules>(answer.clone(), PhantomData);
    let scores = Bare::<Scores>(answer, PhantomData);
    let server = tonic::transport::Server::builder().add_service(rules).add_service(scores);
    Ok(server.serve_with_incoming(incoming).await?)
}

/// The services in whose names it answers.
trait Named: Clone + Send + Sync + 'static {
    const NAME: &'static str;
}

#[derive(Debug, Clone)]
struct Rules;

impl Named for Rules {
    const NAME: &'static str = "chengping.rules.v1.RulePackService";
}

#[derive(Debug, Clone)]
struct Scores;

impl Named for Scores {
    const NAME: &'static str = "chengping.scoring.v1.EvaluationService";
}

#[derive(Debug, Clone)]
struct Bare<N>(Bytes, PhantomData<N>);

impl<N: Named> NamedService for Bare<N> {
    const NAME: &'static str = N::NAME;
}

impl<N: Named> tower::Service<Request<Body>> for Bare<N> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let bare = self.clone();
        async move { Ok(Grpc::new(Raw).unary(bare, request).await) }.boxed()
    }
}

impl<N: Named> UnaryService<Bytes> for Bare<N> {
    type Response = Bytes;
    type Future = Ready<Result<tonic::Response<Bytes>, Status>>;

    fn call(&mut self, _: tonic::Request<Bytes>) -> Self::Future {
        ready(Ok(tonic::Response::new(self.0.clone())))
    }
}
