use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::PATIENCE;

/// A collector that keeps the spans it gets.
#[derive(Debug)]
pub struct OtlpReceiver {
    endpoint: String,
    spans: watch::Receiver<Vec<SpanRecord>>,
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

impl OtlpReceiver {
    /// Listens on a loopback port.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (received, spans) = watch::channel(Vec::new());
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(Collector { received }))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(async {
            server.await.expect("a loopback server has nothing to fail at");
        });
        Ok(Self { endpoint, spans, task })
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
        let mut spans = self.spans.clone();
        let mut is_enough = is_enough;
        let enough = spans.wait_for(|spans| is_enough(spans));
        // What is missing shows in what is there.
        let _ = tokio::time::timeout(PATIENCE, enough).await;
        self.spans()
    }
}

impl Drop for OtlpReceiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Collector {
    received: watch::Sender<Vec<SpanRecord>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let records = records(request.into_inner());
        self.received.send_modify(|spans| spans.extend(records));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
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
