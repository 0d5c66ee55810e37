//! Taking in cases and events: one transaction a batch, the writers of a jurisdiction in turns.
//!
//! Nearly all that platforms send is new. So a batch of events is copied into the table as it is, and
//! only when one of them turns out to be there already is the copy undone, and every event looked up.

mod events;
mod memory;
mod writing;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Instant;

use chengping_casework::{Case, lacks_deadline};
use chengping_chassis::rpc::continued;
use chengping_types::{CaseNo, JurisdictionId};
use tracing::Instrument as _;

use self::writing::Writing;
use super::App;
use crate::domain::{
    Counts, Fault, KnownCase, KnownCases, MISSING_DUE_AT, Receipt, Record, RejectState, Row,
    SentEvent, Sorted, Taken, UNKNOWN_CASE, named_bodies, never_computed, refuse_unknown_bodies,
    sort, unknown_case,
};
use crate::error::Error;
use crate::store::{self, StoreError};

pub(super) use self::memory::Memory;

/// Why an event that waited for its case is set aside again.
const LACKING: &str = "its case has come, but it lacks its deadline; see the reject with code \
                        missing_due_at of the same place";

impl App {
    /// Takes in a batch. The good records of it are accepted whatever is wrong with the others. What
    /// was begun is finished, also when the caller stops waiting.
    pub(crate) async fn take_in<T: Intake>(
        &self,
        jurisdiction: &JurisdictionId,
        mut rows: Vec<Row<T>>,
    ) -> Result<Receipt, Error> {
        self.check_bodies(jurisdiction, &mut rows).await?;
        let (app, jurisdiction) = (self.clone(), jurisdiction.clone());
        let taking = async move {
            let mut writing = app.begin(&jurisdiction, &rows).await?;
            let started = Instant::now();
            let committed = store::within(app.commit_timeout, async {
                let taken = T::take_in(&mut writing, rows).await?;
                writing.commit().await?;
                Ok(taken.receipt)
            });
            let outcome = committed.await;
            app.metrics.committed(&jurisdiction, started.elapsed(), outcome.as_ref().ok());
            app.news.tell();
            Ok(outcome?)
        };
        tokio::spawn(continued(taking).in_current_span()).await?
    }

    /// Begins to write these rows, whose bodies are checked. Nobody waits while rule-configuration
    /// is asked.
    pub(super) async fn begin<T: Intake>(
        &self,
        jurisdiction: &JurisdictionId,
        rows: &[Row<T>],
    ) -> Result<Writing, Error> {
        let mut rules = None;
        loop {
            let turn = self.turns.wait(jurisdiction).await;
            let beginning = async {
                let transaction = store::begin(&self.pool).await?;
                let memory = self.memory.clone();
                let mut writing = Writing::begin(transaction, jurisdiction, memory, turn).await?;
                let needs_rules = T::prepare(&mut writing, rows).await?;
                Ok((writing, needs_rules))
            };
            let (mut writing, needs_rules) = store::within(self.commit_timeout, beginning).await?;
            if rules.is_some() || !needs_rules {
                writing.rules = rules.flatten();
                return Ok(writing);
            }
            store::within(self.commit_timeout, writing.undo()).await?;
            rules = Some(self.registry.deadline_rules(jurisdiction).await?);
        }
    }

    /// Sets aside the rows that name an unknown body.
    pub(super) async fn check_bodies<T: Record>(
        &self,
        jurisdiction: &JurisdictionId,
        rows: &mut [Row<T>],
    ) -> Result<(), Error> {
        let named = named_bodies(rows);
        if !named.is_empty() {
            let known = self.registry.bodies(jurisdiction, &named).await?;
            refuse_unknown_bodies(rows, &known);
        }
        Ok(())
    }
}

/// A record that can be taken in, inside a transaction.
pub(crate) trait Intake: Record + Send + Sync + 'static {
    /// Looks up what taking these rows in needs; whether the deadline rules of now are needed.
    fn prepare(
        writing: &mut Writing,
        rows: &[Row<Self>],
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Takes in a batch that is prepared, and whose bodies are checked.
    fn take_in(
        writing: &mut Writing,
        rows: Vec<Row<Self>>,
    ) -> impl Future<Output = Result<Taken, StoreError>> + Send;
}

impl Intake for Case {
    async fn prepare(writing: &mut Writing, rows: &[Row<Self>]) -> Result<bool, StoreError> {
        let conditional = good(rows).filter(|case| case.filing_condition.is_some());
        let case_nos: Vec<_> = conditional.map(|case| case.case_no.as_str()).collect();
        let Writing { transaction, jurisdiction, .. } = writing;
        store::reject::is_waiting(transaction, jurisdiction, &case_nos).await
    }

    async fn take_in(writing: &mut Writing, rows: Vec<Row<Self>>) -> Result<Taken, StoreError> {
        let Writing { transaction, jurisdiction, ledger, .. } = writing;
        let case_nos: Vec<_> = good(&rows).map(|case| case.case_no.as_str()).collect();
        let standing = store::case::find(transaction, jurisdiction, &case_nos).await?;
        let sorted = sort(rows, standing, |_| None);

        let sequence_before = ledger.take(sorted.accepted.len());
        store::case::insert(transaction, jurisdiction, sequence_before, &sorted.accepted).await?;
        let mut counts = count(&sorted);
        let mut released = release(writing, &sorted.accepted).await?;
        counts.released = count(&released).accepted;
        writing.set_aside(&mut released.rejects).await?;
        let mut refused = sorted.rejects;
        writing.set_aside(&mut refused).await?;
        Ok(Taken { receipt: Receipt { counts, watermark: writing.ledger.watermark }, refused })
    }
}

impl Intake for SentEvent {
    async fn prepare(writing: &mut Writing, rows: &[Row<Self>]) -> Result<bool, StoreError> {
        writing.know(&distinct(good(rows))).await?;
        let Writing { transaction, jurisdiction, known, .. } = writing;
        let conditional = || good(rows).filter(|sent| known.is_conditional(sent.case_no()));
        let lacking = conditional().any(|sent| lacks_deadline(&sent.event));
        let case_nos: Vec<_> = distinct(conditional()).into_iter().map(CaseNo::as_str).collect();
        Ok(lacking || store::reject::is_waiting(transaction, jurisdiction, &case_nos).await?)
    }

    async fn take_in(writing: &mut Writing, rows: Vec<Row<Self>>) -> Result<Taken, StoreError> {
        if !writing.expects_repeats()
            && let Some(taken) = take_in_news(writing, &rows).await?
        {
            return Ok(taken);
        }
        let Writing { transaction, jurisdiction, known, .. } = &mut *writing;
        let key = |sent: &Self| Some((sent.key(), known.get(sent.case_no())?.month?));
        let keys: Vec<_> = good(&rows).filter_map(key).collect();
        let standing = store::event::find(transaction, jurisdiction, &keys).await?;
        let standing = standing.into_iter().map(Self::from).collect();
        let mut sorted = sort(rows, standing, |sent| unacceptable(known, sent));
        let released = events::take_in(writing, &mut sorted).await?;
        writing.expect_repeats(sorted.repeated > 0);
        let counts = Counts { released, ..count(&sorted) };
        let mut refused = sorted.rejects;
        writing.set_aside(&mut refused).await?;
        Ok(Taken { receipt: Receipt { counts, watermark: writing.ledger.watermark }, refused })
    }
}

/// Why a good event must still be set aside.
fn unacceptable(known: &KnownCases, sent: &SentEvent) -> Option<Fault> {
    match known.get(sent.case_no()) {
        None => Some(unknown_case(sent)),
        Some(case) => never_computed(sent, case.is_conditional),
    }
}

/// Takes in a batch without looking up what was accepted before: a look-up of every event costs as
/// much as taking it in. Nothing is done, and nothing given, where one was accepted before, or where
/// deadlines have to be computed.
async fn take_in_news(
    writing: &mut Writing,
    rows: &[Row<SentEvent>],
) -> Result<Option<Taken>, StoreError> {
    let sorted = sort(rows.to_vec(), Vec::new(), |sent| unacceptable(&writing.known, sent));
    if !events::take_in_news(writing, &sorted.accepted).await? {
        return Ok(None);
    }
    let counts = count(&sorted);
    let mut refused = sorted.rejects;
    writing.set_aside(&mut refused).await?;
    let receipt = Receipt { counts, watermark: writing.ledger.watermark };
    Ok(Some(Taken { receipt, refused }))
}

/// Takes in the events that waited for these cases as if they came now, in the order in which they
/// were set aside.
async fn release(writing: &mut Writing, cases: &[Case]) -> Result<Sorted<SentEvent>, StoreError> {
    let case_nos: Vec<_> = cases.iter().map(|case| case.case_no.as_str()).collect();
    let Writing { transaction, jurisdiction, known, .. } = &mut *writing;
    let waiting =
        store::reject::waiting(transaction, jurisdiction, UNKNOWN_CASE, &case_nos).await?;
    if waiting.is_empty() {
        return Ok(Sorted::default());
    }
    let (ids, rows): (Vec<String>, Vec<Row<SentEvent>>) = waiting
        .into_iter()
        .map(|waiting| {
            let row = Row { position: waiting.position, content: Ok(waiting.sent) };
            (waiting.reject_id, row)
        })
        .unzip();
    // The cases are new, so none of their events can have been accepted before.
    known.extend(cases.iter().map(|case| {
        let is_conditional = case.filing_condition.is_some();
        (case.case_no.clone(), KnownCase { month: None, is_conditional })
    }));
    let mut sorted = sort(rows, Vec::new(), |sent| unacceptable(known, sent));
    events::take_in(writing, &mut sorted).await?;

    let fate = |place: usize| match sorted.refused.iter().position(|refused| *refused == place) {
        None => (RejectState::Replayed, None),
        Some(at) if sorted.rejects[at].code == MISSING_DUE_AT => {
            (RejectState::Dismissed, Some(LACKING))
        }
        Some(_) => (RejectState::Dismissed, Some(events::SUPERSEDED)),
    };
    let mut fates: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for (place, id) in ids.iter().enumerate() {
        fates.entry(fate(place)).or_default().push(id);
    }
    for ((state, reason), ids) in fates {
        let Writing { transaction, jurisdiction, .. } = &mut *writing;
        store::reject::close(transaction, jurisdiction, &ids, state, reason).await?;
    }
    Ok(sorted)
}

/// The numbers of the cases of these events, each once.
fn distinct<'e>(events: impl Iterator<Item = &'e SentEvent>) -> Vec<&'e CaseNo> {
    let mut case_nos: Vec<_> = events.map(SentEvent::case_no).collect();
    case_nos.sort_unstable();
    case_nos.dedup();
    case_nos
}

fn good<T>(rows: &[Row<T>]) -> impl Iterator<Item = &T> {
    rows.iter().filter_map(|row| row.content.as_ref().ok())
}

fn count<T>(sorted: &Sorted<T>) -> Counts {
    let number = |count: usize| i64::try_from(count).expect("a batch fits");
    Counts {
        accepted: number(sorted.accepted.len()),
        repeated: sorted.repeated,
        rejected: number(sorted.rejects.len()),
        released: 0,
    }
}
