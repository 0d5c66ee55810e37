//! Logs to standard error, traces and metrics to an OpenTelemetry collector.

mod board;

use std::io;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer};

pub use self::board::Board;
use crate::config::{LogFormat, TelemetryConfig};
use crate::process;
use crate::rpc::span;

/// Crates that the exporter itself runs on: their spans would feed on themselves.
const TRANSPORT_CRATES: [&str; 5] = ["h2", "hyper", "opentelemetry", "tonic", "tower"];

/// Why there is no telemetry.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `telemetry.filter` is not a filter.
    #[error("telemetry.filter is not valid; write it as info,chengping_scoring=debug")]
    Filter(#[from] ParseError),
    /// `telemetry.otlp_endpoint` cannot be used.
    #[error("telemetry.otlp_endpoint cannot be used")]
    Exporter(#[from] ExporterBuildError),
    /// Logs go elsewhere already.
    #[error("telemetry was set up before; set it up once per process")]
    SetUpTwice(#[from] TryInitError),
}

/// Logs, traces and metrics of this process; [`shutdown`](Self::shutdown) it last.
#[derive(Debug)]
pub struct Telemetry {
    sent: Option<Sent>,
}

/// What leaves for a collector.
#[derive(Debug)]
struct Sent {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
}

/// Starts logging, and if an endpoint is set, tracing and measuring. Call it once, inside the async
/// runtime, and before what measures is made: an instrument made earlier measures nothing.
///
/// # Errors
///
/// If the filter or the endpoint is not usable, or if it was called before.
pub fn init(service_name: &str, config: &TelemetryConfig) -> Result<Telemetry, TelemetryError> {
    let filter = filter(&config.filter)?;
    let sent = match &config.otlp_endpoint {
        Some(endpoint) => Some(sent(service_name, endpoint, config)?),
        None => None,
    };
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let traces = sent.as_ref().map(|sent| {
        tracing_opentelemetry::layer()
            .with_tracer(sent.traces.tracer("chengping"))
            .with_location(false)
            .with_threads(false)
            .with_filter(filter_fn(is_worth_tracing))
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(lines(config.log_format))
        .with(traces)
        .try_init()?;
    if let Some(sent) = &sent {
        opentelemetry::global::set_meter_provider(sent.metrics.clone());
    }
    Ok(Telemetry { sent })
}

impl Telemetry {
    /// Sends what is left, but takes no longer than `within`.
    pub async fn shutdown(self, within: Duration) {
        let Some(Sent { traces, metrics }) = self.sent else { return };
        // The exporters block their threads, while their connections live on this runtime.
        let flush = tokio::task::spawn_blocking(move || {
            // One of them that fails must not keep the other from leaving.
            let (metrics, traces) =
                (metrics.shutdown_with_timeout(within), traces.shutdown_with_timeout(within));
            metrics.and(traces)
        });
        match tokio::time::timeout(within, flush).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "the last traces and metrics were not sent");
            }
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("the last traces and metrics were not sent in time");
            }
        }
    }
}

fn sent(
    service_name: &str,
    endpoint: &str,
    config: &TelemetryConfig,
) -> Result<Sent, ExporterBuildError> {
    let resource = Resource::builder()
        .with_service_name(service_name.to_owned())
        .with_attribute(KeyValue::new("service.instance.id", process::instance()))
        .build();
    let spans = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let traces = SdkTracerProvider::builder().with_batch_exporter(spans);
    let measured = MetricExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let interval = Duration::from_millis(config.metrics_interval_ms.get());
    let reader = PeriodicReader::builder(measured).with_interval(interval).build();
    Ok(Sent {
        traces: traces.with_resource(resource.clone()).build(),
        metrics: SdkMeterProvider::builder().with_reader(reader).with_resource(resource).build(),
    })
}

/// Standard output belongs to results; everything said on the way goes to standard error.
fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}

/// The filter of everything: what the configuration asks for, and the spans of calls in any case,
/// since who wants fewer lines wants no fewer traces.
///
/// It is one for all layers on purpose. The exporter itself logs while a span is closed; were each
/// layer to filter for itself, such an event inside of another would lose the state of both.
fn filter(configured: &str) -> Result<EnvFilter, ParseError> {
    let spans = format!("{}=info", span::TARGET).parse()?;
    Ok(EnvFilter::builder().parse(configured)?.add_directive(spans))
}

fn is_worth_tracing(metadata: &Metadata<'_>) -> bool {
    let crate_name = metadata.target().split("::").next().unwrap_or_default();
    let is_transport = TRANSPORT_CRATES.iter().any(|transport| crate_name.starts_with(transport));
    !is_transport && *metadata.level() <= Level::DEBUG
}
