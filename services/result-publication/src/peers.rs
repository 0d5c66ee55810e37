//! Whom this service asks: scoring, for evaluations and their documents; rule-configuration, for the
//! working calendar and what rules say of publication; case-ingestion, into which decisions write.

mod cases;
mod rules;

use std::collections::BTreeMap;

use chengping_access::registry::Registries;
use chengping_chassis::client::{self, AddressError, TracedChannel};
use chengping_chassis::config::PeerConfig;
use chengping_chassis::serve::MESSAGE_BYTES_MAX;
use chengping_proto::scoring::v1 as pb;
use chengping_proto::scoring::v1::download_evaluation_request::Document;
use chengping_proto::scoring::v1::evaluation::State;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use chengping_types::Month;
use chengping_types::name::EvaluationName;
use tonic::{Code, Status};

use crate::domain::documents::{Documents, DocumentsError};
use crate::error::Error;

pub(crate) use self::cases::{Cases, WRITE_TIMEOUT, Written};
pub(crate) use self::rules::{Rules, timestamp};
use crate::config::Config;

/// What this service calls itself.
const NAME: &str = "result-publication";

/// All of them.
#[derive(Clone)]
pub(crate) struct Peers {
    pub(crate) scoring: Scoring,
    pub(crate) rules: Rules,
    /// Where bodies belong, which is asked for where a caller does not see everything.
    pub(crate) registries: Registries,
    pub(crate) cases: Cases,
}

impl Peers {
    /// Asks the services that `config` names, when there is something to ask.
    pub(crate) fn connect(config: &Config) -> Result<Self, AddressError> {
        Ok(Self {
            scoring: Scoring::connect(&config.scoring)?,
            rules: Rules::connect(&config.rules)?,
            registries: Registries::new(client::connect(&config.rules)?.calling_as(NAME)),
            cases: Cases::connect(&config.cases)?,
        })
    }
}

/// More than the documents of any city have.
const DOCUMENT_BYTES_MAX: usize = 256 << 20;

/// The scoring service.
#[derive(Clone)]
pub(crate) struct Scoring {
    client: EvaluationServiceClient<TracedChannel>,
}

impl Scoring {
    /// Asks the service at `peer`, when there is something to ask.
    pub(crate) fn connect(peer: &PeerConfig) -> Result<Self, AddressError> {
        let client = EvaluationServiceClient::new(client::connect(peer)?.calling_as(NAME))
            .max_decoding_message_size(MESSAGE_BYTES_MAX);
        Ok(Self { client })
    }

    /// The documents of an evaluation of `month`, checked against what it says of them.
    pub(crate) async fn documents(
        &self,
        name: &EvaluationName,
        month: Month,
    ) -> Result<Documents, Error> {
        let request = pb::GetEvaluationRequest { name: name.to_string() };
        let mut client = self.client.clone();
        let answer = client.get_evaluation(request).await;
        let evaluation = answer.map_err(|status| failed(name, status))?.into_inner();
        if evaluation.state() != State::Succeeded {
            return Err(Error::EvaluationNotSucceeded { name: name.to_string() });
        }
        if evaluation.month != month.to_string() {
            let (name, found) = (name.to_string(), evaluation.month);
            return Err(Error::EvaluationOfOtherMonth { name, found, expected: month });
        }
        let registry_revision = evaluation.registry_revision.clone();
        let results = self.download(name, Document::Results).await?;
        let input = self.download(name, Document::Input).await?;
        let jurisdiction = name.jurisdiction.clone();
        let checked = tokio::task::spawn_blocking(move || {
            Documents::check(results, input, &evaluation.digest, &jurisdiction, month)
        });
        checked
            .await?
            .map_err(|source| match source {
                DocumentsError::Provisional { month, as_of } => {
                    Error::EvaluationProvisional { name: name.to_string(), month, as_of }
                }
                source => Error::Documents { name: name.to_string(), source },
            })
            .map(|documents| Documents { registry_revision, ..documents })
    }

    /// Which of `later` have other results by the correction `name`, each with the bodies that
    /// differ.
    pub(crate) async fn touched(
        &self,
        name: &EvaluationName,
        later: &[EvaluationName],
    ) -> Result<BTreeMap<String, Vec<String>>, Error> {
        let request = pb::TraceCorrectionRequest {
            name: name.to_string(),
            evaluations: later.iter().map(ToString::to_string).collect(),
        };
        let answer = self.client.clone().trace_correction(request).await;
        let touched = answer.map_err(|status| failed(name, status))?.into_inner();
        let touched = touched.touched_evaluations.into_iter();
        Ok(touched.map(|touched| (touched.name, touched.body_ids)).collect())
    }

    async fn download(&self, name: &EvaluationName, document: Document) -> Result<Vec<u8>, Error> {
        let request =
            pb::DownloadEvaluationRequest { name: name.to_string(), document: document.into() };
        let mut client = self.client.clone();
        let answer = client.download_evaluation(request).await;
        let mut parts = answer.map_err(|status| failed(name, status))?.into_inner();
        let mut bytes = Vec::new();
        while let Some(part) = parts.message().await.map_err(|status| failed(name, status))? {
            if bytes.len() + part.data.len() > DOCUMENT_BYTES_MAX {
                return Err(Error::DocumentTooLarge { bytes_max: DOCUMENT_BYTES_MAX });
            }
            bytes.extend_from_slice(&part.data);
        }
        Ok(bytes)
    }
}

fn failed(name: &EvaluationName, status: Status) -> Error {
    match status.code() {
        Code::NotFound => Error::EvaluationNotFound { name: name.to_string() },
        _ => Error::Scoring(Box::new(status)),
    }
}
