use std::collections::BTreeMap;
use std::time::Duration;

use chengping_chassis::error::{ApiError, FieldErrors};
use chengping_chassis::identity::Refusal;
use chengping_chassis::page_token::PageError;
use chengping_chassis::postgres::Fault;
use tonic::{Code, Status};

/// How long a client should wait for what is out of reach.
const RETRY: Duration = Duration::from_secs(1);

/// Why a caller is not shown something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not for them.
    #[error(transparent)]
    Denied(#[from] Refusal),
    /// Nobody looks without leaving a trace.
    #[error("the access log cannot be written or read")]
    Log(#[from] sqlx::Error),
    /// The request is malformed.
    #[error("the request is not valid: {0}")]
    Invalid(#[from] FieldErrors),
    /// The page cannot be given.
    #[error(transparent)]
    Page(#[from] PageError),
    /// Whose the bodies are is not known.
    #[error("rule-configuration does not say which bodies there are; try again once it is well")]
    Registry(#[source] Box<Status>),
    /// What rule-configuration said is none.
    #[error("rule-configuration gave a registry that cannot be read: {0}")]
    RegistryUnreadable(String),
}

impl Error {
    fn is_transient(&self) -> bool {
        match self {
            Self::Log(error) => matches!(Fault::of(error), Fault::Race | Fault::Unavailable),
            // A refusal, as of a token, does not get better by asking again.
            Self::Registry(status) => matches!(
                status.code(),
                Code::Unavailable
                    | Code::DeadlineExceeded
                    | Code::ResourceExhausted
                    | Code::Cancelled
                    | Code::Unknown
            ),
            _ => false,
        }
    }
}

impl ApiError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Denied(refusal) => refusal.code(),
            Self::Invalid(_) => Code::InvalidArgument,
            Self::Page(error) => error.code(),
            _ if self.is_transient() => Code::Unavailable,
            Self::Log(_) | Self::Registry(_) | Self::RegistryUnreadable(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Denied(refusal) => refusal.reason(),
            Self::Invalid(_) => "REQUEST_INVALID",
            Self::Page(error) => error.reason(),
            Self::Log(_) => "ACCESS_LOG_UNAVAILABLE",
            Self::Registry(_) => "REGISTRY_UNAVAILABLE",
            Self::RegistryUnreadable(_) => "INTERNAL",
        }
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        match self {
            Self::Denied(refusal) => refusal.metadata(),
            Self::Page(error) => error.metadata(),
            _ => BTreeMap::new(),
        }
    }

    fn field_errors(&self) -> Option<&FieldErrors> {
        match self {
            Self::Invalid(errors) => Some(errors),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.is_transient().then_some(RETRY)
    }
}
