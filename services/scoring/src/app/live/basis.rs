//! What provisional scores follow from, beside the records.

use std::collections::BTreeMap;
use std::sync::Arc;

use chengping_casework::{Question, View};
use chengping_scoring::{
    Attributor, ENGINE, EvaluatedPart, Input, Snapshot, all_questions, counting_digest, question,
};
use chengping_types::{BodyId, Digest, Instant, JurisdictionId, Month};

use crate::error::Error;
use crate::peers::{InForce, Peers, RegistryRevision};

/// How many hours local time is ahead of UTC at most, and behind it.
const FARTHEST_EAST: i64 = 14;
const FARTHEST_WEST: i64 = 12;

/// The rules in force in the month that runs, and the registry as it stands.
#[derive(Debug, Clone)]
pub(super) struct Basis {
    pub(super) month: Month,
    pub(super) in_force: InForce,
    pub(super) registry: Arc<RegistryRevision>,
}

impl Basis {
    /// What holds now.
    pub(super) async fn read(
        peers: &Peers,
        jurisdiction: &JurisdictionId,
        now: Instant,
    ) -> Result<Self, Error> {
        let registry = peers.current_registry(jurisdiction).await?;
        // A month is one of a time zone, and which zone the rules of the month say.
        let utc = "UTC".parse().expect("UTC is a time zone");
        let month = |hours: i64| {
            Month::of(Instant::from_micros(now.as_micros() + hours * 3_600_000_000), &utc)
        };
        let mut months = vec![month(0), month(FARTHEST_EAST), month(-FARTHEST_WEST)];
        months.dedup();
        let mut missing = None;
        for month in months {
            match peers.in_force(jurisdiction, month).await {
                Ok(in_force) if Month::of(now, &in_force.rules.pack.time_zone) == month => {
                    return Ok(Self { month, in_force, registry });
                }
                Ok(_) => {}
                Err(error @ Error::NoRulePack { .. }) => missing = missing.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Err(missing.unwrap_or(Error::NoRulePack { month: month(0) }))
    }

    /// Whether another one has the same rules and registry, and is of the same month.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let of = |basis: &Self| {
            let InForce { name, rules } = &basis.in_force;
            (basis.month, name.clone(), rules.digest, basis.registry.revision)
        };
        of(self) == of(other) && self.registry.digest == other.registry.digest
    }

    /// Whether the month that runs at `now` is another.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        Month::of(now, &self.in_force.rules.pack.time_zone) != self.month
    }

    pub(super) fn evaluates(&self, body: &BodyId) -> bool {
        let pack = &self.in_force.rules.pack;
        let mut bodies = self.registry.registry.bodies.iter();
        bodies.any(|known| {
            known.body_id == *body
                && known.is_valid_in(self.month)
                && pack.group_of(known.kind).is_some()
        })
    }

    /// The questions that an evaluation at `as_of` asks: about the month, and about those that the
    /// rules look back to.
    pub(super) fn questions(&self, as_of: Instant) -> Vec<Question> {
        let pack = &self.in_force.rules.pack;
        all_questions(&question(pack, self.month, View::at(as_of)), pack)
    }

    /// Whom the facts of each month count for.
    pub(super) fn attributors(&self, as_of: Instant) -> BTreeMap<Month, Attributor> {
        let (pack, registry) = (&self.in_force.rules.pack, &self.registry.registry);
        let of =
            |question: Question| (question.month, Attributor::new(pack, registry, question.month));
        self.questions(as_of).into_iter().map(of).collect()
    }

    /// An input that lacks its counts.
    pub(super) fn input(&self) -> Input {
        let rules = chengping_scoring::PackRevision::clone(&self.in_force.rules);
        let EvaluatedPart { bodies, former_periods, coefficients } =
            EvaluatedPart::new(&rules.pack, &self.registry.registry, self.month);
        let start = self.month.start(&rules.pack.time_zone);
        Input {
            jurisdiction: self.registry.jurisdiction.clone(),
            month: self.month,
            as_of: start,
            decided: start,
            engine: ENGINE.to_owned(),
            rule_pack: rules,
            // No score depends on it, and nothing of this is kept.
            snapshot: Snapshot { watermark: 0, digest: Digest::of(b"") },
            bodies,
            former_periods,
            coefficients,
            tallies: chengping_scoring::Tallies::default(),
            earlier: BTreeMap::new(),
        }
    }

    /// What counts depend on beside records and views, as a text.
    pub(super) fn counted_by(&self) -> String {
        let (pack, registry) = (&self.in_force.rules.pack, &self.registry);
        let (jurisdiction, month, rules) =
            (&registry.jurisdiction, self.month, counting_digest(pack));
        format!("{ENGINE} {jurisdiction} {month} {rules} {}", registry.digest)
    }
}
