//! Deadlines that events lack: what they are computed from, and what of a batch gets one.

use std::collections::BTreeMap;

use chengping_casework::{
    Case, ComputedDeadline, Event, EventKind, Limits, Missing, computed_deadlines_by,
    lacks_deadline,
};
use chengping_types::{DeadlineRules, Digest, TimeZone, canonical};
use serde::{Deserialize, Serialize};

use super::record::{Fault, SentEvent};

/// The code of an event that lacks its deadline.
pub(crate) const MISSING_DUE_AT: &str = "missing_due_at";

/// Deadline rules and where their days are lived, as they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ZonedRules {
    pub(crate) time_zone: TimeZone,
    pub(crate) rules: DeadlineRules,
}

impl ZonedRules {
    /// Canonical JSON.
    pub(crate) fn content(&self) -> Vec<u8> {
        canonical::to_vec(self).expect("texts only")
    }
}

/// A version of the rules, ready to compute by.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) digest: Digest,
    pub(crate) content: Vec<u8>,
    limits: Limits,
}

impl From<ZonedRules> for Version {
    fn from(zoned: ZonedRules) -> Self {
        let content = zoned.content();
        let ZonedRules { time_zone, rules } = zoned;
        let DeadlineRules { working_hours, calendar, filing_conditions } = rules;
        let limits = Limits::new(time_zone, filing_conditions, working_hours, calendar);
        Self { digest: Digest::of(&content), content, limits }
    }
}

/// The versions that a batch needs.
#[derive(Debug, Default)]
pub(crate) struct Versions<'v> {
    /// The one of now, for events that are being taken in; none while no time zone is known.
    pub(crate) current: Option<&'v Version>,
    /// Earlier ones, for events that came before.
    pub(crate) earlier: BTreeMap<Digest, Version>,
}

impl Versions<'_> {
    fn limits(&self, digest: &Digest) -> Option<&Limits> {
        let current = self.current.filter(|current| current.digest == *digest);
        current.or_else(|| self.earlier.get(digest)).map(|version| &version.limits)
    }
}

/// A computed deadline as it is stored: with the version of the rules that it was computed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredDeadline {
    pub(crate) computed: ComputedDeadline,
    pub(crate) rules: Digest,
}

/// Why an event without a deadline is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lack {
    /// No rule pack says in which time zone days are lived.
    #[error("no rule pack is active, so that no time zone is known")]
    NoRulePack,
    /// The limit is that of the month of filing.
    #[error("the case is not filed yet; the event is taken in by itself when it is")]
    NotFiled,
    /// None can be computed.
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl Lack {
    /// What the reject of the event says.
    pub(crate) fn fault(self, sent: &SentEvent) -> Fault {
        let kind = sent.event.kind;
        let hint = if kind == EventKind::Dispatched { ", or set no_deadline" } else { "" };
        let message =
            format!("{kind} has no deadline, and none can be computed ({self}); give it{hint}");
        let fault = Fault::new(MISSING_DUE_AT, "due_at", message);
        // A case never changes, so that one without a condition gets none.
        Fault { waits: self != Self::Missing(Missing::NoCondition), ..fault }
    }
}

/// What is wrong with an event that lacks its deadline, where its case names no condition: whatever
/// else comes, there is none.
pub(crate) fn never_computed(sent: &SentEvent, has_condition: bool) -> Option<Fault> {
    let never = lacks_deadline(&sent.event) && !sent.may_lack_deadline() && !has_condition;
    never.then(|| Lack::Missing(Missing::NoCondition).fault(sent))
}

/// A case of which an event lacks its deadline.
#[derive(Debug)]
pub(crate) struct LackingCase {
    pub(crate) case: Case,
    /// Its accepted events and those that the batch adds, as the platform gave them.
    pub(crate) known: Vec<Event>,
    /// What was computed for some of them before.
    pub(crate) stored: Vec<StoredDeadline>,
    /// Events to be taken in, none of them known, that lack their deadline.
    pub(crate) candidates: Vec<SentEvent>,
}

/// What becomes of the events that lack their deadline.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// New deadlines, and those that events before them moved.
    pub(crate) deadlines: Vec<StoredDeadline>,
    /// Candidates that cannot be taken in, by number.
    pub(crate) lacking: BTreeMap<u64, Lack>,
}

impl LackingCase {
    /// The version of an event that is known, or a candidate.
    pub(crate) fn version(&self, sent: &SentEvent) -> Option<SentEvent> {
        let event_no = sent.event.event_no;
        let known = self.known.iter().find(|event| event.event_no == event_no);
        let candidate = self.candidates.iter().find(|other| other.event.event_no == event_no);
        known.cloned().map(SentEvent::from).or_else(|| candidate.cloned())
    }

    /// Computes what is lacking, whatever the order in which the events came: the limits and the
    /// calendar are those of the time when an event was taken in, the events before it are those
    /// that are known now.
    pub(crate) fn settle(&self, versions: &Versions<'_>) -> Settled {
        let mut settled = Settled::default();
        let mut left: Vec<&SentEvent> = self.candidates.iter().collect();
        if let Err(lack) = self.can_have_limits(versions) {
            refuse(&mut left, &mut settled, |_| Some(lack), lack == Lack::NotFiled);
        }
        let now = versions.current.map(|current| current.digest);
        let mut version_of: BTreeMap<u64, Option<Digest>> =
            self.candidates.iter().map(|sent| (sent.event.event_no, now)).collect();
        let stored = self.stored.iter();
        version_of.extend(stored.map(|stored| (stored.computed.event_no, Some(stored.rules))));
        let version = |event_no: u64| version_of.get(&event_no).copied().flatten();
        loop {
            let mut events = self.known.clone();
            events.extend(left.iter().map(|sent| sent.event.clone()));
            let completion = computed_deadlines_by(&self.case, &events, |event| {
                versions.limits(&version(event.event_no)?)
            });
            let why: BTreeMap<u64, Missing> =
                completion.missing.iter().map(|missing| (missing.event_no, missing.why)).collect();
            let lack = |sent: &SentEvent| why.get(&sent.event.event_no).copied().map(Lack::from);
            // Without them others may lack what they extend.
            if refuse(&mut left, &mut settled, lack, false) {
                continue;
            }
            let deadlines = completion.computed.into_iter().filter_map(|computed| {
                let rules = version(computed.event_no)?;
                Some(StoredDeadline { computed, rules })
            });
            settled.deadlines = deadlines.filter(|new| !self.stored.contains(new)).collect();
            return settled;
        }
    }

    /// Whether the case has a limit, as far as no event that may still come changes it.
    fn can_have_limits(&self, versions: &Versions<'_>) -> Result<(), Lack> {
        if self.case.filing_condition.is_none() {
            return Err(Missing::NoCondition.into());
        }
        versions.current.ok_or(Lack::NoRulePack)?.limits.check(&self.case)?;
        let is_filed = self.known.iter().any(|event| event.kind == EventKind::Filed);
        if is_filed { Ok(()) } else { Err(Lack::NotFiled) }
    }
}

/// Takes those that lack something out of `left`; a dispatch of a platform that sets no deadline
/// only when `all` are, else it stays without one. Whether there was any.
fn refuse(
    left: &mut Vec<&SentEvent>,
    settled: &mut Settled,
    lack: impl Fn(&SentEvent) -> Option<Lack>,
    all: bool,
) -> bool {
    let before = left.len();
    left.retain(|sent| match lack(sent) {
        Some(lack) if all || !sent.may_lack_deadline() => {
            settled.lacking.insert(sent.event.event_no, lack);
            false
        }
        _ => true,
    });
    left.len() < before
}
