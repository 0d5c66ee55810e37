//! Who calls, and what they may do.
//!
//! A caller shows a bearer token (RFC 6750), a signed JWT (RFC 7519) of an issuer whose public keys
//! stand in a file (JWKS, RFC 7517). A service names, as data, which roles may call which of its
//! methods ([`Access`], given to [`Server::protect`](crate::serve::Server::protect)); the server
//! asks before it reads a message (AIP-211). Which jurisdictions a caller may speak of is asked
//! where the name of a resource is read, in
//! [`FieldErrors::parse`](crate::error::FieldErrors::parse).
//!
//! Calls to other services carry the caller's own token on; behind which no caller stands, they
//! carry that of the service ([`PeerConfig::token_file`](crate::config::PeerConfig)).

mod access;
mod claims;
mod config;
mod crypto;
mod issuer;
mod key_set;
mod keys;
mod principal;
mod refusal;
mod token_file;
mod verifier;

pub use self::access::Access;
pub(crate) use self::access::{Guard, Guards};
pub use self::config::{IdentityConfig, IdentityMode};
pub use self::issuer::{Grant, Issuer, IssuerError, IssuerKey};
pub use self::keys::{KeysError, RELOAD};
pub use self::principal::Admitted;
pub(crate) use self::principal::{Caller, Denied};
pub use self::principal::{Principal, Role, Scope, SubjectError, UnknownRole, check_subject};
pub use self::refusal::Refusal;
pub(crate) use self::token_file::TokenFile;
pub use self::verifier::Verifier;

use std::sync::Arc;

use tonic::metadata::MetadataMap;

use crate::error::FieldErrors;
use crate::rpc::context;

/// Who makes the call that this task handles; `None` where the service asks nobody.
///
/// Spawned tasks do not inherit it.
pub fn principal() -> Option<Principal> {
    context::caller().admitted.map(|admitted| admitted.principal.clone())
}

/// The call that this task handles, and who makes it; `None` where the service asks nobody.
///
/// Spawned tasks do not inherit it.
pub fn admitted() -> Option<Arc<Admitted>> {
    context::caller().admitted
}

/// What a caller is told who may not do with `resource` what the call being handled does, in the same
/// words whether or not it exists.
pub fn denied(resource: impl Into<String>) -> Refusal {
    let method = admitted().map(|call| call.method.clone()).unwrap_or_default();
    Refusal::Denied { method, resource: resource.into() }
}

/// Who acts, where nobody is asked to prove it.
const ACTOR_HEADER: &str = "x-actor";
/// Who acts when nobody says so.
const ACTOR_DEFAULT: &str = "local";
const ACTOR_BYTES_MAX: usize = 128;

/// Who makes the call that this task handles: the subject of its token; where no token is asked for,
/// whom the header `x-actor` names, else `local`.
///
/// # Errors
///
/// If the header is there and is no name.
pub fn actor(metadata: &MetadataMap) -> Result<String, FieldErrors> {
    if let Some(principal) = principal() {
        return Ok(principal.subject().to_owned());
    }
    let Some(value) = metadata.get(ACTOR_HEADER) else { return Ok(ACTOR_DEFAULT.to_owned()) };
    match value.to_str() {
        Ok(actor) if !actor.trim().is_empty() && actor.len() <= ACTOR_BYTES_MAX => {
            Ok(actor.trim().to_owned())
        }
        _ => {
            let mut errors = FieldErrors::default();
            errors.push(ACTOR_HEADER, "must be 1 to 128 visible ASCII characters, or absent");
            Err(errors)
        }
    }
}
