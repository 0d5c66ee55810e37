//! A service of no use, written by hand: text in, text out.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use chengping_chassis::client::{TracedChannel, connect};
use chengping_chassis::config::{ListenConfig, PeerConfig};
use chengping_chassis::error::{ApiError, FieldErrors, to_status};
use chengping_chassis::serve::{ServeError, Server, bind};
use chengping_chassis::{CancellationToken, identity, rpc};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use http::uri::PathAndQuery;
use http::{Request, Response};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::server::{NamedService, ServerStreamingService, UnaryService};
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;

/// The largest message that the toy sends, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

type Texts = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

/// What the handlers of one toy share with its test.
#[derive(Default)]
pub(crate) struct Handles {
    /// Told when `Wait` has been called.
    pub(crate) waiting: Notify,
    /// Lets one `Wait` answer.
    pub(crate) answer: Notify,
    /// Whom `Forward` asks.
    pub(crate) peer: Option<TracedChannel>,
}

#[derive(Clone, Default)]
pub(crate) struct Toy(pub(crate) Arc<Handles>);

impl NamedService for Toy {
    const NAME: &'static str = "toy.v1.ToyService";
}

impl tower::Service<Request<Body>> for Toy {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let toy = self.clone();
        async move {
            let path = request.uri().path().to_owned();
            let method = path.rsplit('/').next().unwrap_or_default().to_owned();
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<String, String>::default())
                .max_encoding_message_size(ANSWER_BYTES_MAX);
            Ok(if method.ends_with("Stream") {
                grpc.server_streaming(Method(method, toy), request).await
            } else {
                grpc.unary(Method(method, toy), request).await
            })
        }
        .boxed()
    }
}

struct Method(String, Toy);

impl UnaryService<String> for Method {
    type Response = String;
    type Future = BoxFuture<'static, Result<tonic::Response<String>, Status>>;

    fn call(&mut self, request: tonic::Request<String>) -> Self::Future {
        let (method, toy) = (self.0.clone(), self.1.clone());
        let handles = toy.0;
        async move {
            let answer = match method.as_str() {
                "Echo" => request.into_inner(),
                "Panic" => panic!("a bug"),
                "Never" => std::future::pending().await,
                "Wait" => {
                    handles.waiting.notify_one();
                    handles.answer.notified().await;
                    "waited".to_owned()
                }
                "Describe" => describe(),
                "Whoami" => whoami(&request.into_inner())?,
                "Huge" => "x".repeat(ANSWER_BYTES_MAX),
                "Roles" => roles(),
                "Forward" | "ForwardForAll" => {
                    let peer = handles.peer.clone().expect("a peer");
                    return call(peer, "Describe", tonic::Request::new(String::new())).await;
                }
                _ => return Err(Status::not_found(method)),
            };
            Ok(tonic::Response::new(answer))
        }
        .boxed()
    }
}

impl ServerStreamingService<String> for Method {
    type Response = String;
    type ResponseStream = Texts;
    type Future = BoxFuture<'static, Result<tonic::Response<Texts>, Status>>;

    fn call(&mut self, _: tonic::Request<String>) -> Self::Future {
        let method = self.0.clone();
        let first = futures_util::stream::iter([Ok("first".to_owned())]);
        let then = futures_util::stream::once(async move {
            // Messages that are ready at once are sent together, and lost together.
            tokio::task::yield_now().await;
            match method.as_str() {
                "PanicStream" => panic!("a bug"),
                "DescribeStream" => Ok(describe()),
                "HugeStream" => Ok("x".repeat(ANSWER_BYTES_MAX)),
                _ => std::future::pending().await,
            }
        });
        let texts: Texts = Box::pin(first.chain(then));
        async move { Ok(tonic::Response::new(texts)) }.boxed()
    }
}

/// What a handler knows of the call it serves.
fn describe() -> String {
    let has_time = rpc::deadline().is_some_and(|deadline| deadline.remaining() > Duration::ZERO);
    let request_id = rpc::request_id().map(|id| id.to_string()).unwrap_or_default();
    format!("{has_time} {request_id}")
}

/// Who calls, of `name`; it need not be a name.
fn whoami(name: &str) -> Result<String, Status> {
    let mut errors = FieldErrors::default();
    errors.parse::<String>("name", name);
    errors.into_result().map_err(|errors| to_status(Invalid(errors)))?;
    Ok(identity::principal().map(|it| it.subject().to_owned()).unwrap_or_default())
}

/// The roles in which a call was let in.
fn roles() -> String {
    let principal = identity::principal();
    let roles = principal.iter().flat_map(|it| it.roles()).map(ToString::to_string);
    roles.collect::<Vec<_>>().join(" ")
}

#[derive(Debug, thiserror::Error)]
#[error("the request is not valid: {0}")]
struct Invalid(FieldErrors);

impl ApiError for Invalid {
    fn code(&self) -> tonic::Code {
        tonic::Code::InvalidArgument
    }

    fn reason(&self) -> &'static str {
        "REQUEST_INVALID"
    }

    fn field_errors(&self) -> Option<&FieldErrors> {
        Some(&self.0)
    }
}

/// Calls a unary method of the toy.
pub(crate) async fn call(
    channel: TracedChannel,
    method: &str,
    request: tonic::Request<String>,
) -> Result<tonic::Response<String>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    grpc.unary(request, path(method), ProstCodec::<String, String>::default()).await
}

/// Calls a streaming method of the toy.
pub(crate) async fn stream(
    channel: TracedChannel,
    method: &str,
    request: tonic::Request<String>,
) -> Result<Streaming<String>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let codec = ProstCodec::<String, String>::default();
    grpc.server_streaming(request, path(method), codec).await.map(tonic::Response::into_inner)
}

fn path(method: &str) -> PathAndQuery {
    format!("/{}/{method}", Toy::NAME).parse().unwrap()
}

/// A served toy.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), ServeError>>,
}

impl Served {
    pub(crate) fn channel(&self) -> TracedChannel {
        connect(&PeerConfig::at(self.address.to_string())).unwrap()
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }
}

pub(crate) fn free_listen() -> ListenConfig {
    ListenConfig { address: SocketAddr::from(([127, 0, 0, 1], 0)), ..ListenConfig::default() }
}

/// Serves `toy` with a grace that no test outlives.
pub(crate) async fn serve(toy: Toy) -> Served {
    let mut server =
        Server::new(ListenConfig { grace_ms: 3_600_000.try_into().unwrap(), ..free_listen() });
    server.add_service(toy);
    run(server).await
}

pub(crate) async fn run(server: Server) -> Served {
    let listener = bind(&free_listen()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(server.serve(listener, shutdown.clone()));
    Served { address, shutdown, task }
}
