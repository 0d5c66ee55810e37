//! Rows of any table, CSV or NDJSON, before anything is known of their columns.

use std::io::ErrorKind;

use super::FileError;
use super::csv::{Fields, RawRecord, Shape};
use super::input::Input;
use super::layout::ColumnProblem;
use super::lines::Interrupted;
use super::{ndjson, paths};
use crate::encoding::{Encoding, reads_as_gb18030};
use crate::reject::{Fault, PAYLOAD_MAX, Reject, payload_of};
use crate::{Format, code};

/// Longest field, in bytes.
const FIELD_MAX: usize = 64 * 1024;

/// A row of text fields, all of them valid UTF-8.
pub(crate) struct Table {
    input: Input,
    pub(crate) file: String,
    encoding: Encoding,
    /// Whether names of JSON rows are paths, and rows may hold more than texts.
    paths: bool,
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
    /// Its bytes; the encoding that was expected.
    NotDecoded(Vec<u8>, Encoding),
    Utf16,
    BadQuote,
    Read(std::io::Error),
}

impl Table {
    /// Reads the header where there is one.
    pub(crate) fn new(input: Input, file: String, encoding: Encoding) -> Result<Self, HeaderError> {
        let raw = RawRecord { bytes: Vec::new(), line: 0, shape: Shape::Whole, broken: Vec::new() };
        let mut table = Self {
            input,
            file,
            encoding,
            paths: false,
            names: Vec::new(),
            header: Vec::new(),
            fields: Fields::default(),
            raw,
            row: 0,
            unknown: Vec::new(),
            ended: false,
        };
        if table.format() == Format::Csv {
            table.read_header()?;
        }
        Ok(table)
    }

    fn read_header(&mut self) -> Result<(), HeaderError> {
        let record = self
            .input
            .next()
            .map_err(|interrupted| HeaderError::Read(interrupted.error))?
            .ok_or(HeaderError::Empty)?;
        if record.bytes.contains(&0) || record.bytes.starts_with(b"\xFF\xFE") {
            return Err(HeaderError::Utf16);
        }
        if record.shape != Shape::Whole {
            return Err(HeaderError::BadQuote);
        }
        let text = match self.encoding().decode(&record.bytes) {
            Ok(text) => text.trim_start_matches('\u{FEFF}').as_bytes().to_vec(),
            Err(_) => return Err(HeaderError::NotDecoded(record.bytes, self.encoding())),
        };
        self.fields.split(&text);
        let names = self.fields.iter().map(|name| String::from_utf8_lossy(name).into_owned());
        self.names = names.collect();
        self.header = text;
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

    /// Takes names of JSON rows for paths; such rows may hold whatever nobody asks for.
    pub(crate) fn ask_by_path(&mut self, names: impl Iterator<Item = String>) {
        self.ask_for(names);
        self.paths = true;
    }

    pub(crate) const fn format(&self) -> Format {
        self.input.format()
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
        match self.input.next() {
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
        let line = self.input.line() + 1;
        let mut bytes = interrupted.partial;
        bytes.truncate(PAYLOAD_MAX + 1);
        self.raw = RawRecord { bytes, line, shape: Shape::Whole, broken: Vec::new() };
        let error = interrupted.error;
        match error.kind() {
            ErrorKind::UnexpectedEof => Fault::row(
                code::TRUNCATED_FILE,
                "the file ends in the middle; the rows before were read, copy it again",
            ),
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other => Fault::row(
                code::CORRUPT_FILE,
                format!("the data are damaged ({error}); the rows before were read"),
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
            Shape::Malformed(what) => {
                let message = format!("{what}; nothing after it was read, correct the file");
                return Err(Fault::row(code::BAD_JSON, message));
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
        if let Err(at) = self.decode() {
            return Err(Fault::row(
                code::NOT_UTF8,
                undecoded(&self.raw.bytes, at, self.encoding()),
            ));
        }
        match self.format() {
            Format::Csv => {
                self.fields.split(&self.raw.bytes);
                if self.fields.len() != self.names.len() {
                    let (found, wanted) = (self.fields.len(), self.names.len());
                    let message = format!("{found} fields, but the header has {wanted}");
                    return Err(Fault::row(code::COLUMN_COUNT, message));
                }
            }
            Format::Ndjson => {
                self.read_object()?;
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

    /// A byte order mark is definite, whatever was said.
    fn encoding(&self) -> Encoding {
        if self.input.is_marked_utf8() { Encoding::Utf8 } else { self.encoding }
    }

    /// Makes the row UTF-8, or says where it is malformed.
    fn decode(&mut self) -> Result<(), usize> {
        if let std::borrow::Cow::Owned(text) = self.encoding().decode(&self.raw.bytes)? {
            self.raw.bytes = text.into_bytes();
        }
        Ok(())
    }

    fn read_object(&mut self) -> Result<(), Fault> {
        let text = std::str::from_utf8(&self.raw.bytes).expect("decoded before");
        let bad = |error: serde_json::Error| Fault::row(code::BAD_JSON, error.to_string());
        if self.paths {
            let texts = paths::texts(text, &self.names).map_err(|error| match error {
                paths::PathError::Json(error) => bad(error),
                paths::PathError::Nested(name) => {
                    let message = format!("holds several values; name one, such as {name}.KEY");
                    Fault::column(&name, code::BAD_JSON, message)
                }
            })?;
            self.fields.set(texts.iter().map(String::as_str));
            return Ok(());
        }
        let object = ndjson::parse(text).map_err(bad)?;
        let value = |name: &String| {
            object.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
        };
        self.fields.set(self.names.iter().map(value));
        for (name, _) in &object.0 {
            if !self.names.contains(name) && !self.unknown.contains(name) {
                self.unknown.push(name.clone());
            }
        }
        Ok(())
    }

    /// Whether the value of a field was lost before it was read.
    pub(crate) fn is_broken(&self, index: usize) -> bool {
        self.raw.broken.contains(&index)
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
            message: fault.message + &self.input.place(self.raw.line),
            payload: payload_of(&self.header, &self.raw.bytes),
            case_no: None,
        }
    }

    /// The raw text of a column of a row whose fields could not be taken, where it can be guessed.
    pub(crate) fn guess(&self, name: &str) -> Option<String> {
        if self.format() != Format::Csv || self.raw.shape != Shape::Whole {
            return None;
        }
        let index = self.names.iter().position(|column| column == name)?;
        let mut fields = Fields::default();
        fields.split(&self.raw.bytes);
        let bytes = (index < fields.len()).then(|| fields.get(index))?;
        std::str::from_utf8(bytes).ok().map(|text| text.chars().take(128).collect())
    }
}

/// Where the encoding is left, and what the file may be instead.
fn undecoded(bytes: &[u8], at: usize, encoding: Encoding) -> String {
    let place = at + 1;
    match encoding {
        Encoding::Gb18030 => format!(
            "not GB18030 at byte {place} of the row; correct the character, or see whether the \
             file is UTF-8"
        ),
        Encoding::Utf8 => format!("not UTF-8 at byte {place} of the row; {}", advice(bytes)),
    }
}

/// What to do with bytes that are no UTF-8.
pub(crate) fn advice(bytes: &[u8]) -> &'static str {
    if reads_as_gb18030(bytes) {
        "it reads as GB18030 (of which GBK is a part): import it with --encoding gb18030, or \
         convert the file to UTF-8"
    } else {
        "convert the file to UTF-8"
    }
}
