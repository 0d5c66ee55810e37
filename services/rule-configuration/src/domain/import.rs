//! What an import makes of a registry.
//!
//! The result depends on the rows, not on the way they are split or, but for rows that contradict
//! each other, on their order: references are resolved when all rows are known, and rows that
//! replace standing ones go before rows that are new.

mod areas;
mod bodies;
mod keyed;

use std::collections::{BTreeMap, BTreeSet};

use chengping_types::calendar::{CalendarDay, WorkingHours};
use chengping_types::registry::{Area, Coefficient, LongTermEntry};
use chengping_types::{BodyId, FilingCondition};

use super::registry::{RegisteredBody, Standing, coefficient_key, condition_key, long_term_key};

/// Where a row came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file, empty when unknown.
    pub file: String,
    /// The record number; a header is record 1.
    pub row: i64,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The column at fault, empty where there is none.
    pub column: &'static str,
    /// The stable reason, as in the interchange contract.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(column: &'static str, code: &str, message: impl Into<String>) -> Self {
        Self { column, code: code.to_owned(), message: message.into() }
    }

    fn unknown_body(column: &'static str, body: &BodyId) -> Self {
        let message = format!(
            "body {body} is neither registered nor a good row of this import; add it to bodies.csv"
        );
        Self::new(column, "unknown_body", message)
    }

    fn conflict(message: impl Into<String>) -> Self {
        Self::new("", "conflict", message)
    }
}

/// A row that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reject {
    pub place: Place,
    pub fault: Fault,
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    Body(RegisteredBody),
    Area(Area),
    Coefficient(Coefficient),
    LongTerm(LongTermEntry),
    WorkingHours(WorkingHours),
    CalendarDay(CalendarDay),
    FilingCondition(FilingCondition),
}

/// A row: where it came from, and what it says or what is wrong with it.
pub(crate) type Row = (Place, Result<Record, Fault>);

/// How many rows did what. Together with the rejects these are all rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Rows that added something.
    pub added: i64,
    /// Rows that replaced something.
    pub changed: i64,
    /// Rows that stood already, or stand in for a later row of the same import.
    pub repeated: i64,
}

/// Rows to be written.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub bodies: Vec<RegisteredBody>,
    pub areas: Vec<Area>,
    pub coefficients: Vec<Coefficient>,
    pub long_term: Vec<LongTermEntry>,
    pub working_hours: Vec<WorkingHours>,
    pub calendar: Vec<CalendarDay>,
    pub conditions: Vec<FilingCondition>,
}

impl Changes {
    /// Whether there is nothing to be written.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { bodies, areas, coefficients, long_term, working_hours, calendar, conditions } =
            self;
        let registry = bodies.len() + areas.len() + coefficients.len() + long_term.len();
        registry + working_hours.len() + calendar.len() + conditions.len() == 0
    }
}

/// What an import comes to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub changes: Changes,
    pub counts: Counts,
    /// In the order of the rows.
    pub rejects: Vec<Reject>,
}

/// A row of one kind with its place in the import.
struct Numbered<T> {
    number: usize,
    record: T,
}

/// Collects what becomes of each row.
#[derive(Default)]
struct Ledger {
    counts: Counts,
    faults: BTreeMap<usize, Fault>,
}

impl Ledger {
    fn reject(&mut self, number: usize, fault: Fault) {
        self.faults.insert(number, fault);
    }

    /// Counts a row that now stands in place of `former`; whether it has to be written.
    fn count<T: PartialEq>(&mut self, former: Option<&T>, record: &T) -> bool {
        let count = match former {
            None => &mut self.counts.added,
            Some(former) if former != record => &mut self.counts.changed,
            Some(_) => &mut self.counts.repeated,
        };
        *count += 1;
        former != Some(record)
    }
}

/// Takes `rows` into `standing`.
pub(crate) fn import(standing: &mut Standing, rows: Vec<Row>) -> Outcome {
    let mut ledger = Ledger::default();
    let mut places = Vec::with_capacity(rows.len());
    let (mut bodies, mut areas) = (Vec::new(), Vec::new());
    let (mut coefficients, mut long_term) = (Vec::new(), Vec::new());
    let (mut hours, mut days, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (place, record)) in rows.into_iter().enumerate() {
        places.push(place);
        match record {
            Ok(Record::Body(record)) => bodies.push(Numbered { number, record }),
            Ok(Record::Area(record)) => areas.push(Numbered { number, record }),
            Ok(Record::Coefficient(record)) => coefficients.push(Numbered { number, record }),
            Ok(Record::LongTerm(record)) => long_term.push(Numbered { number, record }),
            Ok(Record::WorkingHours(record)) => hours.push(Numbered { number, record }),
            Ok(Record::CalendarDay(record)) => days.push(Numbered { number, record }),
            Ok(Record::FilingCondition(record)) => conditions.push(Numbered { number, record }),
            Err(fault) => ledger.reject(number, fault),
        }
    }
    let bodies = bodies::take_in(standing, bodies, &mut ledger);
    let known: BTreeSet<_> = standing.bodies.keys().cloned().collect();
    let changes = Changes {
        bodies,
        areas: areas::take_in(standing, areas, &known, &mut ledger),
        coefficients: take_in_coefficients(standing, coefficients, &known, &mut ledger),
        long_term: {
            let standing = &mut standing.long_term;
            keyed::first_holds(standing, long_term, long_term_key, &mut ledger)
        },
        // Of two rows for one day the later stands (decisions.md 102).
        working_hours: {
            let key = |row: &WorkingHours| row.effective_date;
            keyed::last_holds(&mut standing.working_hours, hours, key, &mut ledger)
        },
        calendar: {
            let key = |row: &CalendarDay| row.date;
            keyed::last_holds(&mut standing.calendar, days, key, &mut ledger)
        },
        conditions: {
            let standing = &mut standing.conditions;
            keyed::first_holds(standing, conditions, condition_key, &mut ledger)
        },
    };
    let reject = |(number, fault): (usize, Fault)| Reject {
        place: std::mem::take(&mut places[number]),
        fault,
    };
    let rejects = ledger.faults.into_iter().map(reject).collect();
    Outcome { changes, counts: ledger.counts, rejects }
}

/// Of several rows for the same body, zone and month the last one holds (decisions.md 37).
fn take_in_coefficients(
    standing: &mut Standing,
    rows: Vec<Numbered<Coefficient>>,
    known: &BTreeSet<BodyId>,
    ledger: &mut Ledger,
) -> Vec<Coefficient> {
    let (good, orphans): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| known.contains(&row.record.body_id));
    for Numbered { number, record } in orphans {
        ledger.reject(number, Fault::unknown_body("body_id", &record.body_id));
    }
    keyed::last_holds(&mut standing.coefficients, good, coefficient_key, ledger)
}

#[cfg(test)]
mod tests;
