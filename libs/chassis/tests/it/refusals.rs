//! What the server refuses before a handler sees it: always with one reason of ours.

use bytes::{BufMut as _, Bytes, BytesMut};
use chengping_chassis::config::ListenConfig;
use chengping_chassis::serve::Server;
use http::Request;
use http_body_util::Full;
use tokio_stream::StreamExt as _;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::ServiceExt as _;

use crate::toy::{self, Served, Toy, call, free_listen, stream};

/// Code, reason and text of `status`, which must have one `ErrorInfo`.
pub(crate) fn seen(status: &Status) -> (Code, String, String) {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("no reason in {status:?}"));
    assert_eq!(info.domain, "chengping");
    (status.code(), info.reason.clone(), status.message().to_owned())
}

fn framed(flag: u8, message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(flag);
    bytes.put_u32(u32::try_from(message.len()).unwrap());
    bytes.put_slice(message);
    bytes.freeze()
}

/// Sends `bytes` as they are, and gives the refusal.
pub(crate) async fn send(served: &Served, path: &str, bytes: Bytes, encoding: &str) -> Status {
    let request = Request::post(format!("http://{}{path}", served.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-encoding", encoding)
        .body(Body::new(Full::new(bytes)))
        .unwrap();
    let response = served.channel().oneshot(request).await.unwrap();
    Status::from_header_map(response.headers()).expect("a refusal comes in the headers")
}

#[tokio::test]
async fn what_cannot_be_read_is_the_callers_mistake() {
    let served = toy::serve(Toy::default()).await;
    // A text field that ends early; one that is not UTF-8; half a message; none; a wild flag.
    let not_utf8 = [b"\x0a\x02".as_slice(), &[0xff, 0xfe]].concat();
    let cases = [
        framed(0, b"\x0a\x05ab"),
        framed(0, &not_utf8),
        framed(0, b"\x0a\x02ab").slice(..7),
        Bytes::new(),
        framed(7, b""),
        framed(1, b"zz"),
    ];
    for method in ["Echo", "EndlessStream"] {
        let path = format!("/toy.v1.ToyService/{method}");
        for bytes in &cases {
            let (code, reason, text) = seen(&send(&served, &path, bytes.clone(), "identity").await);
            assert_eq!((code, reason.as_str()), (Code::InvalidArgument, "MESSAGE_MALFORMED"));
            assert!(text.starts_with("the message cannot be read"), "{text}");
        }
    }
    served.stop().await;
}

#[tokio::test]
async fn a_message_or_an_answer_that_is_too_large_is_named() {
    let served = toy::serve(Toy::default()).await;
    let mut huge = BytesMut::from(&[0][..]);
    huge.put_u32(u32::MAX);
    let status = send(&served, "/toy.v1.ToyService/Echo", huge.freeze(), "identity").await;
    let (code, reason, text) = seen(&status);
    assert_eq!((code, reason.as_str()), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
    assert!(!text.contains("decoded"), "{text}");

    let empty = || tonic::Request::new(String::new());
    let status = call(served.channel(), "Huge", empty()).await.unwrap_err();
    let (code, reason, _) = seen(&status);
    assert_eq!((code, reason.as_str()), (Code::ResourceExhausted, "ANSWER_TOO_LARGE"));
    let mut texts = stream(served.channel(), "HugeStream", empty()).await.unwrap();
    assert_eq!(texts.next().await.unwrap().unwrap(), "first");
    let (code, reason, _) = seen(&texts.next().await.unwrap().unwrap_err());
    assert_eq!((code, reason.as_str()), (Code::ResourceExhausted, "ANSWER_TOO_LARGE"));
    served.stop().await;
}

#[tokio::test]
async fn what_the_server_does_not_have_is_named() {
    let served = toy::serve(Toy::default()).await;
    let status = send(&served, "/toy.v1.Other/Echo", framed(0, b""), "identity").await;
    let (code, reason, _) = seen(&status);
    assert_eq!((code, reason.as_str()), (Code::Unimplemented, "METHOD_UNKNOWN"));
    let status = send(&served, "/toy.v1.ToyService/Echo", framed(1, b"zz"), "brotli").await;
    let (code, reason, text) = seen(&status);
    assert_eq!((code, reason.as_str()), (Code::Unimplemented, "COMPRESSION_UNKNOWN"));
    assert!(!text.contains("brotli"), "{text}");
    assert!(status.metadata().contains_key("grpc-accept-encoding"), "{status:?}");

    // Health itself promises the code.
    let request = tonic_health::pb::HealthCheckRequest { service: "toy.v1.Other".to_owned() };
    let mut health = tonic_health::pb::health_client::HealthClient::new(served.channel());
    let (code, reason, _) = seen(&health.check(request).await.unwrap_err());
    assert_eq!((code, reason.as_str()), (Code::NotFound, "NOT_FOUND"));
    served.stop().await;
}

#[tokio::test]
async fn calls_beyond_the_limit_are_refused_and_health_is_not_counted() {
    let calls_max = 2.try_into().unwrap();
    let mut server = Server::new(ListenConfig { calls_max, ..free_listen() });
    let toy = Toy::default();
    server.add_service(toy.clone());
    let served = toy::run(server).await;
    let empty = || tonic::Request::new(String::new());
    let waiting = tokio::spawn(call(served.channel(), "Wait", empty()));
    toy.0.waiting.notified().await;
    // A stream counts for as long as it is open.
    let mut texts = stream(served.channel(), "EndlessStream", empty()).await.unwrap();
    assert_eq!(texts.next().await.unwrap().unwrap(), "first");

    let status = call(served.channel(), "Echo", empty()).await.unwrap_err();
    let (code, reason, _) = seen(&status);
    assert_eq!((code, reason.as_str()), (Code::ResourceExhausted, "TOO_MANY_CALLS"));
    assert!(status.get_error_details().retry_info().is_some());
    let mut health = tonic_health::pb::health_client::HealthClient::new(served.channel());
    let request = tonic_health::pb::HealthCheckRequest { service: String::new() };
    assert!(health.check(request).await.is_ok());

    toy.0.answer.notify_one();
    assert!(waiting.await.unwrap().is_ok());
    drop(texts);
    let room =
        chengping_testing::eventually(async || call(served.channel(), "Echo", empty()).await.ok());
    assert!(room.await.is_some());
    served.stop().await;
}

#[tokio::test]
async fn a_call_without_a_deadline_must_begin_to_answer_in_time_and_a_stream_may_go_on() {
    let answer_timeout_ms = 50.try_into().unwrap();
    let mut server = Server::new(ListenConfig { answer_timeout_ms, ..free_listen() });
    server.add_service(Toy::default());
    let served = toy::run(server).await;
    let empty = || tonic::Request::new(String::new());
    let mut texts = stream(served.channel(), "EndlessStream", empty()).await.unwrap();
    assert_eq!(texts.next().await.unwrap().unwrap(), "first");
    let (code, reason, _) = seen(&call(served.channel(), "Never", empty()).await.unwrap_err());
    assert_eq!((code, reason.as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
    let more = tokio::time::timeout(std::time::Duration::from_millis(100), texts.next()).await;
    assert!(more.is_err(), "{more:?}");
    drop(texts);

    // A caller that knows its time has it: less here than the peer's hour.
    let mut request = empty();
    request.set_timeout(std::time::Duration::from_millis(10));
    let (code, ..) = seen(&call(served.channel(), "Never", request).await.unwrap_err());
    assert_eq!(code, Code::DeadlineExceeded);
    served.stop().await;
}

#[tokio::test]
async fn a_peer_that_does_not_answer_is_given_up() {
    let served = toy::serve(Toy::default()).await;
    let address = served.address.to_string();
    let answer_timeout_ms = 50.try_into().unwrap();
    let peer = chengping_chassis::config::PeerConfig {
        answer_timeout_ms,
        ..chengping_chassis::config::PeerConfig::at(address)
    };
    let channel = chengping_chassis::client::connect(&peer).unwrap();
    let empty = || tonic::Request::new(String::new());
    let status = call(channel.clone(), "Never", empty()).await.unwrap_err();
    assert_eq!(seen(&status).0, Code::DeadlineExceeded);
    let mut texts = stream(channel, "EndlessStream", empty()).await.unwrap();
    assert_eq!(texts.next().await.unwrap().unwrap(), "first");
    let more = tokio::time::timeout(std::time::Duration::from_millis(100), texts.next()).await;
    assert!(more.is_err(), "{more:?}");
    drop(texts);
    served.stop().await;
}
