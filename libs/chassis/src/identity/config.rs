use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::config::{Mistakes, Validate, empty_as_none};

/// No clock is so wrong that a token should be believed longer than this after its end, in seconds.
const SKEW_MAX_S: u64 = 3_600;
/// The way out for who has no issuer yet.
const UNLESS_OFF: &str = ", or set mode = \"off\" for development, where nobody is asked";

/// Whether callers are asked who they are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityMode {
    /// Nobody is asked; the header `x-actor` names who acts and proves nothing. For development.
    Off,
    /// Every call has a token, and its subject acts.
    #[default]
    Required,
}

/// Who is believed about who calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityConfig {
    /// Whether callers are asked: `required`, or `off` for development.
    pub mode: IdentityMode,
    /// The issuers (`iss`) that are believed: a list, or a text with spaces between them. All keys
    /// of the file may sign for any of them.
    #[serde(deserialize_with = "words")]
    pub issuers: BTreeSet<String>,
    /// For whom a token must be made (`aud`).
    pub audience: String,
    /// The public keys of the issuers: a JWKS (RFC 7517), read again when it changes.
    #[serde(deserialize_with = "empty_as_none")]
    pub jwks_file: Option<PathBuf>,
    /// By how much the clocks of issuer and service may differ, in seconds.
    pub skew_s: u64,
}

impl IdentityConfig {
    /// Nobody is asked who they are. For development and tests.
    pub fn off() -> Self {
        Self { mode: IdentityMode::Off, ..Self::default() }
    }

    /// Whether callers are asked who they are.
    pub fn is_required(&self) -> bool {
        self.mode == IdentityMode::Required
    }
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            mode: IdentityMode::default(),
            issuers: BTreeSet::new(),
            audience: "chengping".to_owned(),
            jwks_file: None,
            skew_s: 60,
        }
    }
}

impl Validate for IdentityConfig {
    fn validate(&self, mistakes: &mut Mistakes) {
        if self.skew_s > SKEW_MAX_S {
            mistakes.push("skew_s", format!("must be at most {SKEW_MAX_S}; set the clocks right"));
        }
        if !self.is_required() {
            return;
        }
        if self.issuers.is_empty() {
            mistakes
                .push("issuers", format!("is empty; name whose tokens are believed{UNLESS_OFF}"));
        }
        if self.audience.is_empty() {
            mistakes.push("audience", "is empty; a token for anybody is for nobody");
        }
        if self.jwks_file.is_none() {
            mistakes.push(
                "jwks_file",
                format!("is not set; name the file with the keys of the issuers{UNLESS_OFF}"),
            );
        }
    }
}

/// Reads a list of texts, or one text with spaces between them, as variables and flags have it.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<String>, D::Error> {
    struct Words;

    impl<'de> Visitor<'de> for Words {
        type Value = BTreeSet<String>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list of texts, or a text with spaces between them")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(text.split_whitespace().map(str::to_owned).collect())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut words = BTreeSet::new();
            while let Some(word) = items.next_element::<String>()? {
                words.insert(word);
            }
            Ok(words)
        }
    }

    deserializer.deserialize_any(Words)
}
