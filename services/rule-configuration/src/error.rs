//! Every way in which a call can fail, and what its client sees of it.

use std::collections::BTreeMap;
use std::time::Duration;

use chengping_chassis::error::{ApiError, FieldErrors};
use chengping_chassis::page_token::PageError;
use chengping_chassis::postgres::Fault;
use chengping_types::Month;
use tonic::Code;

use crate::domain::review::{IllegalChange, State};
use crate::store::StoreError;

/// How long a client should wait for what is out of reach.
const RETRY: Duration = Duration::from_secs(1);

/// Why a call fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the request is not valid: {0}")]
    Invalid(FieldErrors),
    #[error("the rule pack is not valid: {0}")]
    PackInvalid(FieldErrors),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error("{resource} does not exist; check its name")]
    NotFound { resource: String },
    #[error(
        "no rule pack is in force in {month}; activate a revision from that month on or before"
    )]
    NothingInForce { month: Month },
    #[error("{resource} was changed since it was read; read it again and repeat the change")]
    EtagMismatch { resource: String },
    #[error(
        "{resource} is revision {found} by now, not {expected}; look what changed, and repeat the \
         change with the new number"
    )]
    RevisionMismatch { resource: String, expected: u64, found: u64 },
    #[error("request_id {request_id} was used for another request; use a new one")]
    RequestIdReused { request_id: String },
    #[error("{resource} is {} and cannot become {}", .change.from, .change.to)]
    IllegalStateChange { resource: String, change: IllegalChange },
    #[error("{resource} was committed by {actor}; somebody else has to approve it")]
    FourEyes { resource: String, actor: String },
    #[error(
        "another revision was put in force for {month} at the same moment; look which, and \
             repeat if this one is to replace it"
    )]
    ActivationRaced { month: Month },
    #[error(
        "in {month} {expected} is not in force, but {}; look at it, and decide again",
        if .standing.is_empty() { "nothing" } else { .standing.as_str() }
    )]
    AnotherReplaced { month: Month, expected: String, standing: String },
    #[error(
        "revision {revision} of {resource} is not the newest any more, {newest} is; repeat the \
             change from that one"
    )]
    NotNewest { resource: String, revision: u64, newest: u64 },
    #[error("{resource} is {state}; a pack derives from a revision that is approved or in force")]
    ParentNotApproved { resource: String, state: State },
    #[error("the newest revision of {resource} is a whole pack and derives from none")]
    NotDerived { resource: String },
    #[error("an import has at most {rows_max} rows and {bytes_max} bytes; split it")]
    ImportTooLarge { rows_max: usize, bytes_max: usize },
    #[error("resume_token is not valid; take it from the last message seen, or leave it empty")]
    ResumeTokenInvalid,
    #[error(
        "no rule pack was activated yet, so that no time zone is known; activate a revision first"
    )]
    NoTimeZone,
    #[error("the limit runs in working time, and no working calendar is known; set one first")]
    NoWorkCalendar,
    #[error("filing condition {condition} does not exist; check it, or import its limit")]
    ConditionNotFound { condition: String },
    #[error("filing condition {condition} is one of other categories; check the category")]
    ConditionOfOtherCategory { condition: String },
    #[error("filing condition {condition} does not hold in the month of the start")]
    ConditionNotValid { condition: String },
    #[error(
        "the limit is not used up in 50 years: the calendar has too little working time; check \
             its working hours and days"
    )]
    TooLittleWorkingTime,
    #[error("the limit ends after the year 9999; check the start")]
    DeadlineBeyondTime,
    #[error("the service is stopping; connect again and go on with the last resume_token")]
    Stopping,
    #[error("the stored content of {resource} does not match its digest")]
    Corrupt { resource: String },
    #[error("the database has no answer")]
    Store(#[from] StoreError),
    #[error("a computation ended without a result")]
    Computation(#[from] tokio::task::JoinError),
}

impl ApiError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_)
            | Self::PackInvalid(_)
            | Self::ImportTooLarge { .. }
            | Self::ResumeTokenInvalid => Code::InvalidArgument,
            Self::Page(error) => error.code(),
            Self::NotFound { .. }
            | Self::NothingInForce { .. }
            | Self::ConditionNotFound { .. } => Code::NotFound,
            Self::EtagMismatch { .. }
            | Self::RevisionMismatch { .. }
            | Self::ActivationRaced { .. }
            | Self::AnotherReplaced { .. }
            | Self::NotNewest { .. } => Code::Aborted,
            Self::RequestIdReused { .. }
            | Self::IllegalStateChange { .. }
            | Self::ParentNotApproved { .. }
            | Self::NotDerived { .. }
            | Self::FourEyes { .. }
            | Self::NoTimeZone
            | Self::NoWorkCalendar
            | Self::ConditionOfOtherCategory { .. }
            | Self::ConditionNotValid { .. }
            | Self::TooLittleWorkingTime => Code::FailedPrecondition,
            Self::DeadlineBeyondTime => Code::OutOfRange,
            Self::Stopping => Code::Unavailable,
            Self::Corrupt { .. } => Code::DataLoss,
            Self::Store(error) => match error.fault() {
                Fault::Unavailable => Code::Unavailable,
                Fault::Race => Code::Aborted,
                _ => Code::Internal,
            },
            Self::Computation(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "REQUEST_INVALID",
            Self::PackInvalid(_) => "RULE_PACK_INVALID",
            Self::Page(error) => error.reason(),
            Self::NotFound { .. } => "RESOURCE_NOT_FOUND",
            Self::NothingInForce { .. } => "NO_RULE_PACK_IN_FORCE",
            Self::EtagMismatch { .. } => "ETAG_MISMATCH",
            Self::RevisionMismatch { .. } => "REGISTRY_REVISION_MISMATCH",
            Self::RequestIdReused { .. } => "REQUEST_ID_REUSED",
            Self::IllegalStateChange { .. } => "ILLEGAL_STATE_CHANGE",
            Self::FourEyes { .. } => "FOUR_EYES_REQUIRED",
            Self::ActivationRaced { .. } => "ACTIVATION_RACED",
            Self::AnotherReplaced { .. } => "REPLACED_REVISION_MISMATCH",
            Self::NotNewest { .. } => "REVISION_NOT_NEWEST",
            Self::ParentNotApproved { .. } => "PARENT_REVISION_NOT_APPROVED",
            Self::NotDerived { .. } => "RULE_PACK_NOT_DERIVED",
            Self::ImportTooLarge { .. } => "IMPORT_TOO_LARGE",
            Self::ResumeTokenInvalid => "RESUME_TOKEN_INVALID",
            Self::NoTimeZone => "NO_TIME_ZONE",
            Self::NoWorkCalendar => "NO_WORK_CALENDAR",
            Self::ConditionNotFound { .. } => "FILING_CONDITION_NOT_FOUND",
            Self::ConditionOfOtherCategory { .. } => "FILING_CONDITION_OF_OTHER_CATEGORY",
            Self::ConditionNotValid { .. } => "FILING_CONDITION_NOT_VALID",
            Self::TooLittleWorkingTime => "TOO_LITTLE_WORKING_TIME",
            Self::DeadlineBeyondTime => "DEADLINE_OUT_OF_RANGE",
            Self::Stopping => "SERVICE_STOPPING",
            Self::Corrupt { .. } => "CONTENT_CORRUPT",
            Self::Store(error) => match error.fault() {
                Fault::Unavailable => "DATABASE_UNAVAILABLE",
                Fault::Race => "TRANSACTION_RACED",
                _ => "DATABASE_FAILED",
            },
            Self::Computation(_) => "COMPUTATION_FAILED",
        }
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let pairs = match self {
            Self::Page(error) => return error.metadata(),
            Self::NotFound { resource }
            | Self::NotDerived { resource }
            | Self::EtagMismatch { resource }
            | Self::Corrupt { resource } => vec![("resource", resource.clone())],
            Self::NothingInForce { month } | Self::ActivationRaced { month } => {
                vec![("month", month.to_string())]
            }
            Self::RevisionMismatch { resource, expected, found } => vec![
                ("resource", resource.clone()),
                ("expected", expected.to_string()),
                ("found", found.to_string()),
            ],
            Self::AnotherReplaced { month, expected, standing } => vec![
                ("month", month.to_string()),
                ("expected", expected.clone()),
                ("standing", standing.clone()),
            ],
            Self::NotNewest { resource, revision, newest } => vec![
                ("resource", resource.clone()),
                ("revision", revision.to_string()),
                ("newest", newest.to_string()),
            ],
            Self::ParentNotApproved { resource, state } => {
                vec![("resource", resource.clone()), ("state", state.to_string())]
            }
            Self::RequestIdReused { request_id } => vec![("requestId", request_id.clone())],
            Self::IllegalStateChange { resource, change } => vec![
                ("resource", resource.clone()),
                ("from", change.from.to_string()),
                ("to", change.to.to_string()),
            ],
            Self::FourEyes { resource, actor } => {
                vec![("resource", resource.clone()), ("actor", actor.clone())]
            }
            Self::ImportTooLarge { rows_max, bytes_max } => {
                vec![("rowsMax", rows_max.to_string()), ("bytesMax", bytes_max.to_string())]
            }
            Self::ConditionNotFound { condition }
            | Self::ConditionOfOtherCategory { condition }
            | Self::ConditionNotValid { condition } => {
                vec![("conditionId", condition.clone())]
            }
            Self::Invalid(_)
            | Self::PackInvalid(_)
            | Self::ResumeTokenInvalid
            | Self::NoTimeZone
            | Self::NoWorkCalendar
            | Self::TooLittleWorkingTime
            | Self::DeadlineBeyondTime
            | Self::Stopping
            | Self::Store(_)
            | Self::Computation(_) => Vec::new(),
        };
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn field_errors(&self) -> Option<&FieldErrors> {
        match self {
            Self::Invalid(errors) | Self::PackInvalid(errors) => Some(errors),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        (self.code() == Code::Unavailable).then_some(RETRY)
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}
