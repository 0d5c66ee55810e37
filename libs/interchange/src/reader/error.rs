//! Files that are refused as a whole.

use std::io;

use super::layout::ColumnProblem;
use super::table::{HeaderError, advice};
use crate::mapping::Mistakes;
use crate::reject::{Fault, payload_of};
use crate::{Encoding, FileKind, Reject, code};

/// A file that cannot be read as what it should be. Other files can.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened or read.
    #[error("{file}: cannot be read: {source}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Not a table by its name.
    #[error(
        "{file}: expected a name that ends in .csv or .ndjson, or with a mapping in .json or \
         .xlsx; all but .xlsx with .gz or .zst or without"
    )]
    UnknownSuffix {
        /// The file.
        file: String,
    },
    /// Neither its name nor its header says which interchange file it is.
    #[error(
        "{file}: is none of {} by its name or header; rename it, or import it with a mapping file",
        FileKind::ALL.map(FileKind::as_str).join(", ")
    )]
    UnknownKind {
        /// The file.
        file: String,
    },
    /// It has no header.
    #[error("{file}: is empty; expected a header row")]
    Empty {
        /// The file.
        file: String,
    },
    /// Its header is not of the encoding.
    #[error("{file}: the header is not {encoding}; {advice}")]
    HeaderNotUtf8 {
        /// The file.
        file: String,
        /// The encoding that was expected.
        encoding: Encoding,
        /// What to do.
        advice: &'static str,
    },
    /// Its header is UTF-16, or something else with zero bytes.
    #[error(
        "{file}: looks like UTF-16; save it as UTF-8 (in a spreadsheet program, \"CSV UTF-8\"), for \
         example with iconv -f UTF-16 -t UTF-8"
    )]
    HeaderUtf16 {
        /// The file.
        file: String,
    },
    /// Its header is not CSV.
    #[error("{file}: the header has a quote that does not end, or is too long")]
    HeaderMalformed {
        /// The file.
        file: String,
    },
    /// Columns are missing or there twice.
    #[error("{file}: {}", list(.problems))]
    Columns {
        /// The file.
        file: String,
        /// All of them.
        problems: Vec<ColumnProblem>,
        /// The header as it is in the file.
        header: Vec<u8>,
    },
    /// The mapping names columns that the file does not have.
    #[error("{file}: does not fit the mapping:\n{mistakes}")]
    Mapping {
        /// The file.
        file: String,
        /// All of them.
        mistakes: Mistakes,
    },
}

impl FileError {
    pub(crate) fn header(file: &str, error: HeaderError) -> Self {
        let file = file.to_owned();
        match error {
            HeaderError::Empty => Self::Empty { file },
            HeaderError::Utf16 => Self::HeaderUtf16 { file },
            HeaderError::NotDecoded(bytes, encoding) => {
                let advice = match encoding {
                    Encoding::Utf8 => advice(&bytes),
                    Encoding::Gb18030 => "see whether it is UTF-8, or convert it to UTF-8",
                };
                Self::HeaderNotUtf8 { file, encoding, advice }
            }
            HeaderError::BadQuote => Self::HeaderMalformed { file },
            HeaderError::Read(source) => Self::Read { file, source },
        }
    }

    /// What is wrong with the header, as rejects of row 1, one a mistake. None when there is no
    /// header to speak of: the file cannot be opened, or is not known to be a table.
    #[must_use]
    pub fn rejects(&self) -> Vec<Reject> {
        const ADVICE: &str = "correct the header and import the file again";
        let (file, faults, header) = match self {
            Self::Columns { file, problems, header } => {
                let fault = |problem: &ColumnProblem| {
                    let message = format!("the column {problem}; {ADVICE}");
                    Fault::column(&problem.column, problem.code, message)
                };
                (file, problems.iter().map(fault).collect(), header.as_slice())
            }
            Self::Empty { file }
            | Self::HeaderNotUtf8 { file, .. }
            | Self::HeaderUtf16 { file }
            | Self::HeaderMalformed { file } => {
                let faults = self.codes().into_iter();
                (file, faults.map(|code| Fault::row(code, self.to_string())).collect(), &[][..])
            }
            _ => return Vec::new(),
        };
        let reject = |fault: Fault| Reject {
            file: file.clone(),
            row: 1,
            line: 1,
            column: fault.column,
            code: fault.code,
            message: fault.message,
            payload: payload_of(&[], header),
            case_no: None,
        };
        let faults: Vec<Fault> = faults;
        faults.into_iter().map(reject).collect()
    }

    /// The codes of what is wrong, one a mistake.
    #[must_use]
    pub fn codes(&self) -> Vec<&'static str> {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof => {
                vec![code::TRUNCATED_FILE]
            }
            Self::Read { .. } => vec![code::READ_FAILED],
            Self::UnknownSuffix { .. } | Self::UnknownKind { .. } => vec!["unknown_file"],
            Self::Empty { .. } => vec![code::MISSING_COLUMN],
            Self::HeaderNotUtf8 { .. } | Self::HeaderUtf16 { .. } => vec![code::NOT_UTF8],
            Self::HeaderMalformed { .. } => vec![code::BAD_QUOTE],
            Self::Columns { problems, .. } => problems.iter().map(|problem| problem.code).collect(),
            Self::Mapping { mistakes, .. } => vec![code::MISSING_COLUMN; mistakes.iter().count()],
        }
    }
}

fn list(problems: &[ColumnProblem]) -> String {
    let texts: Vec<_> = problems.iter().map(|problem| format!("column {problem}")).collect();
    texts.join(", ")
}
