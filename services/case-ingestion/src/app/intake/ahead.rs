//! What is found out of a batch before its turn, while another one is written.
//!
//! Nearly all batches hold good events of known cases, each once. Of such a batch the cases and the
//! order of its rows are known before it has the lock of its jurisdiction, and under it only what
//! may have changed since is looked at again. Every other batch is looked at under the lock.

use chengping_types::JurisdictionId;

use super::{distinct, good};
use crate::app::App;
use crate::domain::{KnownCases, Record as _, Row, SentEvent, never_computed};
use crate::store::{self, StoreError};

/// A batch whose bodies are checked.
pub(crate) struct Ready<T> {
    pub(crate) jurisdiction: JurisdictionId,
    pub(super) rows: Vec<Row<T>>,
    pub(super) clean: Option<Clean>,
}

impl<T> Ready<T> {
    /// The number of its records.
    pub(crate) fn records(&self) -> usize {
        self.rows.len()
    }
}

/// What was found of a batch whose events are all good, each there once, of known cases for which no
/// deadline is ever computed.
#[derive(Debug)]
pub(crate) struct Clean {
    pub(super) known: KnownCases,
    /// The places of the events in the batch, in the order of their keys.
    pub(super) order: Vec<usize>,
    /// What the process remembered then: see [`Memory`](super::Memory).
    pub(super) generation: u64,
}

/// Looks at a batch of events; nothing, where it is not clean or not likely to be.
pub(super) async fn look(
    app: &App,
    jurisdiction: &JurisdictionId,
    rows: &[Row<SentEvent>],
) -> Result<Option<Clean>, StoreError> {
    if app.memory.expects_repeats(jurisdiction) || rows.iter().any(|row| row.content.is_err()) {
        return Ok(None);
    }
    let case_nos = distinct(good(rows));
    let (mut known, others, generation) = app.memory.recall_ahead(jurisdiction, &case_nos);
    if !others.is_empty() {
        let mut connection = store::acquire(&app.pool).await?;
        known.extend(store::case::find_known(&mut connection, jurisdiction, &others).await?);
    }
    let is_good = |sent: &SentEvent| {
        let case = known.get(sent.case_no());
        case.is_some_and(|case| {
            !case.is_conditional && never_computed(sent, case.is_conditional).is_none()
        })
    };
    if !good(rows).all(is_good) {
        return Ok(None);
    }
    Ok(key_order(rows).map(|order| Clean { known, order, generation }))
}

/// The places of good events in the order of their keys; none where two have the same.
fn key_order(rows: &[Row<SentEvent>]) -> Option<Vec<usize>> {
    let mut keyed: Vec<_> = good(rows)
        .enumerate()
        .map(|(place, sent)| ((sent.case_no(), sent.event.event_no), place))
        .collect();
    keyed.sort_unstable();
    let are_distinct = keyed.windows(2).all(|pair| pair[0].0 != pair[1].0);
    are_distinct.then(|| keyed.into_iter().map(|(_, place)| place).collect())
}
