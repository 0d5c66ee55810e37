//! Events that waited for something that has come.

use std::collections::BTreeMap;

use chengping_casework::Case;
use chengping_types::Month;

use super::writing::Writing;
use super::{count, distinct, events, forget_texts, good, good_mut, look_up, unacceptable};
use crate::domain::{
    KnownCase, MISSING_DUE_AT, MONTH_ARCHIVED, RejectState, Row, SentEvent, Sorted, UNKNOWN_CASE,
    WaitingEvent, sort,
};
use crate::store::{self, StoreError};

/// Why an event that waited is set aside again.
const LACKING: &str = "it waits for nothing else any more, but it lacks its deadline; see the \
                        reject with code missing_due_at of the same place";

/// Cases whose waiting events are taken in at a time.
const CASES_AT_A_TIME: usize = 500;

/// Takes in the events that waited for these cases as if they came now, in the order in which they
/// were set aside.
pub(super) async fn release(
    writing: &mut Writing,
    cases: &[Case],
) -> Result<Sorted<SentEvent>, StoreError> {
    let case_nos: Vec<_> = cases.iter().map(|case| case.case_no.as_str()).collect();
    let Writing { transaction, jurisdiction, known, retention, .. } = &mut *writing;
    let waiting =
        store::reject::waiting(transaction, jurisdiction, UNKNOWN_CASE, &case_nos).await?;
    if waiting.is_empty() {
        return Ok(Sorted::default());
    }
    let (ids, rows) = to_rows(waiting);
    // The cases are new, so none of their events can have been accepted before.
    known.extend(cases.iter().map(|case| {
        let is_conditional = case.filing_condition.is_some();
        (case.case_no.clone(), KnownCase { month: None, is_conditional })
    }));
    let mut sorted = sort(rows, Vec::new(), |sent| unacceptable(known, retention, sent));
    events::take_in(writing, &mut sorted).await?;
    close(writing, &ids, &sorted).await?;
    Ok(sorted)
}

/// Takes in the events that waited for a month to be taken back; tells how many were new.
pub(in crate::app) async fn release_month(
    writing: &mut Writing,
    month: Month,
) -> Result<i64, StoreError> {
    let Writing { transaction, jurisdiction, .. } = &mut *writing;
    let case_nos =
        store::reject::waiting_cases(transaction, jurisdiction, MONTH_ARCHIVED, month).await?;
    let mut released = 0;
    for case_nos in case_nos.chunks(CASES_AT_A_TIME) {
        let case_nos: Vec<_> = case_nos.iter().map(String::as_str).collect();
        let Writing { transaction, jurisdiction, .. } = &mut *writing;
        let waiting =
            store::reject::waiting(transaction, jurisdiction, MONTH_ARCHIVED, &case_nos).await?;
        let (ids, mut rows) = to_rows(waiting);
        writing.know(&distinct(good(&rows))).await?;
        forget_texts(&writing.retention, &writing.known, good_mut(&mut rows));
        let mut sorted = look_up(writing, rows).await?;
        events::take_in(writing, &mut sorted).await?;
        close(writing, &ids, &sorted).await?;
        released += count(&sorted).accepted;
        writing.set_aside(&mut sorted.rejects).await?;
    }
    Ok(released)
}

fn to_rows(waiting: Vec<WaitingEvent>) -> (Vec<String>, Vec<Row<SentEvent>>) {
    let row = |waiting: WaitingEvent| {
        let row = Row { position: waiting.position, content: Ok(waiting.sent) };
        (waiting.reject_id, row)
    };
    waiting.into_iter().map(row).unzip()
}

/// Ends the wait of the rejects, each with what became of its event.
async fn close(
    writing: &mut Writing,
    ids: &[String],
    sorted: &Sorted<SentEvent>,
) -> Result<(), StoreError> {
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
    Ok(())
}
