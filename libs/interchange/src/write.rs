//! Writers of the interchange files.

use std::io::{self, Write};

use chengping_casework::{Case, Event};
use chengping_types::row::Row as _;
use chengping_types::{Instant, TimeZone};

use crate::{FileKind, Record};

/// Writes rows of one interchange file as CSV: all columns, in their order, lines ended by LF.
pub struct Writer<W: Write> {
    csv: csv::Writer<W>,
    kind: FileKind,
    zone: TimeZone,
    fields: Vec<String>,
}

impl<W: Write> Writer<W> {
    /// Begins a file with its header; timestamps are written in the local time of `zone`.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn new(kind: FileKind, zone: TimeZone, output: W) -> io::Result<Self> {
        let mut csv = csv::WriterBuilder::new().from_writer(output);
        csv.write_record(kind.columns().iter().map(|column| column.name))?;
        Ok(Self { csv, kind, zone, fields: Vec::new() })
    }

    /// Writes a row.
    ///
    /// # Errors
    ///
    /// When writing fails, or the record belongs to another kind of file.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        if record.kind() != self.kind {
            let message = format!("a row of {} does not go into {}", record.kind(), self.kind);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        self.fields.clear();
        match record {
            Record::Body(body) => self.fields = body.texts(),
            Record::Area(area) => self.fields = area.texts(),
            Record::Coefficient(coefficient) => self.fields = coefficient.texts(),
            Record::LongTerm(entry) => self.fields = entry.texts(),
            Record::WorkingHours(hours) => self.fields = hours.texts(),
            Record::CalendarDay(day) => self.fields = day.texts(),
            Record::FilingCondition(condition) => self.fields = condition.texts(),
            Record::Category(category) => self.fields = category.texts(),
            Record::Case(case) => self.case(case),
            Record::Event(event) => self.event(event),
        }
        self.csv.write_record(&self.fields)?;
        Ok(())
    }

    /// Ends the file and gives the output back.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn finish(self) -> io::Result<W> {
        self.csv.into_inner().map_err(csv::IntoInnerError::into_error)
    }

    fn case(&mut self, case: &Case) {
        self.text(&case.case_no).text(case.source).text(&case.category_scheme);
        self.text(&case.category_code).text(&case.area_code);
        self.maybe(case.collector.as_ref()).maybe(case.title.as_ref());
        self.maybe(case.filing_condition.as_ref());
    }

    fn event(&mut self, event: &Event) {
        self.text(&event.case_no).text(event.event_no).instant(Some(event.at)).text(event.kind);
        self.maybe(event.actor.as_ref()).maybe(event.unit.as_ref());
        self.instant(event.due_at).instant(event.stage_due_at);
        self.maybe(event.outcome.as_ref()).maybe(event.note.as_ref());
    }

    fn text<T: std::fmt::Display>(&mut self, value: T) -> &mut Self {
        self.fields.push(value.to_string());
        self
    }

    fn maybe<T: std::fmt::Display>(&mut self, value: Option<T>) -> &mut Self {
        self.fields.push(value.map_or_else(String::new, |value| value.to_string()));
        self
    }

    fn instant(&mut self, value: Option<Instant>) -> &mut Self {
        let text = value.map_or_else(String::new, |instant| instant.to_rfc3339_in(&self.zone));
        self.fields.push(text);
        self
    }
}

/// The payload of an accepted row that is set aside later (`conflict`, `unknown_body`,
/// `unknown_case`): header and row, as [`replay`](crate::replay) reads them. Timestamps are in UTC.
#[must_use]
pub fn payload(record: &Record) -> Vec<u8> {
    let utc = "UTC".parse().expect("every database has UTC");
    let write = || -> io::Result<Vec<u8>> {
        let mut writer = Writer::new(record.kind(), utc, Vec::new())?;
        writer.write(record)?;
        writer.finish()
    };
    write().expect("writing to memory does not fail")
}
