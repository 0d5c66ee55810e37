//! Rows of any table, CSV or NDJSON, before anything is known of their columns.

use std::io::ErrorKind;

use super::FileError;
use super::csv::{self, Fields, RawRecord, Shape};
use super::layout::ColumnProblem;
use super::lines::{Interrupted, Lines};
use super::ndjson;
use crate::reject::{Fault, PAYLOAD_MAX, Reject, payload_of};
use crate::source::Bytes;
use crate::{Format, code};

/// Longest field, in bytes.
const FIELD_MAX: usize = 64 * 1024;

/// A row of text fields, all of them valid UTF-8.
pub(crate) struct Table {
    lines: Lines,
    pub(crate) file: String,
    format: Format,
    /// Column names: of the header, or for NDJSON those that the caller asked for.
    names: Vec<String>,
    /// The raw header, for payloads; empty for NDJSON.
    header: Vec<u8>,
    fields: Fields,
    raw: RawRecord,
    row: u64,
    /// Names in NDJSON rows that nobody asked for, each once.
    pub(crate) unknown: Vec<String>,
    ended: bool,
}

/// What is wrong with a header.
#[derive(Debug)]
pub(crate) enum HeaderError {
    Empty,
    NotUtf8,
    BadQuote,
    Read(std::io::Error),
}

impl Table {
    /// Reads the header of a CSV file; `names` are the columns wanted of an NDJSON file.
    pub(crate) fn new(source: Bytes, file: String, format: Format) -> Result<Self, HeaderError> {
        let raw = RawRecord { bytes: Vec::new(), line: 0, shape: Shape::Whole };
        let mut table = Self {
            lines: Lines::new(source),
            file,
            format,
            names: Vec::new(),
            header: Vec::new(),
            fields: Fields::default(),
            raw,
            row: 0,
            unknown: Vec::new(),
            ended: false,
        };
        if format == Format::Csv {
            table.read_header()?;
        }
        Ok(table)
    }

    fn read_header(&mut self) -> Result<(), HeaderError> {
        let record = csv::next_record(&mut self.lines)
            .map_err(|interrupted| HeaderError::Read(interrupted.error))?
            .ok_or(HeaderError::Empty)?;
        if record.shape != Shape::Whole {
            return Err(HeaderError::BadQuote);
        }
        self.fields.split(&record.bytes);
        let names = self.fields.iter().map(|name| std::str::from_utf8(name).map(str::to_owned));
        self.names = names.collect::<Result<_, _>>().map_err(|_| HeaderError::NotUtf8)?;
        self.header = record.bytes;
        self.row = 1;
        Ok(())
    }

    /// The refusal of a file whose columns are not what they should be.
    pub(crate) fn columns_error(&self, problems: Vec<ColumnProblem>) -> FileError {
        FileError::Columns { file: self.file.clone(), problems, header: self.header.clone() }
    }

    /// The column names of the header; for NDJSON those that were asked for.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Says which names NDJSON rows are read for; their fields come in this order.
    pub(crate) fn ask_for(&mut self, names: impl Iterator<Item = String>) {
        self.names = names.collect();
    }

    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    /// Record number and first line of the row read last.
    pub(crate) const fn place(&self) -> (u64, u64) {
        (self.row, self.raw.line)
    }

    /// The text of a field of the row read last.
    pub(crate) fn field(&self, index: usize) -> &str {
        std::str::from_utf8(self.fields.get(index)).expect("checked when the row was read")
    }

    /// Goes to the next row. `None` at the end; a row with a fault is to be passed over.
    pub(crate) fn advance(&mut self) -> Option<Result<(), Fault>> {
        if self.ended {
            return None;
        }
        match csv_or_line(self.format, &mut self.lines) {
            Ok(Some(raw)) => self.raw = raw,
            Ok(None) => {
                self.ended = true;
                return None;
            }
            Err(interrupted) => {
                self.ended = true;
                self.row += 1;
                return Some(Err(self.interrupted(interrupted)));
            }
        }
        self.row += 1;
        Some(self.check())
    }

    fn interrupted(&mut self, interrupted: Interrupted) -> Fault {
        let line = self.lines.number() + 1;
        let mut bytes = interrupted.partial;
        bytes.truncate(PAYLOAD_MAX + 1);
        self.raw = RawRecord { bytes, line, shape: Shape::Whole };
        let error = interrupted.error;
        match error.kind() {
            ErrorKind::UnexpectedEof => Fault::row(
                code::TRUNCATED_FILE,
                "the compressed file ends in the middle; the rows before were read, copy it again",
            ),
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other => Fault::row(
                code::CORRUPT_FILE,
                format!("the compressed data are damaged ({error}); the rows before were read"),
            ),
            _ => Fault::row(code::READ_FAILED, format!("reading failed: {error}")),
        }
    }

    /// Whether the row is one of text fields, as many as there are columns.
    fn check(&mut self) -> Result<(), Fault> {
        match self.raw.shape {
            Shape::Whole => {}
            Shape::TooLong(length) => {
                let message = format!("the row has {length} bytes, more than 16 MiB; split it");
                return Err(Fault::row(code::ROW_TOO_LONG, message));
            }
            Shape::BadQuote => {
                return Err(Fault::row(
                    code::BAD_QUOTE,
                    "a quoted field does not end, or goes on after its closing quote; double the \
                     quotes inside of it",
                ));
            }
        }
        if self.raw.bytes.contains(&0) {
            return Err(Fault::row(code::NUL_BYTE, "the row holds a byte 0; remove it"));
        }
        let Ok(text) = std::str::from_utf8(&self.raw.bytes) else {
            return Err(Fault::row(code::NOT_UTF8, not_utf8_hint(&self.raw.bytes)));
        };
        match self.format {
            Format::Csv => {
                self.fields.split(&self.raw.bytes);
                if self.fields.len() != self.names.len() {
                    let (found, wanted) = (self.fields.len(), self.names.len());
                    let message = format!("{found} fields, but the header has {wanted}");
                    return Err(Fault::row(code::COLUMN_COUNT, message));
                }
            }
            Format::Ndjson => {
                let object = ndjson::parse(text)
                    .map_err(|error| Fault::row(code::BAD_JSON, error.to_string()))?;
                let value = |name: &String| {
                    object.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
                };
                self.fields.set(self.names.iter().map(value));
                for (name, _) in &object.0 {
                    if !self.names.contains(name) && !self.unknown.contains(name) {
                        self.unknown.push(name.clone());
                    }
                }
                // Escapes can bring in what the raw line did not show.
                if self.fields.iter().any(|field| field.contains(&0)) {
                    return Err(Fault::row(code::NUL_BYTE, "the row holds a byte 0; remove it"));
                }
            }
        }
        match self.fields.iter().position(|field| field.len() > FIELD_MAX) {
            None => Ok(()),
            Some(index) => {
                let length = self.fields.get(index).len();
                let message = format!("{length} bytes, more than 64 KiB; shorten it");
                Err(Fault::column(&self.names[index], code::FIELD_TOO_LONG, message))
            }
        }
    }

    /// Turns a fault of the row read last into a reject.
    pub(crate) fn reject(&self, fault: Fault) -> Reject {
        let (row, line) = self.place();
        Reject {
            file: self.file.clone(),
            row,
            line,
            column: fault.column,
            code: fault.code,
            message: fault.message,
            payload: payload_of(&self.header, &self.raw.bytes),
            case_no: None,
        }
    }

    /// The raw text of a column of a row whose fields could not be taken, where it can be guessed.
    pub(crate) fn guess(&self, name: &str) -> Option<String> {
        if self.format != Format::Csv || self.raw.shape != Shape::Whole {
            return None;
        }
        let index = self.names.iter().position(|column| column == name)?;
        let mut fields = Fields::default();
        fields.split(&self.raw.bytes);
        let bytes = (index < fields.len()).then(|| fields.get(index))?;
        std::str::from_utf8(bytes).ok().map(|text| text.chars().take(128).collect())
    }
}

fn csv_or_line(format: Format, lines: &mut Lines) -> Result<Option<RawRecord>, Interrupted> {
    if format == Format::Csv {
        return csv::next_record(lines);
    }
    while let Some(line) = lines.next()? {
        if line.too_long.is_some() || !line.bytes.iter().all(u8::is_ascii_whitespace) {
            let shape = line.too_long.map_or(Shape::Whole, Shape::TooLong);
            return Ok(Some(RawRecord { bytes: line.bytes, line: lines.number(), shape }));
        }
    }
    Ok(None)
}

/// Where UTF-8 ends, and what the file may be instead.
fn not_utf8_hint(bytes: &[u8]) -> String {
    let at = std::str::from_utf8(bytes).err().map_or(0, |error| error.valid_up_to());
    let lead = |byte: &u8| (0x81..=0xFE).contains(byte);
    let pair = bytes.get(at).is_some_and(lead) && bytes.get(at + 1).is_some_and(|b| *b >= 0x40);
    let guess = if pair { "it looks like GBK or GB 18030; " } else { "" };
    format!("not UTF-8 at byte {} of the row; {guess}convert the file to UTF-8", at + 1)
}
