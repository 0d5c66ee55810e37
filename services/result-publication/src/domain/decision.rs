//! What an upheld inquiry writes into the record of its case: an event, never a score (method f.4).

use chengping_types::name::{RegistryRevisionName, RulePackRevisionName};
use chengping_types::{BodyId, CaseNo, DECIDED_EVENT_NO_MIN, Instant, PackId, named_enum};

use super::inquiry::Subject;

/// How many events a decision writes at most.
pub(crate) const EVENTS_MAX: usize = 8;
/// Numbers that each inquiry has.
const EVENT_NOS: u64 = 100;

named_enum! {
    /// The kinds of events that a decision may write. The codes are those of the API of cases.
    pub(crate) enum DecidedKind: "kind of an event that a decision writes" {
        /// To the unit whose it is.
        Dispatched = 9 => "dispatched",
        /// From a unit whose it was not.
        Returned = 10 => "returned",
        /// An extension that was granted and not recorded.
        Extended = 11 => "extended",
        /// A hand-back that was made and not recorded.
        Handled = 14 => "handled",
        /// The case is none.
        Voided = 20 => "voided",
        /// The latest live order is taken back.
        OrderWithdrawn = 22 => "order_withdrawn",
        /// A visit that was made and not recorded.
        Visited = 23 => "visited",
        /// The fact stays, the count leaves it out.
        Exempted = 24 => "exempted",
    }
}

impl DecidedKind {
    /// Whether the event is itself a decision, made after the freeze about facts before it: an
    /// evaluation sees it up to its `decided` (decisions.md 2).
    pub(crate) const fn is_decision(self) -> bool {
        matches!(self, Self::OrderWithdrawn | Self::Exempted)
    }

    const fn wants_unit(self) -> bool {
        matches!(self, Self::Dispatched | Self::Returned)
    }

    const fn fits(self, subject: Subject) -> bool {
        match subject {
            Subject::CaseFact => !matches!(self, Self::OrderWithdrawn | Self::Visited),
            Subject::Stream => matches!(self, Self::Voided),
            Subject::Order => matches!(self, Self::OrderWithdrawn),
            Subject::Visit => matches!(self, Self::Visited),
            Subject::RegistryValue | Subject::Formula => false,
        }
    }

    /// The outcomes that it may have; none where it has none.
    const fn outcomes(self) -> &'static [&'static str] {
        match self {
            Self::Exempted => &["late", "rework", "all"],
            Self::Returned => &["upheld"],
            Self::Visited => {
                &["very_satisfied", "satisfied", "neutral", "dissatisfied", "unreachable"]
            }
            _ => &[],
        }
    }
}

/// An event as a decider asks for it.
#[derive(Debug, Clone)]
pub(crate) struct WishedEvent {
    /// Empty for that of the inquiry.
    pub(crate) case_no: String,
    pub(crate) has_number: bool,
    pub(crate) kind: Option<DecidedKind>,
    pub(crate) at: Option<Instant>,
    pub(crate) unit: Option<BodyId>,
    pub(crate) due: Option<Instant>,
    pub(crate) outcome: String,
    pub(crate) no_deadline: bool,
    /// Whether it has anything that a decision does not write.
    pub(crate) has_more: bool,
}

/// An event that a decision writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecidedEvent {
    /// From 1.
    pub(crate) number: u32,
    pub(crate) case_no: CaseNo,
    pub(crate) event_no: u64,
    pub(crate) kind: DecidedKind,
    pub(crate) at: Instant,
    pub(crate) unit: Option<BodyId>,
    pub(crate) due: Option<Instant>,
    pub(crate) outcome: String,
    pub(crate) no_deadline: bool,
}

impl DecidedEvent {
    /// All of it as one text, for digests.
    pub(crate) fn text(&self) -> String {
        let Self { case_no, event_no, kind, at, unit, due, outcome, no_deadline, .. } = self;
        let unit = unit.as_ref().map_or("", BodyId::as_str);
        let due = due.map_or_else(String::new, |due| due.to_string());
        format!("{case_no}\n{event_no} {kind} {at} [{unit}] [{due}] [{outcome}] {no_deadline}")
    }
}

/// The number of event `number` of an inquiry: always the same, so that it is one however often it
/// is sent.
pub(crate) const fn event_no(inquiry: u64, number: u32) -> u64 {
    DECIDED_EVENT_NO_MIN + inquiry * EVENT_NOS + number as u64
}

/// What a decision is about.
pub(crate) struct About<'a> {
    pub(crate) inquiry: u64,
    pub(crate) subject: Subject,
    pub(crate) case_no: Option<&'a CaseNo>,
    /// When it is made.
    pub(crate) now: Instant,
    /// Of an objection, up to when, exclusive, the version objected to sees what happened: what an
    /// event writes behind that, no version of the month would ever take account of.
    pub(crate) seen_to: Option<Instant>,
}

/// What is wrong: a field and what about it.
pub(crate) type Fault = (String, String);

/// The events that an upheld inquiry writes.
///
/// # Errors
///
/// Everything that is wrong with the wish.
pub(crate) fn events(
    about: &About<'_>,
    wished: Vec<WishedEvent>,
    mended_by: Option<&Mended>,
) -> Result<Vec<DecidedEvent>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut wrong = |field: &str, what: &str| faults.push((field.to_owned(), what.to_owned()));
    match (about.subject, mended_by) {
        (Subject::RegistryValue | Subject::Formula, None) => {
            wrong("mended_by", "must name the revision that mends it: no event can");
        }
        (Subject::CaseFact | Subject::Order | Subject::Visit, Some(_)) => {
            wrong("mended_by", "must be empty: an event mends it");
        }
        _ => {}
    }
    let needs_event = about.subject.is_of_case() && mended_by.is_none();
    if needs_event && wished.is_empty() {
        wrong("events", "must have the event that mends the record of the case");
    }
    if !about.subject.is_of_case() && !wished.is_empty() {
        wrong("events", "must be empty: it is about no case");
    }
    if wished.len() > EVENTS_MAX {
        wrong("events", &format!("must be at most {EVENTS_MAX}"));
    }
    let mut events = Vec::with_capacity(wished.len());
    for (place, wish) in wished.into_iter().enumerate().take(EVENTS_MAX) {
        let number = u32::try_from(place + 1).expect("there are few");
        match event(about, number, wish) {
            Ok(event) => events.push(event),
            Err(found) => faults.extend(
                found.into_iter().map(|(field, what)| (format!("events[{place}].{field}"), what)),
            ),
        }
    }
    if faults.is_empty() { Ok(events) } else { Err(faults) }
}

fn event(about: &About<'_>, number: u32, wish: WishedEvent) -> Result<DecidedEvent, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut wrong = |field: &str, what: String| faults.push((field.to_owned(), what));
    let of_case = about.case_no;
    if !wish.case_no.is_empty() && of_case.map(CaseNo::as_str) != Some(wish.case_no.as_str()) {
        wrong("case_no", "must be empty or that of the inquiry".to_owned());
    }
    if wish.has_number {
        wrong("event_no", "must be 0: it follows from the number of the inquiry".to_owned());
    }
    if wish.has_more {
        wrong(
            "kind",
            "only kind, time, unit, due_time, no_deadline and outcome are written".into(),
        );
    }
    let Some(kind) = wish.kind.filter(|kind| kind.fits(about.subject)) else {
        let fitting = DecidedKind::ALL.iter().filter(|kind| kind.fits(about.subject));
        let fitting: Vec<_> = fitting.map(|kind| kind.as_str()).collect();
        wrong("kind", format!("must be one of {}", fitting.join(", ")));
        return Err(faults);
    };
    let outcomes = kind.outcomes();
    match outcomes {
        [] if !wish.outcome.is_empty() => wrong("outcome", "must be empty".to_owned()),
        [_, ..] if !outcomes.contains(&wish.outcome.as_str()) => {
            wrong("outcome", format!("must be one of {}", outcomes.join(", ")));
        }
        _ => {}
    }
    if kind.wants_unit() && wish.unit.is_none() {
        wrong("unit", "must name the unit".to_owned());
    }
    if !kind.wants_unit() && kind != DecidedKind::Handled && wish.unit.is_some() {
        wrong("unit", "must be empty".to_owned());
    }
    if let Some((field, what)) = deadline_fault(kind, &wish) {
        wrong(field, what.to_owned());
    }
    match wish.at {
        None if !kind.is_decision() => wrong("event_time", "must say when it happened".to_owned()),
        Some(at) if at > about.now => wrong("event_time", "lies in the future".to_owned()),
        Some(at) if !kind.is_decision() => {
            if let Some(seen_to) = about.seen_to.filter(|seen_to| at >= *seen_to) {
                let what = format!("must be before {seen_to}, up to when the version sees");
                wrong("event_time", what);
            }
        }
        _ => {}
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(DecidedEvent {
        number,
        case_no: of_case.cloned().expect("whatever an event fits is about a case"),
        event_no: event_no(about.inquiry, number),
        kind,
        at: wish.at.unwrap_or(about.now),
        unit: wish.unit,
        due: wish.due,
        outcome: wish.outcome,
        no_deadline: wish.no_deadline,
    })
}

/// What is wrong with the deadline of an event of this kind.
fn deadline_fault(kind: DecidedKind, wish: &WishedEvent) -> Option<(&'static str, &'static str)> {
    match (kind, wish.due, wish.no_deadline) {
        (DecidedKind::Dispatched, Some(_), true) => {
            Some(("no_deadline", "must not stand beside a due_time"))
        }
        (DecidedKind::Dispatched, None, false) => {
            Some(("due_time", "must be the deadline, or no_deadline be set"))
        }
        (DecidedKind::Dispatched, ..) | (DecidedKind::Extended, Some(_), false) => None,
        (DecidedKind::Extended, ..) => Some(("due_time", "must be the new deadline")),
        (_, None, false) => None,
        _ => Some(("due_time", "must be empty, without no_deadline")),
    }
}

/// What mended what no event can mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mended {
    /// A revision of the registry.
    Registry(RegistryRevisionName),
    /// A revision of a rule pack.
    Rules(RulePackRevisionName),
}

impl Mended {
    /// From its resource name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let registry = text.parse().ok().map(Self::Registry);
        registry.or_else(|| text.parse().ok().map(Self::Rules))
    }
}

/// What an evaluation saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) as_of: Instant,
    pub(crate) decided: Instant,
    /// The number of records.
    pub(crate) watermark: u64,
    pub(crate) rule_pack: Option<(PackId, u64)>,
    pub(crate) registry: Option<RegistryRevisionName>,
}

/// What an upheld inquiry led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remedy {
    /// Each event with the number of records that it is among; none before it is written.
    pub(crate) events: Vec<(DecidedEvent, Option<u64>)>,
    pub(crate) mended_by: Option<Mended>,
}

impl Seen {
    /// Whether the evaluation takes account of all of it.
    pub(crate) fn holds(&self, remedy: &Remedy) -> bool {
        let seen = |(event, watermark): &(DecidedEvent, Option<u64>)| {
            let cut = if event.kind.is_decision() { self.decided } else { self.as_of };
            event.at < cut && watermark.is_some_and(|watermark| watermark <= self.watermark)
        };
        let mended = match &remedy.mended_by {
            None => true,
            Some(Mended::Registry(wanted)) => {
                self.registry.as_ref().is_some_and(|read| read.revision >= wanted.revision)
            }
            Some(Mended::Rules(wanted)) => {
                self.rule_pack.as_ref().is_some_and(|(pack, revision)| {
                    *pack == wanted.rule_pack && *revision >= wanted.revision
                })
            }
        };
        mended && remedy.events.iter().all(seen)
    }
}

#[cfg(test)]
mod tests;
