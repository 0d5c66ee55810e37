use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

/// How long a file is believed not to have changed; so often may an unknown key make it be read.
pub const RELOAD: Duration = Duration::from_secs(3);

/// A hundred keys of the largest kind have a fifth of it.
const FILE_BYTES_MAX: u64 = 1 << 20;
const KEYS_MAX: usize = 100;
const KID_BYTES_MAX: usize = 256;

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// It cannot be read.
    #[error("cannot read the key file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It holds no keys that can be used.
    #[error("the key file {}: {what}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// A public key and the one algorithm that it may be used with, whatever a token says.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

type KeyMap = Arc<BTreeMap<String, Arc<Key>>>;

/// The keys of a JWKS file by their `kid`, read again when the file changes.
#[derive(Debug)]
pub(super) struct Keys {
    path: PathBuf,
    reload: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    keys: KeyMap,
    stamp: Option<Stamp>,
    looked: Instant,
}

/// What changes when a file is written or replaced.
type Stamp = (u64, u64, i64, i64, u64);

impl Keys {
    /// Reads `path`, and looks at it again at most every `reload`.
    pub(super) fn open(path: &Path, reload: Duration) -> Result<Self, KeysError> {
        let (keys, stamp) = read(path)?;
        let state = State { keys, stamp: Some(stamp), looked: Instant::now() };
        Ok(Self { path: path.to_owned(), reload, state: Mutex::new(state) })
    }

    /// The key called `kid`, also if it came into the file just now.
    pub(super) fn find(&self, kid: &str) -> Option<Arc<Key>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= self.reload {
            state.looked = Instant::now();
            self.refresh(&mut state);
        }
        state.keys.get(kid).cloned()
    }

    /// Reads the file again if it is another one. A file that cannot be used leaves the keys as they
    /// are: half-written files happen, and must lock nobody out.
    fn refresh(&self, state: &mut State) {
        let stamp = fs::metadata(&self.path).map(|metadata| stamp(&metadata)).ok();
        if stamp.is_some() && stamp == state.stamp {
            return;
        }
        match read(&self.path) {
            Ok((keys, stamp)) => {
                tracing::info!(path = %self.path.display(), keys = keys.len(), "read new keys");
                state.keys = keys;
                state.stamp = Some(stamp);
            }
            Err(error) => {
                let error = crate::error::Chain(&error);
                tracing::warn!(%error, "the former keys stay in use");
            }
        }
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    let (seconds, nanos) = (metadata.mtime(), metadata.mtime_nsec());
    (metadata.dev(), metadata.ino(), seconds, nanos, metadata.len())
}

fn read(path: &Path) -> Result<(KeyMap, Stamp), KeysError> {
    let failed = |source| KeysError::Read { path: path.to_owned(), source };
    let unusable = |what| KeysError::Unusable { path: path.to_owned(), what };
    let file = fs::File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mut text = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(unusable(format!("is larger than {FILE_BYTES_MAX} bytes")));
    }
    let keys = parse(&text).map_err(unusable)?;
    Ok((Arc::new(keys), stamp(&metadata)))
}

/// The usable keys of a JWKS; others are named in the log and left out, as RFC 7517 wants it.
fn parse(text: &[u8]) -> Result<BTreeMap<String, Arc<Key>>, String> {
    let set: Value =
        serde_json::from_slice(text).map_err(|error| format!("is not JSON: {error}"))?;
    let listed = set.get("keys").and_then(Value::as_array).ok_or("has no list `keys`")?;
    if listed.len() > KEYS_MAX {
        return Err(format!("has more than {KEYS_MAX} keys"));
    }
    let mut keys = BTreeMap::new();
    for (index, value) in listed.iter().enumerate() {
        if ["d", "k"].iter().any(|secret| value.get(secret).is_some()) {
            return Err(format!("keys[{index}] is a secret; only public keys belong here"));
        }
        match key(value) {
            Ok((kid, _)) if keys.contains_key(&kid) => {
                return Err(format!("keys[{index}] has the kid of another key"));
            }
            Ok((kid, key)) => {
                keys.insert(kid, Arc::new(key));
            }
            Err(why) => tracing::warn!(index, why, "a key is not used"),
        }
    }
    if keys.is_empty() {
        return Err("has no key that can be used (EdDSA, ES256 or RS256, with a kid)".to_owned());
    }
    Ok(keys)
}

fn key(value: &Value) -> Result<(String, Key), &'static str> {
    let jwk: Jwk = serde_json::from_value(value.clone()).map_err(|_| "it is not a JWK")?;
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(it) if it.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        AlgorithmParameters::EllipticCurve(it) if it.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        _ => return Err("its kind is not EdDSA (Ed25519), ES256 or RS256"),
    };
    if jwk.common.key_algorithm.is_some_and(|given| given != name) {
        return Err("its alg is not EdDSA, ES256 or RS256");
    }
    if jwk.common.public_key_use.as_ref().is_some_and(|given| *given != PublicKeyUse::Signature) {
        return Err("its use is not sig");
    }
    let kid = jwk.common.key_id.clone().filter(|kid| !kid.is_empty() && kid.len() <= KID_BYTES_MAX);
    let kid = kid.ok_or("it has no kid")?;
    let decoding = DecodingKey::from_jwk(&jwk).map_err(|_| "it cannot be read")?;
    Ok((kid, Key { algorithm, decoding }))
}
