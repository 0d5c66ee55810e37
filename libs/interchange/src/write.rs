//! Writers of the interchange files.

use std::io::{self, Write};

use chengping_casework::{Case, Event};
use chengping_types::calendar::{CalendarDay, WorkingHours};
use chengping_types::registry::{Area, Body, Coefficient, LongTermEntry};
use chengping_types::{Exact, FilingCondition, Instant, Month, TimeZone};

use crate::{FileKind, Record};

/// Decimal places of a difficulty or an area. One that needs more is written as exactly as this allows.
const PLACES: u32 = 2;

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
            Record::Body(body) => self.body(body),
            Record::Area(area) => self.area(area),
            Record::Coefficient(coefficient) => self.coefficient(coefficient),
            Record::LongTerm(entry) => self.long_term(entry),
            Record::WorkingHours(hours) => self.working_hours(hours),
            Record::CalendarDay(day) => self.calendar_day(day),
            Record::FilingCondition(condition) => self.filing_condition(condition),
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

    fn body(&mut self, body: &Body) {
        self.text(&body.body_id).text(body.kind).text(&body.name).maybe(body.parent.as_ref());
        self.text(body.valid_from).maybe(body.valid_to);
    }

    fn area(&mut self, area: &Area) {
        self.text(&area.area_code).text(area.kind).text(&area.name);
        self.maybe(area.district.as_ref()).maybe(area.subdistrict.as_ref());
        self.maybe(area.window.as_ref()).text(area.zone);
        self.text::<Month>(area.valid_from).maybe(area.valid_to);
    }

    fn coefficient(&mut self, coefficient: &Coefficient) {
        self.text(&coefficient.body_id).text(coefficient.zone).text(coefficient.road_sections);
        self.text(decimal(&coefficient.difficulty)).text(coefficient.valid_from);
        self.text(&coefficient.approved_by).text(&coefficient.reason);
        self.maybe(coefficient.area_km2.as_ref().map(decimal));
        self.maybe(coefficient.population).maybe(coefficient.grid_class);
    }

    fn long_term(&mut self, entry: &LongTermEntry) {
        self.text(&entry.category_scheme).text(&entry.category_code);
        self.text(entry.valid_from).maybe(entry.valid_to);
    }

    fn working_hours(&mut self, hours: &WorkingHours) {
        self.text(hours.effective_date).text(&hours.periods).text(hours.days_off).text(&hours.name);
    }

    fn calendar_day(&mut self, day: &CalendarDay) {
        self.text(day.date).text(day.kind).text(&day.name);
    }

    fn filing_condition(&mut self, condition: &FilingCondition) {
        self.text(&condition.condition_id).text(&condition.category_scheme);
        self.text(&condition.category_code);
        self.text(condition.limit.value).text(condition.limit.unit);
        self.text(condition.valid_from).maybe(condition.valid_to).text(&condition.name);
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

/// A decimal with two places, or with as many as are needed up to nine.
fn decimal(number: &Exact) -> String {
    (PLACES..=9)
        .map(|places| number.to_decimal(places))
        .find(|text| text.parse().as_ref() == Ok(number))
        .unwrap_or_else(|| number.to_decimal(9))
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
