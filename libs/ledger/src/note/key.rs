//! Ed25519 keys with a name, and their texts.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// The type byte of Ed25519 in a key's text and ID.
const ED25519: u8 = 0x01;

/// What begins the text of a secret key.
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// Why a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The name is empty, or holds a space, a plus or a control character.
    #[error("a key name must be non-empty and hold no space, plus sign or control character")]
    Name,
    /// The text does not have the parts of a key.
    #[error("a key reads `NAME+ID+BASE64`, with an ID of 8 lower-case hexadecimal digits")]
    Malformed,
    /// The key is not an Ed25519 key.
    #[error("the key is not a sound Ed25519 key of type 1")]
    NotEd25519,
    /// The ID belongs to another name or another key.
    #[error("the key ID does not fit name and key; one of the three was altered")]
    WrongId,
}

/// A public key with its name: who is believed.
///
/// Its text is `name+id+base64(0x01 ‖ key)`, in which the ID guards against slips of the pen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// A key from its 32 bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`]; [`KeyError::NotEd25519`], also for a key that any signature fits.
    pub fn new(name: &str, public_key: [u8; 32]) -> Result<Self, KeyError> {
        if !valid_name(name) {
            return Err(KeyError::Name);
        }
        let key = VerifyingKey::from_bytes(&public_key).map_err(|_| KeyError::NotEd25519)?;
        if key.is_weak() {
            return Err(KeyError::NotEd25519);
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// The name, by custom an address without a scheme: `pingjia.example/zz`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key).
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Whether `signature` is this key's signature of `text`.
    #[must_use]
    pub fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(text, &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = encode(self.key.as_bytes());
        write!(f, "{}+{material}", label(&self.name, self.id()))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, id, material) = parts(text)?;
        let key = Self::new(name, material)?;
        if key.id() == id { Ok(key) } else { Err(KeyError::WrongId) }
    }
}

impl Serialize for VerifierKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VerifierKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A secret key with its name. `Debug` shows the name alone.
#[derive(Clone)]
pub struct Signer {
    name: String,
    key: SigningKey,
}

impl Signer {
    /// The key that grows from `seed`: 32 bytes from a good source of randomness, to be kept.
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`].
    pub fn new(name: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        if !valid_name(name) {
            return Err(KeyError::Name);
        }
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(&seed) })
    }

    /// Reads what [`Signer::to_secret_text`] wrote.
    ///
    /// # Errors
    ///
    /// Every [`KeyError`].
    pub fn from_secret_text(text: &str) -> Result<Self, KeyError> {
        let rest = text.strip_prefix(SECRET_PREFIX).ok_or(KeyError::Malformed)?;
        let (name, id, seed) = parts(rest)?;
        let signer = Self::new(name, seed)?;
        if signer.verifier_key().id() == id { Ok(signer) } else { Err(KeyError::WrongId) }
    }

    /// `PRIVATE+KEY+name+id+base64(0x01 ‖ seed)`, as other tools for signed notes keep it: secret.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let label = label(&self.name, self.verifier_key().id());
        format!("{SECRET_PREFIX}{label}+{}", encode(self.key.as_bytes()))
    }

    /// The public half.
    #[must_use]
    pub fn verifier_key(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The signature of `text`: always the same bytes for the same text.
    #[must_use]
    pub fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.key.sign(text).to_bytes()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Whether `name` may stand in a signature line.
pub(super) fn valid_name(name: &str) -> bool {
    let refused = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    !name.is_empty() && !name.contains(refused)
}

/// `name+id`, as keys are spoken of.
pub(super) fn label(name: &str, id: [u8; 4]) -> String {
    format!("{name}+{:08x}", u32::from_be_bytes(id))
}

fn encode(key: &[u8; 32]) -> String {
    let mut material = vec![ED25519];
    material.extend_from_slice(key);
    BASE64.encode(material)
}

/// Splits `name+id+base64`; the base64 may hold plus signs itself.
fn parts(text: &str) -> Result<(&str, [u8; 4], [u8; 32]), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Malformed);
    };
    let lower_hex = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    if id.len() != 8 || !id.bytes().all(lower_hex) {
        return Err(KeyError::Malformed);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| KeyError::Malformed)?.to_be_bytes();
    let material = BASE64.decode(material).map_err(|_| KeyError::Malformed)?;
    match material.split_first() {
        Some((&ED25519, key)) => {
            let key = key.try_into().map_err(|_| KeyError::NotEd25519)?;
            Ok((name, id, key))
        }
        _ => Err(KeyError::NotEd25519),
    }
}
