//! What becomes of the wish to publish an evaluation.

use chengping_types::{JurisdictionId, Month, RecordId};
use serde::Serialize;
use uuid::Uuid;

use super::Version;
use super::state::State;

/// The longest reason, in characters.
pub(crate) const REASON_CHARS_MAX: usize = 2000;

/// A wish to have a version of a month made from an evaluation.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CreateVersion {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) month: Month,
    pub(crate) evaluation: RecordId,
    /// Empty for none.
    pub(crate) reason: String,
    /// Whether it must be a correction of what is published.
    pub(crate) correction: bool,
    #[serde(skip)]
    pub(crate) actor: String,
    #[serde(skip)]
    pub(crate) request_id: Option<Uuid>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Nothing: the newest version is made from this evaluation.
    Keep,
    /// Make version `number`.
    Add {
        /// Its number.
        number: u32,
    },
    /// Make the newest version, which is not published, from this evaluation.
    Replace {
        /// Its number.
        number: u32,
    },
}

/// Why nothing can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is nothing to correct.
    NothingPublished,
    /// A correction needs a reason.
    ReasonMissing,
    /// Version 1 corrects nothing.
    ReasonWithoutCorrection,
}

impl CreateVersion {
    /// What is to be done, given the `newest` version of the month.
    ///
    /// The number of a version is spent only when it is published: what was merely computed, or is
    /// under notice, gives way to a better evaluation and begins again. So the numbers that the
    /// public sees are dense, and version n + 1 always corrects version n.
    ///
    /// # Errors
    ///
    /// Every [`Refusal`].
    pub(crate) fn plan(&self, newest: Option<&Version>) -> Result<Plan, Refusal> {
        let published = newest.is_some_and(|newest| newest.state.is_sealed() || newest.number > 1);
        if self.correction && !published {
            return Err(Refusal::NothingPublished);
        }
        if newest.is_some_and(|newest| self.is_made(newest)) {
            return Ok(Plan::Keep);
        }
        let plan = match newest {
            None => Plan::Add { number: 1 },
            Some(newest) if newest.state.is_sealed() => Plan::Add { number: newest.number + 1 },
            Some(newest) => Plan::Replace { number: newest.number },
        };
        match (published, self.reason.is_empty()) {
            (true, true) => Err(Refusal::ReasonMissing),
            (false, false) => Err(Refusal::ReasonWithoutCorrection),
            _ => Ok(plan),
        }
    }

    /// Whether `newest` is what is wished for. While it is not published, another reason takes the
    /// place of its own; afterwards it stands. What was withdrawn does not: the same evaluation may
    /// be published again, as the next version.
    fn is_made(&self, newest: &Version) -> bool {
        newest.state != State::Withdrawn
            && newest.evaluation == self.evaluation
            && (newest.state.is_sealed() || self.reason.is_empty() || newest.reason == self.reason)
    }
}

#[cfg(test)]
mod tests {
    use chengping_types::{Digest, Instant};

    use super::*;

    fn version(number: u32, state: State) -> Version {
        Version {
            jurisdiction: "zz".parse().unwrap(),
            month: "2018-04".parse().unwrap(),
            number,
            evaluation: "e1".parse().unwrap(),
            results_digest: Digest::of(b""),
            reason: String::new(),
            state,
            revision: 1,
            create_time: Instant::from_micros(0),
            sealed: None,
            notice: None,
            waive_reason: String::new(),
            withdrawn: None,
            inquiries: Vec::new(),
            touched: Vec::new(),
        }
    }

    fn wish(evaluation: &str, reason: &str, correction: bool) -> CreateVersion {
        CreateVersion {
            jurisdiction: "zz".parse().unwrap(),
            month: "2018-04".parse().unwrap(),
            evaluation: evaluation.parse().unwrap(),
            reason: reason.to_owned(),
            correction,
            actor: "office".to_owned(),
            request_id: None,
        }
    }

    #[test]
    fn a_number_is_spent_only_when_it_is_published() {
        use Refusal::{NothingPublished, ReasonMissing, ReasonWithoutCorrection};
        use State::{Computed, Decided, Published, UnderNotice, Withdrawn};
        let table = [
            // newest, evaluation, reason, correction, expected
            (None, "e2", "", false, Ok(Plan::Add { number: 1 })),
            (None, "e2", "why", false, Err(ReasonWithoutCorrection)),
            (None, "e2", "why", true, Err(NothingPublished)),
            (Some((1, Computed)), "e1", "", false, Ok(Plan::Keep)),
            (Some((1, Computed)), "e1", "why", false, Err(ReasonWithoutCorrection)),
            (Some((1, Computed)), "e2", "", false, Ok(Plan::Replace { number: 1 })),
            (Some((1, UnderNotice)), "e2", "", false, Ok(Plan::Replace { number: 1 })),
            (Some((1, Decided)), "e2", "why", true, Err(NothingPublished)),
            (Some((1, Published)), "e1", "why", true, Ok(Plan::Keep)),
            (Some((1, Published)), "e2", "", false, Err(ReasonMissing)),
            (Some((1, Published)), "e2", "why", false, Ok(Plan::Add { number: 2 })),
            (Some((1, Published)), "e2", "why", true, Ok(Plan::Add { number: 2 })),
            (Some((2, Computed)), "e2", "why", true, Ok(Plan::Replace { number: 2 })),
            (Some((2, Computed)), "e2", "", false, Err(ReasonMissing)),
            (Some((2, Computed)), "e1", "", false, Ok(Plan::Keep)),
            (Some((2, Computed)), "e1", "why", true, Ok(Plan::Replace { number: 2 })),
            (Some((2, Published)), "e2", "why", false, Ok(Plan::Add { number: 3 })),
            (Some((1, Withdrawn)), "e1", "why", true, Ok(Plan::Add { number: 2 })),
            (Some((1, Withdrawn)), "e2", "", false, Err(ReasonMissing)),
        ];
        for (newest, evaluation, reason, correction, expected) in table {
            let standing = newest.map(|(number, state)| version(number, state));
            let planned = wish(evaluation, reason, correction).plan(standing.as_ref());
            assert_eq!(planned, expected, "{newest:?} {evaluation} {reason:?} {correction}");
        }
    }
}
