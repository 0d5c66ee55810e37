//! Rows of the interchange files.

mod csv;
mod error;
mod input;
mod json;
mod layout;
mod lines;
mod ndjson;
mod paths;
mod sheet;
mod table;

use std::io::{Cursor, Read};
use std::path::Path;

pub(crate) use input::Input;
pub(crate) use layout::{Layout, duplicates};
pub(crate) use lines::Lines;
pub(crate) use sheet::{Dates, SheetOptions};
pub(crate) use table::Table;

pub use error::FileError;
pub use layout::ColumnProblem;

use crate::decode::{self, Deadlines, Row};
use crate::reject::Fault;
use crate::source::{self, Bytes, Compression};
use crate::{Encoding, FileKind, Progress, Record, Reject, code};

/// How rows are written in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A header row, then RFC 4180.
    Csv,
    /// A JSON object a line, with the column names.
    Ndjson,
}

/// An accepted row and where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Record number: the header is 1; the first row of an NDJSON file is 1.
    pub row: u64,
    /// Physical line on which the record begins, from 1.
    pub line: u64,
    /// The row.
    pub record: Record,
}

/// Reads an interchange file row by row.
///
/// An iterator over accepted rows and rejects in the order of the file. A file that breaks off
/// gives its good rows and one reject at the end.
pub struct Reader {
    table: Table,
    kind: FileKind,
    layout: Layout,
    progress: Progress,
    deadlines: Deadlines,
}

impl Reader {
    /// Opens a file; its name says its compression (`.gz`, `.zst`) and format (`.csv`,
    /// `.ndjson`), its name or else its header says which interchange file it is.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or its header is not one of an interchange file.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::open_as(path, None, Encoding::Utf8)
    }

    /// Opens a file that may be known to be of a kind, whatever its name, and has its characters
    /// in an encoding; one that begins with the byte order mark of UTF-8 is UTF-8.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`].
    pub fn open_as(
        path: &Path,
        kind: Option<FileKind>,
        encoding: Encoding,
    ) -> Result<Self, FileError> {
        let (table, progress) = open_table(path, encoding, None)?;
        Self::new(table, kind, progress)
    }

    /// Reads uncompressed rows from any source; `file` is the name for rejects.
    ///
    /// # Errors
    ///
    /// When the header is not one of an interchange file.
    pub fn from_read(
        file: &str,
        format: Format,
        kind: Option<FileKind>,
        source: impl Read + Send + 'static,
    ) -> Result<Self, FileError> {
        let bytes = source::decompress(source, Compression::None)
            .map_err(|source| FileError::Read { file: file.to_owned(), source })?;
        Self::new(table(bytes, file, format, Encoding::Utf8)?, kind, Progress::default())
    }

    fn new(
        mut table: Table,
        kind: Option<FileKind>,
        progress: Progress,
    ) -> Result<Self, FileError> {
        let names: Vec<&str> = table.names().iter().map(String::as_str).collect();
        let kind = kind
            .or_else(|| FileKind::of_name(&table.file))
            .or_else(|| FileKind::of_columns(&names))
            .ok_or_else(|| FileError::UnknownKind { file: table.file.clone() })?;
        let layout = match table.format() {
            Format::Csv => Layout::new(kind, table.names())
                .map_err(|problems| table.columns_error(problems))?,
            Format::Ndjson => {
                table.ask_for(kind.columns().iter().map(|column| column.name.to_owned()));
                Layout::named(kind)
            }
        };
        Ok(Self { table, kind, layout, progress, deadlines: Deadlines::Given })
    }

    /// Takes dispatches and extensions without `due_at` as well, which otherwise are rejects
    /// (`missing_due_at`): for who computes the deadlines, and refuses what cannot be computed.
    #[must_use]
    pub fn with_computed_deadlines(self) -> Self {
        Self { deadlines: Deadlines::Computed, ..self }
    }

    /// Which interchange file it is.
    #[must_use]
    pub const fn kind(&self) -> FileKind {
        self.kind
    }

    /// Columns that the file has and nobody knows; they are ignored. Of an NDJSON file those seen
    /// so far.
    #[must_use]
    pub fn unknown_columns(&self) -> &[String] {
        match self.table.format() {
            Format::Csv => &self.layout.unknown,
            Format::Ndjson => &self.table.unknown,
        }
    }

    /// How much of the file has been read.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn decode(&self) -> Result<Record, Fault> {
        decode::record(&Row {
            kind: self.kind,
            layout: &self.layout,
            table: &self.table,
            deadlines: self.deadlines,
        })
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        let taken = self.table.advance()?;
        let (row, line) = self.table.place();
        Some(match taken.and_then(|()| self.decode()) {
            Ok(record) => Ok(Entry { row, line, record }),
            Err(fault) => {
                let mut reject = self.table.reject(fault);
                if matches!(self.kind, FileKind::Cases | FileKind::Events) {
                    reject.case_no = self.table.guess("case_no").filter(|no| !no.is_empty());
                }
                Err(reject)
            }
        })
    }
}

/// What only a mapping says of a table: where the rows of a workbook or a JSON document are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Within {
    pub(crate) sheet: SheetOptions,
    pub(crate) dates: Dates,
    /// The keys that lead to the array of rows.
    pub(crate) records: Vec<String>,
}

/// Opens any table; its name says its compression and form. Workbooks and JSON documents need to
/// be told of.
pub(crate) fn open_table(
    path: &Path,
    encoding: Encoding,
    within: Option<&Within>,
) -> Result<(Table, Progress), FileError> {
    let file = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let (stem, compression) = Compression::strip(&file);
    let read = |source| FileError::Read { file: file.clone(), source };
    let suffix = stem.rsplit_once('.').map_or("", |(_, suffix)| suffix).to_ascii_lowercase();
    let (input, progress) = match (suffix.as_str(), within) {
        ("csv" | "ndjson", _) | ("json", Some(_)) => {
            let (bytes, progress) = source::open(path, compression).map_err(read)?;
            let input = match (suffix.as_str(), within) {
                ("csv", _) => Input::Csv(Lines::new(bytes)),
                ("json", Some(within)) => {
                    Input::Json(json::Elements::new(bytes, within.records.clone()))
                }
                _ => Input::Ndjson(Lines::new(bytes)),
            };
            (input, progress)
        }
        ("xlsx", Some(within)) if compression == Compression::None => {
            let opened = sheet::Sheet::open(path, within.sheet.clone(), within.dates.clone());
            let (sheet, progress) = opened.map_err(read)?;
            (Input::Sheet(Box::new(sheet)), progress)
        }
        _ => return Err(FileError::UnknownSuffix { file }),
    };
    // A document of JSON and a workbook say themselves what they are.
    let encoding = match input {
        Input::Csv(_) | Input::Ndjson(_) => encoding,
        Input::Json(_) | Input::Sheet(_) => Encoding::Utf8,
    };
    let table = Table::new(input, file.clone(), encoding);
    Ok((table.map_err(|error| FileError::header(&file, error))?, progress))
}

/// The reject of a file whose compressed data are damaged: none of its rows can be trusted, since
/// nobody knows where the damage is. `None` for a sound file, or one that merely ends too early.
///
/// # Errors
///
/// When it cannot be read.
pub fn damage(path: &Path) -> Result<Option<Reject>, FileError> {
    let file = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let (_, compression) = Compression::strip(&file);
    let found = source::damage(path, compression)
        .map_err(|source| FileError::Read { file: file.clone(), source })?;
    Ok(found.map(|error| Reject {
        file,
        row: 1,
        line: 1,
        column: None,
        code: code::CORRUPT_FILE,
        message: format!(
            "the compressed data are damaged ({error}), so that no row of the file was taken in; \
             copy it again"
        ),
        payload: Vec::new(),
        case_no: None,
    }))
}

/// A table of CSV or NDJSON out of bytes.
pub(crate) fn table(
    bytes: Bytes,
    file: &str,
    format: Format,
    encoding: Encoding,
) -> Result<Table, FileError> {
    let input = match format {
        Format::Csv => Input::Csv(Lines::new(bytes)),
        Format::Ndjson => Input::Ndjson(Lines::new(bytes)),
    };
    Table::new(input, file.to_owned(), encoding).map_err(|error| FileError::header(file, error))
}

/// Reads the payload of a reject again, as it is or corrected: a header and CSV rows, or lines of
/// NDJSON. Rows and lines of the result are those of the payload.
///
/// # Errors
///
/// When the payload has no header of this kind of file.
pub fn replay(file: &str, kind: FileKind, payload: Vec<u8>) -> Result<Reader, FileError> {
    let json = payload.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let format = if json { Format::Ndjson } else { Format::Csv };
    Reader::from_read(file, format, Some(kind), Cursor::new(payload))
}
