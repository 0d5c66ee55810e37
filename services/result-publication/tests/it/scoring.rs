//! A scoring service that serves what a test puts into it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock};

use chengping_proto::scoring::v1 as pb;
use chengping_proto::scoring::v1::download_evaluation_request::Document;
use chengping_proto::scoring::v1::evaluation::State;
use chengping_proto::scoring::v1::evaluation_service_server::{
    EvaluationService, EvaluationServiceServer,
};
use chengping_rules::RulePack;
use chengping_scoring::PackRevision;
use chengping_types::{Digest, Month, canonical};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// Small, so that every document comes in several parts.
const PART_BYTES: usize = 100;

/// An evaluation and its documents, in whatever form a test wants them.
#[derive(Clone)]
pub(crate) struct Evaluation {
    pub(crate) message: pb::Evaluation,
    pub(crate) results: Vec<u8>,
    pub(crate) input: Vec<u8>,
}

/// The evaluations that the service knows, by name.
#[derive(Clone, Default)]
pub(crate) struct Scoring {
    evaluations: Arc<Mutex<BTreeMap<String, Evaluation>>>,
    /// What every correction touches, by the name of the touched evaluation.
    touches: Arc<Mutex<BTreeMap<String, pb::TouchedEvaluation>>>,
}

impl Scoring {
    /// Serves on a port of its own.
    pub(crate) async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tonic::transport::Server::builder()
            .add_service(EvaluationServiceServer::new(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        address
    }

    /// Adds an evaluation with sound documents, and gives its name. `score` tells them apart.
    pub(crate) fn add(&self, id: &str, month: &str, score: &str) -> String {
        self.put(id, evaluation(id, month, score))
    }

    /// Adds an evaluation as it is, and gives its name.
    pub(crate) fn put(&self, id: &str, evaluation: Evaluation) -> String {
        let name = format!("jurisdictions/zz/evaluations/{id}");
        self.evaluations.lock().unwrap().insert(name.clone(), evaluation);
        name
    }

    /// Says that corrections touch an evaluation.
    pub(crate) fn touch(&self, name: &str, body: &str) {
        let touched = pb::TouchedEvaluation {
            name: name.to_owned(),
            body_ids: vec![body.to_owned()],
            ..Default::default()
        };
        self.touches.lock().unwrap().insert(name.to_owned(), touched);
    }

    fn get(&self, name: &str) -> Result<Evaluation, Status> {
        let found = self.evaluations.lock().unwrap().get(name).cloned();
        found.ok_or_else(|| Status::not_found("no such evaluation"))
    }
}

/// An evaluation with sound documents.
pub(crate) fn evaluation(id: &str, month: &str, score: &str) -> Evaluation {
    let results = canonical::to_vec(&results(month, score)).unwrap();
    let input = canonical::to_vec(&json!({"month": month, "score": score})).unwrap();
    let message = pb::Evaluation {
        name: format!("jurisdictions/zz/evaluations/{id}"),
        month: month.to_owned(),
        digest: Digest::of(&results).to_string(),
        state: State::Succeeded.into(),
        ..Default::default()
    };
    Evaluation { message, results, input }
}

/// A results document in the shape of the interchange, seen at the freeze of the month: two
/// districts, two streets.
pub(crate) fn results(month: &str, score: &str) -> Value {
    let body = |group: &str, state: &str, score: Option<&str>, rank: Option<u32>| {
        json!({
            "due": 35, "exact_score": score, "grade": score.map(|_| "A"), "group": group,
            "rank": rank, "score": score, "state": state, "tied": false,
            "streams": {
                "public": {"cap": "30", "deduction": "0.0000", "empty": false, "exact": "0"},
                "regular": {"cap": "70", "deduction": "1.3636", "empty": false, "exact": "15/11"},
            },
        })
    };
    let next = month.parse::<Month>().unwrap().next();
    json!({
        "as_of": format!("{next}-04T00:00:00+08:00"), "engine": "1", "jurisdiction": "zz",
        "month": month,
        "bodies": {
            "d01": body("district", "scored", Some("80.00"), Some(2)),
            "d02": body("district", "scored", Some(score), Some(1)),
            "s01": body("street", "too_few_cases", Some("99.00"), None),
            "s02": body("street", "no_data", None, None),
        },
    })
}

/// The rules of [`evaluation_with_rules`].
pub(crate) fn rules() -> &'static PackRevision {
    static RULES: OnceLock<PackRevision> = OnceLock::new();
    RULES.get_or_init(|| {
        let pack = RulePack::parse(chengping_rules::builtin("zz-2018").unwrap()).unwrap();
        PackRevision::new(3, pack)
    })
}

/// An evaluation whose documents have the rules and codes that real ones have; `exact` is the exact
/// score of `d02`.
pub(crate) fn evaluation_with_rules(id: &str, month: &str, score: &str, exact: &str) -> Evaluation {
    let mut results = results(month, score);
    results["rule_pack"] = serde_json::to_value(rules().reference()).unwrap();
    results["bodies"]["d02"]["exact_score"] = exact.into();
    let input = json!({
        "month": month,
        "rule_pack": rules(),
        "bodies": [{"body_id": "d01", "assessment_code": "410101"}, {"body_id": "d02"}],
    });
    let results = canonical::to_vec(&results).unwrap();
    let mut evaluation = evaluation(id, month, score);
    evaluation.message.digest = Digest::of(&results).to_string();
    evaluation.results = results;
    evaluation.input = canonical::to_vec(&input).unwrap();
    evaluation
}

/// What anybody who knows the rules would compute from the input of [`evaluation`].
pub(crate) fn recompute(input: &Value) -> Result<Vec<u8>, String> {
    let text = |field: &str| input[field].as_str().ok_or(format!("no {field}"));
    let month = text("month")?;
    month.parse::<Month>().map_err(|error| error.to_string())?;
    canonical::to_vec(&results(month, text("score")?)).map_err(|error| error.to_string())
}

type Parts = tokio_stream::Iter<std::vec::IntoIter<Result<pb::DownloadEvaluationResponse, Status>>>;
type Empty<T> = tokio_stream::Empty<Result<T, Status>>;

#[tonic::async_trait]
impl EvaluationService for Scoring {
    type DownloadEvaluationStream = Parts;
    type WatchLiveScoresStream = Empty<pb::WatchLiveScoresResponse>;
    type PreviewRulePackStream = Empty<pb::PreviewRulePackResponse>;

    async fn get_evaluation(
        &self,
        request: Request<pb::GetEvaluationRequest>,
    ) -> Result<Response<pb::Evaluation>, Status> {
        Ok(Response::new(self.get(&request.get_ref().name)?.message))
    }

    async fn download_evaluation(
        &self,
        request: Request<pb::DownloadEvaluationRequest>,
    ) -> Result<Response<Parts>, Status> {
        let evaluation = self.get(&request.get_ref().name)?;
        let bytes = match request.get_ref().document() {
            Document::Input => evaluation.input,
            Document::Results | Document::Unspecified => evaluation.results,
        };
        let parts: Vec<_> = bytes
            .chunks(PART_BYTES)
            .map(|part| Ok(pb::DownloadEvaluationResponse { data: part.to_vec() }))
            .collect();
        Ok(Response::new(tokio_stream::iter(parts)))
    }

    async fn create_evaluation(
        &self,
        _: Request<pb::CreateEvaluationRequest>,
    ) -> Result<Response<pb::Evaluation>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_evaluations(
        &self,
        _: Request<pb::ListEvaluationsRequest>,
    ) -> Result<Response<pb::ListEvaluationsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_scorecard(
        &self,
        _: Request<pb::GetScorecardRequest>,
    ) -> Result<Response<pb::Scorecard>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_scorecards(
        &self,
        _: Request<pb::ListScorecardsRequest>,
    ) -> Result<Response<pb::ListScorecardsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_counted_cases(
        &self,
        _: Request<pb::ListCountedCasesRequest>,
    ) -> Result<Response<pb::ListCountedCasesResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn trace_correction(
        &self,
        request: Request<pb::TraceCorrectionRequest>,
    ) -> Result<Response<pb::TraceCorrectionResponse>, Status> {
        let touches = self.touches.lock().unwrap();
        let asked = request.into_inner().evaluations;
        let touched = asked.into_iter().filter_map(|name| touches.get(&name).cloned());
        Ok(Response::new(pb::TraceCorrectionResponse { touched_evaluations: touched.collect() }))
    }

    async fn list_indicators(
        &self,
        _: Request<pb::ListIndicatorsRequest>,
    ) -> Result<Response<pb::ListIndicatorsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn watch_live_scores(
        &self,
        _: Request<pb::WatchLiveScoresRequest>,
    ) -> Result<Response<Self::WatchLiveScoresStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn preview_rule_pack(
        &self,
        _: Request<pb::PreviewRulePackRequest>,
    ) -> Result<Response<Self::PreviewRulePackStream>, Status> {
        Err(Status::unimplemented(""))
    }
}
