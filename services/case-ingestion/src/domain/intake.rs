//! What becomes of each record of a batch.

use std::collections::HashMap;
use std::ops::AddAssign;

use chengping_types::DECIDED_EVENT_NO_MIN;

use super::record::{Broken, Fault, Position, Record, Row, SentEvent};
use super::reject::NewReject;

/// What became of the records of a batch or a stream.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) accepted: i64,
    pub(crate) repeated: i64,
    pub(crate) rejected: i64,
    pub(crate) released: i64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.repeated += other.repeated;
        self.rejected += other.rejected;
        self.released += other.released;
    }
}

/// What became of a batch, and how many records the jurisdiction has accepted since ever.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) counts: Counts,
    pub(crate) watermark: i64,
}

/// A batch that was taken in: its receipt, and what of it was set aside.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) receipt: Receipt,
    pub(crate) refused: Vec<NewReject>,
}

/// The counters of a jurisdiction; whoever holds them is its only writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ledger {
    /// The number of accepted records, which is the sequence of the last one.
    pub(crate) watermark: i64,
    /// The number of events that were ever set aside to wait.
    pub(crate) set_aside: i64,
}

impl Ledger {
    /// Gives the next `count` sequence numbers away; returns the number before the first of them.
    pub(crate) fn take(&mut self, count: usize) -> i64 {
        let before = self.watermark;
        self.watermark += i64::try_from(count).expect("a batch fits");
        before
    }

    /// Gives those of `rejects` that wait their place in the queue.
    pub(crate) fn queue(&mut self, rejects: &mut [NewReject]) {
        for reject in rejects.iter_mut().filter(|reject| reject.waits) {
            self.set_aside += 1;
            reject.waiting_no = Some(self.set_aside);
        }
    }
}

/// The code of an event that waits for its case.
pub(crate) const UNKNOWN_CASE: &str = "unknown_case";

/// Why an event waits.
pub(crate) fn unknown_case(sent: &SentEvent) -> Fault {
    let message = format!(
        "case {} is not known yet; the event is taken in by itself when the case arrives",
        sent.event.case_no
    );
    Fault { waits: true, ..Fault::new(UNKNOWN_CASE, "case_no", message) }
}

/// The reject of a record.
pub(crate) fn set_aside(
    position: Position,
    broken: Broken,
    accepted_payload: Option<Vec<u8>>,
) -> NewReject {
    NewReject {
        position,
        column: broken.fault.column.to_owned(),
        code: broken.fault.code.to_owned(),
        message: broken.fault.message,
        payload: broken.payload,
        accepted_payload,
        case_no: broken.case_no,
        waits: broken.fault.waits,
        waiting_no: None,
    }
}

/// A batch, each record in its place.
#[derive(Debug)]
pub(crate) struct Sorted<T> {
    /// The new records, in batch order.
    pub(crate) accepted: Vec<T>,
    /// Their places in the batch, from 0, and in their source.
    pub(crate) places: Vec<(usize, Position)>,
    /// Identical repeats of accepted records.
    pub(crate) repeated: i64,
    /// What is set aside, in batch order.
    pub(crate) rejects: Vec<NewReject>,
    /// The places of `rejects` in the batch, from 0.
    pub(crate) refused: Vec<usize>,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self {
            accepted: Vec::new(),
            places: Vec::new(),
            repeated: 0,
            rejects: Vec::new(),
            refused: Vec::new(),
        }
    }
}

/// The accepted version of a record.
enum Standing<T> {
    Before(T),
    InBatch(usize),
}

/// Sorts a batch. The first accepted version of a record stands (decisions.md 1): one of `standing`,
/// else the first in batch order. `fault` says why a good record must still be set aside.
pub(crate) fn sort<T: Record>(
    rows: Vec<Row<T>>,
    standing: Vec<T>,
    fault: impl Fn(&T) -> Option<Fault>,
) -> Sorted<T> {
    let mut versions: HashMap<T::Key, Standing<T>> = HashMap::with_capacity(rows.len());
    versions.extend(standing.into_iter().map(|record| (record.key(), Standing::Before(record))));
    let mut sorted: Sorted<T> = Sorted::default();
    for (place, Row { position, content }) in rows.into_iter().enumerate() {
        let checked = content.and_then(|record| match fault(&record) {
            Some(fault) => Err(Broken::of(&record, fault)),
            None => Ok(record),
        });
        let record = match checked {
            Ok(record) => record,
            Err(broken) => {
                sorted.refused.push(place);
                sorted.rejects.push(set_aside(position, *broken, None));
                continue;
            }
        };
        let accepted = match versions.get(&record.key()) {
            Some(Standing::Before(accepted)) => accepted,
            Some(Standing::InBatch(index)) => {
                let accepted = &mut sorted.accepted[*index];
                if *accepted == record {
                    accepted.merge(&record);
                }
                accepted
            }
            None => {
                versions.insert(record.key(), Standing::InBatch(sorted.accepted.len()));
                sorted.accepted.push(record);
                sorted.places.push((place, position));
                continue;
            }
        };
        if *accepted == record {
            sorted.repeated += 1;
        } else {
            let reject = conflict(position, &record, accepted);
            sorted.refused.push(place);
            sorted.rejects.push(reject);
        }
    }
    sorted
}

/// Sets aside the rows with a number that decisions have: a platform that took one would keep what was
/// decided from being written.
pub(crate) fn refuse_reserved_numbers<T: Record>(rows: &mut [Row<T>]) {
    for row in rows {
        let Ok(record) = &row.content else { continue };
        let Some(number) = record.event_no().filter(|number| *number >= DECIDED_EVENT_NO_MIN)
        else {
            continue;
        };
        let message = format!(
            "event_no {number} is one of those from {DECIDED_EVENT_NO_MIN} on that decisions on \
             inquiries have; use a smaller one"
        );
        row.content = Err(Broken::of(record, Fault::new("bad_event_no", "event_no", message)));
    }
}

/// The reject of a record that contradicts the accepted version of itself.
pub(crate) fn conflict<T: Record>(position: Position, record: &T, accepted: &T) -> NewReject {
    let columns = record.differences(accepted).join(", ");
    let message = format!(
        "contradicts the accepted {} in {columns}; find out which version is right, and record \
         a further event where the accepted one is not",
        T::WHAT
    );
    let broken = Broken::of(record, Fault::new("conflict", "", message));
    set_aside(position, *broken, Some(accepted.payload()))
}

#[cfg(test)]
mod tests {
    use chengping_casework::{Case, Event, EventKind, Source};
    use chengping_types::Instant;

    use super::*;
    use crate::domain::Position;

    fn row(case_no: &str, title: &str) -> Row<Case> {
        let case = Case {
            case_no: case_no.parse().unwrap(),
            source: Source::Patrol,
            category_scheme: "local".to_owned(),
            category_code: "1".to_owned(),
            area_code: String::new(),
            collector: None,
            title: Some(title.to_owned()),
            filing_condition: None,
        };
        Row { position: Position::default(), content: Ok(case) }
    }

    fn standing(case_no: &str, title: &str) -> Case {
        row(case_no, title).content.unwrap()
    }

    #[test]
    fn the_accepted_version_stands_against_every_row_of_a_batch() {
        let rows = vec![row("A", "new"), row("A", "new"), row("A", "old"), row("B", "new")];
        let sorted = sort(rows, vec![standing("A", "old")], |_| None);
        assert_eq!(sorted.accepted, [standing("B", "new")]);
        assert_eq!((sorted.repeated, &sorted.refused[..]), (1, &[0, 1][..]));
        for reject in &sorted.rejects {
            assert_eq!(reject.code, "conflict");
            assert_eq!(reject.accepted_payload, Some(standing("A", "old").payload()));
        }
    }

    #[test]
    fn the_first_row_of_a_batch_stands_where_none_was_accepted() {
        let rows = vec![row("A", "first"), row("A", "second"), row("A", "first")];
        let sorted = sort(rows, Vec::new(), |_| None);
        assert_eq!(sorted.accepted, [standing("A", "first")]);
        assert_eq!((sorted.repeated, &sorted.refused[..]), (1, &[1][..]));
        assert!(sorted.rejects[0].message.contains("accepted case in title;"));
    }

    #[test]
    fn a_row_that_is_set_aside_stands_for_nothing() {
        let rows = vec![row("A", "bad"), row("A", "good")];
        let bad = |case: &Case| {
            (case.title.as_deref() == Some("bad")).then(|| Fault::new("bad", "title", "bad"))
        };
        let sorted = sort(rows, Vec::new(), bad);
        assert_eq!(sorted.accepted, [standing("A", "good")]);
        assert_eq!(sorted.refused, [0]);
    }

    #[test]
    fn numbers_that_decisions_have_are_set_aside_and_no_case_has_one() {
        let event = |event_no| {
            let event = Event {
                case_no: "A".parse().unwrap(),
                event_no,
                at: Instant::from_micros(0),
                kind: EventKind::Reported,
                actor: None,
                unit: None,
                due_at: None,
                stage_due_at: None,
                outcome: None,
                note: None,
            };
            Row { position: Position::default(), content: Ok(SentEvent::from(event)) }
        };
        let mut rows = [DECIDED_EVENT_NO_MIN - 1, DECIDED_EVENT_NO_MIN, u64::MAX].map(event);
        refuse_reserved_numbers(&mut rows);
        let codes = rows.map(|row| row.content.err().map(|broken| broken.fault.code));
        assert_eq!(codes, [None, Some("bad_event_no"), Some("bad_event_no")]);
        let mut cases = [row("A", "title")];
        refuse_reserved_numbers(&mut cases);
        assert!(cases[0].content.is_ok());
    }
}
