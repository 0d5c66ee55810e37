//! The secret of a webhook, by which its receiver knows that a message is from here: made here,
//! told once, kept encrypted; and the signature, as Standard Webhooks has it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chengping_types::name::WebhookName;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{hkdf, hmac};

/// What begins the text of a secret.
const PREFIX: &str = "whsec_";
const SECRET_BYTES: usize = 32;
/// What the key of the encryption is for.
const PURPOSE: &[&[u8]] = &[b"chengping webhook secrets 1"];

/// A secret. `Debug` tells nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret([u8; SECRET_BYTES]);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Why a secret cannot be made, kept or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// What is kept was encrypted with another key, for another webhook, or altered.
    #[error(
        "the secret of the webhook cannot be read; webhook.seed is another one, or the row was altered"
    )]
    Unreadable,
}

impl Secret {
    /// A new one.
    pub(crate) fn new() -> Result<Self, SecretError> {
        let mut bytes = [0; SECRET_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| SecretError::Random)?;
        Ok(Self(bytes))
    }

    /// As its receiver is told it.
    pub(crate) fn text(&self) -> String {
        format!("{PREFIX}{}", BASE64.encode(self.0))
    }

    /// Encrypted with what grows from `seed`, bound to the webhook: a nonce and what it hides.
    pub(crate) fn seal(
        &self,
        seed: &[u8; 32],
        webhook: &WebhookName,
    ) -> Result<Vec<u8>, SecretError> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| SecretError::Random)?;
        let mut hidden = self.0.to_vec();
        let bound = Aad::from(webhook.to_string());
        key(seed)
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut hidden)
            .map_err(|_| SecretError::Unreadable)?;
        Ok([nonce.as_slice(), &hidden].concat())
    }

    /// Reads what [`Secret::seal`] gave.
    pub(crate) fn open(
        sealed: &[u8],
        seed: &[u8; 32],
        webhook: &WebhookName,
    ) -> Result<Self, SecretError> {
        let (nonce, hidden) =
            sealed.split_first_chunk::<NONCE_LEN>().ok_or(SecretError::Unreadable)?;
        let mut hidden = hidden.to_vec();
        let bound = Aad::from(webhook.to_string());
        let opened =
            key(seed).open_in_place(Nonce::assume_unique_for_key(*nonce), bound, &mut hidden);
        let opened: &[u8] = opened.map_err(|_| SecretError::Unreadable)?;
        opened.try_into().map(Self).map_err(|_| SecretError::Unreadable)
    }

    /// The header `webhook-signature` of a message.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
        format!("v1,{}", BASE64.encode(hmac::sign(&key, &signed)))
    }
}

fn key(seed: &[u8; 32]) -> LessSafeKey {
    let grown = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(seed);
    let grown = grown.expand(PURPOSE, &CHACHA20_POLY1305).expect("the key is short enough");
    LessSafeKey::new(UnboundKey::from(grown))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> WebhookName {
        format!("jurisdictions/zz/webhooks/{text}").parse().unwrap()
    }

    #[test]
    fn a_secret_is_read_by_whoever_has_the_seed_and_for_its_own_webhook() {
        let secret = Secret::new().unwrap();
        let sealed = secret.seal(&[1; 32], &name("a")).unwrap();
        assert_eq!(Secret::open(&sealed, &[1; 32], &name("a")), Ok(secret.clone()));
        let unreadable = Err(SecretError::Unreadable);
        assert_eq!(Secret::open(&sealed, &[2; 32], &name("a")), unreadable);
        assert_eq!(Secret::open(&sealed, &[1; 32], &name("b")), unreadable);
        assert_eq!(Secret::open(&sealed[..5], &[1; 32], &name("a")), unreadable);
        assert!(!sealed.windows(8).any(|part| secret.0.windows(8).any(|own| own == part)));
        assert!(!format!("{secret:?}").contains(&secret.text()[6..]));
    }

    #[test]
    fn the_example_of_standard_webhooks_has_its_signature() {
        // The example of the reference libraries.
        let secret = BASE64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let signed = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        assert_eq!(
            BASE64.encode(hmac::sign(&key, signed.as_bytes())),
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        let mine = Secret([7; SECRET_BYTES]);
        assert_eq!(mine.sign("a", 1, b"x"), mine.sign("a", 1, b"x"));
        for other in [mine.sign("b", 1, b"x"), mine.sign("a", 2, b"x"), mine.sign("a", 1, b"y")] {
            assert_ne!(other, mine.sign("a", 1, b"x"));
        }
    }
}
