//! What an import makes of a registry.
//!
//! The result depends on the rows, not on the way they are split or, but for rows that contradict
//! each other, on their order: references are resolved when all rows are known, and rows that
//! replace standing ones go before rows that are new.

mod bodies;
mod dated;
mod keyed;

use std::collections::{BTreeMap, BTreeSet};

use chengping_types::calendar::{CalendarDay, WorkingHours};
use chengping_types::registry::{Area, Body, Coefficient, LongTermEntry};
use chengping_types::{BodyId, Category, FilingCondition};

use super::registry::{Keyed, Standing};

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
    Body(Body),
    Area(Area),
    Coefficient(Coefficient),
    LongTerm(LongTermEntry),
    WorkingHours(WorkingHours),
    CalendarDay(CalendarDay),
    FilingCondition(FilingCondition),
    Category(Category),
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

/// What an import comes to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
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

    /// Counts a row that now stands in place of `former`.
    fn count<T: PartialEq>(&mut self, former: Option<&T>, record: &T) {
        let count = match former {
            None => &mut self.counts.added,
            Some(former) if former != record => &mut self.counts.changed,
            Some(_) => &mut self.counts.repeated,
        };
        *count += 1;
    }
}

/// The rows of an import by table.
#[derive(Default)]
struct Sorted {
    bodies: Vec<Numbered<Body>>,
    areas: Vec<Numbered<Area>>,
    coefficients: Vec<Numbered<Coefficient>>,
    long_term: Vec<Numbered<LongTermEntry>>,
    working_hours: Vec<Numbered<WorkingHours>>,
    calendar: Vec<Numbered<CalendarDay>>,
    conditions: Vec<Numbered<FilingCondition>>,
    categories: Vec<Numbered<Category>>,
}

impl Sorted {
    fn add(&mut self, number: usize, record: Record) {
        match record {
            Record::Body(record) => self.bodies.push(Numbered { number, record }),
            Record::Area(record) => self.areas.push(Numbered { number, record }),
            Record::Coefficient(record) => self.coefficients.push(Numbered { number, record }),
            Record::LongTerm(record) => self.long_term.push(Numbered { number, record }),
            Record::WorkingHours(record) => self.working_hours.push(Numbered { number, record }),
            Record::CalendarDay(record) => self.calendar.push(Numbered { number, record }),
            Record::FilingCondition(record) => self.conditions.push(Numbered { number, record }),
            Record::Category(record) => self.categories.push(Numbered { number, record }),
        }
    }

    /// Takes everything out of the tables that have a row here.
    fn clear(&self, standing: &mut Standing) {
        fn clear<T: Keyed>(rows: &[Numbered<T>], standing: &mut Standing) {
            if !rows.is_empty() {
                T::table_mut(standing).clear();
            }
        }
        clear(&self.bodies, standing);
        clear(&self.areas, standing);
        clear(&self.coefficients, standing);
        clear(&self.long_term, standing);
        clear(&self.working_hours, standing);
        clear(&self.calendar, standing);
        clear(&self.conditions, standing);
        clear(&self.categories, standing);
    }
}

/// Takes `rows` into `standing`; with `replace` the tables that have a row in them are those rows
/// afterwards and nothing else, or, when one row cannot be taken in, nothing is changed.
pub(crate) fn import(standing: &mut Standing, rows: Vec<Row>, replace: bool) -> Outcome {
    let mut ledger = Ledger::default();
    let mut places = Vec::with_capacity(rows.len());
    let mut sorted = Sorted::default();
    for (number, (place, record)) in rows.into_iter().enumerate() {
        places.push(place);
        match record {
            Ok(record) => sorted.add(number, record),
            Err(fault) => ledger.reject(number, fault),
        }
    }
    let before = standing.clone();
    if replace {
        sorted.clear(standing);
    }
    take_in(&before, standing, sorted, &mut ledger);
    if replace && !ledger.faults.is_empty() {
        *standing = before;
        ledger.counts = Counts::default();
    }
    let reject = |(number, fault): (usize, Fault)| Reject {
        place: std::mem::take(&mut places[number]),
        fault,
    };
    let rejects = ledger.faults.into_iter().map(reject).collect();
    Outcome { counts: ledger.counts, rejects }
}

fn take_in(before: &Standing, standing: &mut Standing, sorted: Sorted, ledger: &mut Ledger) {
    let mut tables = Tables { before, standing, ledger };
    bodies::take_in(&mut tables, sorted.bodies);
    let known = tables.standing.body_ids();
    let areas = tables.of_known_bodies(sorted.areas, &known, |area| {
        let named = [
            ("district", &area.district),
            ("subdistrict", &area.subdistrict),
            ("window", &area.window),
        ];
        named.into_iter().filter_map(|(column, body)| Some((column, body.as_ref()?))).collect()
    });
    dated::take_in(&mut tables, areas);
    // Of several rows for the same body, zone and month the last one holds (decisions.md 37).
    let coefficients =
        tables.of_known_bodies(sorted.coefficients, &known, |row| vec![("body_id", &row.body_id)]);
    keyed::last_holds(&mut tables, coefficients);
    keyed::first_holds(&mut tables, sorted.long_term);
    // Of two rows for one day the later stands (decisions.md 102).
    keyed::last_holds(&mut tables, sorted.working_hours);
    keyed::last_holds(&mut tables, sorted.calendar);
    keyed::first_holds(&mut tables, sorted.conditions);
    dated::take_in(&mut tables, sorted.categories);
}

/// The registry while rows are taken in, and as it was before.
struct Tables<'a> {
    before: &'a Standing,
    standing: &'a mut Standing,
    ledger: &'a mut Ledger,
}

impl Tables<'_> {
    /// Puts a row in its place, and counts it by what stood there before the import.
    fn put<T: Keyed>(&mut self, row: T) {
        self.ledger.count(T::table(self.before).get(&row.at()), &row);
        self.standing.put(row);
    }

    /// The rows that name no body but those that are known; `named` gives columns and bodies.
    fn of_known_bodies<T>(
        &mut self,
        rows: Vec<Numbered<T>>,
        known: &BTreeSet<BodyId>,
        named: impl Fn(&T) -> Vec<(&'static str, &BodyId)>,
    ) -> Vec<Numbered<T>> {
        let mut good = Vec::with_capacity(rows.len());
        for row in rows {
            let unknown = named(&row.record).into_iter().find(|(_, body)| !known.contains(*body));
            match unknown.map(|(column, body)| Fault::unknown_body(column, body)) {
                Some(fault) => self.ledger.reject(row.number, fault),
                None => good.push(row),
            }
        }
        good
    }
}

#[cfg(test)]
mod tests;
