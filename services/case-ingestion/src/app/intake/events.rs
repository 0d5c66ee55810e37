//! Taking events in, with the deadlines that they lack.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chengping_casework::{Case, Event, lacks_deadline};
use chengping_types::{CaseNo, JurisdictionId};

use super::good;
use super::writing::Writing;
use crate::domain::{
    Broken, EventKey, Lack, LackingCase, MISSING_DUE_AT, NewReject, Record as _, RejectState, Row,
    SentEvent, Settled, Sorted, Version, Versions, WaitingEvent, conflict, set_aside,
};
use crate::store::{self, PgConnection, StoreError, deadline};

/// Why a waiting event is not taken in although its case has come.
pub(super) const SUPERSEDED: &str = "contradicts an accepted event; see the reject with code \
                                     conflict of the same place";

/// Takes in the accepted events of a sorted batch, whose cases are known, and those that were set
/// aside before and now get their deadline; tells how many of the latter. Events of the batch that
/// get none go to its rejects.
pub(super) async fn take_in(
    writing: &mut Writing,
    sorted: &mut Sorted<SentEvent>,
) -> Result<i64, StoreError> {
    let concerned = Concerned::load(writing, &sorted.accepted).await?;
    let affected = concerned.affected(&sorted.accepted);
    if affected.is_empty() {
        insert(writing, &sorted.accepted, &[]).await?;
        return Ok(0);
    }
    let Concerned { waiting, stored, .. } = concerned;
    let Writing { transaction, jurisdiction, rules, .. } = &mut *writing;
    let lacking = Lacking::load(transaction, jurisdiction, &affected, &sorted.accepted).await?;
    let lacking = lacking.with(stored, &sorted.accepted, &waiting);
    let earlier = lacking.earlier_rules(rules.as_ref());
    let earlier = deadline::rules(transaction, jurisdiction, &earlier).await?;
    let settled = lacking.settle(&Versions { current: rules.as_ref(), earlier });
    let fates = lacking.fates(&settled, waiting);

    settled.set_aside(sorted);
    let released: Vec<_> =
        lacking.waiting.iter().filter(|sent| settled.lack(sent).is_none()).cloned().collect();
    let before = writing.ledger.watermark;
    insert(writing, &sorted.accepted, &released).await?;
    let Writing { transaction, jurisdiction, rules, ledger, .. } = writing;
    let taken = sorted.accepted.iter().chain(&released);
    let deadlines = settled.new_deadlines(taken, before, ledger.watermark);
    let is_used =
        |version: &&Version| deadlines.iter().any(|new| new.deadline.rules == version.digest);
    if let Some(version) = rules.as_ref().filter(is_used) {
        deadline::keep_rules(transaction, jurisdiction, version).await?;
    }
    deadline::insert(transaction, jurisdiction, &deadlines).await?;
    fates.seal(transaction, jurisdiction).await?;
    Ok(i64::try_from(released.len()).expect("a batch fits"))
}

/// Takes in events whose cases are known, if none was accepted before and no deadline has to be
/// computed. Otherwise none of them is taken in.
pub(super) async fn take_in_news(
    writing: &mut Writing,
    events: &[SentEvent],
) -> Result<bool, StoreError> {
    let concerned = Concerned::load(writing, events).await?;
    if !concerned.affected(events).is_empty() {
        return Ok(false);
    }
    // A case that has no month yet has no events: it gets it whatever becomes of the attempt.
    writing.fix_months(events.iter()).await?;
    let mut order: Vec<_> = (0..events.len()).collect();
    order.sort_unstable_by_key(|&place| key(&events[place]));
    copy_in(writing, order.iter().map(|&place| (place, &events[place]))).await
}

/// Takes in good events of known cases in this order, each there once, of which no deadline is
/// computed, if none was accepted before, and their cases have the months that they were known to
/// have. Otherwise none of them is taken in.
pub(super) async fn take_in_clean(
    writing: &mut Writing,
    rows: &[Row<SentEvent>],
    order: &[usize],
) -> Result<bool, StoreError> {
    if !writing.fix_months(good(rows)).await? {
        return Ok(false);
    }
    let event = |place: usize| rows[place].content.as_ref().expect("all are good");
    copy_in(writing, order.iter().map(|&place| (place, event(place)))).await
}

/// Copies events, each with its place in its batch and in the order of their keys, unless one was
/// accepted before.
async fn copy_in<'e>(
    writing: &mut Writing,
    events: impl ExactSizeIterator<Item = (usize, &'e SentEvent)> + Send,
) -> Result<bool, StoreError> {
    let mut ledger = writing.ledger;
    let first = ledger.take(events.len()) + 1;
    let Writing { transaction, jurisdiction, known, .. } = &mut *writing;
    let rows = events.map(|(place, sent)| {
        let place = i64::try_from(place).expect("a batch fits");
        (first + place, &sent.event, known.month(sent.case_no()))
    });
    store::begin_part(transaction).await?;
    match store::event::copy_in(transaction, jurisdiction, rows).await {
        Ok(()) => store::keep_part(transaction).await?,
        Err(error) if error.is_repeat() => {
            store::undo_part(transaction).await?;
            return Ok(false);
        }
        Err(error) => return Err(error),
    }
    writing.ledger = ledger;
    Ok(true)
}

/// What is stored of the cases of some events, as far as it concerns deadlines.
#[derive(Default)]
struct Concerned {
    /// Events that were set aside for want of a deadline.
    waiting: Vec<WaitingEvent>,
    /// Deadlines that were computed.
    stored: Vec<deadline::OfCase>,
    /// The cases of events that lack theirs.
    lacking: BTreeSet<CaseNo>,
}

impl Concerned {
    async fn load(writing: &mut Writing, events: &[SentEvent]) -> Result<Self, StoreError> {
        let Writing { transaction, jurisdiction, known, retention, .. } = writing;
        // Of other cases no deadline is ever computed.
        let conditional = events.iter().filter(|sent| known.is_conditional(sent.case_no()));
        let case_nos: BTreeSet<_> = conditional.map(|sent| sent.case_no().as_str()).collect();
        if case_nos.is_empty() {
            return Ok(Self::default());
        }
        let case_nos: Vec<_> = case_nos.into_iter().collect();
        let mut waiting =
            store::reject::waiting(transaction, jurisdiction, MISSING_DUE_AT, &case_nos).await?;
        super::forget_texts(retention, known, waiting.iter_mut().map(|waiting| &mut waiting.sent));
        let stored = deadline::of_cases(transaction, jurisdiction, &case_nos).await?;
        let lacking = events.iter().filter(|sent| lacks_deadline(&sent.event));
        let lacking = lacking.filter(|sent| known.is_conditional(sent.case_no()));
        let lacking = lacking.map(|sent| sent.case_no().clone()).collect();
        Ok(Self { waiting, stored, lacking })
    }

    /// The cases of which some deadline is to be computed: a new event lacks its own, or one that
    /// was set aside may get it now, or a new event lies before one whose deadline was computed.
    fn affected(&self, accepted: &[SentEvent]) -> BTreeSet<CaseNo> {
        let mut affected = self.lacking.clone();
        affected.extend(self.waiting.iter().map(|waiting| waiting.sent.event.case_no.clone()));
        let mut last = HashMap::new();
        for of_case in &self.stored {
            let moment = (of_case.at, of_case.deadline.computed.event_no);
            let last = last.entry(&of_case.case_no).or_insert(moment);
            *last = moment.max(*last);
        }
        let is_before = |event: &Event| {
            last.get(&event.case_no).is_some_and(|last| (event.at, event.event_no) < *last)
        };
        let moving = accepted.iter().map(|sent| &sent.event).filter(|event| is_before(event));
        affected.extend(moving.map(|event| event.case_no.clone()));
        affected
    }
}

/// Inserts events under the next sequence numbers.
async fn insert(
    writing: &mut Writing,
    batch: &[SentEvent],
    released: &[SentEvent],
) -> Result<(), StoreError> {
    let events = || batch.iter().chain(released);
    writing.fix_months(events()).await?;
    let Writing { transaction, jurisdiction, known, ledger, .. } = writing;
    let first = ledger.take(batch.len() + released.len()) + 1;
    let mut rows: Vec<_> = (first..).zip(events()).collect();
    rows.sort_unstable_by_key(|(_, sent)| key(sent));
    let rows = rows.into_iter();
    let rows = rows.map(|(sequence, sent)| (sequence, &sent.event, known.month(sent.case_no())));
    store::event::copy_in(transaction, jurisdiction, rows).await
}

/// Rows that lie together in the index of the key come together.
fn key(sent: &SentEvent) -> (&CaseNo, u64) {
    (sent.case_no(), sent.event.event_no)
}

/// The affected cases with all that is known of them.
struct Lacking {
    cases: Vec<LackingCase>,
    /// Events that were set aside and are candidates now, each once.
    waiting: Vec<SentEvent>,
}

impl Lacking {
    /// The cases and their accepted events.
    async fn load(
        connection: &mut PgConnection,
        jurisdiction: &JurisdictionId,
        case_nos: &BTreeSet<CaseNo>,
        accepted: &[SentEvent],
    ) -> Result<Self, StoreError> {
        let numbers: Vec<_> = case_nos.iter().map(CaseNo::as_str).collect();
        let cases = store::case::find(connection, jurisdiction, &numbers).await?;
        let events = store::event::of_cases(connection, jurisdiction, &numbers, i64::MAX).await?;
        let events = events.into_iter().map(|(event, _)| event);
        let mut known: BTreeMap<CaseNo, Vec<Event>> = BTreeMap::new();
        let new = accepted.iter().map(|sent| &sent.event).filter(|event| !lacks_deadline(event));
        for event in events.chain(new.cloned()) {
            known.entry(event.case_no.clone()).or_default().push(event);
        }
        let case = |case: Case| LackingCase {
            known: known.remove(&case.case_no).unwrap_or_default(),
            case,
            stored: Vec::new(),
            candidates: Vec::new(),
        };
        Ok(Self { cases: cases.into_iter().map(case).collect(), waiting: Vec::new() })
    }

    /// Adds what was computed before, and the candidates.
    fn with(
        mut self,
        stored: Vec<deadline::OfCase>,
        accepted: &[SentEvent],
        waiting: &[WaitingEvent],
    ) -> Self {
        let mut cases: HashMap<_, _> =
            self.cases.iter_mut().map(|case| (case.case.case_no.clone(), case)).collect();
        for of_case in stored {
            if let Some(case) = cases.get_mut(&of_case.case_no) {
                case.stored.push(of_case.deadline);
            }
        }
        for sent in accepted.iter().filter(|sent| lacks_deadline(&sent.event)) {
            if let Some(case) = cases.get_mut(sent.case_no()) {
                case.candidates.push(sent.clone());
            }
        }
        for WaitingEvent { sent, .. } in waiting {
            if let Some(case) = cases.get_mut(sent.case_no())
                && case.version(sent).is_none()
            {
                case.candidates.push(sent.clone());
                self.waiting.push(sent.clone());
            }
        }
        self
    }

    /// The versions of the rules that earlier deadlines were computed by.
    fn earlier_rules(&self, current: Option<&Version>) -> Vec<String> {
        let stored = self.cases.iter().flat_map(|case| &case.stored).map(|stored| stored.rules);
        let earlier = stored.filter(|rules| current.is_none_or(|current| current.digest != *rules));
        earlier.collect::<BTreeSet<_>>().iter().map(ToString::to_string).collect()
    }

    fn settle(&self, versions: &Versions<'_>) -> AllSettled {
        let of_case = |case: &LackingCase| (case.case.case_no.clone(), case.settle(versions));
        AllSettled(self.cases.iter().map(of_case).collect())
    }

    /// What becomes of each event that was set aside.
    fn fates(&self, settled: &AllSettled, waiting: Vec<WaitingEvent>) -> Fates {
        let cases: HashMap<_, _> =
            self.cases.iter().map(|case| (&case.case.case_no, case)).collect();
        let mut fates = Fates::default();
        for WaitingEvent { reject_id, position, sent, message } in waiting {
            let Some(case) = cases.get(sent.case_no()) else { continue };
            if let Some(lack) = settled.lack(&sent) {
                let now = lack.fault(&sent).message;
                if now != message {
                    fates.reworded.push((reject_id, now));
                }
                continue;
            }
            match case.version(&sent) {
                Some(accepted) if accepted != sent => {
                    fates.conflicts.push(conflict(position, &sent, &accepted));
                    fates.superseded.push(reject_id);
                }
                _ => fates.replayed.push(reject_id),
            }
        }
        fates
    }
}

/// What became of the affected cases.
struct AllSettled(BTreeMap<CaseNo, Settled>);

impl AllSettled {
    /// Why an event cannot be taken in, if it cannot.
    fn lack(&self, sent: &SentEvent) -> Option<Lack> {
        self.0.get(sent.case_no())?.lacking.get(&sent.event.event_no).copied()
    }

    /// Moves what cannot be taken in to the rejects of the batch.
    fn set_aside(&self, sorted: &mut Sorted<SentEvent>) {
        let accepted = std::mem::take(&mut sorted.accepted).into_iter();
        let places = std::mem::take(&mut sorted.places).into_iter();
        for (sent, (place, position)) in accepted.zip(places) {
            // Only those that lack their deadline can lack it, but numbers are cheaper to ask for.
            match self.lack(&sent).filter(|_| lacks_deadline(&sent.event)) {
                Some(lack) => {
                    let broken = Broken::of(&sent, lack.fault(&sent));
                    sorted.refused.push(place);
                    sorted.rejects.push(set_aside(position, *broken, None));
                }
                None => {
                    sorted.accepted.push(sent);
                    sorted.places.push((place, position));
                }
            }
        }
    }

    /// The new deadlines: that of an event that is taken in becomes known with it, one that moved
    /// with the last record of the batch.
    fn new_deadlines<'e>(
        self,
        taken: impl Iterator<Item = &'e SentEvent>,
        before: i64,
        watermark: i64,
    ) -> Vec<deadline::New> {
        let sequences: HashMap<EventKey, i64> =
            taken.map(SentEvent::key).zip(before + 1..).collect();
        let mut new = Vec::new();
        for (case_no, settled) in self.0 {
            for deadline in settled.deadlines {
                let event_no = deadline.computed.event_no;
                let key = EventKey { case_no: case_no.clone(), event_no };
                let sequence = sequences.get(&key).copied().unwrap_or(watermark);
                // Nothing moves where nothing was taken in.
                if sequence > before {
                    new.push(deadline::New { case_no: case_no.clone(), sequence, deadline });
                }
            }
        }
        new
    }
}

fn texts(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

/// What becomes of rejects that waited.
#[derive(Default)]
struct Fates {
    replayed: Vec<String>,
    superseded: Vec<String>,
    conflicts: Vec<NewReject>,
    reworded: Vec<(String, String)>,
}

impl Fates {
    async fn seal(
        self,
        connection: &mut PgConnection,
        jurisdiction: &JurisdictionId,
    ) -> Result<(), StoreError> {
        let Self { replayed, superseded, conflicts, reworded } = &self;
        store::reject::insert(connection, jurisdiction, conflicts).await?;
        let (state, reason) = (RejectState::Dismissed, Some(SUPERSEDED));
        store::reject::close(
            connection,
            jurisdiction,
            &texts(replayed),
            RejectState::Replayed,
            None,
        )
        .await?;
        store::reject::close(connection, jurisdiction, &texts(superseded), state, reason).await?;
        let reworded: Vec<_> =
            reworded.iter().map(|(id, message)| (id.as_str(), message.as_str())).collect();
        store::reject::reword(connection, jurisdiction, &reworded).await
    }
}
