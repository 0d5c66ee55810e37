//! Every error a client may see: its code, its reason, its values. `docs/errors.md` lists them.

use std::collections::BTreeMap;
use std::time::Duration;

use chengping_chassis::error::{ApiError, FieldErrors};
use chengping_chassis::page_token::PageError;
use chengping_types::Month;
use tonic::Code;

use crate::store::StoreError;

/// How long a client should wait for a part that is out of reach.
const RETRY: Duration = Duration::from_secs(1);

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Some fields of the request are not valid.
    #[error("the request is not valid: {0}")]
    Invalid(FieldErrors),
    /// The page cannot be given.
    #[error(transparent)]
    Page(#[from] PageError),
    /// No case of this number was accepted.
    #[error("case {name} is not known; import it first")]
    CaseNotFound { name: String },
    /// No such reject.
    #[error("reject {name} is not known; take its name from the list of rejects")]
    RejectNotFound { name: String },
    /// The reject was dealt with before.
    #[error("reject {name} is {state}; only an open one can be replayed or dismissed")]
    RejectNotOpen { name: String, state: &'static str },
    /// The corrected record was refused as well.
    #[error("the corrected record was refused as {code}: {text}")]
    ReplayRefused { code: String, column: String, text: String },
    /// No such snapshot.
    #[error("snapshot {name} is not known; take its name from the list of snapshots")]
    SnapshotNotFound { name: String },
    /// The records of a snapshot are not what they were.
    #[error("snapshot {name} had digest {stored}, its records now have {found}")]
    SnapshotDigestMismatch { name: String, stored: String, found: String },
    /// Packed case files are not what the records say.
    #[error(
        "the packed case files of {parent} are damaged: {what}; make them anew with \
             RebuildCaseFiles"
    )]
    CaseFilesDamaged { parent: String, what: String },
    /// What is asked for needs events that are put away.
    #[error(
        "the events of {months} are put away; take them back with `chengping restore-month --from \
         FILE`, one month after the other"
    )]
    MonthArchived { months: String },
    /// Nothing was put away of that month, or there is nothing to put away.
    #[error("there is no archive {name}, and no event is kept under its month")]
    ArchiveNotFound { name: String },
    /// What the caller keeps is not what is here.
    #[error("archive {name} has digest {found}, not {given}; write it again and compare")]
    ArchiveDigestMismatch { name: String, given: String, found: String },
    /// What is given back is no archive.
    #[error("the archive is damaged: {0}; take another copy")]
    ArchiveDamaged(String),
    /// Notes are here that the caller does not keep.
    #[error(
        "{notes} notes of {month} would be lost; write the archive with them (--with-texts), or erase \
         them first (`chengping erase`)"
    )]
    TextsWouldBeLost { month: Month, notes: i64 },
    /// The month may still be needed.
    #[error(
        "{month} is over for less than the {least} months of retention.{setting}; wait, or say \
         `early` and why, if the month is over at all"
    )]
    MonthTooYoung { month: Month, least: i32, setting: &'static str },
    /// What was read did not stay the same meanwhile.
    #[error("records came, were put away, taken back or erased meanwhile; try again")]
    ReadingDisturbed,
    /// A batch of a stream has not the number that follows.
    #[error("batch {found} follows where {expected} was expected; each has the next number")]
    BatchOutOfOrder { expected: i64, found: i64 },
    /// A batch has more records than one may have.
    #[error("the batch has {found} records, and {limit} are the most; send smaller batches")]
    BatchTooLarge { found: usize, limit: u32 },
    /// A jurisdiction has as many streams open as it may have.
    #[error(
        "{jurisdiction} has {limit} streams open, which is the most; send over those, or try again \
         when one is closed"
    )]
    TooManyStreams { jurisdiction: String, limit: u32 },
    /// A jurisdiction sends more records than it may.
    #[error("more than {limit} records a second came; send the batch again later")]
    RecordRateExceeded { limit: u32, wait: Duration },
    /// More records are asked for than there are.
    #[error("watermark {asked} is ahead of {watermark}, the records accepted so far")]
    WatermarkAhead { asked: i64, watermark: i64 },
    /// The former reading lies so far behind that counting anew costs less.
    #[error("the former reading is more than {records_max} records behind; read all facts anew")]
    ReadingTooOld { records_max: i64 },
    /// The records up to a watermark are not those that the client was told of.
    #[error("the records up to {watermark} are others than then; begin anew without a watermark")]
    HistoryMismatch { watermark: i64 },
    /// Nobody can be asked which bodies there are, so nothing is taken in that names one.
    #[error("rule-configuration cannot be asked for the registry; send the records again")]
    RegistryUnavailable(#[source] tonic::Status),
    /// rule-configuration gave what it must not give.
    #[error("rule-configuration gave a registry that is not one: {0}")]
    RegistryCorrupt(String),
    /// It is not for the caller, or they cannot be told from those whom it is for.
    #[error(transparent)]
    Access(#[from] chengping_access::Error),
    /// The process stops; what was acknowledged stands.
    #[error("the service is stopping; send again what was not acknowledged")]
    Stopping,
    /// The database is away, or the call lost a race.
    #[error("the database cannot be used at the moment; try again")]
    DatabaseUnavailable(#[source] StoreError),
    /// The database failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// A computation ended without a result.
    #[error("a computation ended without a result")]
    Computation(#[from] tokio::task::JoinError),
}

impl Error {
    /// The refusal of what needs the events of these months.
    pub(crate) fn months_archived(months: impl IntoIterator<Item = Month>) -> Self {
        let months: Vec<_> = months.into_iter().map(|month| month.to_string()).collect();
        Self::MonthArchived { months: months.join(", ") }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        if error.is_transient() { Self::DatabaseUnavailable(error) } else { Self::Store(error) }
    }
}

impl ApiError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) | Self::BatchOutOfOrder { .. } | Self::ArchiveDamaged(_) => {
                Code::InvalidArgument
            }
            Self::ArchiveDigestMismatch { .. } | Self::ReadingDisturbed => Code::Aborted,
            Self::Page(error) => error.code(),
            Self::Access(error) => error.code(),
            Self::CaseNotFound { .. }
            | Self::RejectNotFound { .. }
            | Self::SnapshotNotFound { .. }
            | Self::ArchiveNotFound { .. } => Code::NotFound,
            Self::RejectNotOpen { .. }
            | Self::ReplayRefused { .. }
            | Self::MonthArchived { .. }
            | Self::TextsWouldBeLost { .. }
            | Self::MonthTooYoung { .. }
            | Self::HistoryMismatch { .. } => Code::FailedPrecondition,
            Self::SnapshotDigestMismatch { .. } | Self::CaseFilesDamaged { .. } => Code::DataLoss,
            Self::BatchTooLarge { .. }
            | Self::TooManyStreams { .. }
            | Self::RecordRateExceeded { .. } => Code::ResourceExhausted,
            Self::WatermarkAhead { .. } | Self::ReadingTooOld { .. } => Code::OutOfRange,
            Self::RegistryUnavailable(_) | Self::Stopping | Self::DatabaseUnavailable(_) => {
                Code::Unavailable
            }
            Self::RegistryCorrupt(_) | Self::Store(_) | Self::Computation(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "REQUEST_INVALID",
            Self::Page(error) => error.reason(),
            Self::Access(error) => error.reason(),
            Self::CaseNotFound { .. } => "CASE_NOT_FOUND",
            Self::RejectNotFound { .. } => "REJECT_NOT_FOUND",
            Self::RejectNotOpen { .. } => "REJECT_NOT_OPEN",
            Self::ReplayRefused { .. } => "REPLAY_REFUSED",
            Self::SnapshotNotFound { .. } => "SNAPSHOT_NOT_FOUND",
            Self::SnapshotDigestMismatch { .. } => "SNAPSHOT_DIGEST_MISMATCH",
            Self::CaseFilesDamaged { .. } => "CASE_FILES_DAMAGED",
            Self::MonthArchived { .. } => "MONTH_ARCHIVED",
            Self::ArchiveNotFound { .. } => "ARCHIVE_NOT_FOUND",
            Self::ArchiveDigestMismatch { .. } => "ARCHIVE_DIGEST_MISMATCH",
            Self::ArchiveDamaged(_) => "ARCHIVE_DAMAGED",
            Self::TextsWouldBeLost { .. } => "TEXTS_WOULD_BE_LOST",
            Self::MonthTooYoung { .. } => "MONTH_TOO_YOUNG",
            Self::ReadingDisturbed => "READING_DISTURBED",
            Self::BatchOutOfOrder { .. } => "BATCH_OUT_OF_ORDER",
            Self::BatchTooLarge { .. } => "BATCH_TOO_LARGE",
            Self::TooManyStreams { .. } => "TOO_MANY_STREAMS",
            Self::RecordRateExceeded { .. } => "RECORD_RATE_EXCEEDED",
            Self::WatermarkAhead { .. } => "WATERMARK_AHEAD",
            Self::ReadingTooOld { .. } => "READING_TOO_OLD",
            Self::HistoryMismatch { .. } => "HISTORY_MISMATCH",
            Self::RegistryUnavailable(_) => "REGISTRY_UNAVAILABLE",
            Self::RegistryCorrupt(_) => "REGISTRY_CORRUPT",
            Self::Stopping => "SERVICE_STOPPING",
            Self::DatabaseUnavailable(_) => "DATABASE_UNAVAILABLE",
            Self::Store(_) => "DATABASE_FAILED",
            Self::Computation(_) => "COMPUTATION_FAILED",
        }
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let of = |values: &[(&str, &dyn ToString)]| {
            values.iter().map(|(key, value)| ((*key).to_owned(), value.to_string())).collect()
        };
        match self {
            Self::Page(error) => error.metadata(),
            Self::Access(error) => error.metadata(),
            Self::CaseNotFound { name }
            | Self::RejectNotFound { name }
            | Self::SnapshotNotFound { name }
            | Self::ArchiveNotFound { name } => of(&[("name", name)]),
            Self::MonthArchived { months } => of(&[("months", months)]),
            Self::ArchiveDigestMismatch { name, given, found } => {
                of(&[("name", name), ("given", given), ("found", found)])
            }
            Self::ArchiveDamaged(what) => of(&[("what", what)]),
            Self::TextsWouldBeLost { month, notes } => of(&[("month", month), ("notes", notes)]),
            Self::MonthTooYoung { month, least, setting } => {
                of(&[("month", month), ("least", least), ("setting", setting)])
            }
            Self::RejectNotOpen { name, state } => of(&[("name", name), ("state", state)]),
            Self::ReplayRefused { code, column, text } => {
                of(&[("code", code), ("column", column), ("text", text)])
            }
            Self::SnapshotDigestMismatch { name, stored, found } => {
                of(&[("name", name), ("stored", stored), ("found", found)])
            }
            Self::CaseFilesDamaged { parent, what } => of(&[("parent", parent), ("what", what)]),
            Self::BatchOutOfOrder { expected, found } => {
                of(&[("expected", expected), ("found", found)])
            }
            Self::BatchTooLarge { found, limit } => of(&[("found", found), ("limit", limit)]),
            Self::TooManyStreams { jurisdiction, limit } => {
                of(&[("jurisdiction", jurisdiction), ("limit", limit)])
            }
            Self::RecordRateExceeded { limit, .. } => of(&[("limit", limit)]),
            Self::WatermarkAhead { asked, watermark } => {
                of(&[("asked", asked), ("watermark", watermark)])
            }
            Self::ReadingTooOld { records_max } => of(&[("recordsMax", records_max)]),
            Self::HistoryMismatch { watermark } => of(&[("watermark", watermark)]),
            _ => BTreeMap::new(),
        }
    }

    fn field_errors(&self) -> Option<&FieldErrors> {
        match self {
            Self::Invalid(errors) => Some(errors),
            Self::Access(error) => error.field_errors(),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RecordRateExceeded { wait, .. } => Some(*wait),
            Self::TooManyStreams { .. } => Some(RETRY),
            _ => (self.code() == Code::Unavailable).then_some(RETRY),
        }
    }
}
