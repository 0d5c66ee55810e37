//! Taking in cases and events: one transaction a batch, the writers of a jurisdiction in turns.

mod events;

use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::time::Instant;

use chengping_casework::{Case, lacks_deadline};
use chengping_types::JurisdictionId;
use tokio::sync::OwnedMutexGuard;

use super::App;
use crate::domain::{
    Counts, Ledger, MISSING_DUE_AT, NewReject, Receipt, Record, RejectState, Row, SentEvent,
    Sorted, Taken, UNKNOWN_CASE, Version, named_bodies, never_computed, refuse_unknown_bodies,
    sort, unknown_case,
};
use crate::error::Error;
use crate::store::{self, PgConnection, StoreError, Transaction};

/// Why an event that waited for its case is set aside again.
const LACKING: &str = "its case has come, but it lacks its deadline; see the reject with code \
                        missing_due_at of the same place";

/// A turn to write into a jurisdiction.
pub(crate) struct Writing {
    pub(super) transaction: Transaction,
    /// The counters as the transaction found them.
    pub(super) ledger: Ledger,
    /// The deadline rules of now, where the rows need them and a time zone is known.
    pub(super) rules: Option<Version>,
    _turn: OwnedMutexGuard<()>,
}

impl App {
    /// Takes in a batch. The good records of it are accepted whatever is wrong with the others.
    pub(crate) async fn take_in<T: Intake>(
        &self,
        jurisdiction: &JurisdictionId,
        mut rows: Vec<Row<T>>,
    ) -> Result<Receipt, Error> {
        self.check_bodies(jurisdiction, &mut rows).await?;
        let mut writing = self.begin(jurisdiction, &rows).await?;
        let started = Instant::now();
        let committed = store::within(self.commit_timeout, async {
            let taken = T::take_in(&mut writing, jurisdiction, rows).await?;
            store::commit(writing.transaction).await?;
            Ok(taken.receipt)
        });
        let outcome = committed.await;
        self.metrics.committed(jurisdiction, started.elapsed(), outcome.as_ref().ok());
        Ok(outcome?)
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
            let has_rules = rules.is_some();
            let (transaction, ledger, needs_rules) = store::within(self.commit_timeout, async {
                let mut transaction = store::begin(&self.pool).await?;
                let ledger = store::jurisdiction::lock(&mut transaction, jurisdiction).await?;
                let needs_rules =
                    !has_rules && T::needs_rules(&mut transaction, jurisdiction, rows).await?;
                Ok((transaction, ledger, needs_rules))
            })
            .await?;
            if !needs_rules {
                let rules = rules.flatten();
                return Ok(Writing { transaction, ledger, rules, _turn: turn });
            }
            drop((transaction, turn));
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
    /// Whether the deadline rules of now are needed to take these rows in.
    fn needs_rules(
        connection: &mut PgConnection,
        jurisdiction: &JurisdictionId,
        rows: &[Row<Self>],
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Takes in a batch whose bodies are checked.
    fn take_in(
        writing: &mut Writing,
        jurisdiction: &JurisdictionId,
        rows: Vec<Row<Self>>,
    ) -> impl Future<Output = Result<Taken, StoreError>> + Send;
}

impl Intake for Case {
    async fn needs_rules(
        connection: &mut PgConnection,
        jurisdiction: &JurisdictionId,
        rows: &[Row<Self>],
    ) -> Result<bool, StoreError> {
        let conditional = good(rows).filter(|case| case.filing_condition.is_some());
        let case_nos: Vec<_> = conditional.map(|case| case.case_no.as_str()).collect();
        if case_nos.is_empty() {
            return Ok(false);
        }
        store::reject::is_waiting(connection, jurisdiction, &case_nos).await
    }

    async fn take_in(
        writing: &mut Writing,
        jurisdiction: &JurisdictionId,
        rows: Vec<Row<Self>>,
    ) -> Result<Taken, StoreError> {
        let Writing { transaction: connection, ledger: before, rules, .. } = writing;
        let case_nos: Vec<_> = good(&rows).map(|case| case.case_no.as_str()).collect();
        let standing = store::case::find(connection, jurisdiction, &case_nos).await?;
        let sorted = sort(rows, standing, |_| None);

        let mut ledger = *before;
        let sequence_before = ledger.take(sorted.accepted.len());
        store::case::insert(connection, jurisdiction, sequence_before, &sorted.accepted).await?;
        let mut counts = count(&sorted);
        let (cases, rules) = (&sorted.accepted, rules.as_ref());
        let mut released = release(connection, jurisdiction, &mut ledger, cases, rules).await?;
        counts.released = count(&released).accepted;
        ledger.queue(&mut released.rejects);
        store::reject::insert(connection, jurisdiction, &released.rejects).await?;
        close_batch(connection, jurisdiction, (*before, ledger), &sorted.rejects).await?;
        let receipt = Receipt { counts, watermark: ledger.watermark };
        Ok(Taken { receipt, refused: sorted.rejects })
    }
}

impl Intake for SentEvent {
    async fn needs_rules(
        connection: &mut PgConnection,
        jurisdiction: &JurisdictionId,
        rows: &[Row<Self>],
    ) -> Result<bool, StoreError> {
        let case_nos = distinct(good(rows));
        let lacking = distinct(good(rows).filter(|sent| lacks_deadline(&sent.event)));
        store::deadline::needs_rules(connection, jurisdiction, &case_nos, &lacking).await
    }

    async fn take_in(
        writing: &mut Writing,
        jurisdiction: &JurisdictionId,
        rows: Vec<Row<Self>>,
    ) -> Result<Taken, StoreError> {
        let Writing { transaction: connection, ledger: before, rules, .. } = writing;
        let case_nos = distinct(good(&rows));
        let cases: HashSet<String> = store::case::find_numbers(connection, jurisdiction, &case_nos)
            .await?
            .into_iter()
            .collect();
        let keys: Vec<_> = good(&rows)
            .filter(|sent| cases.contains(sent.case_no().as_str()))
            .map(Record::key)
            .collect();
        let lacking = distinct(good(&rows).filter(|sent| lacks_deadline(&sent.event)));
        let conditional = match lacking[..] {
            [] => HashSet::new(),
            _ => store::case::with_condition(connection, jurisdiction, &lacking).await?,
        };
        if lacking.is_empty()
            && let Some(taken) =
                take_in_news(connection, jurisdiction, *before, &rows, &cases).await?
        {
            return Ok(taken);
        }
        let standing = store::event::find(connection, jurisdiction, &keys).await?;
        let standing = standing.into_iter().map(Self::from).collect();
        let mut sorted = sort(rows, standing, |sent| match sent.case_no().as_str() {
            unknown if !cases.contains(unknown) => Some(unknown_case(sent)),
            known => never_computed(sent, conditional.contains(known)),
        });

        let (mut ledger, rules) = (*before, rules.as_ref());
        let released =
            events::take_in(connection, jurisdiction, &mut ledger, &mut sorted, rules).await?;
        ledger.queue(&mut sorted.rejects);
        close_batch(connection, jurisdiction, (*before, ledger), &sorted.rejects).await?;
        let counts = Counts { released, ..count(&sorted) };
        Ok(Taken {
            receipt: Receipt { counts, watermark: ledger.watermark },
            refused: sorted.rejects,
        })
    }
}

/// Takes in a batch without looking up what was accepted before: nearly all that platforms send is
/// new, and a look-up of every event costs as much as taking it in. Nothing is done, and nothing
/// given, where one was accepted before, or where deadlines have to be computed.
async fn take_in_news(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    before: Ledger,
    rows: &[Row<SentEvent>],
    cases: &HashSet<String>,
) -> Result<Option<Taken>, StoreError> {
    let is_unknown = |sent: &SentEvent| !cases.contains(sent.case_no().as_str());
    let mut sorted =
        sort(rows.to_vec(), Vec::new(), |sent| is_unknown(sent).then(|| unknown_case(sent)));
    let mut ledger = before;
    if !events::take_in_news(connection, jurisdiction, &mut ledger, &sorted.accepted).await? {
        return Ok(None);
    }
    ledger.queue(&mut sorted.rejects);
    close_batch(connection, jurisdiction, (before, ledger), &sorted.rejects).await?;
    let receipt = Receipt { counts: count(&sorted), watermark: ledger.watermark };
    Ok(Some(Taken { receipt, refused: sorted.rejects }))
}

/// Takes in the events that waited for these cases as if they came now, in the order in which they
/// were set aside.
async fn release(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    ledger: &mut Ledger,
    cases: &[Case],
    rules: Option<&Version>,
) -> Result<Sorted<SentEvent>, StoreError> {
    let case_nos: Vec<_> = cases.iter().map(|case| case.case_no.as_str()).collect();
    let waiting = store::reject::waiting(connection, jurisdiction, UNKNOWN_CASE, &case_nos).await?;
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
    let conditional = cases.iter().filter(|case| case.filing_condition.is_some());
    let conditional: HashSet<_> = conditional.map(|case| &case.case_no).collect();
    let mut sorted =
        sort(rows, Vec::new(), |sent| never_computed(sent, conditional.contains(sent.case_no())));
    events::take_in(connection, jurisdiction, ledger, &mut sorted, rules).await?;

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
        store::reject::close(connection, jurisdiction, &ids, state, reason).await?;
    }
    Ok(sorted)
}

/// Stores what is set aside, and the counters when they moved.
async fn close_batch(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    (before, after): (Ledger, Ledger),
    rejects: &[NewReject],
) -> Result<(), StoreError> {
    store::reject::insert(connection, jurisdiction, rejects).await?;
    if before != after {
        store::jurisdiction::update(connection, jurisdiction, after).await?;
    }
    Ok(())
}

/// The numbers of the cases of these events, each once.
fn distinct<'e>(events: impl Iterator<Item = &'e SentEvent>) -> Vec<&'e str> {
    let mut case_nos: Vec<_> = events.map(|sent| sent.case_no().as_str()).collect();
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
