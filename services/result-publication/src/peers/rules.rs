//! rule-configuration, for deadlines by the working calendar, and for what rules say of publication.

use chengping_chassis::client::{self, AddressError, TracedChannel};
use chengping_chassis::config::PeerConfig;
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;
use chengping_types::name::{JurisdictionName, WorkCalendarName};
use chengping_types::{Instant, JurisdictionId, LimitUnit, LimitValue, Month};
use prost_types::Timestamp;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::NAME;
use crate::domain::settings::Settings;
use crate::error::Error;

const PEER: &str = "rule-configuration";
/// Why there is no deadline in working time: nobody set a calendar, or rules with a time zone.
const NO_CALENDAR: [&str; 3] = ["NO_WORK_CALENDAR", "NO_TIME_ZONE", "TOO_LITTLE_WORKING_TIME"];

/// The service.
#[derive(Clone)]
pub(crate) struct Rules {
    client: RulePackServiceClient<TracedChannel>,
}

impl Rules {
    pub(super) fn connect(peer: &PeerConfig) -> Result<Self, AddressError> {
        let channel = client::connect(peer)?.calling_as(NAME);
        Ok(Self { client: RulePackServiceClient::new(channel) })
    }

    /// When so many working days from `start` on are over; none where the jurisdiction has no
    /// working calendar.
    pub(crate) async fn due(
        &self,
        jurisdiction: &JurisdictionId,
        start: Instant,
        days: Option<LimitValue>,
    ) -> Result<Option<Instant>, Error> {
        let Some(days) = days else { return Ok(Some(start)) };
        let (jurisdiction, calendar) = (jurisdiction.clone(), "default".to_owned());
        let request = pb::ComputeDeadlineRequest {
            work_calendar: WorkCalendarName { jurisdiction, calendar }.to_string(),
            start_time: Some(timestamp(start)),
            exact_limit: days.to_string(),
            unit: LimitUnit::WorkDay.to_string(),
            ..pb::ComputeDeadlineRequest::default()
        };
        match self.client.clone().compute_deadline(request).await {
            Ok(answer) => {
                let due = answer.into_inner().due_time.unwrap_or_default();
                let micros = due.seconds.saturating_mul(1_000_000) + i64::from(due.nanos / 1000);
                Ok(Some(Instant::from_micros(micros)))
            }
            Err(status) if has_no_calendar(&status) => Ok(None),
            Err(status) => Err(Error::Peer { peer: PEER, status: Box::new(status) }),
        }
    }

    /// What the rules in force in a month say of publication; the usual where there are none.
    pub(crate) async fn settings(
        &self,
        jurisdiction: &JurisdictionId,
        month: Month,
    ) -> Result<Settings, Error> {
        let parent = JurisdictionName { jurisdiction: jurisdiction.clone() }.to_string();
        let request = pb::GetEffectiveRulePackRequest { parent, month: month.to_string() };
        match self.client.clone().get_effective_rule_pack(request).await {
            Ok(answer) => Settings::of_pack(&answer.into_inner().canonical).map_err(|error| {
                let status = Status::internal(format!("the pack in force is none: {error}"));
                Error::Peer { peer: PEER, status: Box::new(status) }
            }),
            Err(status) if status.code() == Code::NotFound => Ok(Settings::default()),
            Err(status) => Err(Error::Peer { peer: PEER, status: Box::new(status) }),
        }
    }
}

fn has_no_calendar(status: &Status) -> bool {
    let info = status.get_details_error_info();
    info.is_some_and(|info| NO_CALENDAR.contains(&info.reason.as_str()))
}

/// An instant as a message has it.
pub(crate) fn timestamp(instant: Instant) -> Timestamp {
    let micros = instant.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1000).expect("below a second");
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}
