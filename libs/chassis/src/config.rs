//! Settings: compiled-in defaults, then a file, then the environment, then flags.
//!
//! A service declares one struct with `deny_unknown_fields` that holds the sections below and its
//! own, implements [`Validate`], and loads it with [`Ladder`]. All mistakes are reported at once.

mod ladder;
mod secret;
mod sections;

pub use self::ladder::{ConfigError, Environment, Ladder};
pub use self::secret::Secret;
pub use self::sections::{
    CacheConfig, DatabaseConfig, ListenConfig, LogFormat, PeerConfig, TelemetryConfig,
    empty_as_none,
};

use serde::Serialize;

/// A setting that has demands beyond its type.
pub trait Validate {
    /// Notes everything that is wrong, not only the first.
    fn validate(&self, mistakes: &mut Mistakes);
}

/// What is wrong with a configuration, each with the key at fault.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Mistakes {
    section: String,
    found: Vec<String>,
}

impl Mistakes {
    /// Notes what is wrong with `key`, a path inside the current section.
    pub fn push(&mut self, key: &str, what: impl AsRef<str>) {
        let separator = if self.section.is_empty() { "" } else { "." };
        self.found.push(format!("{}{separator}{key}: {}", self.section, what.as_ref()));
    }

    /// Validates a part of the configuration under its name.
    pub fn section(&mut self, name: &str, part: &impl Validate) {
        let outer = self.section.clone();
        if !self.section.is_empty() {
            self.section.push('.');
        }
        self.section.push_str(name);
        part.validate(self);
        self.section = outer;
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    fn note(&mut self, mistake: String) {
        self.found.push(mistake);
    }

    pub(crate) fn into_found(self) -> Vec<String> {
        self.found
    }
}

/// The configuration as JSON for reading, secrets as `***`.
pub fn dump(config: &impl Serialize) -> String {
    serde_json::to_string_pretty(config).expect("settings have no map with odd keys")
}
