//! Former months: what a bulletin compares its own with.

use std::collections::BTreeMap;

use chengping_types::{BodyId, Digest, Exact, Month};
use serde::Deserialize;

use crate::group::Span;
use crate::read::ReadError;

/// What was published of a former month.
#[derive(Debug, Clone)]
pub struct Former {
    month: Month,
    version: u32,
    digest: Digest,
    groups: BTreeMap<String, FormerGroup>,
}

#[derive(Debug, Clone, Default)]
struct FormerGroup {
    ranks: BTreeMap<BodyId, u32>,
    span: Option<Span>,
}

#[derive(Deserialize)]
struct Results {
    month: Month,
    bodies: BTreeMap<BodyId, Body>,
}

#[derive(Deserialize)]
struct Body {
    group: String,
    score: Option<Exact>,
    rank: Option<u32>,
}

impl Former {
    /// Reads the results document of a published version; `digest` is that of the sealed document.
    ///
    /// # Errors
    ///
    /// [`ReadError::Json`] when it is not what an evaluation exports.
    pub fn read(version: u32, digest: Digest, results: &[u8]) -> Result<Self, ReadError> {
        let Results { month, bodies } = serde_json::from_slice(results)
            .map_err(|source| ReadError::Json { document: "former results", source })?;
        let mut groups: BTreeMap<String, FormerGroup> = BTreeMap::new();
        let mut scores: BTreeMap<String, Vec<Exact>> = BTreeMap::new();
        for (id, Body { group, score, rank }) in bodies {
            if let (Some(rank), Some(score)) = (rank, score) {
                groups.entry(group.clone()).or_default().ranks.insert(id, rank);
                scores.entry(group).or_default().push(score);
            }
        }
        for (group, scores) in scores {
            groups.entry(group).or_default().span = Span::of(scores);
        }
        Ok(Self { month, version, digest, groups })
    }

    /// Its month.
    #[must_use]
    pub const fn month(&self) -> Month {
        self.month
    }

    pub(crate) const fn version(&self) -> u32 {
        self.version
    }

    pub(crate) const fn digest(&self) -> Digest {
        self.digest
    }

    /// The rank of a body in a group, when it had one.
    pub(crate) fn rank(&self, group: &str, body: &BodyId) -> Option<u32> {
        self.groups.get(group)?.ranks.get(body).copied()
    }

    pub(crate) fn span(&self, group: &str) -> Option<&Span> {
        self.groups.get(group)?.span.as_ref()
    }
}
