//! A service over the same transport that answers at once.

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use chengping_proto::scoring::v1 as pb;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use chengping_proto::scoring::v1::evaluation_service_server::{
    EvaluationService, EvaluationServiceServer,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt as _, once};
use tonic::{Request, Response, Status};

use super::preview;

type Answer<T> = Result<Response<T>, Status>;
type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// As the servers of the suite do it: an answer in two pieces would wait for its first one to be
/// acknowledged.
fn at_once(accepted: io::Result<TcpStream>) -> io::Result<TcpStream> {
    let stream = accepted?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// How long so many calls take that get `answer` over a socket.
pub(super) async fn times(
    answer: pb::PreviewRulePackResponse,
    calls: usize,
) -> anyhow::Result<Vec<Duration>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let server = tonic::transport::Server::builder()
        .add_service(EvaluationServiceServer::new(Bare(answer)))
        .serve_with_incoming(TcpListenerStream::new(listener).map(at_once));
    let serving = tokio::spawn(server);
    let mut client = EvaluationServiceClient::connect(address).await?;
    let mut times = Vec::new();
    for _ in 0..calls {
        let start = Instant::now();
        preview(&mut client, pb::PreviewRulePackRequest::default()).await?;
        times.push(start.elapsed());
    }
    serving.abort();
    Ok(times)
}

struct Bare(pb::PreviewRulePackResponse);

/// Methods that nobody calls.
macro_rules! never_called {
    ($($method:ident: $request:ty => $answer:ty;)+) => {
        $(fn $method<'service, 'call>(
            &'service self,
            _: Request<$request>,
        ) -> Pin<Box<dyn Future<Output = Answer<$answer>> + Send + 'call>>
        where
            'service: 'call,
            Self: 'call,
        {
            Box::pin(async { Err(Status::unimplemented("bare")) })
        })+
    };
}

#[tonic::async_trait]
impl EvaluationService for Bare {
    type DownloadEvaluationStream = Parts<pb::DownloadEvaluationResponse>;
    type WatchLiveScoresStream = Parts<pb::WatchLiveScoresResponse>;
    type PreviewRulePackStream = Parts<pb::PreviewRulePackResponse>;

    async fn preview_rule_pack(
        &self,
        _: Request<pb::PreviewRulePackRequest>,
    ) -> Answer<Self::PreviewRulePackStream> {
        Ok(Response::new(Box::pin(once(Ok(self.0.clone())))))
    }

    never_called! {
        create_evaluation: pb::CreateEvaluationRequest => pb::Evaluation;
        get_evaluation: pb::GetEvaluationRequest => pb::Evaluation;
        list_evaluations: pb::ListEvaluationsRequest => pb::ListEvaluationsResponse;
        download_evaluation: pb::DownloadEvaluationRequest => Self::DownloadEvaluationStream;
        get_scorecard: pb::GetScorecardRequest => pb::Scorecard;
        list_scorecards: pb::ListScorecardsRequest => pb::ListScorecardsResponse;
        list_counted_cases: pb::ListCountedCasesRequest => pb::ListCountedCasesResponse;
        trace_correction: pb::TraceCorrectionRequest => pb::TraceCorrectionResponse;
        list_indicators: pb::ListIndicatorsRequest => pb::ListIndicatorsResponse;
        watch_live_scores: pb::WatchLiveScoresRequest => Self::WatchLiveScoresStream;
    }
}
