//! Rows of a table as cases and events.

use std::cell::RefCell;
use std::str::FromStr;

use chengping_casework::{Case, Event, EventKind, Source};
use chengping_types::{BodyId, CaseNo, Instant, Month};

use super::model::{CaseMap, Condition, EventMap, Model, Test, Value};
use super::slug::slug;
use super::time::Clock;
use crate::decode::{Deadlines, check_event};
use crate::reader::Table;
use crate::reject::Fault;
use crate::{Progress, Reject, code};

/// What cells of a spreadsheet show that have no value, also after an export.
const ERRORS: [&str; 8] =
    ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#GETTING_DATA"];

/// A row as a case with its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// Record number: the header is 1.
    pub row: u64,
    /// Physical line on which the record begins, from 1.
    pub line: u64,
    /// The case.
    pub case: Case,
    /// Its events, in the order of the mapping.
    pub events: Vec<Event>,
}

/// Reads a table through a mapping, row by row: an iterator over cases and rejects.
pub struct MappedReader {
    model: Model,
    table: Table,
    progress: Progress,
    month: Option<Month>,
    skipped: u64,
}

impl MappedReader {
    pub(crate) fn new(
        model: Model,
        table: Table,
        progress: Progress,
        month: Option<Month>,
    ) -> Self {
        Self { model, table, progress, month, skipped: 0 }
    }

    /// How much of the file has been read.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Rows so far that the mapping's conditions or the month left out.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The row read last; `None` when it is not wanted.
    fn mapped(&self) -> Result<Option<Mapped>, Fault> {
        let read = RefCell::new(Vec::new());
        let cells = Cells { table: &self.table, clock: &self.model.clock, read };
        if !cells.hold(&self.model.rows)? {
            return Ok(None);
        }
        let case = cells.case(&self.model.case)?;
        let mut events = Vec::with_capacity(self.model.events.len());
        for (number, map) in (1..).zip(&self.model.events) {
            if cells.hold(&map.when)? {
                events.push(cells.event(&case.case_no, number, map)?);
            }
        }
        if !self.is_in_month(&events) {
            return Ok(None);
        }
        let (row, line) = self.table.place();
        Ok(Some(Mapped { row, line, case, events }))
    }

    /// Whether the case was reported in the wanted month; one never reported, in no month.
    fn is_in_month(&self, events: &[Event]) -> bool {
        let Some(month) = self.month else { return true };
        let zone = match &self.model.clock {
            Clock::Local(local) => local.zone.clone(),
            Clock::Rfc3339 => "UTC".parse().expect("every database has UTC"),
        };
        let reported = events.iter().find(|event| event.kind == EventKind::Reported);
        reported.is_some_and(|event| Month::of(event.at, &zone) == month)
    }
}

impl Iterator for MappedReader {
    type Item = Result<Mapped, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let taken = self.table.advance()?;
            match taken.and_then(|()| self.mapped()) {
                Ok(Some(mapped)) => return Some(Ok(mapped)),
                Ok(None) => self.skipped += 1,
                Err(fault) => {
                    let mut reject = self.table.reject(fault);
                    if let Value::Column { column, .. } = &self.model.case.case_no {
                        reject.case_no = self.table.guess(column).filter(|no| !no.is_empty());
                    }
                    return Some(Err(reject));
                }
            }
        }
    }
}

/// The row that a table stands at.
struct Cells<'a> {
    table: &'a Table,
    clock: &'a Clock,
    /// The times of the row that were read: several events often happened at one.
    read: RefCell<Vec<(String, Instant)>>,
}

impl Cells<'_> {
    fn cell(&self, column: &str) -> Result<&str, Fault> {
        let position = self.table.names().iter().position(|name| name == column);
        let Some(position) = position else { return Ok("") };
        let cell = self.table.field(position);
        if self.table.is_broken(position) {
            let message = format!(
                "{cell} has more digits than a spreadsheet keeps of a number; store it as text"
            );
            return Err(Fault::column(column, code::BAD_CELL, message));
        }
        if ERRORS.contains(&cell) {
            let message = format!("the cell shows the error {cell}; correct the sheet");
            return Err(Fault::column(column, code::BAD_CELL, message));
        }
        Ok(cell)
    }

    fn hold(&self, conditions: &[Condition]) -> Result<bool, Fault> {
        for condition in conditions {
            let cell = self.cell(&condition.column)?;
            let holds = match &condition.test {
                Test::Equals(text) => cell == text,
                Test::Not(text) => cell != text,
                Test::In(texts) => texts.iter().any(|text| cell == text),
                Test::Present(present) => cell.is_empty() != *present,
                Test::Between(from, until) => {
                    !cell.is_empty() && {
                        let at = self.instant(&condition.column, cell)?;
                        from.is_none_or(|from| from <= at) && until.is_none_or(|until| at < until)
                    }
                }
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn text(&self, value: &Value) -> Result<String, Fault> {
        match value {
            Value::Constant(text) => Ok(text.clone()),
            Value::Concat { parts, separator } => {
                let parts = parts.iter().map(|part| self.text(part));
                Ok(parts.collect::<Result<Vec<_>, _>>()?.join(separator))
            }
            Value::Column { column, map, default, slug: slugged } => {
                let cell = self.cell(column)?;
                let text = match (map, default) {
                    (Some(map), _) if map.contains_key(cell) => map[cell].as_str(),
                    (Some(_), None) => {
                        let message = format!("the mapping has no value for {cell:?}; add it");
                        return Err(Fault::column(column, code::UNMAPPED_VALUE, message));
                    }
                    (Some(_), Some(default)) => default,
                    (None, Some(default)) if cell.is_empty() => default,
                    (None, _) => cell,
                };
                Ok(if *slugged { slug(text) } else { text.to_owned() })
            }
        }
    }

    /// A text that may be left out.
    fn maybe(&self, value: Option<&Value>) -> Result<Option<String>, Fault> {
        let text = value.map(|value| self.text(value)).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn parse<T>(&self, value: &Value, field: &str, code: &'static str) -> Result<T, Fault>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let parsed = self.text(value)?.parse();
        parsed.map_err(|error: T::Err| Fault::column(column(value, field), code, error.to_string()))
    }

    fn required(&self, value: &Value, field: &str, code: &'static str) -> Result<String, Fault> {
        let text = self.text(value)?;
        if text.is_empty() {
            let message = format!("empty, but {field} is made of it");
            return Err(Fault::column(column(value, field), code, message));
        }
        Ok(text)
    }

    fn case(&self, map: &CaseMap) -> Result<Case, Fault> {
        self.required(&map.case_no, "case_no", code::MISSING_CASE_NO)?;
        let category = |value, field| self.required(value, field, code::MISSING_CATEGORY);
        Ok(Case {
            case_no: self.parse::<CaseNo>(&map.case_no, "case_no", code::BAD_CASE_NO)?,
            source: self.parse::<Source>(&map.source, "source", code::UNKNOWN_SOURCE)?,
            category_scheme: category(&map.category_scheme, "category_scheme")?,
            category_code: category(&map.category_code, "category_code")?,
            area_code: self.text(&map.area_code)?,
            collector: self.body(map.collector.as_ref(), "collector")?,
            title: self.maybe(map.title.as_ref())?,
            filing_condition: self.maybe(map.filing_condition.as_ref())?,
        })
    }

    fn event(&self, case_no: &CaseNo, event_no: u64, map: &EventMap) -> Result<Event, Fault> {
        let at = self.time(Some(&map.at), "at")?.ok_or_else(|| {
            let message = format!("empty, but {} happened then; say when it did", map.kind);
            Fault::column(column(&map.at, "at"), code::MISSING_AT, message)
        })?;
        let event = Event {
            case_no: case_no.clone(),
            event_no,
            at,
            kind: map.kind,
            actor: self.body(map.actor.as_ref(), "actor")?,
            unit: self.body(map.unit.as_ref(), "unit")?,
            due_at: self.time(map.due_at.as_ref(), "due_at")?,
            stage_due_at: self.time(map.stage_due_at.as_ref(), "stage_due_at")?,
            outcome: self.maybe(map.outcome.as_ref())?,
            note: self.maybe(map.note.as_ref())?,
        };
        let deadlines = if map.no_deadline { Deadlines::NotOnDispatch } else { Deadlines::Given };
        check_event(&event, deadlines)?;
        Ok(event)
    }

    fn body(&self, value: Option<&Value>, field: &str) -> Result<Option<BodyId>, Fault> {
        let Some(value) = value else { return Ok(None) };
        if self.text(value)?.is_empty() {
            return Ok(None);
        }
        self.parse(value, field, code::BAD_BODY_ID).map(Some)
    }

    fn time(&self, value: Option<&Value>, field: &str) -> Result<Option<Instant>, Fault> {
        let Some(value) = value else { return Ok(None) };
        match self.text(value)?.as_str() {
            "" => Ok(None),
            text => self.instant(column(value, field), text).map(Some),
        }
    }

    fn instant(&self, column: &str, text: &str) -> Result<Instant, Fault> {
        let known = self.read.borrow().iter().find(|(of, _)| of == text).map(|(_, at)| *at);
        if let Some(at) = known {
            return Ok(at);
        }
        let at = self.clock.instant(text);
        let at = at.map_err(|fault| Fault { column: Some(column.to_owned()), ..fault })?;
        self.read.borrow_mut().push((text.to_owned(), at));
        Ok(at)
    }
}

/// The column of the table that a fault is shown at; of a value made of several, the field.
fn column<'a>(value: &'a Value, field: &'a str) -> &'a str {
    match value {
        Value::Column { column, .. } => column,
        Value::Constant(_) | Value::Concat { .. } => field,
    }
}
