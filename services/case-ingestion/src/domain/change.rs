//! What changed between two watermarks.

use super::CaseFile;

/// A case as the first records had it, and as more of them have it.
#[derive(Debug)]
pub(crate) struct CaseVersions {
    /// None where the case was not accepted yet.
    pub(crate) former: Option<CaseFile>,
    pub(crate) present: CaseFile,
}

/// Some accepted records, told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The last of them.
    pub(crate) watermark: i64,
    /// The numbers of their cases, in order, each once.
    pub(crate) case_nos: Vec<String>,
    /// Tells the records up to `watermark` from others of the same number.
    pub(crate) history: String,
}
