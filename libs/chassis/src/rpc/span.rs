//! Spans of calls, with the names of OpenTelemetry's stable RPC conventions.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::trace::TraceContextExt as _;
use tonic::Code;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::context::RequestId;

/// The target of these spans, by which a filter knows them.
pub(crate) const TARGET: &str = "chengping_chassis::rpc::span";

/// Stands in for methods that the server does not know, of which callers can make up any number.
pub(crate) const METHOD_OTHER: &str = "_OTHER";

const STATUS_FIELD: &str = "rpc.response.status_code";
const ERROR_FIELD: &str = "error.type";
const OUTCOME_FIELD: &str = "otel.status_code";

/// Which end of a call this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

impl Side {
    /// Whether `code` is a failure of this side: a wrong argument is the client's failure only.
    pub(super) fn is_failure(self, code: Code) -> bool {
        match self {
            Self::Client => code != Code::Ok,
            Self::Server => matches!(
                code,
                Code::Unknown
                    | Code::DeadlineExceeded
                    | Code::Unimplemented
                    | Code::Internal
                    | Code::Unavailable
                    | Code::DataLoss
            ),
        }
    }
}

/// The span of one call of `method`, as `package.Service/Method`.
pub(crate) fn open(side: Side, method: &str, request_id: Option<&RequestId>) -> Span {
    let request_id = request_id.map(RequestId::as_str);
    let kind = match side {
        Side::Server => "server",
        Side::Client => "client",
    };
    tracing::info_span!(
        target: TARGET,
        "rpc",
        otel.name = method,
        otel.kind = kind,
        otel.status_code = Empty,
        rpc.system.name = "grpc",
        rpc.method = method,
        rpc.response.status_code = Empty,
        request_id,
        "error.type" = Empty,
    )
}

/// Notes how the call ended.
pub(crate) fn close(span: &Span, side: Side, code: Code) {
    let name = code_name(code);
    span.record(STATUS_FIELD, name);
    if side.is_failure(code) {
        span.record(ERROR_FIELD, name);
        span.record(OUTCOME_FIELD, "ERROR");
    }
}

/// Hangs `span` below the span that the caller named in its headers.
pub(crate) fn adopt_parent(span: &Span, headers: &HeaderMap) {
    let parent = opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.extract(&Incoming(headers))
    });
    if parent.span().span_context().is_valid() {
        // It fails when traces go nowhere, and then nothing is lost.
        let _ = span.set_parent(parent);
    }
}

/// Names `span` as the parent in the headers of a call.
pub(crate) fn name_parent(span: &Span, headers: &mut HeaderMap) {
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&span.context(), &mut Outgoing(headers));
    });
}

struct Incoming<'a>(&'a HeaderMap);

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Outgoing<'a>(&'a mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = HeaderName::from_bytes(key.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            self.0.insert(name, value);
        }
    }
}

/// The name of `code` as gRPC writes it.
pub(super) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
