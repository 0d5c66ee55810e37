//! Archives as Parquet files: the records of a month in the order of their digest, one a row, each
//! with the columns of its kind.

mod columns;
mod read;
mod write;

use chengping_casework::archive::{FORMAT, Sum};
use chengping_types::{Digest, JurisdictionId, Month};

pub use self::read::Reader;
pub use self::write::Writer;

/// Rows of a row group: what is in memory at a time.
pub const ROWS_A_GROUP: usize = 50_000;

/// What an archive says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Whose records they are.
    pub jurisdiction: JurisdictionId,
    /// The month that their cases are kept under.
    pub month: Month,
    /// Whether titles and notes are among them.
    pub with_texts: bool,
    /// What the records come to.
    pub sum: Sum,
}

/// Why a file is no archive, or not the one that was written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The file is no Parquet file, or a damaged one.
    #[error("{0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The file is one, but not of the form of an archive.
    #[error("{0}")]
    Form(String),
}

const FORMAT_KEY: &str = "chengping.archive";
const JURISDICTION_KEY: &str = "chengping.jurisdiction";
const MONTH_KEY: &str = "chengping.month";
const DIGEST_KEY: &str = "chengping.digest";
/// Absent where there are no titles and notes.
const TEXT_DIGEST_KEY: &str = "chengping.text_digest";
const COUNTS_KEY: &str = "chengping.counts";

impl About {
    /// The metadata of the file, key by key.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        let counts = self.sum.counts;
        let numbers = [counts.cases, counts.events, counts.deadlines, counts.titles, counts.notes];
        let mut metadata = vec![
            (FORMAT_KEY, FORMAT.to_string()),
            (JURISDICTION_KEY, self.jurisdiction.to_string()),
            (MONTH_KEY, self.month.to_string()),
            (DIGEST_KEY, self.sum.digest.to_string()),
            (COUNTS_KEY, numbers.map(|number| number.to_string()).join(" ")),
        ];
        if self.with_texts {
            metadata.push((TEXT_DIGEST_KEY, self.sum.text_digest.to_string()));
        }
        metadata
    }

    /// The digest of titles and notes, where there are some to speak of.
    pub fn text_digest(&self) -> Option<Digest> {
        self.with_texts.then_some(self.sum.text_digest)
    }
}

#[cfg(test)]
mod tests;
