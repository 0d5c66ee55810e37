//! The columns, and how a record fills them.

use std::sync::Arc;

use chengping_casework::archive::{Kept, KeptDeadline, Record};
use chengping_casework::{Case, ComputedDeadline, Event};
use chengping_types::{Instant, Limit};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;

use super::ArchiveError;

/// Times are UTC, in microseconds.
const SCHEMA: &str = "
message archive {
  REQUIRED BYTE_ARRAY record (STRING);
  REQUIRED BYTE_ARRAY case_no (STRING);
  REQUIRED INT64 sequence;
  REQUIRED INT64 create_time (TIMESTAMP(MICROS,true));
  OPTIONAL BYTE_ARRAY source (STRING);
  OPTIONAL BYTE_ARRAY category_scheme (STRING);
  OPTIONAL BYTE_ARRAY category_code (STRING);
  OPTIONAL BYTE_ARRAY area_code (STRING);
  OPTIONAL BYTE_ARRAY collector (STRING);
  OPTIONAL BYTE_ARRAY filing_condition (STRING);
  OPTIONAL BYTE_ARRAY title (STRING);
  OPTIONAL INT64 event_no;
  OPTIONAL INT64 at (TIMESTAMP(MICROS,true));
  OPTIONAL BYTE_ARRAY kind (STRING);
  OPTIONAL BYTE_ARRAY actor (STRING);
  OPTIONAL BYTE_ARRAY unit (STRING);
  OPTIONAL INT64 due_at (TIMESTAMP(MICROS,true));
  OPTIONAL INT64 stage_due_at (TIMESTAMP(MICROS,true));
  OPTIONAL BYTE_ARRAY outcome (STRING);
  OPTIONAL BYTE_ARRAY note (STRING);
  OPTIONAL INT64 start (TIMESTAMP(MICROS,true));
  OPTIONAL BYTE_ARRAY condition_id (STRING);
  OPTIONAL BYTE_ARRAY limit (STRING);
  OPTIONAL BYTE_ARRAY limit_unit (STRING);
  OPTIONAL BYTE_ARRAY calendar_digest (STRING);
  OPTIONAL BYTE_ARRAY rules_digest (STRING);
}";

/// How many columns there are.
pub(super) const COLUMNS: usize = 26;

/// The columns as Parquet has them.
pub(super) fn schema() -> TypePtr {
    Arc::new(parse_message_type(SCHEMA).expect("a constant"))
}

/// What stands in a column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Absent,
    Text(String),
    Number(i64),
}

impl Cell {
    fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    fn optional(text: Option<impl ToString>) -> Self {
        text.map_or(Self::Absent, Self::text)
    }

    fn time(instant: Instant) -> Self {
        Self::Number(instant.as_micros())
    }

    fn optional_time(instant: Option<Instant>) -> Self {
        instant.map_or(Self::Absent, Self::time)
    }

    /// Numbers of events come from `int64` fields.
    fn number(number: u64) -> Self {
        Self::Number(i64::try_from(number).expect("a number of the API"))
    }
}

/// A record as a row, column by column.
pub(super) fn to_row(record: Record) -> [Cell; COLUMNS] {
    let mut row = [const { Cell::Absent }; COLUMNS];
    let mut begin = |kind: &str, case_no: String, sequence: i64, create_time: Instant| {
        row[0] = Cell::text(kind);
        row[1] = Cell::Text(case_no);
        row[2] = Cell::Number(sequence);
        row[3] = Cell::time(create_time);
    };
    match record {
        Record::Case(Kept { record: case, sequence, create_time }) => {
            begin("case", case.case_no.to_string(), sequence, create_time);
            row[4] = Cell::text(case.source.as_str());
            row[5] = Cell::Text(case.category_scheme);
            row[6] = Cell::Text(case.category_code);
            row[7] = Cell::Text(case.area_code);
            row[8] = Cell::optional(case.collector);
            row[9] = Cell::optional(case.filing_condition);
            row[10] = Cell::optional(case.title);
        }
        Record::Event(Kept { record: event, sequence, create_time }) => {
            begin("event", event.case_no.to_string(), sequence, create_time);
            row[11] = Cell::number(event.event_no);
            row[12] = Cell::time(event.at);
            row[13] = Cell::text(event.kind.as_str());
            row[14] = Cell::optional(event.actor);
            row[15] = Cell::optional(event.unit);
            row[16] = Cell::optional_time(event.due_at);
            row[17] = Cell::optional_time(event.stage_due_at);
            row[18] = Cell::optional(event.outcome);
            row[19] = Cell::optional(event.note);
        }
        Record::Deadline(Kept { record: deadline, sequence, create_time }) => {
            let KeptDeadline { case_no, computed, rules } = deadline;
            begin("deadline", case_no.to_string(), sequence, create_time);
            row[11] = Cell::number(computed.event_no);
            row[16] = Cell::time(computed.due_at);
            row[20] = Cell::time(computed.start);
            row[21] = Cell::Text(computed.condition_id);
            row[22] = Cell::text(computed.limit.value);
            row[23] = Cell::text(computed.limit.unit);
            row[24] = Cell::optional(computed.calendar);
            row[25] = Cell::text(rules);
        }
    }
    row
}

/// A row that is read cell by cell; what is left over at the end is a mistake.
struct Row([Cell; COLUMNS]);

impl Row {
    fn take(&mut self, column: usize) -> Cell {
        std::mem::replace(&mut self.0[column], Cell::Absent)
    }

    fn optional_text(&mut self, column: usize) -> Option<String> {
        match self.take(column) {
            Cell::Text(text) => Some(text),
            Cell::Absent | Cell::Number(_) => None,
        }
    }

    fn text(&mut self, column: usize) -> Result<String, ArchiveError> {
        self.optional_text(column).ok_or_else(|| wrong(column))
    }

    fn parsed<T: std::str::FromStr>(&mut self, column: usize) -> Result<T, ArchiveError> {
        self.text(column)?.parse().map_err(|_| wrong(column))
    }

    fn optional<T: std::str::FromStr>(&mut self, column: usize) -> Result<Option<T>, ArchiveError> {
        let text = self.optional_text(column);
        text.map(|text| text.parse()).transpose().map_err(|_| wrong(column))
    }

    fn number(&mut self, column: usize) -> Result<i64, ArchiveError> {
        match self.take(column) {
            Cell::Number(number) => Ok(number),
            Cell::Absent | Cell::Text(_) => Err(wrong(column)),
        }
    }

    fn event_no(&mut self) -> Result<u64, ArchiveError> {
        self.number(11)?.try_into().map_err(|_| wrong(11))
    }

    fn time(&mut self, column: usize) -> Result<Instant, ArchiveError> {
        let micros = self.number(column)?;
        let instant = Instant::from_micros(micros);
        // An instant stays within the years that can be written.
        if instant.as_micros() == micros { Ok(instant) } else { Err(wrong(column)) }
    }

    fn optional_time(&mut self, column: usize) -> Result<Option<Instant>, ArchiveError> {
        if self.0[column] == Cell::Absent { Ok(None) } else { self.time(column).map(Some) }
    }
}

fn wrong(column: usize) -> ArchiveError {
    let schema = schema();
    let name = schema.get_fields().get(column).map_or("", |field| field.name());
    ArchiveError::Form(format!("a row lacks {name}, or what stands there is not one"))
}

/// The record of a row.
pub(super) fn to_record(cells: [Cell; COLUMNS]) -> Result<Record, ArchiveError> {
    let mut row = Row(cells);
    let kind = row.text(0)?;
    let record = match kind.as_str() {
        "case" => Record::Case(kept(&mut row, case)?),
        "event" => Record::Event(kept(&mut row, event)?),
        "deadline" => Record::Deadline(kept(&mut row, deadline)?),
        _ => return Err(wrong(0)),
    };
    match row.0.iter().position(|cell| *cell != Cell::Absent) {
        Some(column) => Err(wrong(column)),
        None => Ok(record),
    }
}

fn kept<T>(
    row: &mut Row,
    read: impl FnOnce(&mut Row) -> Result<T, ArchiveError>,
) -> Result<Kept<T>, ArchiveError> {
    let (sequence, create_time) = (row.number(2)?, row.time(3)?);
    Ok(Kept { record: read(row)?, sequence, create_time })
}

fn case(row: &mut Row) -> Result<Case, ArchiveError> {
    Ok(Case {
        case_no: row.parsed(1)?,
        source: row.parsed(4)?,
        category_scheme: row.text(5)?,
        category_code: row.text(6)?,
        area_code: row.text(7)?,
        collector: row.optional(8)?,
        filing_condition: row.optional_text(9),
        title: row.optional_text(10),
    })
}

fn event(row: &mut Row) -> Result<Event, ArchiveError> {
    Ok(Event {
        case_no: row.parsed(1)?,
        event_no: row.event_no()?,
        at: row.time(12)?,
        kind: row.parsed(13)?,
        actor: row.optional(14)?,
        unit: row.optional(15)?,
        due_at: row.optional_time(16)?,
        stage_due_at: row.optional_time(17)?,
        outcome: row.optional_text(18),
        note: row.optional_text(19),
    })
}

fn deadline(row: &mut Row) -> Result<KeptDeadline, ArchiveError> {
    let computed = ComputedDeadline {
        event_no: row.event_no()?,
        due_at: row.time(16)?,
        start: row.time(20)?,
        condition_id: row.text(21)?,
        limit: Limit { value: row.parsed(22)?, unit: row.parsed(23)? },
        calendar: row.optional(24)?,
    };
    Ok(KeptDeadline { case_no: row.parsed(1)?, computed, rules: row.parsed(25)? })
}
