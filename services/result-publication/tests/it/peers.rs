//! A calendar, a registry and a record of cases that a test sets, behind the addresses of the services that have
//! them. Only the methods that are called are there.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use chengping_proto::cases::v1 as cases;
use chengping_proto::rules::v1 as rules;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, Iter};
use prost_types::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;
use tonic_types::{ErrorDetails, StatusExt as _};

const DAY: i64 = 86_400;

/// What the peers know, and how they behave.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Whether there is no working calendar.
    pub(crate) no_calendar: bool,
    /// The bodies of every jurisdiction; without any, none has a registry.
    pub(crate) bodies: Vec<rules::Body>,
    /// Case numbers.
    pub(crate) cases: BTreeSet<String>,
    /// The events that were accepted, by case and number.
    pub(crate) events: BTreeMap<(String, i64), cases::Event>,
    /// How often events were sent.
    pub(crate) sent: usize,
    /// How many calls fail from now on, though they do their work: the answer is lost.
    pub(crate) answers_lost: usize,
    /// Whether events are set aside.
    pub(crate) sets_aside: bool,
    /// Tells of the next event that arrives, and what its answer waits for.
    held: Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>,
}

/// Both peers.
#[derive(Clone, Default)]
pub(crate) struct Fakes(pub(crate) Arc<Mutex<Known>>);

impl Fakes {
    /// Serves on a port of its own.
    pub(crate) async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tonic::transport::Server::builder()
            .add_service(Calendar(self.clone()))
            .add_service(Registry(self.clone()))
            .add_service(Cases(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        address
    }

    /// Holds the answer to the next event: the one tells that it has arrived, the other lets go of it.
    pub(crate) fn hold(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let (arrive, arrived) = oneshot::channel();
        let (go_on, gone) = oneshot::channel();
        self.0.lock().unwrap().held = Some((arrive, gone));
        (arrived, go_on)
    }

    /// Waits where the next event is held.
    async fn held(&self) {
        let held = self.0.lock().unwrap().held.take();
        if let Some((arrive, gone)) = held {
            arrive.send(()).unwrap();
            gone.await.unwrap();
        }
    }

    fn due(
        &self,
        request: &rules::ComputeDeadlineRequest,
    ) -> Result<rules::ComputeDeadlineResponse, Status> {
        if self.0.lock().unwrap().no_calendar {
            let mut details = ErrorDetails::new();
            let none = std::collections::HashMap::new();
            details.set_error_info("NO_WORK_CALENDAR", "chengping", none);
            return Err(Status::with_error_details(Code::FailedPrecondition, "none", details));
        }
        assert_eq!(request.unit, "work_day");
        let days: i64 = request.exact_limit.parse().unwrap();
        let start = request.start_time.unwrap();
        let due_time = Some(Timestamp { seconds: start.seconds + days * DAY, ..start });
        Ok(rules::ComputeDeadlineResponse { due_time, ..Default::default() })
    }

    fn registry(
        &self,
        request: &rules::GetRegistryRevisionRequest,
    ) -> Result<rules::RegistryRevision, Status> {
        let count = self.0.lock().unwrap().bodies.len();
        if count == 0 {
            return Err(Status::not_found("no registry"));
        }
        let revision = i64::try_from(count).unwrap();
        Ok(rules::RegistryRevision { name: request.name.clone(), revision, ..Default::default() })
    }

    fn rows(&self) -> rules::ExportRegistryResponse {
        use rules::registry_row::Content;
        let bodies = self.0.lock().unwrap().bodies.clone().into_iter();
        let row =
            |body| rules::RegistryRow { content: Some(Content::Body(body)), ..Default::default() };
        rules::ExportRegistryResponse { rows: bodies.map(row).collect(), ..Default::default() }
    }

    fn case(&self, request: &cases::GetCaseRequest) -> Result<cases::Case, Status> {
        let case_no = request.name.rsplit('/').next().unwrap();
        if self.0.lock().unwrap().cases.contains(case_no) {
            return Ok(cases::Case { name: request.name.clone(), ..Default::default() });
        }
        Err(Status::not_found("no such case"))
    }

    fn write(
        &self,
        request: cases::BatchCreateEventsRequest,
    ) -> Result<cases::BatchCreateEventsResponse, Status> {
        let mut known = self.0.lock().unwrap();
        let mut counts = cases::IntakeCounts::default();
        for record in request.records {
            known.sent += 1;
            let event = record.event.unwrap();
            let key = (event.case_no.clone(), event.event_no);
            if known.sets_aside {
                counts.rejected_count += 1;
            } else if let Some(accepted) = known.events.get(&key) {
                assert_eq!(*accepted, event, "a repeat that contradicts");
                counts.repeated_count += 1;
            } else {
                known.events.insert(key, event);
                counts.accepted_count += 1;
            }
        }
        if known.answers_lost > 0 {
            known.answers_lost -= 1;
            return Err(Status::unavailable("the answer is lost"));
        }
        let watermark = 100 + i64::try_from(known.events.len()).unwrap();
        Ok(cases::BatchCreateEventsResponse { counts: Some(counts), watermark })
    }
}

/// Answers a method with a function.
struct Unary<F>(F);

impl<Q, A, F> UnaryService<Q> for Unary<F>
where
    F: Fn(Q) -> Result<A, Status>,
    A: Send + 'static,
{
    type Response = A;
    type Future = BoxFuture<'static, Result<Response<A>, Status>>;

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let answer = (self.0)(request.into_inner()).map(Response::new);
        async move { answer }.boxed()
    }
}

/// Answers a method with a stream of one message.
struct Once<F>(F);

impl<Q, A, F> ServerStreamingService<Q> for Once<F>
where
    F: Fn(Q) -> Result<A, Status>,
    A: Send + 'static,
{
    type Response = A;
    type ResponseStream = Iter<std::option::IntoIter<Result<A, Status>>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let answer = (self.0)(request.into_inner());
        async move { Ok(Response::new(stream::iter(Some(answer)))) }.boxed()
    }
}

macro_rules! fake {
    ($name:ident: $service:literal {
        $($method:literal: $question:ty => $answer:ty, $kind:ident $call:expr;)+
    }) => {
        #[derive(Clone)]
        struct $name(Fakes);

        impl NamedService for $name {
            const NAME: &'static str = $service;
        }

        impl Service<http::Request<Body>> for $name {
            type Response = http::Response<Body>;
            type Error = std::convert::Infallible;
            type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: http::Request<Body>) -> Self::Future {
                let fakes = self.0.clone();
                async move {
                    let path = request.uri().path().to_owned();
                    if path.ends_with("/BatchCreateEvents") {
                        fakes.held().await;
                    }
                    $(if path == concat!("/", $service, "/", $method) {
                        let call = $call;
                        let answer = move |question: $question| call(&fakes, question);
                        let mut grpc = Grpc::new(ProstCodec::<$answer, $question>::default());
                        return Ok(answered!(grpc, $kind, answer, request));
                    })+
                    Ok(Status::unimplemented(path).into_http())
                }
                .boxed()
            }
        }
    };
}

macro_rules! answered {
    ($grpc:ident, one, $answer:ident, $request:ident) => {
        $grpc.unary(Unary($answer), $request).await
    };
    ($grpc:ident, stream, $answer:ident, $request:ident) => {
        $grpc.server_streaming(Once($answer), $request).await
    };
}

fake!(Calendar: "chengping.rules.v1.RulePackService" {
    "ComputeDeadline": rules::ComputeDeadlineRequest => rules::ComputeDeadlineResponse,
        one |fakes: &Fakes, question: rules::ComputeDeadlineRequest| fakes.due(&question);
});
fake!(Registry: "chengping.rules.v1.RegistryService" {
    "GetRegistryRevision": rules::GetRegistryRevisionRequest => rules::RegistryRevision,
        one |fakes: &Fakes, question: rules::GetRegistryRevisionRequest| fakes.registry(&question);
    "ExportRegistry": rules::ExportRegistryRequest => rules::ExportRegistryResponse,
        stream |fakes: &Fakes, _: rules::ExportRegistryRequest| Ok(fakes.rows());
});
fake!(Cases: "chengping.cases.v1.CaseService" {
    "GetCase": cases::GetCaseRequest => cases::Case,
        one |fakes: &Fakes, question: cases::GetCaseRequest| fakes.case(&question);
    "BatchCreateEvents": cases::BatchCreateEventsRequest => cases::BatchCreateEventsResponse,
        one |fakes: &Fakes, question: cases::BatchCreateEventsRequest| fakes.write(question);
});
