use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::claims::{Claims, OneOrMany};
use super::config::{IdentityConfig, IdentityMode};
use super::principal::{Role, Scope, SubjectError, check_subject};
use super::{crypto, key_set, verifier};
use crate::seed::{self, Seed, SeedError};

const KEY_FILE: &str = "issuer.key";
const JWKS_FILE: &str = "jwks.json";
/// Bytes of the digest of a public key that name it.
const KID_BYTES: usize = 8;

/// Why there is no issuer, or no token of it.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// A file or folder cannot be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// A verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others can read the secret.
    #[error(
        "{} can be read by others (mode {mode:03o}); make it yours alone (chmod 600), and if \
         anybody may have read it, remove it and start again: all tokens that it signed are void \
         then",
        path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file does not hold a key. What it holds is not told.
    #[error("{} is not a key of 64 hexadecimal digits; remove it and start again", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a new key")]
    Random,
    /// Nobody can be called that.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The token cannot be signed.
    #[error("the token cannot be signed")]
    Signing,
    /// Tokens that are made today would be void.
    #[error("key {0} signs; rotate first, then drop it")]
    KeySigns(String),
    /// There is no such key.
    #[error("there is no key {kid}; there are {known}")]
    KeyUnknown {
        /// What was asked for.
        kid: String,
        /// The keys that there are.
        known: String,
    },
}

impl From<SeedError> for IssuerError {
    fn from(error: SeedError) -> Self {
        match error {
            SeedError::Io { action, path, source } => Self::Io { action, path, source },
            SeedError::Exposed { path, mode } => Self::Exposed { path, mode },
            SeedError::Malformed { path } => Self::Malformed { path },
            SeedError::Random => Self::Random,
        }
    }
}

/// What a token is to say.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Who acts.
    pub subject: String,
    /// What they are.
    pub roles: BTreeSet<Role>,
    /// Which jurisdictions they may speak of.
    pub jurisdictions: Scope,
    /// Which bodies they may ask for.
    pub bodies: Scope,
    /// How long it is valid from now on.
    pub ttl: Duration,
}

impl Grant {
    /// Everything, for `subject` and `ttl`.
    pub fn everything(subject: impl Into<String>, ttl: Duration) -> Self {
        Self {
            subject: subject.into(),
            roles: Role::ALL.into(),
            jurisdictions: Scope::All,
            bodies: Scope::All,
            ttl,
        }
    }
}

/// A key of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerKey {
    /// Its name (`kid`): the first 8 bytes of the SHA-256 of the public key, in hexadecimal.
    pub kid: String,
    /// Whether tokens are signed with it; a former one is only believed.
    pub signs: bool,
}

/// Issues tokens with a key of its own, for an installation without an identity provider.
///
/// Its folder holds the secret key (mode 0600), and the public one as JWKS with those before it.
pub struct Issuer {
    folder: PathBuf,
    kid: String,
    seed: Seed,
}

impl Issuer {
    /// The name of the issuer in its tokens (`iss`).
    pub const NAME: &str = "chengping-local";

    /// The issuer of `folder`, whose key is made when there is none.
    ///
    /// # Errors
    ///
    /// [`IssuerError`] if a file cannot be used.
    pub fn open_or_create(folder: &Path) -> Result<Self, IssuerError> {
        let (seed, is_new) = seed::open_or_make(folder, KEY_FILE)?;
        if is_new {
            let path = folder.join(KEY_FILE);
            tracing::info!(path = %path.display(), "made the secret key that signs tokens");
        }
        let issuer = Self::with(folder, seed)?;
        key_set::publish(&issuer.jwks_file(), &issuer.public_key()?)?;
        Ok(issuer)
    }

    /// Makes a new key that signs from now on. The former stays in the key file, so that its tokens
    /// are believed until they end. `pause` lies between the two steps: services must have read the
    /// new key before it signs.
    ///
    /// # Errors
    ///
    /// [`IssuerError`] if a file cannot be used.
    pub fn rotate(self, pause: Duration) -> Result<Self, IssuerError> {
        let seed = seed::fresh()?;
        let next = Self::with(&self.folder, seed)?;
        let file = self.jwks_file();
        key_set::publish(&file, &self.public_key()?)?;
        key_set::publish(&file, &next.public_key()?)?;
        std::thread::sleep(pause);
        seed::put(&self.folder, KEY_FILE, &seed)?;
        Ok(next)
    }

    /// The keys whose tokens are believed, that which signs first.
    ///
    /// # Errors
    ///
    /// [`IssuerError`] if the key file cannot be read.
    pub fn keys(&self) -> Result<Vec<IssuerKey>, IssuerError> {
        let kids = key_set::kids(&self.jwks_file())?.into_iter();
        let mut keys: Vec<_> = kids.map(|kid| IssuerKey { signs: kid == self.kid, kid }).collect();
        keys.sort_by_key(|key| !key.signs);
        Ok(keys)
    }

    /// Takes a former key out of the key file: all tokens that it signed are void.
    ///
    /// # Errors
    ///
    /// If it is the one that signs, there is none of that name, or a file cannot be used.
    pub fn drop_key(&self, kid: &str) -> Result<(), IssuerError> {
        if kid == self.kid {
            return Err(IssuerError::KeySigns(kid.to_owned()));
        }
        key_set::withdraw(&self.jwks_file(), kid)
    }

    fn jwks_file(&self) -> PathBuf {
        self.folder.join(JWKS_FILE)
    }

    /// Whether `folder` has a key already.
    pub fn has_key(folder: &Path) -> bool {
        folder.join(KEY_FILE).exists()
    }

    /// The issuer of `folder`, which has a key.
    ///
    /// # Errors
    ///
    /// [`IssuerError`] if there is none, or it cannot be used.
    pub fn open(folder: &Path) -> Result<Self, IssuerError> {
        Self::with(folder, seed::open(folder, KEY_FILE)?)
    }

    fn with(folder: &Path, seed: Seed) -> Result<Self, IssuerError> {
        crypto::install();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|_| IssuerError::Malformed { path: folder.join(KEY_FILE) })?;
        let digest = Sha256::digest(pair.public_key());
        Ok(Self { folder: folder.to_owned(), kid: hex::encode(&digest[..KID_BYTES]), seed })
    }

    /// How a service believes this issuer and no other.
    pub fn config(&self) -> IdentityConfig {
        IdentityConfig {
            mode: IdentityMode::Required,
            issuers: BTreeSet::from([Self::NAME.to_owned()]),
            jwks_file: Some(self.jwks_file()),
            ..IdentityConfig::default()
        }
    }

    /// A token of what `grant` says, valid from now on.
    ///
    /// # Errors
    ///
    /// If nobody can be called what the grant says.
    pub fn issue(&self, grant: &Grant) -> Result<String, IssuerError> {
        self.issue_at(grant, verifier::now())
    }

    /// As [`issue`](Self::issue), valid from `now`, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// As [`issue`](Self::issue).
    pub fn issue_at(&self, grant: &Grant, now: u64) -> Result<String, IssuerError> {
        check_subject(&grant.subject)?;
        let config = self.config();
        let claims = Claims {
            iss: Self::NAME.to_owned(),
            aud: OneOrMany::from(&Scope::Only(BTreeSet::from([config.audience]))),
            sub: grant.subject.clone(),
            exp: now.saturating_add(grant.ttl.as_secs()),
            nbf: Some(now),
            iat: Some(now),
            roles: grant.roles.iter().map(ToString::to_string).collect(),
            jurisdictions: OneOrMany::from(&grant.jurisdictions),
            bodies: OneOrMany::from(&grant.bodies),
            azp: None,
            act: None,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        encode(&header, &claims, &EncodingKey::from_ed_der(&self.seed))
            .map_err(|_| IssuerError::Signing)
    }

    /// The public key as a JWK (RFC 8037).
    fn public_key(&self) -> Result<Value, IssuerError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&self.seed);
        let pair = pair.map_err(|_| IssuerError::Signing)?;
        Ok(json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(pair.public_key()),
        }))
    }

    /// Leaves a token in a file of mode 0600, whole or not at all.
    ///
    /// # Errors
    ///
    /// If it cannot be issued or written.
    pub fn leave(&self, grant: &Grant, path: &Path) -> Result<(), IssuerError> {
        let token = self.issue(grant)?;
        seed::replace(path, &token).map_err(failed("write", path))
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Issuer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> IssuerError {
    let path = path.to_owned();
    move |source| IssuerError::Io { action, path, source }
}
