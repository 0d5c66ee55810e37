use std::time::Instant;

use opentelemetry::metrics::Histogram;
use opentelemetry::{KeyValue, global};
use tonic::Code;
use tracing::Span;

use super::span::{self, METHOD_OTHER, Side};

/// The boundaries that the conventions ask for, in seconds.
const BOUNDARIES: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// What a server measures of its calls, by OpenTelemetry's stable RPC conventions.
#[derive(Debug, Clone)]
pub(crate) struct CallMetrics {
    duration: Histogram<f64>,
}

impl CallMetrics {
    pub(crate) fn new() -> Self {
        let meter = global::meter("chengping-chassis");
        let duration = meter
            .f64_histogram("rpc.server.call.duration")
            .with_description("Measures the duration of an incoming call, a stream to its end.")
            .with_unit("s")
            .with_boundaries(BOUNDARIES.to_vec());
        Self { duration: duration.build() }
    }
}

/// One end of a call that is looked at until it ends: its span, and in a server how long it takes.
#[derive(Debug, Clone)]
pub(crate) struct Observation {
    pub(crate) span: Span,
    side: Side,
    timer: Option<Timer>,
}

#[derive(Debug, Clone)]
struct Timer {
    metrics: CallMetrics,
    method: String,
    begun: Instant,
}

impl Observation {
    /// Of a call that is not measured.
    pub(crate) const fn of(side: Side, span: Span) -> Self {
        Self { span, side, timer: None }
    }

    /// Measures the call from now on, as one of `method`.
    pub(crate) fn timed(mut self, metrics: &CallMetrics, method: &str) -> Self {
        let (metrics, method) = (metrics.clone(), method.to_owned());
        self.timer = Some(Timer { metrics, method, begun: Instant::now() });
        self
    }

    /// The server turned out not to have the method, of which callers can make up any number.
    pub(crate) fn method_is_unknown(&mut self) {
        if let Some(timer) = &mut self.timer {
            METHOD_OTHER.clone_into(&mut timer.method);
        }
    }

    /// Which end of the call this is.
    pub(crate) const fn side(&self) -> Side {
        self.side
    }

    /// Notes how the call ended.
    pub(crate) fn close(&self, code: Code) {
        span::close(&self.span, self.side, code);
        let Some(timer) = &self.timer else { return };
        let name = span::code_name(code);
        let attributes = [
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", timer.method.clone()),
            KeyValue::new("rpc.response.status_code", name),
            KeyValue::new("error.type", name),
        ];
        let said = if self.side.is_failure(code) { &attributes[..] } else { &attributes[..3] };
        timer.metrics.duration.record(timer.begun.elapsed().as_secs_f64(), said);
    }
}
