//! Calls to the services that this one reads from.

mod convert;
mod feed;
mod packs;
mod seen;

use std::sync::{Arc, Mutex};

use chengping_access::registry::add_row;
use chengping_casework::columns::{ColumnsError, FactColumns};
use chengping_casework::{Fact, Question};
use chengping_chassis::cache::Cache;
use chengping_chassis::client::{AddressError, TracedChannel, connect};
use chengping_chassis::config::PeerConfig;
use chengping_chassis::serve::MESSAGE_BYTES_MAX;
use chengping_proto::cases::v1 as cases;
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_proto::cases::v1::snapshot_service_client::SnapshotServiceClient;
use chengping_proto::rules::v1 as rules;
use chengping_proto::rules::v1::registry_service_client::RegistryServiceClient;
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;
use chengping_types::name::SnapshotName;
use chengping_types::registry::Registry;
use chengping_types::{Digest, Instant, JurisdictionId, Month};
use tonic::{Code, Status, Streaming};

pub(crate) use self::feed::{Feed, Standing};
pub(crate) use self::packs::InForce;
use self::seen::Seen;
use crate::error::Error;

/// What this service calls itself.
const NAME: &str = "scoring";
const CASES: &str = "case-ingestion";
const RULES: &str = "rule-configuration";

/// How many registries are kept ready, each some megabytes.
const REGISTRIES_KEPT: usize = 8;

/// The peers, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Peers {
    cases: CaseServiceClient<TracedChannel>,
    snapshots: SnapshotServiceClient<TracedChannel>,
    registries: RegistryServiceClient<TracedChannel>,
    rule_packs: RulePackServiceClient<TracedChannel>,
    known_registries: Arc<Mutex<Vec<Arc<RegistryRevision>>>>,
    known_packs: Arc<packs::KnownPacks>,
    /// The jurisdictions whose rules in force were asked for, with the time zone of these.
    pub(crate) seen: Arc<Seen>,
    /// Remembers tallies.
    pub(crate) cache: Cache,
}

/// A revision of a jurisdiction's registry, which never changes.
#[derive(Debug)]
pub(crate) struct RegistryRevision {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) revision: u64,
    pub(crate) digest: Digest,
    pub(crate) registry: Registry,
}

/// What case-ingestion fixed for an evaluation.
#[derive(Debug, Clone)]
pub(crate) struct FixedSnapshot {
    pub(crate) name: SnapshotName,
    pub(crate) watermark: u64,
    pub(crate) digest: Digest,
    pub(crate) open_reject_count: u64,
}

fn failed(peer: &'static str) -> impl Fn(Status) -> Error {
    move |status| {
        tracing::warn!(peer, code = ?status.code(), message = status.message(), "a peer failed");
        Error::Peer { peer, status: Box::new(status) }
    }
}

fn odd(peer: &'static str, what: impl ToString) -> Error {
    Error::PeerAnswer { peer, what: what.to_string() }
}

impl Peers {
    /// Connects, lazily.
    pub(crate) fn connect(
        cases: &PeerConfig,
        rules: &PeerConfig,
        cache: Cache,
    ) -> Result<Self, AddressError> {
        let connect = |peer| Ok(connect(peer)?.calling_as(NAME));
        // Facts are of all cases: nobody gets them through here, so nobody need be allowed them.
        let (cases, rules) = (connect(cases)?.in_own_name(), connect(rules)?);
        let limit = MESSAGE_BYTES_MAX;
        Ok(Self {
            cases: CaseServiceClient::new(cases.clone()),
            snapshots: SnapshotServiceClient::new(cases).max_decoding_message_size(limit),
            registries: RegistryServiceClient::new(rules.clone()).max_decoding_message_size(limit),
            rule_packs: RulePackServiceClient::new(rules).max_decoding_message_size(limit),
            known_registries: Arc::default(),
            known_packs: Arc::default(),
            seen: Arc::default(),
            cache,
        })
    }

    /// The registry as it stands now.
    pub(crate) async fn current_registry(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<Arc<RegistryRevision>, Error> {
        let name = convert::registry_revision_name(jurisdiction, "current");
        let request = rules::GetRegistryRevisionRequest { name };
        let answer = self.registries.clone().get_registry_revision(request).await;
        let answer = answer.map_err(|status| match status.code() {
            Code::NotFound => Error::NoRegistry,
            _ => failed(RULES)(status),
        })?;
        let revision =
            u64::try_from(answer.into_inner().revision).map_err(|error| odd(RULES, error))?;
        if revision == 0 {
            return Err(Error::NoRegistry);
        }
        self.registry(jurisdiction, revision).await
    }

    /// A revision of the registry.
    pub(crate) async fn registry(
        &self,
        jurisdiction: &JurisdictionId,
        revision: u64,
    ) -> Result<Arc<RegistryRevision>, Error> {
        if let Some(found) = self.known_registry(jurisdiction, revision) {
            return Ok(found);
        }
        let fetched = Arc::new(self.fetch_registry(jurisdiction, revision).await?);
        let mut known = self.known_registries.lock().expect("nothing panics with the lock");
        known.retain(|known| known.jurisdiction != *jurisdiction || known.revision != revision);
        known.insert(0, Arc::clone(&fetched));
        known.truncate(REGISTRIES_KEPT);
        Ok(fetched)
    }

    fn known_registry(
        &self,
        jurisdiction: &JurisdictionId,
        revision: u64,
    ) -> Option<Arc<RegistryRevision>> {
        let known = self.known_registries.lock().expect("nothing panics with the lock");
        let is_wanted = |known: &&Arc<RegistryRevision>| {
            known.jurisdiction == *jurisdiction && known.revision == revision
        };
        known.iter().find(is_wanted).cloned()
    }

    async fn fetch_registry(
        &self,
        jurisdiction: &JurisdictionId,
        revision: u64,
    ) -> Result<RegistryRevision, Error> {
        let name = convert::registry_revision_name(jurisdiction, revision);
        let request = rules::ExportRegistryRequest { name };
        let answer = self.registries.clone().export_registry(request).await;
        let mut parts = answer.map_err(failed(RULES))?.into_inner();
        let (mut registry, mut digest) = (Registry::default(), None);
        while let Some(part) = parts.message().await.map_err(failed(RULES))? {
            if let Some(head) = part.registry_revision {
                digest = Some(head.digest.parse().map_err(|error| odd(RULES, error))?);
            }
            for row in part.rows {
                add_row(&mut registry, row).map_err(|what| odd(RULES, what))?;
            }
        }
        let digest = digest.ok_or_else(|| odd(RULES, "a registry without its revision"))?;
        Ok(RegistryRevision { jurisdiction: jurisdiction.clone(), revision, digest, registry })
    }

    /// Fixes what is known of the cases.
    pub(crate) async fn fix_snapshot(
        &self,
        jurisdiction: &JurisdictionId,
        month: Month,
        as_of: Instant,
        decided: Instant,
    ) -> Result<FixedSnapshot, Error> {
        let snapshot = cases::Snapshot {
            month: month.to_string(),
            as_of: Some(convert::timestamp(as_of)),
            decided: Some(convert::timestamp(decided)),
            ..cases::Snapshot::default()
        };
        let parent = convert::parent(jurisdiction);
        let request = cases::CreateSnapshotRequest { parent, snapshot: Some(snapshot) };
        let answer = self.snapshots.clone().create_snapshot(request).await;
        let answer = answer.map_err(failed(CASES))?.into_inner();
        let count = |number: i64| u64::try_from(number).map_err(|error| odd(CASES, error));
        let name: SnapshotName = answer.name.parse().map_err(|error| odd(CASES, error))?;
        if name.jurisdiction != *jurisdiction {
            return Err(odd(CASES, format!("{name} was not asked for")));
        }
        Ok(FixedSnapshot {
            name,
            watermark: count(answer.watermark)?,
            digest: answer.digest.parse().map_err(|error| odd(CASES, error))?,
            open_reject_count: count(answer.open_reject_count)?,
        })
    }

    /// The facts that answer the questions, among the first `watermark` records, in batches. The
    /// questions differ in months and views only.
    pub(crate) async fn facts(
        &self,
        jurisdiction: &JurisdictionId,
        questions: &[Question],
        watermark: u64,
    ) -> Result<FactStream, Error> {
        let request = convert::facts_request(jurisdiction, questions, watermark);
        self.stream_facts(request, questions).await
    }

    /// The same for who only counts: without case numbers.
    pub(crate) async fn facts_to_count(
        &self,
        jurisdiction: &JurisdictionId,
        questions: &[Question],
        watermark: u64,
    ) -> Result<FactStream, Error> {
        let request = convert::facts_request(jurisdiction, questions, watermark);
        let request =
            cases::StreamFactsRequest { without_case_nos: true, with_desk_lists: true, ..request };
        self.stream_facts(request, questions).await
    }

    /// What is different from a former reading of the same months, likewise.
    pub(crate) async fn facts_since(
        &self,
        jurisdiction: &JurisdictionId,
        questions: &[Question],
        watermark: u64,
        (former_questions, former_watermark): (&[Question], u64),
    ) -> Result<FactStream, Error> {
        let request = convert::facts_request(jurisdiction, questions, watermark);
        let since = convert::former_reading(former_questions, former_watermark, questions);
        let request = cases::StreamFactsRequest { since: Some(since), ..request };
        self.stream_facts(request, questions).await
    }

    async fn stream_facts(
        &self,
        request: cases::StreamFactsRequest,
        questions: &[Question],
    ) -> Result<FactStream, Error> {
        let answer = self.snapshots.clone().stream_facts(request).await;
        let asked = questions.iter().map(|question| question.month).collect();
        Ok(FactStream { batches: answer.map_err(failed(CASES))?.into_inner(), asked })
    }
}

/// Facts as they arrive.
#[derive(Debug)]
pub(crate) struct FactStream {
    batches: Streaming<cases::StreamFactsResponse>,
    asked: Vec<Month>,
}

impl FactStream {
    /// The next batch, of one month; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<(Month, Vec<Fact>)>, Error> {
        match self.next_difference().await? {
            Some((_, true, _)) => Err(former_facts()),
            found => Ok(found.map(|(month, _, facts)| (month, facts))),
        }
    }

    /// The next batch, of one month, as columns; none at the end.
    pub(crate) async fn next_columns(&mut self) -> Result<Option<(Month, FactColumns)>, Error> {
        match self.next_batch().await? {
            Some((_, true, _)) => Err(former_facts()),
            found => Ok(found.map(|(month, _, columns)| (month, columns))),
        }
    }

    /// The next batch, of one month, and whether it is of a former reading; none at the end.
    pub(crate) async fn next_difference(
        &mut self,
    ) -> Result<Option<(Month, bool, Vec<Fact>)>, Error> {
        let Some((month, is_former, columns)) = self.next_batch().await? else { return Ok(None) };
        Ok(Some((month, is_former, columns.facts()?)))
    }

    async fn next_batch(&mut self) -> Result<Option<(Month, bool, FactColumns)>, Error> {
        let Some(message) = self.batches.message().await.map_err(failed(CASES))? else {
            return Ok(None);
        };
        let month = convert::month_of(&message, &self.asked).map_err(|what| odd(CASES, what))?;
        let columns = convert::columns(message.batch.unwrap_or_default());
        Ok(Some((month, message.is_former, columns)))
    }
}

impl From<ColumnsError> for Error {
    fn from(error: ColumnsError) -> Self {
        odd(CASES, error)
    }
}

fn former_facts() -> Error {
    odd(CASES, "former facts, which nobody asked for")
}
