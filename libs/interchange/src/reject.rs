//! Rows that were set aside.

use std::fmt;

/// Longest payload kept, in bytes; a longer row is cut there and marked.
pub(crate) const PAYLOAD_MAX: usize = 256 * 1024;
/// What a cut payload ends with.
pub(crate) const CUT_MARK: &[u8] = "…[cut]".as_bytes();

/// A row that was set aside, with everything that is needed to correct and replay it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Name of the file, without its folder.
    pub file: String,
    /// Record number: the header is 1, so the first row of a CSV file is 2; the first of an
    /// NDJSON file is 1.
    pub row: u64,
    /// Physical line on which the record begins, from 1.
    pub line: u64,
    /// The column at fault, where it is one.
    pub column: Option<String>,
    /// What is wrong, one of [`code`](crate::code).
    pub code: &'static str,
    /// What is wrong and what to do about it.
    pub message: String,
    /// The row as it can be read again ([`replay`](crate::replay)): the header and the raw record
    /// of a CSV file, the raw line of an NDJSON file. Cut at 256 KiB and then marked by `…[cut]`.
    pub payload: Vec<u8>,
    /// The case, where the row says one.
    pub case_no: Option<String>,
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, row {} (line {})", self.file, self.row, self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", {column}")?;
        }
        write!(f, ": {}: {}", self.code, self.message)
    }
}

/// What is wrong with a row, before it is known where the row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) column: Option<String>,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Fault {
    /// A fault of the row as a whole.
    pub(crate) fn row(code: &'static str, message: impl Into<String>) -> Self {
        Self { column: None, code, message: message.into() }
    }

    /// A fault of one column.
    pub(crate) fn column(column: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self { column: Some(column.to_owned()), code, message: message.into() }
    }
}

/// The payload of a row: its header, if it has one, and its raw bytes, cut and marked.
pub(crate) fn payload_of(header: &[u8], raw: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(header.len() + raw.len().min(PAYLOAD_MAX) + 1);
    if !header.is_empty() {
        payload.extend_from_slice(header);
        payload.push(b'\n');
    }
    if raw.len() > PAYLOAD_MAX {
        payload.extend_from_slice(&raw[..PAYLOAD_MAX]);
        payload.extend_from_slice(CUT_MARK);
    } else {
        payload.extend_from_slice(raw);
    }
    payload
}
