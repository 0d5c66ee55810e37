//! Calls to other services: traced, within the deadline of the call that causes them.

use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, Uri};
use tonic::Code;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::{BoxError, Service};
use tracing::Instrument as _;

use crate::config::PeerConfig;
use crate::identity::TokenFile;
use crate::process;
use crate::rpc::body::{ObservedBody, deadline_exceeded};
use crate::rpc::context::{
    Deadline, INSTANCE_HEADER, REQUEST_ID_HEADER, SERVICE_HEADER, TIMEOUT_HEADER, caller, deadline,
    out_of_time, request_id,
};
use crate::rpc::observation::Observation;
use crate::rpc::span::{self, Side};

/// Why an address cannot be called.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address:?} is not an address; write it as http://host:port (TLS is not built in)")]
pub struct AddressError {
    address: String,
}

/// A connection to another service, cheap to clone: `SomeServiceClient::new(channel)`.
///
/// Every call gets a span, names it to the callee (W3C trace context), passes the request ID and
/// the caller's token on (without a caller, the token of this service, if it has one), and takes no longer than what is left of the [deadline](deadline) of the call being handled.
/// Without a deadline, its answer must begin within the time that the configuration allows.
#[derive(Debug, Clone)]
pub struct TracedChannel {
    inner: Channel,
    answer_timeout: Duration,
    caller: Option<&'static str>,
    token_file: Option<TokenFile>,
    in_own_name: bool,
}

impl TracedChannel {
    /// The same, where each call carries the token of this service, whoever is behind it: for what
    /// the service must read to do its work, and nobody gets through it.
    #[must_use]
    pub const fn in_own_name(mut self) -> Self {
        self.in_own_name = true;
        self
    }

    /// The same, where each call names its caller: `service`, and this process
    /// ([`process::instance`]).
    #[must_use]
    pub const fn calling_as(mut self, service: &'static str) -> Self {
        self.caller = Some(service);
        self
    }
}

/// A channel to `peer`, connected when it is first used, and again whenever it breaks.
///
/// # Errors
///
/// If the address is not one.
pub fn connect(peer: &PeerConfig) -> Result<TracedChannel, AddressError> {
    let endpoint = Endpoint::from(endpoint_uri(&peer.address)?)
        .connect_timeout(Duration::from_millis(peer.connect_timeout_ms.get()))
        .initial_stream_window_size(peer.http2_stream_window_bytes.get())
        .initial_connection_window_size(peer.http2_connection_window_bytes.get())
        .http2_keep_alive_interval(Duration::from_millis(peer.keep_alive_interval_ms.get()))
        .keep_alive_timeout(Duration::from_millis(peer.keep_alive_timeout_ms.get()))
        .keep_alive_while_idle(true)
        .tcp_nodelay(true);
    let answer_timeout = Duration::from_millis(peer.answer_timeout_ms.get());
    let token_file = peer.token_file.clone().map(TokenFile::new);
    Ok(TracedChannel {
        inner: endpoint.connect_lazy(),
        answer_timeout,
        caller: None,
        token_file,
        in_own_name: false,
    })
}

/// `http://host:port`, from that or from `host:port`.
pub(crate) fn endpoint_uri(address: &str) -> Result<Uri, AddressError> {
    let refused = || AddressError { address: address.to_owned() };
    let full =
        if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    let uri: Uri = full.parse().map_err(|_| refused())?;
    let is_complete = uri.scheme_str() == Some("http") && uri.port_u16().is_some();
    if is_complete && uri.path() == "/" { Ok(uri) } else { Err(refused()) }
}

impl Service<Request<Body>> for TracedChannel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let request_id = request_id();
        let method = request.uri().path().trim_start_matches('/');
        let span = span::open(Side::Client, method, request_id.as_ref());
        let headers = request.headers_mut();
        span::name_parent(&span, headers);
        if let Some(service) = self.caller {
            headers.insert(SERVICE_HEADER, HeaderValue::from_static(service));
            headers.insert(INSTANCE_HEADER, HeaderValue::from_static(process::instance()));
        }
        if let Some(request_id) = request_id {
            headers.insert(REQUEST_ID_HEADER, request_id.to_header());
        }
        if !headers.contains_key(AUTHORIZATION) {
            let caller = caller();
            // Who was let in without a token goes on without one, and never as this service.
            let is_nobody = caller.admitted.is_none() && caller.bearer.is_none();
            let token = match self.in_own_name || is_nobody {
                true => self.token_file.as_ref().and_then(TokenFile::to_header),
                false => caller.bearer,
            };
            headers.extend(token.map(|token| (AUTHORIZATION, token)));
        }
        let asked = Deadline::from_headers(headers);
        let deadline = deadline().into_iter().chain(asked).min();
        if let Some(deadline) = deadline {
            headers.insert(TIMEOUT_HEADER, deadline.to_header());
        }
        let answer = self.inner.call(request).instrument(span.clone());
        let observation = Observation::of(Side::Client, span);
        finish(answer, deadline, self.answer_timeout, observation).boxed()
    }
}

async fn finish<F>(
    answer: F,
    deadline: Option<Deadline>,
    answer_timeout: Duration,
    observation: Observation,
) -> Result<Response<Body>, BoxError>
where
    F: Future<Output = Result<Response<Body>, tonic::transport::Error>>,
{
    let late = out_of_time(deadline, answer_timeout);
    let outcome = tokio::select! {
        biased;
        () = late => Err(deadline_exceeded().into()),
        answered = answer => answered.map_err(BoxError::from),
    };
    match outcome {
        Ok(response) => {
            let (parts, body) = response.into_parts();
            let body = ObservedBody::new(body, &parts.headers, observation).until(deadline);
            Ok(Response::from_parts(parts, Body::new(body)))
        }
        Err(error) => {
            let code = tonic::Status::try_from_error(error)
                .map(|status| (status.code(), BoxError::from(status)));
            let (code, error) = code.unwrap_or_else(|error| (Code::Unavailable, error));
            observation.close(code);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_may_leave_out_the_scheme_but_not_the_port() {
        for address in ["127.0.0.1:50051", "http://scoring:50051", "[::1]:1", "http://a:1/"] {
            assert!(endpoint_uri(address).is_ok(), "{address}");
        }
        for address in ["", "scoring", "https://a:1", "http://a:1/path", "a b:1", "http://"] {
            assert!(endpoint_uri(address).is_err(), "{address}");
        }
    }
}
