use std::sync::Arc;
use std::time::Duration;

use chengping_chassis::CancellationToken;
use chengping_chassis::config::{ListenConfig, PeerConfig};
use chengping_chassis::serve::{self, ServeError, Server};
use chengping_testing::free_port;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_stream::StreamExt as _;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};
use tonic_types::StatusExt as _;

use crate::toy::{self, Handles, Served, Toy, call, free_listen, stream};

fn empty() -> Request<String> {
    Request::new(String::new())
}

fn with_timeout(timeout: Duration) -> Request<String> {
    let mut request = empty();
    request.set_timeout(timeout);
    request
}

async fn health_of(served: &Served, service: &str) -> Result<ServingStatus, Code> {
    let request = HealthCheckRequest { service: service.to_owned() };
    let answer = HealthClient::new(served.channel()).check(request).await;
    answer.map(|answer| answer.into_inner().status()).map_err(|status| status.code())
}

#[tokio::test]
async fn health_knows_every_service_and_the_whole_server() {
    let served = toy::serve(Toy::default()).await;
    let mut watch = HealthClient::new(served.channel())
        .watch(HealthCheckRequest { service: String::new() })
        .await
        .unwrap()
        .into_inner();
    while watch.next().await.unwrap().unwrap().status() != ServingStatus::Serving {}

    for service in ["", "toy.v1.ToyService"] {
        assert_eq!(health_of(&served, service).await, Ok(ServingStatus::Serving));
    }
    assert_eq!(health_of(&served, "toy.v1.Other").await, Err(Code::NotFound));

    // A watch hears of the end, and does not hold it up.
    served.shutdown.cancel();
    assert_eq!(watch.next().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert_eq!(watch.next().await.unwrap().unwrap_err().code(), Code::Unavailable);
    served.stop().await;
}

#[tokio::test]
async fn a_server_is_not_ready_before_its_last_latch() {
    let mut server = Server::new(free_listen());
    server.add_service(Toy::default());
    let (first, second) = (server.latch(), server.latch());
    let served = toy::run(server).await;
    let mut watch = HealthClient::new(served.channel())
        .watch(HealthCheckRequest { service: "toy.v1.ToyService".to_owned() })
        .await
        .unwrap()
        .into_inner();

    drop(first);
    assert_eq!(watch.next().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    drop(second);
    assert_eq!(watch.next().await.unwrap().unwrap().status(), ServingStatus::Serving);
    served.stop().await;
}

async fn ask_schema(served: &Served, message: MessageRequest) -> ServerReflectionResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(message) };
    let mut client = ServerReflectionClient::new(served.channel());
    let answers = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap();
    answers.into_inner().next().await.unwrap().unwrap()
}

#[tokio::test]
async fn reflection_lists_what_is_mounted_and_serves_descriptors() {
    let mut server = Server::new(free_listen());
    server.describe(tonic_health::pb::FILE_DESCRIPTOR_SET).add_service(Toy::default());
    let served = toy::run(server).await;

    let answer = ask_schema(&served, MessageRequest::ListServices(String::new())).await;
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}")
    };
    let mut names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    assert_eq!(
        names,
        ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "toy.v1.ToyService"]
    );

    let symbol = MessageRequest::FileContainingSymbol("grpc.health.v1.Health".to_owned());
    let answer = ask_schema(&served, symbol).await;
    let Some(MessageResponse::FileDescriptorResponse(_)) = answer.message_response else {
        panic!("{answer:?}")
    };
    served.stop().await;
}

#[tokio::test]
async fn old_tools_find_reflection_too() {
    use tonic_reflection::pb::v1alpha::ServerReflectionRequest;
    use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest;

    let served = toy::serve(Toy::default()).await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(served.channel());
    let answers = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap();
    assert!(answers.into_inner().next().await.unwrap().is_ok());
    served.stop().await;
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_server_lives_on() {
    let served = toy::serve(Toy::default()).await;
    let status = call(served.channel(), "Panic", empty()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Internal, "internal error"));
    assert_eq!(status.get_error_details().error_info().unwrap().reason, "INTERNAL");

    let mut texts = stream(served.channel(), "PanicStream", empty()).await.unwrap();
    assert_eq!(texts.next().await.unwrap().unwrap(), "first");
    assert_eq!(texts.next().await.unwrap().unwrap_err().code(), Code::Internal);

    let answer = call(served.channel(), "Echo", Request::new("hello".to_owned())).await.unwrap();
    assert_eq!(answer.into_inner(), "hello");
    served.stop().await;
}

#[tokio::test]
async fn a_deadline_ends_a_call_and_a_stream() {
    let served = toy::serve(Toy::default()).await;
    let soon = Duration::from_millis(50);
    let status = call(served.channel(), "Never", with_timeout(soon)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(status.get_error_details().error_info().is_some());

    let mut texts = stream(served.channel(), "EndlessStream", with_timeout(soon)).await.unwrap();
    assert_eq!(texts.next().await.unwrap().unwrap(), "first");
    assert_eq!(texts.next().await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    served.stop().await;
}

#[tokio::test]
async fn a_server_keeps_the_deadline_of_a_client_that_does_not() {
    let served = toy::serve(Toy::default()).await;
    let endpoint = format!("http://{}", served.address).parse::<http::Uri>().unwrap();
    let channel = tonic::transport::Channel::builder(endpoint).connect_lazy();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let mut request = empty();
    request.metadata_mut().insert("grpc-timeout", "500m".parse().unwrap());
    let path = "/toy.v1.ToyService/EndlessStream".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<String, String>::default();
    let mut texts = client.server_streaming(request, path, codec).await.unwrap().into_inner();
    assert_eq!(texts.next().await.unwrap().unwrap(), "first");
    assert_eq!(texts.next().await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    served.stop().await;
}

#[tokio::test]
async fn deadline_and_request_id_are_passed_on() {
    let callee = toy::serve(Toy::default()).await;
    let handles = Handles { peer: Some(callee.channel()), ..Handles::default() };
    let caller = toy::serve(Toy(Arc::new(handles))).await;

    let mut request = with_timeout(Duration::from_secs(60));
    request.metadata_mut().insert("x-request-id", "abc-1".parse().unwrap());
    let answer = call(caller.channel(), "Forward", request).await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "abc-1");
    assert_eq!(answer.into_inner(), "true abc-1");

    let mut texts = stream(callee.channel(), "DescribeStream", empty()).await.unwrap();
    assert_eq!(texts.next().await.unwrap().unwrap(), "first");
    assert!(texts.next().await.unwrap().unwrap().starts_with("false "));
    caller.stop().await;
    callee.stop().await;
}

#[tokio::test]
async fn an_open_request_is_answered_before_the_end() {
    let toy = Toy::default();
    let served = toy::serve(toy.clone()).await;
    let waiting = tokio::spawn(call(served.channel(), "Wait", empty()));
    toy.0.waiting.notified().await;

    served.shutdown.cancel();
    toy.0.answer.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap().into_inner(), "waited");
    served.stop().await;
}

#[tokio::test]
async fn a_server_has_not_ended_before_the_work_beside_its_calls() {
    let mut server = Server::new(free_listen());
    let (shutdown, ended) = (CancellationToken::new(), CancellationToken::new());
    let (stopping, last_words) = (shutdown.clone(), ended.clone());
    server.run_beside(async move {
        stopping.cancelled().await;
        // Only whoever waits lets it get so far.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        last_words.cancel();
    });
    let listener = serve::bind(&free_listen()).await.unwrap();
    let serving = tokio::spawn(server.serve(listener, shutdown.clone()));
    shutdown.cancel();
    serving.await.unwrap().unwrap();
    assert!(ended.is_cancelled());
}

/// hyperium/hyper#4170: such a connection kept the server from ever returning. The grace of the
/// toy is an hour, so this test ends only if the connection is dropped without waiting for it.
#[tokio::test]
async fn a_connection_that_never_says_a_word_does_not_hold_up_the_end() {
    let served = toy::serve(Toy::default()).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    // Accepted in order, so the silent one is by now.
    call(served.channel(), "Echo", empty()).await.unwrap();

    served.stop().await;
    // The server greets first; what matters is that reading comes to an end.
    let _ = silent.read_to_end(&mut Vec::new()).await;
}

/// Half a preface is a word, so the connection may use up the grace, and then it is cut.
#[tokio::test]
async fn a_connection_that_stops_in_mid_word_is_cut_when_the_grace_is_over() {
    let grace_ms = 50.try_into().unwrap();
    let mut server = Server::new(ListenConfig { grace_ms, ..free_listen() });
    server.add_service(Toy::default());
    let served = toy::run(server).await;
    let mut halting = TcpStream::connect(served.address).await.unwrap();
    halting.write_all(b"PRI * HT").await.unwrap();
    call(served.channel(), "Echo", empty()).await.unwrap();

    served.stop().await;
    // Whatever the server said before, the end comes, and reading returns.
    let _ = halting.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn a_request_that_outlives_the_grace_is_cut() {
    let grace_ms = 50.try_into().unwrap();
    let mut server = Server::new(ListenConfig { grace_ms, ..free_listen() });
    let toy = Toy::default();
    server.add_service(toy.clone());
    let served = toy::run(server).await;
    let waiting = tokio::spawn(call(served.channel(), "Wait", empty()));
    toy.0.waiting.notified().await;

    served.stop().await;
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn an_address_open_to_others_is_not_bound_by_accident() {
    let address = ([0, 0, 0, 0], free_port().unwrap()).into();
    let error = serve::bind(&ListenConfig { address, ..free_listen() }).await.unwrap_err();
    assert!(matches!(error, ServeError::Refused(_)), "{error}");
    assert!(error.to_string().contains("allow_unauthenticated"), "{error}");
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let taken = serve::bind(&free_listen()).await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = serve::bind(&ListenConfig { address, ..free_listen() }).await.unwrap_err();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn a_peer_that_is_away_is_unavailable_and_found_again_later() {
    let port = free_port().unwrap();
    let address = ([127, 0, 0, 1], port).into();
    let channel =
        chengping_chassis::client::connect(&PeerConfig::at(format!("127.0.0.1:{port}"))).unwrap();
    let status = call(channel.clone(), "Echo", empty()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);

    let listen = ListenConfig { address, ..free_listen() };
    let listener = serve::bind(&listen).await.unwrap();
    let mut server = Server::new(listen);
    server.add_service(Toy::default());
    let shutdown = chengping_chassis::CancellationToken::new();
    let task = tokio::spawn(server.serve(listener, shutdown.clone()));
    assert!(call(channel, "Echo", empty()).await.is_ok());
    Served { address, shutdown, task }.stop().await;
}
