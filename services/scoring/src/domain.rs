//! What the service keeps of an evaluation, and what it has to know of rules.

mod behind;
mod difference;
mod live;

use chengping_types::name::{EvaluationName, RulePackRevisionName, SnapshotName};
use chengping_types::{Digest, Instant, JurisdictionId, Month};

pub(crate) use self::behind::behind;
pub(crate) use self::difference::{Difference, differences};
pub(crate) use self::live::{Begun, News, Picture, Taken, Warning, WarningPlace, minute_end};

/// An evaluation without its documents. It is stored only once it has succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evaluation {
    pub(crate) name: EvaluationName,
    pub(crate) request: Option<Request>,
    pub(crate) month: Month,
    pub(crate) as_of: Instant,
    pub(crate) decided: Instant,
    pub(crate) rule_pack: RulePackRevisionName,
    pub(crate) rule_pack_digest: Digest,
    pub(crate) registry_revision: u64,
    pub(crate) snapshot: SnapshotName,
    pub(crate) snapshot_digest: Digest,
    pub(crate) watermark: u64,
    pub(crate) open_reject_count: u64,
    pub(crate) engine_version: String,
    pub(crate) digest: Digest,
    pub(crate) body_count: u32,
    pub(crate) create_time: Instant,
    pub(crate) end_time: Instant,
}

/// A call that may be repeated, and then has the first answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// A UUID that the client chose.
    pub(crate) id: String,
    /// The digest of what was asked for.
    pub(crate) content: Digest,
}

/// A wish to have a month scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreateEvaluation {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) month: Month,
    pub(crate) as_of: Option<Instant>,
    pub(crate) decided: Option<Instant>,
    pub(crate) rule_pack: Option<RulePackRevisionName>,
    /// Evaluations of earlier months whose counts stand in the place of those frozen then.
    pub(crate) corrections: Vec<EvaluationName>,
    pub(crate) request_id: Option<String>,
}

impl CreateEvaluation {
    /// The request, if it has an ID. What is left out is asked for as well: the default of
    /// tomorrow may be another.
    pub(crate) fn request(&self) -> Option<Request> {
        let id = self.request_id.clone()?;
        let instant = |instant: Option<Instant>| instant.map(|at| at.as_micros());
        let mut content = format!(
            "{} {:?} {:?} {}",
            self.month,
            instant(self.as_of),
            instant(self.decided),
            self.rule_pack.as_ref().map(ToString::to_string).unwrap_or_default(),
        );
        for correction in &self.corrections {
            content = format!("{content} {correction}");
        }
        Some(Request { id, content: Digest::of(content.as_bytes()) })
    }
}

/// The documents of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    /// The results.
    Results,
    /// Everything that was read.
    Input,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_the_same_only_when_they_say_the_same() {
        let wish = CreateEvaluation {
            jurisdiction: "zz".parse().unwrap(),
            month: "2018-04".parse().unwrap(),
            as_of: None,
            decided: None,
            rule_pack: None,
            corrections: Vec::new(),
            request_id: Some("id".to_owned()),
        };
        let instant = Some(Instant::from_micros(1));
        let others = [
            CreateEvaluation { month: "2018-05".parse().unwrap(), ..wish.clone() },
            CreateEvaluation { as_of: instant, ..wish.clone() },
            CreateEvaluation { decided: instant, ..wish.clone() },
            CreateEvaluation {
                corrections: vec!["jurisdictions/zz/evaluations/e".parse().unwrap()],
                ..wish.clone()
            },
            CreateEvaluation {
                rule_pack: "jurisdictions/zz/rulePacks/p/revisions/1".parse().ok(),
                ..wish.clone()
            },
        ];
        assert_eq!(wish.request(), wish.clone().request());
        for other in &others {
            assert_ne!(wish.request(), other.request());
        }
        assert_ne!(others[1].request(), others[2].request());
        assert_eq!(CreateEvaluation { request_id: None, ..wish }.request(), None);
    }
}
