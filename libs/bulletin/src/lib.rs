//! Bulletins for people (7.4): a version of a month's results as a text, a table, a workbook, a
//! printable document, and a public JSON document.
//!
//! A sealed document goes in, bytes come out; the same document beside the same
//! [former months](Former) always gives the same bytes. Everything comes from the document: nothing
//! is scored anew, nobody is asked for the time, and no font of the machine is used. What a document
//! does not hold no file can show: it has bodies and counts, and neither cases nor persons.
//!
//! ```
//! # fn show(sealed: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! use chengping_bulletin::{Bulletin, FileFormat};
//!
//! let bulletin = Bulletin::of_sealed(sealed, Vec::new())?;
//! let pdf = bulletin.render(FileFormat::Pdf)?;
//! # Ok(())
//! # }
//! ```

mod former;
mod group;
mod method;
mod pdf;
mod public;
mod read;
mod reported;
mod table;
mod text;
mod verification;
mod words;
mod workbook;

use chengping_rules::RulePack;
use chengping_scoring::PackReference;
use chengping_types::{Digest, JurisdictionId, Month, named_enum};

pub use former::Former;
pub use public::PUBLIC_FORMAT;
pub use read::{Draft, ReadError};
pub use text::TemplateError;

use group::Group;

/// How many former months the trend goes back at most, so that with its own month it is a year.
pub const FORMER_MAX: u8 = 11;

named_enum! {
    /// The files that a bulletin can be given as. The codes are those of the API.
    pub enum FileFormat: "file format" {
        /// Comma-separated values with a header, UTF-8 with a byte order mark.
        Csv = 1 => "csv",
        /// An Excel workbook.
        Xlsx = 2 => "xlsx",
        /// A printable document.
        Pdf = 3 => "pdf",
        /// The public document, canonical JSON.
        Json = 4 => "json",
        /// The text of the bulletin.
        Txt = 5 => "txt",
    }
}

/// Where a version stands, as far as its files show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Not published; each page says so.
    Draft,
    /// Sealed and public. A later version does not change what this one says.
    Published {
        /// The digest of the sealed document.
        digest: Digest,
        /// When it was sealed, RFC 3339 in the zone of the rules.
        publish_time: String,
    },
    /// Published and taken back; each page says so.
    Withdrawn {
        /// The digest of the sealed document.
        digest: Digest,
        /// When it was sealed, RFC 3339 in the zone of the rules.
        publish_time: String,
        /// Why it was taken back.
        reason: String,
    },
}

impl Standing {
    /// The digest of the sealed document, when there is one.
    fn digest(&self) -> Option<Digest> {
        match self {
            Self::Draft => None,
            Self::Published { digest, .. } | Self::Withdrawn { digest, .. } => Some(*digest),
        }
    }

    fn publish_time(&self) -> Option<&str> {
        match self {
            Self::Draft => None,
            Self::Published { publish_time, .. } | Self::Withdrawn { publish_time, .. } => {
                Some(publish_time)
            }
        }
    }
}

/// A version of a month's results, read for people.
#[derive(Debug, Clone)]
pub struct Bulletin {
    jurisdiction: JurisdictionId,
    month: Month,
    version: u32,
    standing: Standing,
    /// Why there is a correction; absent in version 1.
    reason: Option<String>,
    results_digest: Digest,
    /// Until when events were seen, RFC 3339 in the zone of the rules.
    as_of: String,
    engine: String,
    pack: PackReference,
    rules: RulePack,
    /// Those that have bodies, in the order of the pack.
    groups: Vec<Group>,
    figures: Vec<Figure>,
    /// What districts reported, where the pack publishes it.
    reported: Vec<reported::Row>,
    /// Each month once, the latest first.
    former: Vec<Former>,
}

/// A rate of the whole jurisdiction that is published and not scored.
#[derive(Debug, Clone)]
struct Figure {
    id: String,
    name: String,
    /// In percent with two decimals; absent without anything to count out of.
    percent: Option<String>,
}

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template of the text names what there is not.
    #[error("the template of the bulletin cannot be filled in")]
    Template(#[from] TemplateError),
    /// A table could not be written.
    #[error("the table cannot be written")]
    Csv(#[from] csv::Error),
    /// The workbook has more than a workbook can hold.
    #[error("the workbook cannot be written")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The document could not be put together.
    #[error("the document cannot be printed: {0}")]
    Pdf(String),
    /// The public document has no canonical form.
    #[error("the public document has no canonical form")]
    Canonical(#[from] chengping_types::canonical::CanonicalError),
}

impl Bulletin {
    /// The file in a format.
    ///
    /// # Errors
    ///
    /// [`RenderError`], when the version has more than the format can hold.
    pub fn render(&self, format: FileFormat) -> Result<Vec<u8>, RenderError> {
        match format {
            FileFormat::Csv => table::csv(self),
            FileFormat::Xlsx => workbook::xlsx(self),
            FileFormat::Pdf => pdf::pdf(self),
            FileFormat::Json => public::json(self),
            FileFormat::Txt => Ok(text::plain(self)?.into_bytes()),
        }
    }

    /// The same version, taken back for a reason.
    #[must_use]
    pub fn withdrawn(mut self, reason: &str) -> Self {
        if let Standing::Published { digest, publish_time } = self.standing {
            let reason = words::clean(reason);
            self.standing = Standing::Withdrawn { digest, publish_time, reason };
        }
        self
    }

    /// The month before, where it was published.
    fn month_before(&self) -> Option<&Former> {
        self.former.first().filter(|former| former.month() == self.month.previous())
    }

    fn bodies(&self) -> usize {
        self.groups.iter().map(|group| group.lines.len()).sum()
    }
}
