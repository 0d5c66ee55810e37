use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;

use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::PATIENCE;

/// A collector that keeps the spans and the numbers it gets.
#[derive(Debug)]
pub struct OtlpReceiver {
    endpoint: String,
    spans: watch::Receiver<Vec<SpanRecord>>,
    points: watch::Receiver<Vec<PointRecord>>,
    task: JoinHandle<()>,
}

/// One span, with its attributes as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanRecord {
    /// `service.name` of the process.
    pub service: String,
    /// The name of the span.
    pub name: String,
    /// 2 for servers, 3 for clients (`SpanKind` of OTLP).
    pub kind: i32,
    /// 16 bytes, shared by all spans of one trace.
    pub trace_id: Vec<u8>,
    /// 8 bytes.
    pub span_id: Vec<u8>,
    /// The span above, empty for none.
    pub parent_span_id: Vec<u8>,
    /// Text, numbers and truth values by name.
    pub attributes: BTreeMap<String, String>,
    /// Whether it is marked as failed.
    pub failed: bool,
}

/// One point of a metric, with its attributes as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointRecord {
    /// `service.name` of the process.
    pub service: String,
    /// `service.instance.id` of the process.
    pub instance: String,
    /// The name of the metric.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// Text, numbers and truth values by name.
    pub attributes: BTreeMap<String, String>,
    /// The value of a gauge or a sum of integers; how many values a histogram holds.
    pub number: i64,
}

impl OtlpReceiver {
    /// Listens on a loopback port.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (received_spans, spans) = watch::channel(Vec::new());
        let (received_points, points) = watch::channel(Vec::new());
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(Collector(received_spans)))
            .add_service(MetricsServiceServer::new(Collector(received_points)))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(async {
            server.await.expect("a loopback server has nothing to fail at");
        });
        Ok(Self { endpoint, spans, points, task })
    }

    /// The value for `telemetry.otlp_endpoint`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The spans received so far.
    pub fn spans(&self) -> Vec<SpanRecord> {
        self.spans.borrow().clone()
    }

    /// Waits until `is_enough`, and gives all spans received by then; what there is after
    /// [`PATIENCE`].
    pub async fn wait_for(&self, is_enough: impl FnMut(&[SpanRecord]) -> bool) -> Vec<SpanRecord> {
        wait(self.spans.clone(), is_enough).await
    }

    /// The same for the points of metrics.
    pub async fn wait_for_points(
        &self,
        is_enough: impl FnMut(&[PointRecord]) -> bool,
    ) -> Vec<PointRecord> {
        wait(self.points.clone(), is_enough).await
    }
}

async fn wait<T: Clone>(
    mut received: watch::Receiver<Vec<T>>,
    mut is_enough: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    let enough = received.wait_for(|received| is_enough(received));
    // What is missing shows in what is there.
    let _ = tokio::time::timeout(PATIENCE, enough).await;
    received.borrow().clone()
}

impl Drop for OtlpReceiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Collector<T>(watch::Sender<Vec<T>>);

#[tonic::async_trait]
impl TraceService for Collector<SpanRecord> {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let records = records(request.into_inner());
        self.0.send_modify(|spans| spans.extend(records));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector<PointRecord> {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let points = points(request.into_inner());
        self.0.send_modify(|known| known.extend(points));
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

fn points(request: ExportMetricsServiceRequest) -> Vec<PointRecord> {
    let mut records = Vec::new();
    for of_resource in request.resource_metrics {
        let resource = texts(of_resource.resource.unwrap_or_default().attributes);
        let named = |key: &str| resource.get(key).cloned().unwrap_or_default();
        for metric in of_resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
            records.extend(numbers(metric.data).into_iter().map(|(attributes, number)| {
                PointRecord {
                    service: named("service.name"),
                    instance: named("service.instance.id"),
                    metric: metric.name.clone(),
                    unit: metric.unit.clone(),
                    attributes: texts(attributes),
                    number,
                }
            }));
        }
    }
    records
}

fn numbers(data: Option<Data>) -> Vec<(Vec<KeyValue>, i64)> {
    let points = match data {
        Some(Data::Gauge(gauge)) => gauge.data_points,
        Some(Data::Sum(sum)) => sum.data_points,
        Some(Data::Histogram(histogram)) => {
            let count = |count| i64::try_from(count).unwrap_or(i64::MAX);
            let points = histogram.data_points.into_iter();
            return points.map(|point| (point.attributes, count(point.count))).collect();
        }
        _ => return Vec::new(),
    };
    let integer = |value| match value {
        Some(Number::AsInt(number)) => Some(number),
        _ => None,
    };
    points.into_iter().filter_map(|point| Some((point.attributes, integer(point.value)?))).collect()
}

fn records(request: ExportTraceServiceRequest) -> Vec<SpanRecord> {
    let mut records = Vec::new();
    for resource_spans in request.resource_spans {
        let resource = texts(resource_spans.resource.unwrap_or_default().attributes);
        let service = resource.get("service.name").cloned().unwrap_or_default();
        for span in resource_spans.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            records.push(SpanRecord {
                service: service.clone(),
                name: span.name,
                kind: span.kind,
                trace_id: span.trace_id,
                span_id: span.span_id,
                parent_span_id: span.parent_span_id,
                attributes: texts(span.attributes),
                failed: span.status.is_some_and(|status| status.code == 2),
            });
        }
    }
    records
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |value| match value {
        Value::StringValue(text) => Some(text),
        Value::BoolValue(truth) => Some(truth.to_string()),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    };
    attributes
        .into_iter()
        .filter_map(|attribute| Some((attribute.key, text(attribute.value?.value?)?)))
        .collect()
}
