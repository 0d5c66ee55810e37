//! The settings of the service; `config.default.toml` lists them with their defaults.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chengping_chassis::config::{
    DatabaseConfig, ListenConfig, Mistakes, PeerConfig, TelemetryConfig, Validate,
};
use chengping_chassis::identity::IdentityConfig;
use chengping_chassis::process::ServiceConfig;
use chengping_types::LimitValue;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::webhook::Patience;
use crate::domain::webhook::address::Allowed;
use crate::sending::Sender;

/// The settings of the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to serve.
    pub listen: ListenConfig,
    /// Whether callers are asked who they are, and who is believed.
    pub identity: IdentityConfig,
    /// Where versions and logs are kept.
    pub database: DatabaseConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// The scoring service.
    pub scoring: PeerConfig,
    /// rule-configuration, for the working calendar.
    pub rules: PeerConfig,
    /// case-ingestion, for what decisions write.
    pub cases: PeerConfig,
    /// The keys of the logs.
    pub keys: KeysConfig,
    /// What publishing demands.
    pub publication: PublicationConfig,
    /// How publications are told.
    pub watch: WatchConfig,
    /// How publications are sent.
    pub webhooks: WebhooksConfig,
}

/// The keys of the logs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// Where the secret key is kept.
    pub folder: PathBuf,
    /// The first part of the name of every log: `HOST/JURISDICTION`.
    pub host: String,
}

/// What publishing demands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicationConfig {
    /// Whether only a version whose objections are decided may be published (6.8).
    pub require_notice: bool,
    /// Whether a version is approved, published and withdrawn, and an inquiry decided, by somebody
    /// else than who took the step before.
    pub four_eyes: bool,
    /// How long bodies look before objections are taken (method f).
    pub notice_days: Days,
    /// How long objections are taken.
    pub objection_days: Days,
    /// How long after that all of them are to be decided.
    pub decision_days: Days,
    /// How long an inquiry may wait for its answer.
    pub inquiry_days: Days,
}

/// A number of working days with up to two decimals; 0 is none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(Option<LimitValue>);

impl Days {
    /// How many; none for 0.
    pub(crate) const fn get(self) -> Option<LimitValue> {
        self.0
    }
}

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "0" {
            return Ok(Self(None));
        }
        let days = text.parse().map(|days| Self(Some(days)));
        days.map_err(|_| format!("{text:?} is no number of working days: expected 0 to 9999.99"))
    }
}

impl fmt::Display for Days {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(days) => days.fmt(formatter),
            None => formatter.write_str("0"),
        }
    }
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How publications are told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchConfig {
    /// How often the store is asked for news, in milliseconds.
    pub poll_ms: NonZeroU64,
    /// How long a stream is silent at most when the client does not say, in milliseconds.
    pub keep_alive_ms: NonZeroU64,
}

impl WatchConfig {
    /// How often the store is asked for news.
    #[must_use]
    pub fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms.get())
    }

    /// How long a stream is silent at most when the client does not say.
    #[must_use]
    pub fn keep_alive(&self) -> Duration {
        Duration::from_millis(self.keep_alive_ms.get())
    }
}

/// How publications are sent to webhooks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    /// What may be reached beside the public internet, and without TLS: `HOST` or `HOST:PORT`, with
    /// spaces between them.
    pub allow: String,
    /// A file in PEM with further authorities whose certificates are believed; empty for none.
    pub ca_file: PathBuf,
    /// How long an attempt takes at most, in milliseconds.
    pub timeout_ms: NonZeroU64,
    /// After so many attempts that failed, a publication is given up.
    pub attempts_max: NonZeroU32,
    /// How long to wait after the first attempt that failed, in milliseconds; then twice as long.
    pub first_retry_ms: NonZeroU64,
    /// How long to wait at most, in milliseconds.
    pub longest_retry_ms: NonZeroU64,
}

impl WebhooksConfig {
    /// What sends.
    pub(crate) fn sender(&self) -> anyhow::Result<Sender> {
        let file = Some(self.ca_file.as_path()).filter(|file| !file.as_os_str().is_empty());
        let timeout = Duration::from_millis(self.timeout_ms.get());
        Sender::new(Allowed::new(&self.allow), timeout, file)
    }

    /// How often it is tried.
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            attempts_max: self.attempts_max.get(),
            first_retry: Duration::from_millis(self.first_retry_ms.get()),
            longest_retry: Duration::from_millis(self.longest_retry_ms.get()),
        }
    }
}

impl ServiceConfig for Config {
    const PROGRAM: &'static str = "chengping-result-publication";
    const NAME: &'static str = "publication";
    const DEFAULTS: &'static str = include_str!("../config.default.toml");

    fn telemetry(&self) -> &TelemetryConfig {
        &self.telemetry
    }
}

impl Validate for Config {
    fn validate(&self, mistakes: &mut Mistakes) {
        mistakes.section("listen", &self.listen);
        mistakes.section("identity", &self.identity);
        mistakes.section("database", &self.database);
        mistakes.section("telemetry", &self.telemetry);
        mistakes.section("scoring", &self.scoring);
        mistakes.section("rules", &self.rules);
        mistakes.section("cases", &self.cases);
        mistakes.section("keys", &self.keys);
    }
}

impl Validate for KeysConfig {
    fn validate(&self, mistakes: &mut Mistakes) {
        if self.folder.as_os_str().is_empty() {
            mistakes.push("folder", "is not set; name a folder that is backed up and kept secret");
        }
        let refused = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '+' | '/');
        if self.host.is_empty() || self.host.contains(refused) {
            mistakes
                .push("host", "must be a name such as pingjia.example, without spaces, + and /");
        }
    }
}
