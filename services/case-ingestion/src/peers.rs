//! Whom this service asks: rule-configuration, for the bodies that there are.

mod convert;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex as SlotMutex, PoisonError};
use std::time::Duration;

use chengping_access::registry::Registries;
use chengping_chassis::client::{self, AddressError, TracedChannel};
use chengping_chassis::config::PeerConfig;
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_row::Content;
use chengping_proto::rules::v1::registry_service_client::RegistryServiceClient;
use chengping_types::{BodyId, IdError, JurisdictionId};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::{Code, Request};

use crate::domain::{KnownBodies, Version};
use crate::error::Error;

/// How long rule-configuration may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest part of a registry that is read: far more than 10,000 rows.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// The bodies of every jurisdiction, as far as batches named them.
///
/// A registry only ever gains bodies, so one that is known stays known, and rule-configuration is
/// asked only when a batch names another: first for its revision, and for the registry when that
/// has changed.
#[derive(Clone)]
pub(crate) struct Registry {
    client: RegistryServiceClient<TracedChannel>,
    slots: Arc<SlotMutex<BTreeMap<JurisdictionId, Slot>>>,
}

/// What is known of one jurisdiction; locked while rule-configuration is asked, so that many
/// batches ask once.
type Slot = Arc<Mutex<Known>>;

#[derive(Default)]
struct Known {
    revision: i64,
    bodies: Arc<KnownBodies>,
    asked: Option<Instant>,
}

/// Asks the rule-configuration at `peer`, when there is something to ask: which bodies there are, and
/// where they belong.
pub(crate) fn connect(peer: &PeerConfig) -> Result<(Registry, Registries), AddressError> {
    let channel = client::connect(peer)?.calling_as("case-ingestion");
    let client = RegistryServiceClient::new(channel.clone());
    let client = client.max_decoding_message_size(MESSAGE_BYTES_MAX);
    Ok((Registry { client, slots: Arc::default() }, Registries::new(channel)))
}

impl Registry {
    /// The known bodies; whichever of `named` is not in them did not exist when this was called.
    pub(crate) async fn bodies(
        &self,
        jurisdiction: &JurisdictionId,
        named: &BTreeSet<BodyId>,
    ) -> Result<Arc<KnownBodies>, Error> {
        let called = Instant::now();
        let slot = self.slot(jurisdiction);
        let mut known = slot.lock().await;
        let is_current = known.asked.is_some_and(|asked| asked > called);
        if !is_current && !named.iter().all(|body| known.bodies.contain(body)) {
            let asked = Instant::now();
            self.refresh(jurisdiction, &mut known).await?;
            known.asked = Some(asked);
        }
        Ok(Arc::clone(&known.bodies))
    }

    /// The deadline rules that hold now; none while no time zone is known.
    pub(crate) async fn deadline_rules(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<Option<Version>, Error> {
        let mut client = self.client.clone();
        let parent = format!("jurisdictions/{jurisdiction}");
        let request = within(pb::GetDeadlineRulesRequest { parent });
        let rules = client.get_deadline_rules(request).await.map_err(Error::RegistryUnavailable)?;
        let rules = rules.into_inner();
        if rules.time_zone.is_empty() {
            return Ok(None);
        }
        let digest = rules.digest.clone();
        let zoned = convert::zoned_rules(rules).map_err(Error::RegistryCorrupt)?;
        if zoned.rules.digest().to_string() != digest {
            return Err(Error::RegistryCorrupt("deadline rules have another digest".to_owned()));
        }
        Ok(Some(zoned.into()))
    }

    fn slot(&self, jurisdiction: &JurisdictionId) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(jurisdiction.clone()).or_default())
    }

    async fn refresh(&self, jurisdiction: &JurisdictionId, known: &mut Known) -> Result<(), Error> {
        let mut client = self.client.clone();
        let name = format!("jurisdictions/{jurisdiction}/registryRevisions/current");
        let request = within(pb::GetRegistryRevisionRequest { name });
        let current = match client.get_registry_revision(request).await {
            Ok(current) => current.into_inner(),
            // No registry was imported yet, so there is no body.
            Err(status) if status.code() == Code::NotFound => return Ok(()),
            Err(status) => return Err(Error::RegistryUnavailable(status)),
        };
        if current.revision != known.revision {
            known.bodies = Arc::new(self.export(current.name).await?);
            known.revision = current.revision;
        }
        Ok(())
    }

    async fn export(&self, name: String) -> Result<KnownBodies, Error> {
        let mut client = self.client.clone();
        let request = within(pb::ExportRegistryRequest { name });
        let parts = client.export_registry(request).await.map_err(Error::RegistryUnavailable)?;
        let mut parts = parts.into_inner();
        let mut bodies = Vec::new();
        while let Some(part) = parts.message().await.map_err(Error::RegistryUnavailable)? {
            for row in part.rows {
                match row.content {
                    Some(Content::Body(body)) => bodies.push(read(&body)?),
                    // Bodies come first; the rest of the registry is of no use here.
                    _ => return Ok(bodies.into_iter().collect()),
                }
            }
        }
        Ok(bodies.into_iter().collect())
    }
}

fn read(body: &pb::Body) -> Result<BodyId, Error> {
    body.body_id.parse().map_err(|error: IdError| Error::RegistryCorrupt(error.to_string()))
}

fn within<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(TIMEOUT);
    request
}
