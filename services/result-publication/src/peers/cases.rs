//! case-ingestion, into which decisions write: in this service's own name, since whoever decides may
//! not send events.

use std::time::Duration;

use chengping_chassis::client::{self, AddressError, TracedChannel};
use chengping_chassis::config::PeerConfig;
use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_types::name::{CaseName, JurisdictionName};
use chengping_types::{BodyId, CaseNo, JurisdictionId};
use tonic::{Code, Request};

use super::NAME;
use super::rules::timestamp;
use crate::domain::decision::DecidedEvent;
use crate::error::Error;

const PEER: &str = "case-ingestion";
/// How long an event may take to be written.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Where the events come from, as a reject says it.
const FILE: &str = "inquiries";

/// The service.
#[derive(Clone)]
pub(crate) struct Cases {
    client: CaseServiceClient<TracedChannel>,
}

/// What became of an event that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is among so many records.
    Among(u64),
    /// It was set aside.
    SetAside,
}

impl Cases {
    pub(super) fn connect(peer: &PeerConfig) -> Result<Self, AddressError> {
        let channel = client::connect(peer)?.calling_as(NAME).in_own_name();
        Ok(Self { client: CaseServiceClient::new(channel) })
    }

    /// Whether there is such a case.
    pub(crate) async fn knows(
        &self,
        jurisdiction: &JurisdictionId,
        case_no: &CaseNo,
    ) -> Result<bool, Error> {
        let (jurisdiction, case_no) = (jurisdiction.clone(), case_no.clone());
        let name = CaseName { jurisdiction, case_no }.to_string();
        match self.client.clone().get_case(pb::GetCaseRequest { name }).await {
            Ok(_) => Ok(true),
            Err(status) if status.code() == Code::NotFound => Ok(false),
            Err(status) => Err(Error::Peer { peer: PEER, status: Box::new(status) }),
        }
    }

    /// Sends an event. Sent again it changes nothing.
    pub(crate) async fn write(
        &self,
        jurisdiction: &JurisdictionId,
        event: &DecidedEvent,
    ) -> Result<Written, Error> {
        let position = pb::Position { file: FILE.to_owned(), row: 0, line: 0 };
        let record = pb::EventRecord { event: Some(message(event)), position: Some(position) };
        let mut request = Request::new(pb::BatchCreateEventsRequest {
            parent: JurisdictionName { jurisdiction: jurisdiction.clone() }.to_string(),
            records: vec![record],
        });
        request.set_timeout(WRITE_TIMEOUT);
        let answer = self.client.clone().batch_create_events(request).await;
        let answer = answer
            .map_err(|status| Error::Peer { peer: PEER, status: Box::new(status) })?
            .into_inner();
        let counts = answer.counts.unwrap_or_default();
        Ok(match u64::try_from(answer.watermark) {
            Ok(watermark) if counts.rejected_count == 0 => Written::Among(watermark),
            _ => Written::SetAside,
        })
    }
}

fn message(event: &DecidedEvent) -> pb::Event {
    pb::Event {
        case_no: event.case_no.to_string(),
        event_no: i64::try_from(event.event_no).unwrap_or(i64::MAX),
        event_time: Some(timestamp(event.at)),
        kind: event.kind.code().into(),
        unit: event.unit.as_ref().map(BodyId::to_string).unwrap_or_default(),
        due_time: event.due.map(timestamp),
        outcome: event.outcome.clone(),
        no_deadline: event.no_deadline,
        ..pb::Event::default()
    }
}
