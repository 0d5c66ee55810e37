//! Where records come from, whatever the form of the file.

use super::csv::{self, RawRecord, Shape};
use super::json::Elements;
use super::lines::{Interrupted, Lines};
use super::sheet::Sheet;
use crate::Format;

/// A source of records.
pub(crate) enum Input {
    /// A header and rows of CSV.
    Csv(Lines),
    /// A JSON object a line.
    Ndjson(Lines),
    /// JSON documents with arrays of objects.
    Json(Elements),
    /// A sheet of a workbook, as CSV.
    Sheet(Box<Sheet>),
}

impl Input {
    /// The form of the records.
    pub(crate) const fn format(&self) -> Format {
        match self {
            Self::Csv(_) | Self::Sheet(_) => Format::Csv,
            Self::Ndjson(_) | Self::Json(_) => Format::Ndjson,
        }
    }

    /// The next record; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<RawRecord>, Interrupted> {
        match self {
            Self::Csv(lines) => csv::next_record(lines),
            Self::Ndjson(lines) => next_line(lines),
            Self::Json(elements) => elements.next(),
            Self::Sheet(sheet) => sheet.next(),
        }
    }

    /// The line that was handed out last.
    pub(crate) const fn line(&self) -> u64 {
        match self {
            Self::Csv(lines) | Self::Ndjson(lines) => lines.number(),
            Self::Json(elements) => elements.line(),
            Self::Sheet(sheet) => sheet.line(),
        }
    }

    /// Whether the file begins with the byte order mark of UTF-8.
    pub(crate) const fn is_marked_utf8(&self) -> bool {
        match self {
            Self::Csv(lines) | Self::Ndjson(lines) => lines.is_marked_utf8(),
            Self::Json(_) | Self::Sheet(_) => false,
        }
    }

    /// What to say of a place, where file, row and line do not say enough.
    pub(crate) fn place(&self, line: u64) -> String {
        match self {
            Self::Sheet(sheet) => format!(" (sheet {}, row {line})", sheet.name()),
            _ => String::new(),
        }
    }
}

fn next_line(lines: &mut Lines) -> Result<Option<RawRecord>, Interrupted> {
    while let Some(line) = lines.next()? {
        if line.too_long.is_some() || !line.bytes.iter().all(u8::is_ascii_whitespace) {
            let shape = line.too_long.map_or(Shape::Whole, Shape::TooLong);
            let (bytes, line) = (line.bytes, lines.number());
            return Ok(Some(RawRecord { bytes, line, shape, broken: Vec::new() }));
        }
    }
    Ok(None)
}
