//! What can go wrong, and what a client sees of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chengping_chassis::error::{ApiError, FieldErrors};
use chengping_chassis::page_token::PageError;
use chengping_types::{Digest, Instant, Month};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::store::StoreError;

/// How long a client should wait for what is out of reach.
const RETRY: Duration = Duration::from_secs(1);

/// What can go wrong in a call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the request is not valid: {0}")]
    Invalid(#[from] FieldErrors),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    Access(#[from] chengping_access::Error),
    #[error("evaluation {0} does not exist")]
    EvaluationNotFound(String),
    #[error("scorecard {0} does not exist")]
    ScorecardNotFound(String),
    #[error("the scorecard has no {what} {name:?}; it has {known}")]
    InputNotFound { what: &'static str, name: String, known: String },
    #[error("request ID {0} was used with other arguments; use a new one")]
    RequestIdReused(String),
    #[error("no rule pack is in force in {month}; activate a revision from that month or earlier")]
    NoRulePack { month: Month },
    #[error(
        "{month} is frozen at {freeze} and has no official figures before; name an as-of instant up \
         to now for provisional ones"
    )]
    MonthNotFrozen { month: Month, freeze: Instant },
    #[error("no registry was imported yet; import the bodies and areas first")]
    NoRegistry,
    #[error("the rule pack does not match its digest {digest}")]
    PackDigest { digest: Digest },
    #[error("the rule pack in force cannot be read by this engine")]
    PackUnreadable(#[source] chengping_rules::Mistakes),
    #[error("stored evaluation {name} cannot be read")]
    EvaluationUnreadable { name: String, source: serde_json::Error },
    #[error("evaluation {name} is scored to {found} now, and was scored to {stored}")]
    EvaluationDiffers { name: String, stored: Digest, found: Digest },
    #[error("{}", told(peer, status))]
    Peer { peer: &'static str, status: Box<Status> },
    #[error("{peer} answered what it should not: {what}")]
    PeerAnswer { peer: &'static str, what: String },
    #[error("a computation was cut off")]
    CutOff(#[from] tokio::task::JoinError),
    #[error("a computation ended without an answer")]
    Unanswered,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the service is stopping; watch again")]
    Stopping,
    /// What a task found that several watch.
    #[error(transparent)]
    Live(Arc<Self>),
}

impl Error {
    /// Whether the same may well work a moment later.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self.code(), Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted)
    }

    /// Whether a peer says that what was read before is too long ago to go on from it.
    pub(crate) fn is_too_far_behind(&self) -> bool {
        matches!(self, Self::Peer { status, .. } if status.code() == Code::OutOfRange)
    }
}

impl ApiError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::InvalidArgument,
            Self::Page(error) => error.code(),
            Self::Access(error) => error.code(),
            Self::EvaluationNotFound(_)
            | Self::ScorecardNotFound(_)
            | Self::InputNotFound { .. } => Code::NotFound,
            Self::RequestIdReused(_)
            | Self::NoRulePack { .. }
            | Self::MonthNotFrozen { .. }
            | Self::NoRegistry => Code::FailedPrecondition,
            Self::PackDigest { .. } | Self::EvaluationDiffers { .. } => Code::DataLoss,
            // What a peer says of a client's request is for the client; its own troubles are not.
            Self::Peer { status, .. } => match status.code() {
                Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => {
                    status.code()
                }
                // A connection that broke under a call.
                Code::Cancelled => Code::Unavailable,
                Code::Unknown if peer_reason(status).is_none() => Code::Unavailable,
                _ if is_refusal(status) => Code::FailedPrecondition,
                _ => Code::Internal,
            },
            Self::Store(error) if error.is_transient() => Code::Unavailable,
            Self::Stopping => Code::Unavailable,
            Self::Live(error) => error.code(),
            Self::PackUnreadable(_)
            | Self::EvaluationUnreadable { .. }
            | Self::PeerAnswer { .. }
            | Self::CutOff(_)
            | Self::Unanswered
            | Self::Store(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "REQUEST_INVALID",
            Self::Page(error) => error.reason(),
            Self::Access(error) => error.reason(),
            Self::EvaluationNotFound(_) => "EVALUATION_NOT_FOUND",
            Self::ScorecardNotFound(_) => "SCORECARD_NOT_FOUND",
            Self::InputNotFound { .. } => "INPUT_NOT_FOUND",
            Self::RequestIdReused(_) => "REQUEST_ID_REUSED",
            Self::NoRulePack { .. } => "NO_RULE_PACK_IN_FORCE",
            Self::MonthNotFrozen { .. } => "MONTH_NOT_FROZEN",
            Self::NoRegistry => "NO_REGISTRY",
            Self::PackDigest { .. } => "RULE_PACK_DIGEST_MISMATCH",
            Self::EvaluationDiffers { .. } => "EVALUATION_DIGEST_MISMATCH",
            Self::Peer { status, .. } if is_refusal(status) => "PEER_REFUSED",
            Self::Peer { .. } => "PEER_FAILED",
            Self::Store(error) if error.is_transient() => "DATABASE_UNAVAILABLE",
            Self::Stopping => "SERVICE_STOPPING",
            Self::Live(error) => error.reason(),
            Self::PackUnreadable(_)
            | Self::EvaluationUnreadable { .. }
            | Self::PeerAnswer { .. }
            | Self::CutOff(_)
            | Self::Unanswered
            | Self::Store(_) => "INTERNAL",
        }
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let pairs: Vec<(&str, String)> = match self {
            Self::Page(error) => return error.metadata(),
            Self::Access(error) => return error.metadata(),
            Self::Live(error) => return error.metadata(),
            Self::EvaluationNotFound(name) | Self::ScorecardNotFound(name) => {
                vec![("name", name.clone())]
            }
            Self::InputNotFound { what, name, known } => {
                vec![("what", (*what).to_owned()), ("name", name.clone()), ("known", known.clone())]
            }
            Self::RequestIdReused(request_id) => vec![("requestId", request_id.clone())],
            Self::NoRulePack { month } => vec![("month", month.to_string())],
            Self::MonthNotFrozen { month, freeze } => {
                vec![("month", month.to_string()), ("freeze", freeze.to_string())]
            }
            Self::Peer { peer, status } => {
                let mut pairs = vec![
                    ("peer", (*peer).to_owned()),
                    ("peerReason", peer_reason(status).unwrap_or_default()),
                ];
                if is_refusal(status) {
                    pairs.push(("peerMessage", status.message().to_owned()));
                }
                pairs
            }
            _ => Vec::new(),
        };
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn field_errors(&self) -> Option<&FieldErrors> {
        match self {
            Self::Invalid(errors) => Some(errors),
            Self::Live(error) => error.field_errors(),
            Self::Access(error) => error.field_errors(),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        (self.code() == Code::Unavailable).then_some(RETRY)
    }
}

/// Whether a peer said no, rather than nothing.
fn is_refusal(status: &Status) -> bool {
    matches!(status.code(), Code::NotFound | Code::FailedPrecondition | Code::InvalidArgument)
}

/// What a peer said if it said no; what its connection said is for the log.
fn told(peer: &str, status: &Status) -> String {
    if is_refusal(status) {
        format!("{peer} refused its part: {}", status.message())
    } else {
        format!("{peer} did not do its part; try again once it is well")
    }
}

/// The reason that a peer gave.
fn peer_reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}
