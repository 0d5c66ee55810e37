//! Every error a client may see: its code, its reason, its values. `docs/errors.md` lists them.

use std::collections::BTreeMap;
use std::time::Duration;

use chengping_bulletin::FileFormat;
use chengping_chassis::error::{ApiError, FieldErrors};
use chengping_chassis::page_token::PageError;
use chengping_ledger::handover::HandoverError;
use chengping_ledger::merkle::TreeHead;
use chengping_ledger::note::NoteError;
use chengping_ledger::version::VersionError;
use chengping_types::{Instant, Month};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::domain::documents::DocumentsError;
use crate::domain::inquiry::InquiryState;
use crate::domain::state::IllegalChange;
use crate::domain::webhook::secret::SecretError;
use crate::domain::year::YearError;
use crate::keys::KeysError;
use crate::store::StoreError;

/// How long a client should wait for a part that is out of reach.
const RETRY: Duration = Duration::from_secs(1);

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Some fields of the request are not valid.
    #[error("the request is not valid: {0}")]
    Invalid(#[from] FieldErrors),
    /// The page cannot be given.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The token is not one of this log.
    #[error(
        "resume_token is not one of the publications of {jurisdiction}; use the last one that its \
         stream gave, or leave it empty"
    )]
    ResumeToken { jurisdiction: String },
    /// No such month.
    #[error("bulletin {name} does not exist; create its first version")]
    BulletinNotFound { name: String },
    /// No such version.
    #[error("bulletin version {name} does not exist")]
    VersionNotFound { name: String },
    /// The scoring service knows no such evaluation.
    #[error("evaluation {name} does not exist; take its name from the list of evaluations")]
    EvaluationNotFound { name: String },
    /// The evaluation has no results.
    #[error("evaluation {name} has not succeeded; wait for it, or make another")]
    EvaluationNotSucceeded { name: String },
    /// The evaluation is of another month.
    #[error("evaluation {name} is of {found}, not of {expected}; choose one of {expected}")]
    EvaluationOfOtherMonth { name: String, found: String, expected: Month },
    /// The evaluation does not see the whole month.
    #[error(
        "evaluation {name} sees {month} as of {as_of}, before its end, and is provisional; publish \
         one that sees the whole month"
    )]
    EvaluationProvisional { name: String, month: Month, as_of: String },
    /// The documents are not what the evaluation says.
    #[error("the documents of evaluation {name} are not what it says")]
    Documents { name: String, source: DocumentsError },
    /// There is nothing to correct.
    #[error("nothing is published in {name} yet; create a version and publish it")]
    NothingPublished { name: String },
    /// The version is not sealed.
    #[error("{name} is not published; it is {state}")]
    NotPublished { name: String, state: &'static str },
    /// The log is empty.
    #[error("nothing is published in {name} yet, so its log has no checkpoint")]
    LogEmpty { name: String },
    /// The step does not follow from where the version stands.
    #[error("{name} is {}; it cannot become {}", .change.from, .change.to)]
    IllegalStateChange { name: String, change: IllegalChange },
    /// Somebody else was faster.
    #[error("{name} has changed; its etag is {current} now: read it again")]
    EtagMismatch { name: String, current: String },
    /// The ID names another call.
    #[error("request ID {request_id} was used with other arguments; use a new one")]
    RequestIdReused { request_id: String },
    /// What the call made is no longer there.
    #[error("{name}, which this call made, is made from another evaluation now; read it again")]
    VersionReplaced { name: String },
    /// No such body in the version.
    #[error("{name} has no line of {body}")]
    LineNotFound { name: String, body: String },
    /// No such webhook.
    #[error("webhook {name} does not exist")]
    WebhookNotFound { name: String },
    /// There is, or was, one of that name.
    #[error("webhook {name} exists, or was deleted; choose another webhook_id")]
    WebhookExists { name: String },
    /// No such delivery.
    #[error("delivery {name} does not exist")]
    DeliveryNotFound { name: String },
    /// Nothing of the year is published.
    #[error("nothing of {name} is published")]
    YearNotFound { name: String },
    /// The months of the year have no common mean.
    #[error("{name} cannot be computed: {source}")]
    Year { name: String, source: YearError },
    /// No such report.
    #[error("district report {name} does not exist")]
    ReportNotFound { name: String },
    /// The district has reported already.
    #[error(
        "{name} is the report of this district for this month; it must be returned before another"
    )]
    ReportExists { name: String },
    /// The step does not follow from where the report stands.
    #[error("{name} is {from}; it cannot become {to}")]
    IllegalReportChange { name: String, from: &'static str, to: &'static str },
    /// The version that a report relies on does not stand.
    #[error("{name} is not the version that stands for {month}; report the one that does")]
    VersionNotStanding { name: String, month: Month },
    /// Another key signs than the caller thinks.
    #[error("the log of {jurisdiction} is signed by {signs} now; read the keys again")]
    OtherKeySigns { jurisdiction: String, signs: String },
    /// A key is not where it should be.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Two keys do not hand over.
    #[error("the keys do not hand over")]
    Handover(#[source] HandoverError),
    /// A secret cannot be made or read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The stored checkpoint is not one.
    #[error("the stored checkpoint of {name} is corrupt")]
    CheckpointCorrupt { name: String, source: NoteError },
    /// There is no tree of this size, or it lacks the leaf.
    #[error("tree_size {asked} is out of range; here it lies between {least} and {most}")]
    TreeSize { asked: u64, least: u64, most: u64 },
    /// A stored document is not what was once sealed.
    #[error("the sealed document of {name} is corrupt")]
    DocumentCorrupt { name: String, source: Box<dyn std::error::Error + Send + Sync> },
    /// A version cannot be shown as a file.
    #[error("{name} cannot be given as {format}")]
    Export { name: String, format: FileFormat, source: Box<dyn std::error::Error + Send + Sync> },
    /// The stored log is not what was last signed.
    #[error("the log of {jurisdiction} has {found:?}, the last checkpoint says {signed:?}")]
    LogCorrupt { jurisdiction: String, found: TreeHead, signed: Option<TreeHead> },
    /// What was checked when it was kept cannot be sealed.
    #[error("{name} cannot be sealed")]
    Seal { name: String, source: VersionError },
    /// Objections are still taken.
    #[error(
        "objections to {name} are taken until {end}; wait, or say why the window is closed now \
         (waive_reason)"
    )]
    ObjectionWindowOpen { name: String, end: Instant },
    /// Objections wait for their decision.
    #[error("{} objections to {name} are not decided, the first is {}", .waiting.len(), .waiting[0])]
    ObjectionsUndecided { name: String, waiting: Vec<String> },
    /// Objections were upheld that the version does not know of.
    #[error(
        "{name} does not take account of {} upheld objections, the first is {}; evaluate again with \
         a later `decided`, and make the version from that",
        .missing.len(), .missing[0]
    )]
    ObjectionsNotApplied { name: String, missing: Vec<String> },
    /// What an earlier version took account of is not in the evaluation.
    #[error(
        "{name} does not see what was decided on {} inquiries that an earlier version takes account \
         of, the first is {}; evaluate again with a later `decided`",
        .lost.len(), .lost[0]
    )]
    DecisionsLost { name: String, lost: Vec<String> },
    /// The rules take no reports of districts.
    #[error("the rules of {jurisdiction} for {month} take no reports of districts (6.4)")]
    ReportsRefused { jurisdiction: String, month: Month },
    /// One person would take two steps that need two.
    #[error("{actor} took the step before of {name}; somebody else must take this one")]
    FourEyes { name: String, actor: String },
    /// Nobody can reckon with working days.
    #[error(
        "{jurisdiction} has no working calendar, by which the objection window runs; set one with \
         UpdateWorkCalendar"
    )]
    WorkCalendarMissing { jurisdiction: String },
    /// More and more was published while a correction was traced.
    #[error("versions of later months were published all the while; publish {name} again")]
    TooMuchPublished { name: String },
    /// No version of the month takes objections.
    #[error(
        "no version of {month} is in its objection window{}; an inquiry can be filed at any time",
        .end.map(|end| format!(", the last one ended {end}")).unwrap_or_default()
    )]
    NoObjectionWindow { month: Month, end: Option<Instant> },
    /// The body has objected to just this before.
    #[error("the body has objected to this version for the same reason in {name}")]
    AlreadyObjected { name: String },
    /// No such inquiry.
    #[error("inquiry {name} does not exist")]
    InquiryNotFound { name: String },
    /// No such piece of evidence.
    #[error("evidence {name} does not exist")]
    EvidenceNotFound { name: String },
    /// The step does not follow from where the inquiry stands.
    #[error("{name} is {from}; it cannot become {to}")]
    IllegalInquiryChange { name: String, from: InquiryState, to: InquiryState },
    /// Nothing is added to what is decided.
    #[error("{name} is {state}; evidence is added before the decision")]
    InquiryDecided { name: String, state: &'static str },
    /// It has as much evidence as it may have.
    #[error("{name} has {most} pieces of evidence, which is the most")]
    TooMuchEvidence { name: String, most: u64 },
    /// The case that an upheld inquiry is about is not known.
    #[error("case {case_no} of {name} is not known; refuse the inquiry, or import the case first")]
    CaseNotFound { name: String, case_no: String },
    /// It is not for the caller, or they cannot be told from those whom it is for.
    #[error(transparent)]
    Access(#[from] chengping_access::Error),
    /// Another service did not do its part.
    #[error("{peer} did not do its part: {}", .status.message())]
    Peer {
        peer: &'static str,
        #[source]
        status: Box<Status>,
    },
    /// The scoring service did not do its part.
    #[error("the scoring service did not do its part: {}", .0.message())]
    Scoring(#[source] Box<Status>),
    /// The scoring service gave more than can be published.
    #[error("the scoring service gave a document of more than {bytes_max} bytes")]
    DocumentTooLarge { bytes_max: usize },
    /// The process stops.
    #[error("the service is stopping; go on with the last resume token")]
    Stopping,
    /// A computation ended without a result.
    #[error("a computation was cut off")]
    CutOff(#[from] tokio::task::JoinError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    /// That the sealed document of `name`, or what it was made from, is not what it was.
    pub(crate) fn corrupt(
        name: impl ToString,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::DocumentCorrupt { name: name.to_string(), source: source.into() }
    }

    /// Whether the same may well succeed a moment later.
    pub(crate) fn is_transient(&self) -> bool {
        self.code() == Code::Unavailable
    }
}

impl ApiError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) | Self::ResumeToken { .. } => Code::InvalidArgument,
            Self::Page(error) => error.code(),
            Self::BulletinNotFound { .. }
            | Self::VersionNotFound { .. }
            | Self::EvaluationNotFound { .. }
            | Self::InquiryNotFound { .. }
            | Self::EvidenceNotFound { .. }
            | Self::LineNotFound { .. }
            | Self::WebhookNotFound { .. }
            | Self::DeliveryNotFound { .. }
            | Self::YearNotFound { .. }
            | Self::ReportNotFound { .. }
            | Self::LogEmpty { .. } => Code::NotFound,
            Self::AlreadyObjected { .. }
            | Self::WebhookExists { .. }
            | Self::ReportExists { .. } => Code::AlreadyExists,
            Self::Access(error) => error.code(),
            Self::TooMuchPublished { .. } => Code::Aborted,
            Self::EvaluationNotSucceeded { .. }
            | Self::EvaluationOfOtherMonth { .. }
            | Self::EvaluationProvisional { .. }
            | Self::NothingPublished { .. }
            | Self::NotPublished { .. }
            | Self::IllegalStateChange { .. }
            | Self::RequestIdReused { .. }
            | Self::ObjectionWindowOpen { .. }
            | Self::ObjectionsUndecided { .. }
            | Self::ObjectionsNotApplied { .. }
            | Self::DecisionsLost { .. }
            | Self::FourEyes { .. }
            | Self::ReportsRefused { .. }
            | Self::WorkCalendarMissing { .. }
            | Self::NoObjectionWindow { .. }
            | Self::IllegalInquiryChange { .. }
            | Self::InquiryDecided { .. }
            | Self::TooMuchEvidence { .. }
            | Self::CaseNotFound { .. }
            | Self::Year { source: YearError::Annual(_), .. }
            | Self::IllegalReportChange { .. }
            | Self::VersionNotStanding { .. }
            | Self::VersionReplaced { .. } => Code::FailedPrecondition,
            Self::EtagMismatch { .. } | Self::OtherKeySigns { .. } => Code::Aborted,
            Self::TreeSize { .. } => Code::OutOfRange,
            Self::Documents { .. }
            | Self::DocumentCorrupt { .. }
            | Self::Year { .. }
            | Self::CheckpointCorrupt { .. }
            | Self::LogCorrupt { .. } => Code::DataLoss,
            // The troubles of other services are not the client's.
            Self::Scoring(status) | Self::Peer { status, .. } => match status.code() {
                Code::DeadlineExceeded | Code::ResourceExhausted => status.code(),
                Code::Unavailable | Code::Cancelled => Code::Unavailable,
                // A connection that broke under a call has no reason of the service.
                Code::Unknown if status.get_details_error_info().is_none() => Code::Unavailable,
                _ => Code::Internal,
            },
            Self::Stopping => Code::Unavailable,
            Self::Store(error) if error.is_transient() => Code::Unavailable,
            Self::Seal { .. }
            | Self::Export { .. }
            | Self::Keys(_)
            | Self::Handover(_)
            | Self::Secret(_)
            | Self::DocumentTooLarge { .. }
            | Self::CutOff(_)
            | Self::Store(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "REQUEST_INVALID",
            Self::Page(error) => error.reason(),
            Self::ResumeToken { .. } => "RESUME_TOKEN_INVALID",
            Self::BulletinNotFound { .. } => "BULLETIN_NOT_FOUND",
            Self::VersionNotFound { .. } => "BULLETIN_VERSION_NOT_FOUND",
            Self::EvaluationNotFound { .. } => "EVALUATION_NOT_FOUND",
            Self::EvaluationNotSucceeded { .. } => "EVALUATION_NOT_SUCCEEDED",
            Self::EvaluationOfOtherMonth { .. } => "EVALUATION_OF_OTHER_MONTH",
            Self::EvaluationProvisional { .. } => "EVALUATION_PROVISIONAL",
            Self::Documents { source: DocumentsError::Digest { .. }, .. } => {
                "RESULTS_DIGEST_MISMATCH"
            }
            Self::Documents { .. } => "EVALUATION_DOCUMENTS_INVALID",
            Self::NothingPublished { .. } => "NOTHING_PUBLISHED",
            Self::NotPublished { .. } => "NOT_PUBLISHED",
            Self::LogEmpty { .. } => "LOG_EMPTY",
            Self::IllegalStateChange { .. } => "ILLEGAL_STATE_CHANGE",
            Self::EtagMismatch { .. } => "ETAG_MISMATCH",
            Self::RequestIdReused { .. } => "REQUEST_ID_REUSED",
            Self::VersionReplaced { .. } => "VERSION_REPLACED",
            Self::TreeSize { .. } => "TREE_SIZE_OUT_OF_RANGE",
            Self::LineNotFound { .. } => "RESULT_LINE_NOT_FOUND",
            Self::WebhookNotFound { .. } => "WEBHOOK_NOT_FOUND",
            Self::WebhookExists { .. } => "WEBHOOK_EXISTS",
            Self::DeliveryNotFound { .. } => "WEBHOOK_DELIVERY_NOT_FOUND",
            Self::YearNotFound { .. } => "ANNUAL_RESULT_NOT_FOUND",
            Self::Year { source: YearError::Annual(_), .. } => "ANNUAL_RESULT_NOT_COMPUTABLE",
            Self::ReportNotFound { .. } => "DISTRICT_REPORT_NOT_FOUND",
            Self::ReportExists { .. } => "DISTRICT_REPORT_EXISTS",
            Self::IllegalReportChange { .. } => "ILLEGAL_REPORT_CHANGE",
            Self::VersionNotStanding { .. } => "VERSION_NOT_STANDING",
            Self::OtherKeySigns { .. } => "OTHER_KEY_SIGNS",
            Self::Keys(_) => "LOG_KEY_UNUSABLE",
            Self::Handover(_) => "KEY_HANDOVER_FAILED",
            Self::Secret(_) => "WEBHOOK_SECRET_UNREADABLE",
            Self::CheckpointCorrupt { .. } => "CHECKPOINT_CORRUPT",
            Self::DocumentCorrupt { .. } | Self::Year { .. } => "DOCUMENT_CORRUPT",
            Self::LogCorrupt { .. } => "LOG_CORRUPT",
            Self::Seal { .. } => "SEALING_FAILED",
            Self::ObjectionWindowOpen { .. } => "OBJECTION_WINDOW_OPEN",
            Self::ObjectionsUndecided { .. } => "OBJECTIONS_UNDECIDED",
            Self::ObjectionsNotApplied { .. } => "OBJECTIONS_NOT_APPLIED",
            Self::DecisionsLost { .. } => "DECISIONS_LOST",
            Self::FourEyes { .. } => "FOUR_EYES_REQUIRED",
            Self::ReportsRefused { .. } => "DISTRICT_REPORTS_REFUSED",
            Self::WorkCalendarMissing { .. } => "WORK_CALENDAR_MISSING",
            Self::TooMuchPublished { .. } => "PUBLICATION_RACED",
            Self::NoObjectionWindow { .. } => "NO_OBJECTION_WINDOW",
            Self::AlreadyObjected { .. } => "ALREADY_OBJECTED",
            Self::InquiryNotFound { .. } => "INQUIRY_NOT_FOUND",
            Self::EvidenceNotFound { .. } => "EVIDENCE_NOT_FOUND",
            Self::IllegalInquiryChange { .. } => "ILLEGAL_STATE_CHANGE",
            Self::InquiryDecided { .. } => "INQUIRY_DECIDED",
            Self::TooMuchEvidence { .. } => "TOO_MUCH_EVIDENCE",
            Self::CaseNotFound { .. } => "CASE_NOT_FOUND",
            Self::Access(error) => error.reason(),
            Self::Peer { .. } => "PEER_FAILED",
            Self::Export { .. } => "EXPORT_FAILED",
            Self::Scoring(_) if self.code() == Code::Internal => "SCORING_FAILED",
            Self::Scoring(_) => "SCORING_UNAVAILABLE",
            Self::DocumentTooLarge { .. } => "DOCUMENT_TOO_LARGE",
            Self::Stopping => "SERVICE_STOPPING",
            Self::CutOff(_) => "COMPUTATION_FAILED",
            Self::Store(error) if error.is_transient() => "DATABASE_UNAVAILABLE",
            Self::Store(_) => "DATABASE_FAILED",
        }
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let of = |values: &[(&str, &dyn ToString)]| {
            values.iter().map(|(key, value)| ((*key).to_owned(), value.to_string())).collect()
        };
        match self {
            Self::Page(error) => error.metadata(),
            Self::ResumeToken { jurisdiction } => of(&[("jurisdiction", jurisdiction)]),
            Self::BulletinNotFound { name }
            | Self::VersionNotFound { name }
            | Self::EvaluationNotFound { name }
            | Self::EvaluationNotSucceeded { name }
            | Self::NothingPublished { name }
            | Self::LogEmpty { name }
            | Self::AlreadyObjected { name }
            | Self::InquiryNotFound { name }
            | Self::EvidenceNotFound { name }
            | Self::TooMuchPublished { name }
            | Self::WebhookNotFound { name }
            | Self::WebhookExists { name }
            | Self::DeliveryNotFound { name }
            | Self::YearNotFound { name }
            | Self::Year { name, .. }
            | Self::ReportNotFound { name }
            | Self::ReportExists { name }
            | Self::VersionReplaced { name } => of(&[("name", name)]),
            Self::LineNotFound { name, body } => of(&[("name", name), ("bodyId", body)]),
            Self::IllegalReportChange { name, from, to } => {
                of(&[("name", name), ("from", from), ("to", to)])
            }
            Self::VersionNotStanding { name, month } => of(&[("name", name), ("month", month)]),
            Self::OtherKeySigns { jurisdiction, signs } => {
                of(&[("jurisdiction", jurisdiction), ("signs", signs)])
            }
            Self::EvaluationOfOtherMonth { name, found, expected } => {
                of(&[("name", name), ("found", found), ("expected", expected)])
            }
            Self::EvaluationProvisional { name, month, as_of } => {
                of(&[("name", name), ("month", month), ("asOf", as_of)])
            }
            Self::NotPublished { name, state } => of(&[("name", name), ("state", state)]),
            Self::IllegalStateChange { name, change } => {
                of(&[("name", name), ("from", &change.from), ("to", &change.to)])
            }
            Self::ObjectionWindowOpen { name, end } => of(&[("name", name), ("end", end)]),
            Self::ObjectionsUndecided { name, waiting: found }
            | Self::ObjectionsNotApplied { name, missing: found }
            | Self::DecisionsLost { name, lost: found } => {
                of(&[("name", name), ("count", &found.len()), ("first", &found[0])])
            }
            Self::FourEyes { name, actor } => of(&[("name", name), ("actor", actor)]),
            Self::WorkCalendarMissing { jurisdiction }
            | Self::ReportsRefused { jurisdiction, .. } => of(&[("jurisdiction", jurisdiction)]),
            Self::NoObjectionWindow { month, end } => {
                let end = end.map(|end| end.to_string()).unwrap_or_default();
                of(&[("month", month), ("end", &end)])
            }
            Self::IllegalInquiryChange { name, from, to } => {
                of(&[("name", name), ("from", from), ("to", to)])
            }
            Self::InquiryDecided { name, state } => of(&[("name", name), ("state", state)]),
            Self::TooMuchEvidence { name, most } => of(&[("name", name), ("most", most)]),
            Self::CaseNotFound { name, case_no } => of(&[("name", name), ("caseNo", case_no)]),
            Self::Access(error) => error.metadata(),
            Self::Peer { peer, .. } => of(&[("peer", peer)]),
            Self::EtagMismatch { name, current } => of(&[("name", name), ("current", current)]),
            Self::RequestIdReused { request_id } => of(&[("requestId", request_id)]),
            Self::TreeSize { asked, least, most } => {
                of(&[("asked", asked), ("least", least), ("most", most)])
            }
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
        self.is_transient().then_some(RETRY)
    }
}
