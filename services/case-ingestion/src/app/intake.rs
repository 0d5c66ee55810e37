//! Taking in cases and events: one transaction a batch, the writers of a jurisdiction in turns.
//!
//! Nearly all that platforms send is new. So a batch of events is copied into the table as it is, and
//! only when one of them turns out to be there already is the copy undone, and every event looked up.

mod ahead;
mod events;
mod memory;
mod release;
mod writing;

use std::future::Future;
use std::time::Instant;

use chengping_casework::{Case, lacks_deadline};
use chengping_chassis::identity::{Role, principal};
use chengping_chassis::rpc::continued;
use chengping_types::{CaseNo, JurisdictionId};
use tracing::Instrument as _;

use super::App;
use crate::domain::{
    Counts, Fault, KnownCases, Receipt, Record, Retention, Row, SentEvent, Sorted, Taken,
    month_archived, named_bodies, never_computed, refuse_reserved_numbers, refuse_unknown_bodies,
    sort, unknown_case,
};
use crate::error::Error;
use crate::store::{self, StoreError};

pub(crate) use self::ahead::{Clean, Ready};
pub(super) use self::memory::Memory;
pub(super) use self::release::release_month;
pub(super) use self::writing::Writing;

impl App {
    /// Makes a batch ready to be taken in, as far as that needs no turn.
    pub(crate) async fn ready<T: Intake>(
        &self,
        jurisdiction: JurisdictionId,
        mut rows: Vec<Row<T>>,
    ) -> Result<Ready<T>, Error> {
        self.arrivals.add(rows.len());
        self.check(&jurisdiction, &mut rows).await?;
        let looked = T::look_ahead(self, &jurisdiction, &rows);
        // What fails here fails again under the lock, and is said then.
        let clean = store::within(self.commit_timeout, looked).await.unwrap_or_default();
        Ok(Ready { jurisdiction, rows, clean })
    }

    /// Takes in a batch. The good records of it are accepted whatever is wrong with the others. What
    /// was begun is finished, also when the caller stops waiting.
    pub(crate) async fn take_in<T: Intake>(&self, batch: Ready<T>) -> Result<Receipt, Error> {
        let app = self.clone();
        let taking = async move {
            let Ready { jurisdiction, rows, clean } = batch;
            let mut writing = app.begin(&jurisdiction, &rows, clean).await?;
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
        mut clean: Option<Clean>,
    ) -> Result<Writing, Error> {
        let mut rules = None;
        loop {
            let turn = self.turns.wait(jurisdiction).await;
            let clean = clean.take();
            let beginning = async {
                let transaction = store::begin(&self.pool).await?;
                let memory = self.memory.clone();
                let mut writing = Writing::begin(transaction, jurisdiction, memory, turn).await?;
                let is_prepared = clean.is_some_and(|clean| writing.adopt(clean));
                let needs_rules = !is_prepared && T::prepare(&mut writing, rows).await?;
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

    /// Sets aside the rows that name an unknown body, or have a number that is not for the caller.
    pub(super) async fn check<T: Record>(
        &self,
        jurisdiction: &JurisdictionId,
        rows: &mut [Row<T>],
    ) -> Result<(), Error> {
        if principal().is_some_and(|caller| !caller.has_any(&[Role::Service])) {
            refuse_reserved_numbers(rows);
        }
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
    /// Looks at a batch whose bodies are checked before its turn; nothing, where that is of no use.
    fn look_ahead(
        _app: &App,
        _jurisdiction: &JurisdictionId,
        _rows: &[Row<Self>],
    ) -> impl Future<Output = Result<Option<Clean>, StoreError>> + Send {
        std::future::ready(Ok(None))
    }

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

    async fn take_in(writing: &mut Writing, mut rows: Vec<Row<Self>>) -> Result<Taken, StoreError> {
        let Writing { transaction, jurisdiction, ledger, retention, .. } = writing;
        let case_nos: Vec<_> = good(&rows).map(|case| case.case_no.as_str()).collect();
        let mut standing = store::case::find(transaction, jurisdiction, &case_nos).await?;
        if !retention.erased.is_empty() {
            let known = store::case::find_known(transaction, jurisdiction, &case_nos).await?;
            let known = known.into_iter().collect();
            forget_texts(retention, &known, good_mut(&mut rows).chain(&mut standing));
        }
        let sorted = sort(rows, standing, |_| None);

        let sequence_before = ledger.take(sorted.accepted.len());
        store::case::insert(transaction, jurisdiction, sequence_before, &sorted.accepted).await?;
        let mut counts = count(&sorted);
        let mut released = release::release(writing, &sorted.accepted).await?;
        counts.released = count(&released).accepted;
        writing.set_aside(&mut released.rejects).await?;
        let mut refused = sorted.rejects;
        writing.set_aside(&mut refused).await?;
        Ok(Taken { receipt: Receipt { counts, watermark: writing.ledger.watermark }, refused })
    }
}

impl Intake for SentEvent {
    async fn look_ahead(
        app: &App,
        jurisdiction: &JurisdictionId,
        rows: &[Row<Self>],
    ) -> Result<Option<Clean>, StoreError> {
        ahead::look(app, jurisdiction, rows).await
    }

    async fn prepare(writing: &mut Writing, rows: &[Row<Self>]) -> Result<bool, StoreError> {
        writing.know(&distinct(good(rows))).await?;
        let Writing { transaction, jurisdiction, known, .. } = writing;
        let conditional = || good(rows).filter(|sent| known.is_conditional(sent.case_no()));
        let lacking = conditional().any(|sent| lacks_deadline(&sent.event));
        let case_nos: Vec<_> = distinct(conditional()).into_iter().map(CaseNo::as_str).collect();
        Ok(lacking || store::reject::is_waiting(transaction, jurisdiction, &case_nos).await?)
    }

    async fn take_in(writing: &mut Writing, mut rows: Vec<Row<Self>>) -> Result<Taken, StoreError> {
        let order = writing.clean.take();
        let was_clean = order.is_some();
        if let Some(order) = order {
            if events::take_in_clean(writing, &rows, &order).await? {
                let accepted = i64::try_from(rows.len()).expect("a batch fits");
                let counts = Counts { accepted, ..Counts::default() };
                let receipt = Receipt { counts, watermark: writing.ledger.watermark };
                return Ok(Taken { receipt, refused: Vec::new() });
            }
            writing.know(&distinct(good(&rows))).await?;
        }
        forget_texts(&writing.retention, &writing.known, good_mut(&mut rows));
        if !was_clean
            && !writing.expects_repeats()
            && let Some(taken) = take_in_news(writing, &rows).await?
        {
            return Ok(taken);
        }
        let mut sorted = look_up(writing, rows).await?;
        let released = events::take_in(writing, &mut sorted).await?;
        writing.expect_repeats(sorted.repeated > 0);
        let counts = Counts { released, ..count(&sorted) };
        let mut refused = sorted.rejects;
        writing.set_aside(&mut refused).await?;
        Ok(Taken { receipt: Receipt { counts, watermark: writing.ledger.watermark }, refused })
    }
}

/// Why a good event must still be set aside.
fn unacceptable(known: &KnownCases, retention: &Retention, sent: &SentEvent) -> Option<Fault> {
    let Some(case) = known.get(sent.case_no()) else { return Some(unknown_case(sent)) };
    match case.month.filter(|month| retention.archived.contains(month)) {
        Some(month) => Some(month_archived(sent, month)),
        None => never_computed(sent, case.is_conditional),
    }
}

/// Takes out the texts of records that belong to months whose texts were erased: they are neither
/// kept nor compared.
fn forget_texts<'r, T: Record + 'r>(
    retention: &Retention,
    known: &KnownCases,
    records: impl Iterator<Item = &'r mut T>,
) {
    if retention.erased.is_empty() {
        return;
    }
    for record in records {
        let month = known.get(record.case_no()).and_then(|case| case.month);
        if month.is_some_and(|month| retention.erased.contains(&month)) {
            record.forget_text();
        }
    }
}

/// Sorts events whose cases are known by what was accepted before of them.
async fn look_up(
    writing: &mut Writing,
    rows: Vec<Row<SentEvent>>,
) -> Result<Sorted<SentEvent>, StoreError> {
    let Writing { transaction, jurisdiction, known, retention, .. } = writing;
    let key = |sent: &SentEvent| Some((sent.key(), known.get(sent.case_no())?.month?));
    let keys: Vec<_> = good(&rows).filter_map(key).collect();
    let standing = store::event::find(transaction, jurisdiction, &keys).await?;
    let mut standing: Vec<_> = standing.into_iter().map(SentEvent::from).collect();
    forget_texts(retention, known, standing.iter_mut());
    Ok(sort(rows, standing, |sent| unacceptable(known, retention, sent)))
}

/// Takes in a batch without looking up what was accepted before: a look-up of every event costs as
/// much as taking it in. Nothing is done, and nothing given, where one was accepted before, or where
/// deadlines have to be computed.
async fn take_in_news(
    writing: &mut Writing,
    rows: &[Row<SentEvent>],
) -> Result<Option<Taken>, StoreError> {
    let Writing { known, retention, .. } = &*writing;
    let sorted = sort(rows.to_vec(), Vec::new(), |sent| unacceptable(known, retention, sent));
    if !events::take_in_news(writing, &sorted.accepted).await? {
        return Ok(None);
    }
    let counts = count(&sorted);
    let mut refused = sorted.rejects;
    writing.set_aside(&mut refused).await?;
    let receipt = Receipt { counts, watermark: writing.ledger.watermark };
    Ok(Some(Taken { receipt, refused }))
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

fn good_mut<T>(rows: &mut [Row<T>]) -> impl Iterator<Item = &mut T> {
    rows.iter_mut().filter_map(|row| row.content.as_mut().ok())
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
