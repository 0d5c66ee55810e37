//! From text fields to records: every check that needs no other row.
//!
//! Columns are addressed by their position in [`FileKind::columns`]; each module names its own.

mod calendar;
mod case;
mod event;
mod registry;

pub(crate) use event::{check as check_event, knows_outcome};

use std::str::FromStr;

use chengping_types::{BodyId, Instant, Month, TimestampError};

use crate::reader::{Layout, Table};
use crate::reject::Fault;
use crate::{FileKind, Record, code};

/// The row that a table stands at, as one of a kind of file.
pub(crate) struct Row<'a> {
    pub(crate) kind: FileKind,
    pub(crate) layout: &'a Layout,
    pub(crate) table: &'a Table,
    pub(crate) deadlines: Deadlines,
}

/// Whether events may lack the deadline that their kind needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Deadlines {
    /// None may.
    #[default]
    Given,
    /// Dispatches may: of a platform that is known to set none.
    NotOnDispatch,
    /// All may: whoever takes them in computes the deadlines, or refuses the events.
    Computed,
}

/// Decodes a row.
pub(crate) fn record(row: &Row<'_>) -> Result<Record, Fault> {
    match row.kind {
        FileKind::Bodies => registry::body(row).map(Record::Body),
        FileKind::Areas => registry::area(row).map(Record::Area),
        FileKind::Coefficients => registry::coefficient(row).map(Record::Coefficient),
        FileKind::LongTerm => registry::long_term(row).map(Record::LongTerm),
        FileKind::WorkingHours => calendar::working_hours(row).map(Record::WorkingHours),
        FileKind::Calendar => calendar::day(row).map(Record::CalendarDay),
        FileKind::FilingConditions => calendar::condition(row).map(Record::FilingCondition),
        FileKind::Categories => registry::category(row).map(Record::Category),
        FileKind::Cases => case::case(row).map(Record::Case),
        FileKind::Events => event::event(row).map(Record::Event),
    }
}

impl<'a> Row<'a> {
    /// The text of a column; empty when the file has no such column.
    fn text(&self, column: usize) -> &'a str {
        self.layout.positions[column].map_or("", |position| self.table.field(position))
    }

    const fn name(&self, column: usize) -> &'static str {
        self.kind.columns()[column].name
    }

    /// A text that must be there.
    fn required(&self, column: usize, missing: &'static str) -> Result<&'a str, Fault> {
        match self.text(column) {
            "" => Err(Fault::column(self.name(column), missing, "empty; fill it in")),
            text => Ok(text),
        }
    }

    /// A text that may be absent.
    fn optional(&self, column: usize) -> Option<String> {
        Some(self.text(column)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A value that must be there and of its form.
    fn parse<T>(&self, column: usize, missing: &'static str, bad: &'static str) -> Result<T, Fault>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let text = self.required(column, missing)?;
        text.parse()
            .map_err(|error: T::Err| Fault::column(self.name(column), bad, error.to_string()))
    }

    /// A value that, when it is there, must be of its form.
    fn parse_optional<T>(&self, column: usize, bad: &'static str) -> Result<Option<T>, Fault>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        if self.text(column).is_empty() { Ok(None) } else { self.parse(column, bad, bad).map(Some) }
    }

    fn body(&self, column: usize) -> Result<Option<BodyId>, Fault> {
        self.parse_optional(column, code::BAD_BODY_ID)
    }

    fn instant(&self, column: usize) -> Result<Option<Instant>, Fault> {
        match self.text(column) {
            "" => Ok(None),
            text => Instant::parse(text).map(Some).map_err(|error| {
                let code = match error {
                    TimestampError::Malformed(_) => code::BAD_TIMESTAMP,
                    TimestampError::WithoutOffset(_) => code::TIMESTAMP_WITHOUT_OFFSET,
                };
                Fault::column(self.name(column), code, error.to_string())
            }),
        }
    }

    /// The months of validity, the second inclusive and open when empty.
    fn validity(&self, from: usize, to: usize) -> Result<(Month, Option<Month>), Fault> {
        let first: Month = self.parse(from, code::MISSING_VALID_FROM, code::BAD_MONTH)?;
        let last: Option<Month> = self.parse_optional(to, code::BAD_MONTH)?;
        if last.is_some_and(|last| last < first) {
            let message = "before valid_from; both months are inclusive";
            return Err(Fault::column(self.name(to), code::BAD_MONTH, message));
        }
        Ok((first, last))
    }
}
