//! Speaks gRPC for [`App`]: converts, delegates, converts back. Decides nothing.

mod access;
mod cards;
mod convert;
mod encoded;
mod live;
mod pages;

use std::pin::Pin;

use bytes::Bytes;
use chengping_chassis::error::to_status;
use chengping_proto::scoring::v1 as pb;
use chengping_proto::scoring::v1::evaluation_service_server::EvaluationService;
use futures_util::{Stream, stream};
use prost::Message as _;
use tonic::{Request, Response, Status};

pub(crate) use self::access::access_service;
use self::cards::Cards;
use self::encoded::Service;
use crate::app::App;
use crate::error::Error;

/// The bytes of one part of a document.
const PART_BYTES: usize = 1 << 20;

type Answer<T> = Result<Response<T>, Status>;
type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The gRPC service over the use cases.
pub(crate) fn service(app: App) -> Service {
    Service::new(Handlers { app, cards: Cards::default() })
}

/// The handlers of the service.
#[derive(Debug)]
pub(crate) struct Handlers {
    app: App,
    cards: Cards,
}

impl Handlers {
    /// The encoded `Scorecard` that is asked for.
    async fn scorecard(&self, request: &pb::GetScorecardRequest) -> Result<Bytes, Error> {
        let name = convert::scorecard_name(&request.name)?;
        let scored = self.app.scored_for(&name).await?;
        self.cards.whole(name, &scored)
    }
}

#[tonic::async_trait]
impl EvaluationService for Handlers {
    type DownloadEvaluationStream = Parts<pb::DownloadEvaluationResponse>;
    type WatchLiveScoresStream = Parts<pb::WatchLiveScoresResponse>;
    type PreviewRulePackStream = Parts<pb::PreviewRulePackResponse>;

    async fn create_evaluation(
        &self,
        request: Request<pb::CreateEvaluationRequest>,
    ) -> Answer<pb::Evaluation> {
        let wish = convert::create_evaluation(request.into_inner()).map_err(to_status)?;
        let evaluation = self.app.create_evaluation(&wish).await.map_err(to_status)?;
        Ok(Response::new(convert::evaluation(&evaluation)))
    }

    async fn get_evaluation(
        &self,
        request: Request<pb::GetEvaluationRequest>,
    ) -> Answer<pb::Evaluation> {
        let name = convert::name(&request.into_inner().name).map_err(to_status)?;
        let evaluation = self.app.get_evaluation(&name).await.map_err(to_status)?;
        Ok(Response::new(convert::evaluation(&evaluation)))
    }

    async fn list_evaluations(
        &self,
        request: Request<pb::ListEvaluationsRequest>,
    ) -> Answer<pb::ListEvaluationsResponse> {
        let page = pages::evaluations(&self.app, request.into_inner()).await;
        page.map(Response::new).map_err(to_status)
    }

    async fn download_evaluation(
        &self,
        request: Request<pb::DownloadEvaluationRequest>,
    ) -> Answer<Self::DownloadEvaluationStream> {
        let (name, document) = convert::download(&request.into_inner()).map_err(to_status)?;
        let data = self.app.document_for(&name, document).await.map_err(to_status)?;
        let data = Bytes::from(data);
        let parts = (0..data.len()).step_by(PART_BYTES).map(move |start| {
            let part = data.slice(start..data.len().min(start + PART_BYTES));
            Ok(pb::DownloadEvaluationResponse { data: part.to_vec() })
        });
        Ok(Response::new(Box::pin(futures_util::stream::iter(parts))))
    }

    async fn get_scorecard(
        &self,
        request: Request<pb::GetScorecardRequest>,
    ) -> Answer<pb::Scorecard> {
        // Calls come by `encoded`, which takes the bytes as they are.
        let card = self.scorecard(&request.into_inner()).await.map_err(to_status)?;
        Ok(Response::new(pb::Scorecard::decode(card).expect("it was encoded here")))
    }

    async fn list_scorecards(
        &self,
        request: Request<pb::ListScorecardsRequest>,
    ) -> Answer<pb::ListScorecardsResponse> {
        let page = pages::scorecards(&self.app, request.into_inner()).await;
        page.map(Response::new).map_err(to_status)
    }

    async fn list_counted_cases(
        &self,
        request: Request<pb::ListCountedCasesRequest>,
    ) -> Answer<pb::ListCountedCasesResponse> {
        let page = pages::counted_cases(&self.app, request.into_inner()).await;
        page.map(Response::new).map_err(to_status)
    }

    async fn trace_correction(
        &self,
        request: Request<pb::TraceCorrectionRequest>,
    ) -> Answer<pb::TraceCorrectionResponse> {
        let (name, later) = convert::trace(&request.into_inner()).map_err(to_status)?;
        self.app.note_trace(&name).await.map_err(to_status)?;
        let touched = self.app.trace_correction(&name, &later).await.map_err(to_status)?;
        let touched_evaluations = touched.iter().map(convert::touched).collect();
        Ok(Response::new(pb::TraceCorrectionResponse { touched_evaluations }))
    }

    async fn list_indicators(
        &self,
        request: Request<pb::ListIndicatorsRequest>,
    ) -> Answer<pb::ListIndicatorsResponse> {
        pages::indicators(&request.into_inner()).map(Response::new).map_err(to_status)
    }

    async fn watch_live_scores(
        &self,
        request: Request<pb::WatchLiveScoresRequest>,
    ) -> Answer<Self::WatchLiveScoresStream> {
        let wish = convert::watch_live(&request.into_inner()).map_err(to_status)?;
        let watch = self.app.watch_live(wish).await.map_err(to_status)?;
        Ok(Response::new(Box::pin(live::answer(watch))))
    }

    async fn preview_rule_pack(
        &self,
        request: Request<pb::PreviewRulePackRequest>,
    ) -> Answer<Self::PreviewRulePackStream> {
        let request = request.into_inner();
        let reading = tokio::task::spawn_blocking(move || convert::preview(request));
        let preview = reading.await.map_err(Error::from).flatten().map_err(to_status)?;
        self.app.note_preview(&preview.jurisdiction).await.map_err(to_status)?;
        // A month is scored when it is its turn; the client that goes stops the rest.
        let months = stream::try_unfold(self.app.preview(preview), |mut previewing| async {
            let month = previewing.next().await.map_err(to_status)?;
            Ok(month.map(|month| (convert::month_preview(&month), previewing)))
        });
        Ok(Response::new(Box::pin(months)))
    }
}
