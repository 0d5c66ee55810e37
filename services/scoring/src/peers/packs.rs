//! Rule packs as rule-configuration releases them, read once each.

use std::sync::{Arc, Mutex, MutexGuard};

use chengping_proto::rules::v1 as rules;
use chengping_rules::RulePack;
use chengping_scoring::PackRevision;
use chengping_types::name::RulePackRevisionName;
use chengping_types::{Digest, JurisdictionId, Month};
use tokio::task::spawn_blocking;
use tonic::Code;

use super::{Peers, RULES, convert, failed, odd};
use crate::error::Error;

/// How many packs are kept ready, each some hundred kilobytes.
const KEPT: usize = 16;

/// Packs that were read, the last first. A pack is what its digest says, whoever released it.
#[derive(Debug, Default)]
pub(super) struct KnownPacks(Mutex<Vec<Arc<PackRevision>>>);

impl KnownPacks {
    fn entries(&self) -> MutexGuard<'_, Vec<Arc<PackRevision>>> {
        self.0.lock().expect("nothing panics with the lock")
    }

    fn find(&self, revision: u64, digest: Digest) -> Option<Arc<PackRevision>> {
        let mut entries = self.entries();
        let is_it =
            |known: &Arc<PackRevision>| (known.revision, known.digest) == (revision, digest);
        let place = entries.iter().position(is_it)?;
        let found = entries.remove(place);
        entries.insert(0, Arc::clone(&found));
        Some(found)
    }

    fn remember(&self, pack: Arc<PackRevision>) {
        let mut entries = self.entries();
        entries.insert(0, pack);
        entries.truncate(KEPT);
    }
}

/// The rules in force in a month.
#[derive(Debug, Clone)]
pub(crate) struct InForce {
    pub(crate) name: RulePackRevisionName,
    pub(crate) rules: Arc<PackRevision>,
}

impl Peers {
    /// The named revision of a rule pack, or the one in force in `month`.
    pub(crate) async fn rule_pack(
        &self,
        jurisdiction: &JurisdictionId,
        named: Option<&RulePackRevisionName>,
        month: Month,
    ) -> Result<(RulePackRevisionName, PackRevision), Error> {
        let InForce { name, rules } = match named {
            Some(named) => self.named(jurisdiction, named).await?,
            None => self.in_force(jurisdiction, month).await?,
        };
        Ok((name, PackRevision::clone(&rules)))
    }

    /// The revision in force in a month.
    pub(crate) async fn in_force(
        &self,
        jurisdiction: &JurisdictionId,
        month: Month,
    ) -> Result<InForce, Error> {
        let parent = convert::parent(jurisdiction);
        let request = rules::GetEffectiveRulePackRequest { parent, month: month.to_string() };
        let answer = self.rule_packs.clone().get_effective_rule_pack(request).await;
        let answer = answer.map_err(|status| match status.code() {
            Code::NotFound => Error::NoRulePack { month },
            _ => failed(RULES)(status),
        })?;
        let found = self.read(jurisdiction, None, answer.into_inner()).await?;
        self.seen.note(jurisdiction, &found.rules.pack.time_zone);
        Ok(found)
    }

    async fn named(
        &self,
        jurisdiction: &JurisdictionId,
        named: &RulePackRevisionName,
    ) -> Result<InForce, Error> {
        let request = rules::GetRulePackRevisionRequest { name: named.to_string() };
        let answer = self.rule_packs.clone().get_rule_pack_revision(request).await;
        self.read(jurisdiction, Some(named), answer.map_err(failed(RULES))?.into_inner()).await
    }

    /// Checks that a revision is what was asked for and what its digest says, and reads it off the
    /// runtime's threads unless it is known.
    async fn read(
        &self,
        jurisdiction: &JurisdictionId,
        named: Option<&RulePackRevisionName>,
        answer: rules::RulePackRevision,
    ) -> Result<InForce, Error> {
        let name: RulePackRevisionName = answer.name.parse().map_err(|error| odd(RULES, error))?;
        if name.jurisdiction != *jurisdiction || named.is_some_and(|named| *named != name) {
            return Err(odd(RULES, format!("{name} was not asked for")));
        }
        let digest: Digest = answer.digest.parse().map_err(|error| odd(RULES, error))?;
        if Digest::of(&answer.canonical) != digest {
            return Err(Error::PackDigest { digest });
        }
        let revision = name.revision;
        if let Some(rules) = self.known_packs.find(revision, digest) {
            return Ok(InForce { name, rules });
        }
        let reading = spawn_blocking(move || {
            let text = String::from_utf8(answer.canonical).map_err(|error| odd(RULES, error))?;
            RulePack::parse(&text).map_err(Error::PackUnreadable)
        });
        let rules = Arc::new(PackRevision { revision, digest, pack: reading.await?? });
        self.known_packs.remember(Arc::clone(&rules));
        Ok(InForce { name, rules })
    }
}
