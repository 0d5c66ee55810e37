//! What the service keeps of an evaluation, and what it has to know of rules.

mod behind;

use chengping_rules::{Reference, Rule, RulePack};
use chengping_types::name::{EvaluationName, RulePackRevisionName, SnapshotName};
use chengping_types::{Digest, Instant, JurisdictionId, Month};

pub(crate) use self::behind::behind;

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
    pub(crate) request_id: Option<String>,
}

impl CreateEvaluation {
    /// The request, if it has an ID. What is left out is asked for as well: the default of
    /// tomorrow may be another.
    pub(crate) fn request(&self) -> Option<Request> {
        let id = self.request_id.clone()?;
        let instant = |instant: Option<Instant>| instant.map(|at| at.as_micros());
        let content = format!(
            "{} {:?} {:?} {}",
            self.month,
            instant(self.as_of),
            instant(self.decided),
            self.rule_pack.as_ref().map(ToString::to_string).unwrap_or_default(),
        );
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

/// How many earlier months the rules of a pack look at.
pub(crate) fn months_back(pack: &RulePack) -> u32 {
    let items = pack.families.values().flat_map(|family| family.items());
    let of_rule = |rule: &Rule| match rule {
        // A group that is too small falls back on own history.
        Rule::BandRelative(rule) if rule.against != Reference::Fixed => pack.scoring.history_months,
        rule => u32::from(rule.looks_back()),
    };
    items.map(|(_, item)| of_rule(&item.rule)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use chengping_rules::builtin;

    use super::*;

    fn pack(change: impl Fn(String) -> String) -> RulePack {
        RulePack::parse(&change(builtin("zz-2018").unwrap().to_owned())).unwrap()
    }

    fn without(pack: &mut RulePack, is_unwanted: impl Fn(&Rule) -> bool) {
        for family in pack.families.values_mut() {
            for stream in &mut family.streams {
                stream.items.retain(|item| !is_unwanted(&item.rule));
            }
        }
    }

    #[test]
    fn own_history_needs_as_many_months_as_the_pack_says() {
        assert_eq!(months_back(&pack(|text| text)), 12);
        let five = pack(|text| text.replace("history_months: 12", "history_months: 5"));
        assert_eq!(months_back(&five), 5);
    }

    #[test]
    fn an_increase_needs_the_month_before_and_a_rate_needs_none() {
        let mut pack = pack(|text| text);
        without(&mut pack, |rule| matches!(rule, Rule::BandRelative(_)));
        assert_eq!(months_back(&pack), 1);
        without(&mut pack, |rule| matches!(rule, Rule::MomIncrease(_)));
        assert_eq!(months_back(&pack), 0);
    }

    #[test]
    fn requests_are_the_same_only_when_they_say_the_same() {
        let wish = CreateEvaluation {
            jurisdiction: "zz".parse().unwrap(),
            month: "2018-04".parse().unwrap(),
            as_of: None,
            decided: None,
            rule_pack: None,
            request_id: Some("id".to_owned()),
        };
        let instant = Some(Instant::from_micros(1));
        let others = [
            CreateEvaluation { month: "2018-05".parse().unwrap(), ..wish.clone() },
            CreateEvaluation { as_of: instant, ..wish.clone() },
            CreateEvaluation { decided: instant, ..wish.clone() },
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
