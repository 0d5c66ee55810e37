//! Cases and events as the interchange files have them.

use chengping_types::{BodyId, CaseNo, Instant, named_enum};
use serde::{Deserialize, Serialize};

named_enum! {
    /// How a case came to be known (`source` in `cases.csv`).
    pub enum Source: "source" {
        /// Found on patrol by a collector.
        Patrol = 1 => "patrol",
        /// Seen on video.
        Video = 2 => "video",
        /// The city-management hotline 12319.
        Hotline12319 = 3 => "hotline_12319",
        /// Passed on by the mayor's hotline 12345.
        Transfer12345 = 4 => "transfer_12345",
        /// Passed on by the police, 110.
        Transfer110 = 5 => "transfer_110",
        /// 微信.
        Wechat = 6 => "wechat",
        /// 市民通.
        CitizenApp = 7 => "citizen_app",
        /// Another way of the public.
        OtherPublic = 8 => "other_public",
        /// Press, radio, television.
        Media = 9 => "media",
        /// A leader's note.
        Leader = 10 => "leader",
        /// An inspection.
        Inspection = 11 => "inspection",
        /// Anything else.
        Other = 12 => "other",
    }
}

impl Source {
    /// Whether a case of this source is a public report (regulation 4.1.3).
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(
            self,
            Self::Hotline12319
                | Self::Transfer12345
                | Self::Transfer110
                | Self::Wechat
                | Self::CitizenApp
                | Self::OtherPublic
        )
    }
}

named_enum! {
    /// What happened to a case (`kind` in `events.csv`).
    pub enum EventKind: "event kind" {
        /// 上报: the case begins.
        Reported = 1 => "reported",
        /// 自处置: the collector settled it on the spot; ends it, out of every other count.
        SelfHandled = 2 => "self_handled",
        /// 发核实: sent to be verified before filing.
        VerifySent = 3 => "verify_sent",
        /// 核实: verified.
        Verified = 4 => "verified",
        /// 受理.
        Accepted = 5 => "accepted",
        /// 不予受理.
        Declined = 6 => "declined",
        /// 立案: zone and stream are frozen here.
        Filed = 7 => "filed",
        /// 不予立案.
        Refused = 8 => "refused",
        /// 派遣: the handling clock starts; a second one is a re-dispatch.
        Dispatched = 9 => "dispatched",
        /// 回退: wrong addressee when upheld, shirking when refused.
        Returned = 10 => "returned",
        /// 延期: an approved extension.
        Extended = 11 => "extended",
        /// 挂账: the clock stops.
        Suspended = 12 => "suspended",
        /// The clock runs on.
        Resumed = 13 => "resumed",
        /// 处置反馈: handed back; one a round.
        Handled = 14 => "handled",
        /// 发核查: sent to be checked after handling.
        CheckSent = 15 => "check_sent",
        /// 核查通过.
        CheckPassed = 16 => "check_passed",
        /// 核查不通过: a rework, unless another unit is sent.
        CheckFailed = 17 => "check_failed",
        /// 结案: normal or forced.
        Closed = 18 => "closed",
        /// The same case, next round.
        Reopened = 19 => "reopened",
        /// 作废: final.
        Voided = 20 => "voided",
        /// 督办.
        Ordered = 21 => "ordered",
        /// The latest live order is taken back.
        OrderWithdrawn = 22 => "order_withdrawn",
        /// 回访.
        Visited = 23 => "visited",
        /// An upheld objection: the fact stays, the count leaves it out.
        Exempted = 24 => "exempted",
    }
}

impl EventKind {
    /// Whether it is a decision about earlier facts, seen up to [`View::decided`](crate::View)
    /// instead of the as-of instant (decisions.md 2).
    #[must_use]
    pub const fn is_decision(self) -> bool {
        matches!(self, Self::OrderWithdrawn | Self::Exempted)
    }
}

/// A case, apart from what happened to it (`cases.csv`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The platform's number, unique in the jurisdiction.
    pub case_no: CaseNo,
    /// How it came to be known.
    pub source: Source,
    /// Category scheme with its version.
    pub category_scheme: String,
    /// Category, a code of variable length.
    pub category_code: String,
    /// Where it lies; may be empty or unknown, the case is then out of scope of areas.
    pub area_code: String,
    /// The collector team in whose grid it lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector: Option<BodyId>,
    /// Free text, never published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The condition that it was filed under (`condition_id`), where the platform says one: its
    /// limit sets the deadlines that the platform does not give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filing_condition: Option<String>,
}

/// Something that happened to a case (`events.csv`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The case.
    pub case_no: CaseNo,
    /// Unique in the case; not necessarily dense or in time order.
    pub event_no: u64,
    /// When it happened.
    pub at: Instant,
    /// What happened.
    pub kind: EventKind,
    /// The post team that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<BodyId>,
    /// The handling unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<BodyId>,
    /// The whole-case deadline from here on. None on `dispatched`: the platform knows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Instant>,
    /// The limit of the desk stage that this event completes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_due_at: Option<Instant>,
    /// How it went; the words depend on the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Free text, never published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Event {
    /// Whether the outcome is `word`.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.outcome.as_deref() == Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_of_clause_4_1_3_are_public() {
        let public: Vec<_> = Source::ALL.iter().filter(|source| source.is_public()).collect();
        assert_eq!(public.len(), 6);
        assert!(!Source::Media.is_public() && !Source::Patrol.is_public());
    }

    #[test]
    fn codes_are_stable() {
        assert_eq!(EventKind::from_code(24), Some(EventKind::Exempted));
        assert_eq!(Source::from_code(12), Some(Source::Other));
        assert_eq!(EventKind::from_code(0), None);
    }
}
