use std::collections::BTreeMap;

use tonic::{Code, Status};

use super::principal::Denied;
use crate::error::{ApiError, to_status};

/// Why a caller is not let in. No text quotes the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no token.
    #[error("the call has no token; send the header `authorization: Bearer TOKEN`")]
    Missing,
    /// What was sent is not a token that can be believed.
    #[error("the token is not valid: {0}; get a new one from its issuer")]
    Invalid(&'static str),
    /// The token names a key that is not in the key file.
    #[error(
        "the token is signed with a key that is not known here; get a new one, or add the key to \
         the key file"
    )]
    KeyUnknown,
    /// The issuer is not believed here.
    #[error("the token is of an issuer that is not believed here")]
    IssuerUnknown,
    /// The token was made for somebody else.
    #[error("the token is not for this service; ask its issuer for one with the right audience")]
    AudienceOther,
    /// Its time is over.
    #[error("the token has expired; get a new one")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet; look at the clocks of both machines")]
    NotYetValid,
    /// The caller is known and may not do this.
    #[error("Permission '{method}' denied on resource '{resource}' (or it might not exist).")]
    Denied {
        /// As `package.Service/Method`.
        method: String,
        /// The resource, as far as it is known before the message is read.
        resource: String,
    },
}

impl Refusal {
    /// What the client gets.
    pub(crate) fn into_status(self) -> Status {
        to_status(self)
    }
}

impl From<Denied> for Refusal {
    fn from(Denied { method, resource }: Denied) -> Self {
        Self::Denied { method, resource }
    }
}

impl ApiError for Refusal {
    fn code(&self) -> Code {
        match self {
            Self::Denied { .. } => Code::PermissionDenied,
            _ => Code::Unauthenticated,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "TOKEN_MISSING",
            Self::Invalid(_) => "TOKEN_INVALID",
            Self::KeyUnknown => "TOKEN_KEY_UNKNOWN",
            Self::IssuerUnknown => "TOKEN_ISSUER_UNKNOWN",
            Self::AudienceOther => "TOKEN_AUDIENCE_OTHER",
            Self::Expired => "TOKEN_EXPIRED",
            Self::NotYetValid => "TOKEN_NOT_YET_VALID",
            Self::Denied { .. } => "PERMISSION_DENIED",
        }
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        match self {
            Self::Denied { method, resource } => BTreeMap::from([
                ("method".to_owned(), method.clone()),
                ("resource".to_owned(), resource.clone()),
            ]),
            _ => BTreeMap::new(),
        }
    }
}
