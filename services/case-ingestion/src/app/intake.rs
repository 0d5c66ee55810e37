//! Taking in cases and events: one transaction a batch, the writers of a jurisdiction in turns.

use std::collections::HashSet;
use std::future::Future;

use chengping_casework::{Case, Event};
use chengping_types::JurisdictionId;

use super::App;
use crate::domain::{
    Counts, Ledger, NewReject, Receipt, Record, RejectState, Row, Sorted, Taken, named_bodies,
    refuse_unknown_bodies, sort, unknown_case,
};
use crate::error::Error;
use crate::store::{self, PgConnection, StoreError};

/// Why a waiting event is not taken in although its case has come.
const SUPERSEDED: &str = "contradicts an accepted event; see the reject with code conflict of the \
                          same place";

impl App {
    /// Takes in a batch. The good records of it are accepted whatever is wrong with the others.
    pub(crate) async fn take_in<T: Intake>(
        &self,
        jurisdiction: &JurisdictionId,
        mut rows: Vec<Row<T>>,
    ) -> Result<Receipt, Error> {
        self.check_bodies(jurisdiction, &mut rows).await?;
        let _turn = self.turns.wait(jurisdiction).await;
        let mut transaction = store::begin(&self.pool).await?;
        let taken = T::take_in(&mut transaction, jurisdiction, rows).await?;
        store::commit(transaction).await?;
        Ok(taken.receipt)
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
    /// Takes in a batch whose bodies are checked.
    fn take_in(
        connection: &mut PgConnection,
        jurisdiction: &JurisdictionId,
        rows: Vec<Row<Self>>,
    ) -> impl Future<Output = Result<Taken, StoreError>> + Send;
}

impl Intake for Case {
    async fn take_in(
        connection: &mut PgConnection,
        jurisdiction: &JurisdictionId,
        rows: Vec<Row<Self>>,
    ) -> Result<Taken, StoreError> {
        let before = store::jurisdiction::lock(connection, jurisdiction).await?;
        let case_nos: Vec<_> = good(&rows).map(|case| case.case_no.as_str()).collect();
        let standing = store::case::find(connection, jurisdiction, &case_nos).await?;
        let sorted = sort(rows, standing, |_| None);

        let mut ledger = before;
        let sequence_before = ledger.take(sorted.accepted.len());
        store::case::insert(connection, jurisdiction, sequence_before, &sorted.accepted).await?;
        let mut counts = count(&sorted);
        let released = release(connection, jurisdiction, &mut ledger, &sorted.accepted).await?;
        counts.released = count(&released).accepted;
        store::reject::insert(connection, jurisdiction, &released.rejects).await?;
        close_batch(connection, jurisdiction, (before, ledger), &sorted.rejects).await?;
        let receipt = Receipt { counts, watermark: ledger.watermark };
        Ok(Taken { receipt, refused: sorted.rejects })
    }
}

impl Intake for Event {
    async fn take_in(
        connection: &mut PgConnection,
        jurisdiction: &JurisdictionId,
        rows: Vec<Row<Self>>,
    ) -> Result<Taken, StoreError> {
        let before = store::jurisdiction::lock(connection, jurisdiction).await?;
        let mut case_nos: Vec<_> = good(&rows).map(|event| event.case_no.as_str()).collect();
        case_nos.sort_unstable();
        case_nos.dedup();
        let cases: HashSet<String> = store::case::find_numbers(connection, jurisdiction, &case_nos)
            .await?
            .into_iter()
            .collect();
        let keys: Vec<_> = good(&rows)
            .filter(|event| cases.contains(event.case_no.as_str()))
            .map(Record::key)
            .collect();
        let standing = store::event::find(connection, jurisdiction, &keys).await?;
        let mut sorted = sort(rows, standing, |event| {
            (!cases.contains(event.case_no.as_str())).then(|| unknown_case(event))
        });

        let mut ledger = before;
        let sequence_before = ledger.take(sorted.accepted.len());
        store::event::insert(connection, jurisdiction, sequence_before, &sorted.accepted).await?;
        ledger.queue(&mut sorted.rejects);
        close_batch(connection, jurisdiction, (before, ledger), &sorted.rejects).await?;
        let receipt = Receipt { counts: count(&sorted), watermark: ledger.watermark };
        Ok(Taken { receipt, refused: sorted.rejects })
    }
}

/// Takes in the events that waited for these cases as if they came now, in the order in which they
/// were set aside.
async fn release(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    ledger: &mut Ledger,
    cases: &[Case],
) -> Result<Sorted<Event>, StoreError> {
    let case_nos: Vec<_> = cases.iter().map(|case| case.case_no.as_str()).collect();
    let waiting = store::reject::waiting(connection, jurisdiction, &case_nos).await?;
    if waiting.is_empty() {
        return Ok(Sorted::default());
    }
    let (ids, rows): (Vec<String>, Vec<Row<Event>>) = waiting
        .into_iter()
        .map(|waiting| {
            let row = Row { position: waiting.position, content: Ok(waiting.event) };
            (waiting.reject_id, row)
        })
        .unzip();
    // The cases are new, so none of their events can have been accepted before.
    let sorted = sort(rows, Vec::new(), |_| None);
    let sequence_before = ledger.take(sorted.accepted.len());
    store::event::insert(connection, jurisdiction, sequence_before, &sorted.accepted).await?;

    let superseded: HashSet<usize> = sorted.refused.iter().copied().collect();
    let (refused, taken): (Vec<_>, Vec<_>) =
        ids.iter().enumerate().partition(|(place, _)| superseded.contains(place));
    for (group, state, reason) in
        [(taken, RejectState::Replayed, None), (refused, RejectState::Dismissed, Some(SUPERSEDED))]
    {
        let ids: Vec<_> = group.into_iter().map(|(_, id)| id.as_str()).collect();
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
