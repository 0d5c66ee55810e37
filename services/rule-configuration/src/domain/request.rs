//! What every change of a rule pack is asked for with, and what is remembered of it.

use chengping_types::{Digest, Month, PackId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::pack::{Difference, Revision};
use super::review::State;

/// Who asks for a change, why, and under which conditions.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub actor: String,
    /// What is asked for, as `package.Service/Method`.
    pub action: &'static str,
    pub reason: String,
    /// A repeat of a request with an ID gets the first answer.
    pub request_id: Option<Uuid>,
    /// Empty when any standing state will do.
    pub etag: String,
    /// Whether everything is checked and nothing changed.
    pub validate_only: bool,
}

impl Asked {
    /// The digest of what a request asks for, but for its ID and the state that it expects.
    pub(crate) fn content(&self, parts: &[String]) -> Digest {
        let parts: Vec<_> = parts.iter().chain([&self.reason]).collect();
        chengping_types::canonical::digest(&parts).expect("texts have a canonical form")
    }
}

/// What a request with an ID made: the revision as it stood then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handled {
    pub method: String,
    /// The digest of what the request asked for.
    pub content: Digest,
    pub pack: PackId,
    pub revision: u64,
    pub state: State,
    pub active_from: Option<Month>,
    pub approver: String,
    pub version: i64,
    pub detail: Option<Detail>,
}

/// What an answer says besides the revision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Detail {
    /// What a newer parent has differently from the former one.
    pub parent_differences: Vec<Difference>,
    /// Those paths among them that the pack overrides.
    pub contested_paths: Vec<String>,
}

impl Handled {
    /// What is to be remembered of an answer.
    pub(crate) fn of(
        asked: &Asked,
        content: Digest,
        revision: &Revision,
        detail: Option<Detail>,
    ) -> Self {
        Self {
            method: asked.action.to_owned(),
            content,
            pack: revision.pack.clone(),
            revision: revision.revision,
            state: revision.state,
            active_from: revision.active_from,
            approver: revision.approver.clone(),
            version: revision.version,
            detail,
        }
    }

    /// The revision as the first answer had it.
    pub(crate) fn as_answered(&self, revision: Revision) -> Revision {
        Revision {
            state: self.state,
            active_from: self.active_from,
            approver: self.approver.clone(),
            version: self.version,
            ..revision
        }
    }
}
