//! The scores of one month, as evaluated or as published.

use std::collections::BTreeMap;

use chengping_rules::RulePack;
use chengping_types::{BodyId, Digest, Exact, JurisdictionId, Month};
use serde::Deserialize;

use crate::evaluation::{Evaluation, PackReference, State};

/// The scores of a month, and the results document that they stand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthScores {
    /// Whose evaluation it is.
    pub jurisdiction: JurisdictionId,
    /// The month.
    pub month: Month,
    /// Digest of the results document.
    pub results: Digest,
    /// The pack that it was scored by.
    pub rule_pack: PackReference,
    /// The points that this pack deducts from.
    pub base: Exact,
    /// The score of each body.
    pub bodies: BTreeMap<BodyId, MonthScore>,
}

/// The score of a body in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthScore {
    /// Identifier of its group.
    pub group: String,
    /// Whether it was scored.
    pub state: State,
    /// The exact score; absent without data.
    pub exact: Option<Exact>,
    /// The stored score.
    pub stored: Option<Exact>,
    /// The stored score as printed.
    pub printed: Option<String>,
}

/// Why a results document cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// It is not the JSON of a results document.
    #[error("not a results document; hand in the bytes that were published")]
    Malformed(#[from] serde_json::Error),
    /// The pack handed in is another one.
    #[error("the results are by the rule pack {stated}, not by {found}")]
    PackDigest {
        /// What the document says.
        stated: Digest,
        /// What the pack has.
        found: Digest,
    },
}

impl MonthScores {
    /// The scores of an evaluation by `pack`, the pack that it was scored with.
    ///
    /// # Errors
    /// If that is another pack.
    pub fn of(evaluation: &Evaluation, pack: &RulePack) -> Result<Self, ResultsError> {
        Self::from_document(&evaluation.results_document(), pack)
    }

    /// Reads the scores from a published results document by `pack`.
    ///
    /// # Errors
    /// If it is no results document, or is by another pack.
    pub fn from_document(document: &[u8], pack: &RulePack) -> Result<Self, ResultsError> {
        let read: Document = serde_json::from_slice(document)?;
        let (stated, found) = (read.rule_pack.digest, pack.digest());
        if stated != found {
            return Err(ResultsError::PackDigest { stated, found });
        }
        let score = |(id, card): (BodyId, Card)| card.read().map(|score| (id, score));
        Ok(Self {
            jurisdiction: read.jurisdiction,
            month: read.month,
            results: Digest::of(document),
            rule_pack: read.rule_pack,
            base: pack.scoring.base.value.clone(),
            bodies: read.bodies.into_iter().map(score).collect::<Result<_, _>>()?,
        })
    }
}

/// What the year needs of a results document.
#[derive(Deserialize)]
struct Document {
    jurisdiction: JurisdictionId,
    month: Month,
    rule_pack: PackReference,
    bodies: BTreeMap<BodyId, Card>,
}

#[derive(Deserialize)]
struct Card {
    group: String,
    state: State,
    score: Option<String>,
    exact_score: Option<Exact>,
}

impl Card {
    fn read(self) -> Result<MonthScore, serde_json::Error> {
        let stored = self.score.as_deref().map(str::parse).transpose();
        Ok(MonthScore {
            group: self.group,
            state: self.state,
            exact: self.exact_score,
            stored: stored.map_err(serde::de::Error::custom)?,
            printed: self.score,
        })
    }
}
