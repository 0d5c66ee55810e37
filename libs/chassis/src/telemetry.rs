//! Logs to standard error, traces to an OpenTelemetry collector.

use std::io;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogFormat, TelemetryConfig};
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

/// Logs and traces of this process; [`shutdown`](Self::shutdown) it last.
#[derive(Debug)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Starts logging, and tracing if an endpoint is set. Call it once, inside the async runtime.
///
/// # Errors
///
/// If the filter or the endpoint is not usable, or if it was called before.
pub fn init(service_name: &str, config: &TelemetryConfig) -> Result<Telemetry, TelemetryError> {
    let filter = filter(&config.filter)?;
    let provider = match &config.otlp_endpoint {
        Some(endpoint) => Some(provider(service_name, endpoint)?),
        None => None,
    };
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let traces = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("chengping"))
            .with_location(false)
            .with_threads(false)
            .with_filter(filter_fn(is_worth_tracing))
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(lines(config.log_format))
        .with(traces)
        .try_init()?;
    Ok(Telemetry { provider })
}

impl Telemetry {
    /// Sends what is left, but takes no longer than `within`.
    pub async fn shutdown(self, within: Duration) {
        let Some(provider) = self.provider else { return };
        // The exporter blocks its thread, while its connection lives on this runtime.
        let flush = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(within));
        match tokio::time::timeout(within, flush).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the last traces were not sent"),
            Ok(Err(_)) | Err(_) => tracing::warn!("the last traces were not sent in time"),
        }
    }
}

fn provider(service_name: &str, endpoint: &str) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let resource = Resource::builder().with_service_name(service_name.to_owned()).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
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
