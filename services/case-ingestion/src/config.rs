//! The settings of the service.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use chengping_chassis::config::{
    DatabaseConfig, ListenConfig, Mistakes, PeerConfig, TelemetryConfig, Validate,
};
use chengping_chassis::identity::IdentityConfig;
use chengping_chassis::process::ServiceConfig;
use chengping_chassis::serve::MESSAGE_BYTES_MAX;
use serde::{Deserialize, Serialize};

/// The settings of the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it listens, when it runs alone.
    #[serde(default)]
    pub listen: ListenConfig,
    /// Whether callers are asked who they are, and who is believed.
    #[serde(default)]
    pub identity: IdentityConfig,
    /// Its database.
    #[serde(default)]
    pub database: DatabaseConfig,
    /// The rule-configuration service, which keeps the registry.
    #[serde(default)]
    pub rules: PeerConfig,
    /// How much may come in at a time.
    #[serde(default)]
    pub intake: IntakeConfig,
    /// How long what was taken in is kept.
    #[serde(default)]
    pub retention: RetentionConfig,
    /// Its logs and traces, when it runs alone.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
}

/// The largest batch that the API has, in records.
const BATCH_RECORDS_MAX: u32 = 10_000;

/// How much may come in at a time. A stream that reaches a limit in bytes or batches waits; other
/// limits are answered with `RESOURCE_EXHAUSTED`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntakeConfig {
    /// Records of one batch: 10,000, or fewer.
    pub batch_records_max: NonZeroU32,
    /// Bytes of one message: 16 MiB, or fewer.
    pub message_bytes_max: NonZeroU32,
    /// Batches of one stream that wait while one is committed.
    pub stream_batches_max: NonZeroU32,
    /// Bytes, as they came, of the batches of one stream that are not committed yet. One batch is
    /// always taken, however large.
    pub stream_bytes_max: NonZeroU64,
    /// The same for all calls of the process together.
    pub bytes_max: NonZeroU64,
    /// Streams that one jurisdiction may have open in the process.
    pub streams_max: NonZeroU32,
    /// Records a second of one jurisdiction in the process; 0 for as many as come. Streams wait,
    /// calls are refused.
    pub records_per_second_max: u32,
    /// How long a batch that has its turn may take to be committed, in milliseconds.
    pub commit_timeout_ms: NonZeroU64,
}

impl IntakeConfig {
    /// How long a batch that has its turn may take to be committed.
    pub(crate) fn commit_timeout(&self) -> Duration {
        Duration::from_millis(self.commit_timeout_ms.get())
    }

    /// Bytes of one message.
    pub(crate) fn message_bytes_max(&self) -> usize {
        usize::try_from(self.message_bytes_max.get()).unwrap_or(MESSAGE_BYTES_MAX)
    }
}

impl Default for IntakeConfig {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).expect("above 0");
        let large = |number| NonZeroU64::new(number).expect("above 0");
        Self {
            batch_records_max: number(BATCH_RECORDS_MAX),
            message_bytes_max: number(16 << 20),
            stream_batches_max: number(1),
            stream_bytes_max: large(32 << 20),
            bytes_max: large(256 << 20),
            streams_max: number(64),
            records_per_second_max: 0,
            commit_timeout_ms: large(60_000),
        }
    }
}

impl Validate for IntakeConfig {
    fn validate(&self, mistakes: &mut Mistakes) {
        if self.batch_records_max.get() > BATCH_RECORDS_MAX {
            let what = format!("must be at most {BATCH_RECORDS_MAX}, the limit of the API");
            mistakes.push("batch_records_max", what);
        }
        if self.message_bytes_max() > MESSAGE_BYTES_MAX {
            let what = format!("must be at most {MESSAGE_BYTES_MAX}, the limit of all services");
            mistakes.push("message_bytes_max", what);
        }
    }
}

/// How long what was taken in is kept, in full months after the month of a case.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// After how many months the events of a month may be put away without a word about why so
    /// early.
    pub min_months: u16,
    /// The same for erasing titles and notes.
    pub texts_min_months: u16,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { min_months: 24, texts_min_months: 24 }
    }
}

impl ServiceConfig for Config {
    const PROGRAM: &'static str = "chengping-case-ingestion";
    const NAME: &'static str = "cases";
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
        mistakes.section("rules", &self.rules);
        mistakes.section("intake", &self.intake);
        mistakes.section("telemetry", &self.telemetry);
    }
}

#[cfg(test)]
mod tests {
    use chengping_chassis::config::Environment;

    use super::*;

    fn environment(more: &[(&str, &str)]) -> Environment {
        let given = [
            ("DATABASE_URL", "postgres://cases@localhost/chengping"),
            ("CHENGPING_CASES__IDENTITY__MODE", "off"),
        ];
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        given.iter().chain(more).map(owned).collect()
    }

    #[test]
    fn the_defaults_are_complete_but_for_the_database_and_whom_to_believe() {
        let environment = environment(&[]);
        let config: Config = Config::ladder().environment(environment).load().unwrap();
        assert_eq!(config.listen.address.port(), 50051);
        assert_eq!(config.rules.address, "http://127.0.0.1:50052");
        assert_eq!((config.retention.min_months, config.retention.texts_min_months), (24, 24));
        let (found, defaults) = (config.intake, IntakeConfig::default());
        assert_eq!(format!("{found:?}"), format!("{defaults:?}"), "the file says the defaults");
    }

    #[test]
    fn limits_can_be_lowered_and_not_raised_above_those_of_the_api() {
        let load = |key: &str, value: &str| {
            let key = format!("CHENGPING_CASES__INTAKE__{key}");
            let environment = environment(&[(&key, value)]);
            Config::ladder().environment(environment).load::<Config>()
        };
        for (key, good, bad) in [
            ("BATCH_RECORDS_MAX", "500", "10001"),
            ("MESSAGE_BYTES_MAX", "65536", "16777217"),
            ("STREAMS_MAX", "1", "0"),
        ] {
            assert!(load(key, good).is_ok(), "{key}");
            assert!(load(key, bad).is_err(), "{key}");
        }
    }
}
