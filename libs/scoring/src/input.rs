//! Everything that a score is computed from.

use std::collections::{BTreeMap, BTreeSet};

use chengping_rules::RulePack;
use chengping_types::registry::{Body, Coefficient, Registry};
use chengping_types::{Digest, Instant, JurisdictionId, Month, canonical};
use serde::{Deserialize, Serialize};

use crate::evaluation::PackReference;
use crate::tally::Tallies;

/// The engine that computes a score, printed with every result. Its number changes when the same
/// input may score otherwise.
pub const ENGINE: &str = "chengping-scoring/1";

/// Everything that [`score`](crate::score) reads, and nothing else: the same input always gives
/// the same bytes. Its canonical JSON is what an evaluation keeps as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Whose evaluation it is.
    pub jurisdiction: JurisdictionId,
    /// The evaluated month.
    pub month: Month,
    /// Events from here on were not seen.
    pub as_of: Instant,
    /// Decisions on objections from here on were not seen.
    pub decided: Instant,
    /// The engine, [`ENGINE`] unless an old evaluation is replayed.
    pub engine: String,
    /// The rules.
    pub rule_pack: PackRevision,
    /// The data.
    pub snapshot: Snapshot,
    /// The bodies valid in the month that the pack evaluates, in registry order.
    pub bodies: Vec<Body>,
    /// Their earlier periods, under other names or parents, in registry order: with them the
    /// months in which a body was evaluated are known (decisions.md 22).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_periods: Vec<Body>,
    /// The coefficients of these bodies, in registry order.
    pub coefficients: Vec<Coefficient>,
    /// The counts of the month.
    pub tallies: Tallies,
    /// The counts of up to twelve earlier months, each as it was frozen.
    pub earlier: BTreeMap<Month, Tallies>,
}

/// A rule pack as released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackRevision {
    /// Number of the revision.
    pub revision: u64,
    /// Digest of the pack's canonical JSON.
    pub digest: Digest,
    /// The pack itself.
    pub pack: RulePack,
}

impl PackRevision {
    /// A revision of a pack, with its digest.
    pub fn new(revision: u64, pack: RulePack) -> Self {
        Self { revision, digest: pack.digest(), pack }
    }

    /// Its name.
    pub fn reference(&self) -> PackReference {
        let (name, revision, digest) = (self.pack.pack.clone(), self.revision, self.digest);
        PackReference { name, revision, digest }
    }
}

/// The state of the data that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Number of accepted records.
    pub watermark: u64,
    /// Digest of the snapshot.
    pub digest: Digest,
}

/// Why a kept input cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It is not the JSON of an input.
    #[error("not an evaluation input; hand in the document that the evaluation kept")]
    Malformed(#[from] serde_json::Error),
    /// The pack inside is another than the digest says.
    #[error("the rule pack inside has the digest {found}, the input says {stated}")]
    PackDigest {
        /// What the input says.
        stated: Digest,
        /// What the pack has.
        found: Digest,
    },
}

impl Input {
    /// Reads an input that an evaluation kept.
    ///
    /// # Errors
    /// If it is not the JSON of an input, or the pack inside is not the one that its digest names.
    pub fn from_json(json: &[u8]) -> Result<Self, InputError> {
        let input: Self = serde_json::from_slice(json)?;
        let (stated, found) = (input.rule_pack.digest, input.rule_pack.pack.digest());
        if stated == found { Ok(input) } else { Err(InputError::PackDigest { stated, found }) }
    }

    /// The canonical JSON.
    pub fn canonical(&self) -> Vec<u8> {
        canonical::to_vec(self).expect("an input holds text, flags and counts only")
    }

    /// The digest of the canonical JSON.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical())
    }
}

/// The part of a registry that a month's evaluation reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvaluatedPart {
    /// As [`Input::bodies`].
    pub bodies: Vec<Body>,
    /// As [`Input::former_periods`].
    pub former_periods: Vec<Body>,
    /// As [`Input::coefficients`].
    pub coefficients: Vec<Coefficient>,
}

impl EvaluatedPart {
    /// The evaluated bodies valid in the month, with their earlier periods and their coefficients.
    pub fn new(pack: &RulePack, registry: &Registry, month: Month) -> Self {
        let evaluated =
            |body: &&Body| body.is_valid_in(month) && pack.group_of(body.kind).is_some();
        let bodies: Vec<_> = registry.bodies.iter().filter(evaluated).cloned().collect();
        let ids: BTreeSet<_> = bodies.iter().map(|body| &body.body_id).collect();
        let is_former = |body: &&Body| {
            ids.contains(&body.body_id) && body.valid_from < month && !body.is_valid_in(month)
        };
        let former_periods = registry.bodies.iter().filter(is_former).cloned().collect();
        let of_body = |row: &&Coefficient| ids.contains(&row.body_id) && row.valid_from <= month;
        let coefficients = registry.coefficients.iter().filter(of_body).cloned().collect();
        Self { former_periods, coefficients, bodies }
    }
}
