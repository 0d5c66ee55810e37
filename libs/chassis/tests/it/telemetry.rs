use std::sync::Arc;

use chengping_chassis::config::TelemetryConfig;
use chengping_chassis::telemetry;
use chengping_chassis::{cache::Cache, process};
use chengping_testing::{OtlpReceiver, PATIENCE, PointRecord, SpanRecord};
use tonic::Request;

use crate::toy::{self, Handles, Toy, call};

const CLIENT: i32 = 3;
const SERVER: i32 = 2;
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn find<'a>(spans: &'a [SpanRecord], kind: i32, method: &str) -> &'a SpanRecord {
    let name = format!("toy.v1.ToyService/{method}");
    let found = spans.iter().find(|span| {
        span.kind == kind && span.name == name && hex::encode(&span.trace_id) == TRACE_ID
    });
    found.unwrap_or_else(|| panic!("no span {name} of kind {kind} in {spans:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_through_caller_and_callee() {
    let receiver = OtlpReceiver::start().await.unwrap();
    let otlp_endpoint = Some(receiver.endpoint().to_owned());
    // A quiet log leaves the traces as they are.
    let filter = "warn".to_owned();
    let config = TelemetryConfig { otlp_endpoint, filter, ..TelemetryConfig::default() };
    let telemetry = telemetry::init("toy", &config).unwrap();

    let cache = Cache::memory(1 << 20);
    assert_eq!(cache.get("telemetry/none").await, None);
    let callee = toy::serve(Toy::default()).await;
    let handles = Handles { peer: Some(callee.channel()), ..Handles::default() };
    let caller = toy::serve(Toy(Arc::new(handles))).await;
    // The outermost caller speaks W3C trace context by hand.
    let mut outermost = tonic::client::Grpc::new(
        tonic::transport::Channel::from_shared(format!("http://{}", caller.address))
            .unwrap()
            .connect_lazy(),
    );
    for method in ["Forward", "Panic"] {
        let mut request = Request::new(String::new());
        let traceparent = format!("00-{TRACE_ID}-00f067aa0ba902b7-01");
        request.metadata_mut().insert("traceparent", traceparent.parse().unwrap());
        outermost.ready().await.unwrap();
        let path = format!("/toy.v1.ToyService/{method}").parse().unwrap();
        let codec = tonic_prost::ProstCodec::<String, String>::default();
        let answer: Result<tonic::Response<String>, _> =
            outermost.unary(request, path, codec).await;
        assert_eq!(answer.is_ok(), method == "Forward");
    }
    // Unknown methods must not make up span names.
    assert!(call(caller.channel(), "Nothing", Request::new(String::new())).await.is_err());
    outermost.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<String, String>::default();
    let made_up = "/made.up.Service/Method".parse().unwrap();
    let request = Request::new(String::new());
    let answer: Result<tonic::Response<String>, _> = outermost.unary(request, made_up, codec).await;
    assert!(answer.is_err());
    drop(outermost);
    caller.stop().await;
    callee.stop().await;
    telemetry.shutdown(PATIENCE).await;

    let spans = receiver.wait_for(|spans| spans.len() >= 5).await;
    let entry = find(&spans, SERVER, "Forward");
    let client = find(&spans, CLIENT, "Describe");
    let server = find(&spans, SERVER, "Describe");
    assert_eq!(hex::encode(&entry.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(client.parent_span_id, entry.span_id);
    assert_eq!(server.parent_span_id, client.span_id);
    assert_eq!(server.service, "toy");
    assert_eq!(server.attributes["rpc.system.name"], "grpc");
    assert_eq!(server.attributes["rpc.method"], "toy.v1.ToyService/Describe");
    assert_eq!(server.attributes["rpc.response.status_code"], "OK");
    assert_eq!(server.attributes["request_id"], entry.attributes["request_id"]);
    assert!(!server.failed && !server.attributes.contains_key("error.type"));

    let panicked = find(&spans, SERVER, "Panic");
    assert_eq!(panicked.attributes["rpc.response.status_code"], "INTERNAL");
    assert_eq!(panicked.attributes["error.type"], "INTERNAL");
    assert!(panicked.failed);

    let points = receiver.wait_for_points(|points| points.len() >= 5).await;
    check_points(&points);
}

/// How many calls of `method` ended with `code`, and of what kind of error they were.
fn calls<'a>(points: &'a [PointRecord], method: &str, code: &str) -> (i64, Option<&'a str>) {
    let found = points.iter().find(|point| {
        point.metric == "rpc.server.call.duration"
            && point.attributes["rpc.method"] == method
            && point.attributes["rpc.response.status_code"] == code
    });
    let point = found.unwrap_or_else(|| panic!("no {method} {code} in {points:#?}"));
    assert_eq!((point.unit.as_str(), point.service.as_str()), ("s", "toy"));
    assert_eq!(point.attributes["rpc.system.name"], "grpc");
    assert_eq!(point.instance, process::instance());
    (point.number, point.attributes.get("error.type").map(String::as_str))
}

/// The calls of the test above as numbers; it is one test, since a process has one telemetry.
fn check_points(points: &[PointRecord]) {
    assert_eq!(calls(points, "toy.v1.ToyService/Forward", "OK"), (1, None));
    assert_eq!(calls(points, "toy.v1.ToyService/Describe", "OK"), (1, None));
    let panicked = calls(points, "toy.v1.ToyService/Panic", "INTERNAL");
    assert_eq!(panicked, (1, Some("INTERNAL")));
    // Callers must not make up methods; the toy itself says that it has no "Nothing".
    assert_eq!(calls(points, "toy.v1.ToyService/Nothing", "NOT_FOUND"), (1, None));
    let unknown = calls(points, "_OTHER", "UNIMPLEMENTED");
    assert_eq!(unknown, (1, Some("UNIMPLEMENTED")));
    let misses: Vec<_> = points
        .iter()
        .filter(|point| point.metric == "chengping.cache.operations")
        .map(|point| {
            (point.attributes["operation"].as_str(), &point.attributes["outcome"], point.number)
        })
        .collect();
    assert_eq!(misses, [("read", &"miss".to_owned(), 1)]);
}
