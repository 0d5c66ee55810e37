use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};

use super::claims::Claims;
use super::config::IdentityConfig;
use super::crypto;
use super::keys::{Keys, KeysError, RELOAD};
use super::principal::Principal;
use super::refusal::Refusal;

/// The longest token, in bytes; servers take headers of 16 KiB.
const TOKEN_BYTES_MAX: usize = 8 << 10;
const SCHEME: &str = "bearer";

/// Says whether a token can be believed, and of whom it speaks.
#[derive(Debug)]
pub struct Verifier {
    keys: Keys,
    validation: Validation,
    skew_s: u64,
}

impl Verifier {
    /// A verifier as configured.
    ///
    /// # Errors
    ///
    /// If the key file cannot be read or has no key that can be used.
    pub fn new(config: &IdentityConfig) -> Result<Self, KeysError> {
        Self::with_reload(config, RELOAD)
    }

    /// As [`new`](Self::new), looking at the key file at most every `reload`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_reload(config: &IdentityConfig, reload: Duration) -> Result<Self, KeysError> {
        crypto::install();
        let path = config.jwks_file.as_deref().unwrap_or(Path::new(""));
        let keys = Keys::open(path, reload)?;
        let mut validation = Validation::default();
        validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        validation.iss = Some(config.issuers.iter().cloned().collect());
        validation.set_audience(&[&config.audience]);
        // Times are compared here, with a clock that a test can set.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Self { keys, validation, skew_s: config.skew_s })
    }

    /// Who makes a call with these headers, now.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for everything but one good token.
    pub fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Refusal> {
        self.verify(bearer(headers)?, now())
    }

    /// Whom `token` speaks of at `now`, in seconds since 1970. Signature, issuer and audience are
    /// checked before the time.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for everything but a good token.
    pub fn verify(&self, token: &str, now: u64) -> Result<Principal, Refusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refusal::Invalid("it is longer than 8 KiB"));
        }
        let malformed = Refusal::Invalid("it is not a JWT signed with EdDSA, ES256 or RS256");
        let header = decode_header(token).map_err(|_| malformed.clone())?;
        if header.crit.is_some() {
            return Err(Refusal::Invalid("it has a critical header that is not understood here"));
        }
        let kid =
            header.kid.as_deref().ok_or(Refusal::Invalid("it does not name its key (kid)"))?;
        let key = self.keys.find(kid).ok_or(Refusal::KeyUnknown)?;
        if header.alg != key.algorithm {
            return Err(Refusal::Invalid("its algorithm is not that of its key"));
        }
        let mut validation = self.validation.clone();
        validation.algorithms = vec![key.algorithm];
        let decoded = decode::<Claims>(token, &key.decoding, &validation);
        let claims = decoded.map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => Refusal::Invalid("its signature does not fit"),
            ErrorKind::InvalidIssuer => Refusal::IssuerUnknown,
            ErrorKind::InvalidAudience => Refusal::AudienceOther,
            ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_) => {
                Refusal::Invalid("its claims iss, aud, sub, exp and others are not as documented")
            }
            _ => malformed,
        })?;
        claims.claims.check_time(now, self.skew_s)?;
        claims.claims.into_principal()
    }
}

/// The token in the headers of a call.
fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let value = all.next().ok_or(Refusal::Missing)?;
    if all.next().is_some() {
        return Err(Refusal::Invalid("there is more than one header authorization"));
    }
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(SCHEME) => Ok(token.trim()),
        _ => Err(Refusal::Invalid("the header authorization must be `Bearer TOKEN`")),
    }
}

/// The value of the header `authorization` to pass on; it never shows in logs.
pub(super) fn to_pass_on(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut value = headers.get(AUTHORIZATION)?.clone();
    value.set_sensitive(true);
    Some(value)
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}
