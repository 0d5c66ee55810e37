use std::collections::BTreeSet;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span};

use super::health;
use crate::config::ListenConfig;
use crate::error::{plain_status, retry_status};
use crate::identity::{Caller, Guards, Refusal};
use crate::rpc::bare;
use crate::rpc::body::{ObservedBody, deadline_exceeded};
use crate::rpc::context::{Call, Deadline, REQUEST_ID_HEADER, RequestId, out_of_time};
use crate::rpc::observation::{CallMetrics, Observation};
use crate::rpc::span::{self, Side};

pub(super) const REFLECTION: &str = "grpc.reflection.v1.ServerReflection";
pub(super) const REFLECTION_OLD: &str = "grpc.reflection.v1alpha.ServerReflection";

/// What happens to every call: a span below the caller's, a request ID, the caller's deadline, an
/// `INTERNAL` status in place of a panic, a reason for every error. Who may not make it, and what is
/// beyond the limit of open calls, is refused.
#[derive(Debug, Clone)]
pub(super) struct RpcLayer {
    /// Names of services as callers write them, of which spans may speak.
    known: Arc<BTreeSet<&'static str>>,
    guards: Arc<Guards>,
    drain: CancellationToken,
    /// One for each call that the server may have open.
    slots: Arc<Semaphore>,
    answer_timeout: Duration,
    metrics: CallMetrics,
}

impl RpcLayer {
    pub(super) fn new(
        names: &[&'static str],
        config: &ListenConfig,
        guards: Guards,
        drain: CancellationToken,
    ) -> Self {
        let calls_max = usize::try_from(config.calls_max.get()).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            known: Arc::new(names.iter().copied().collect()),
            guards: Arc::new(guards),
            drain,
            slots: Arc::new(Semaphore::new(calls_max.min(Semaphore::MAX_PERMITS))),
            answer_timeout: Duration::from_millis(config.answer_timeout_ms.get()),
            metrics: CallMetrics::new(),
        }
    }
}

impl<S> Layer<S> for RpcLayer {
    type Service = RpcService<S>;

    fn layer(&self, inner: S) -> RpcService<S> {
        RpcService { inner, layer: self.clone() }
    }
}

/// A service behind [`RpcLayer`].
#[derive(Debug, Clone)]
pub(super) struct RpcService<S> {
    inner: S,
    layer: RpcLayer,
}

impl<S> Service<Request<Body>> for RpcService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The one that was polled ready must serve the call.
        let fresh = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, fresh);

        let kind = self.layer.kind(request.uri().path());
        let (caller, refusal) = self.layer.admit(&kind, &request);
        let call = Call {
            deadline: Deadline::from_headers(request.headers()),
            request_id: RequestId::from_headers(request.headers()),
            caller,
        };
        let is_plumbing = matches!(kind, Kind::Plumbing);
        let observation = self.layer.observe(&kind, &call.request_id);
        span::adopt_parent(&observation.span, request.headers());
        let drain = is_plumbing.then(|| self.layer.drain.clone().cancelled_owned());

        request.extensions_mut().insert(call.request_id.clone());
        // Services of one process call each other: were calls to wait for room, they could wait
        // for each other.
        let slot = (!is_plumbing).then(|| Arc::clone(&self.layer.slots).try_acquire_owned());
        let late = out_of_time(call.deadline, self.layer.answer_timeout);
        let has_room = !matches!(slot, Some(Err(_)));
        let work = async move {
            match refusal {
                Some(refusal) => refusal.into_status().into_http(),
                None if has_room => handle(inner, request, late).await,
                None => too_many_calls().into_http(),
            }
        };
        let work = call.clone().scope(work).instrument(observation.span.clone());
        async move {
            // Ends the call as cancelled if the caller gives up while the handler works.
            let mut unanswered = Unanswered(Some(observation));
            let (mut parts, body) = work.await.into_parts();
            let mut observation = unanswered.0.take().expect("nothing else takes it");
            if bare::explain(&mut parts.headers) {
                observation.method_is_unknown();
            }
            parts.headers.insert(REQUEST_ID_HEADER, call.request_id.to_header());
            let body = ObservedBody::new(body, &parts.headers, observation);
            let slot = slot.and_then(Result::ok);
            Ok(Response::from_parts(
                parts,
                Body::new(body.within(call).unless(drain).holding(slot)),
            ))
        }
        .boxed()
    }
}

/// What a path asks for.
enum Kind<'a> {
    /// A method of a service that was mounted.
    Known(&'a str),
    /// Health or reflection.
    Plumbing,
    /// Anything else.
    Other,
}

impl RpcLayer {
    fn observe(&self, kind: &Kind<'_>, request_id: &RequestId) -> Observation {
        let method = match kind {
            Kind::Known(method) => method,
            Kind::Other => span::METHOD_OTHER,
            // Probes come every few seconds and say nothing.
            Kind::Plumbing => return Observation::of(Side::Server, Span::none()),
        };
        let span = span::open(Side::Server, method, Some(request_id));
        Observation::of(Side::Server, span).timed(&self.metrics, method)
    }

    /// Who makes the call, or why they may not; health and reflection are open.
    fn admit(&self, kind: &Kind<'_>, request: &Request<Body>) -> (Caller, Option<Refusal>) {
        match kind {
            Kind::Known(method) => match self.guards.admit(method, request.headers()) {
                Ok(caller) => (caller, None),
                Err(refusal) => (Caller::default(), Some(refusal)),
            },
            Kind::Plumbing | Kind::Other => (Caller::default(), None),
        }
    }

    fn kind<'a>(&self, path: &'a str) -> Kind<'a> {
        let method = path.strip_prefix('/').unwrap_or(path);
        match method.split_once('/') {
            Some((health::SERVICE_NAME | REFLECTION | REFLECTION_OLD, _)) => Kind::Plumbing,
            Some((service, _)) if self.known.contains(service) => Kind::Known(method),
            _ => Kind::Other,
        }
    }
}

async fn handle<S>(
    mut service: S,
    request: Request<Body>,
    late: impl Future<Output = ()>,
) -> Response<Body>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let work = AssertUnwindSafe(async { service.call(request).await }).catch_unwind();
    let status: Status = tokio::select! {
        biased;
        () = late => deadline_exceeded(),
        outcome = work => match outcome {
            Ok(Ok(response)) => return response,
            Err(_panic) => {
                tracing::error!("a handler panicked");
                plain_status(Code::Internal, "INTERNAL", "internal error")
            }
        },
    };
    status.into_http()
}

fn too_many_calls() -> Status {
    let message = "the server has as many calls open as it may have; try again later";
    retry_status(Code::ResourceExhausted, "TOO_MANY_CALLS", message, Duration::from_secs(1))
}

/// Ends a call as cancelled when it is dropped with it.
struct Unanswered(Option<Observation>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(observation) = &self.0 {
            observation.close(Code::Cancelled);
        }
    }
}
