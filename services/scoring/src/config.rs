//! The settings of the service; `config.default.toml` lists them with their defaults.

use std::num::NonZeroU32;

use chengping_chassis::config::{
    CacheConfig, DatabaseConfig, ListenConfig, Mistakes, PeerConfig, TelemetryConfig, Validate,
};
use chengping_chassis::identity::IdentityConfig;
use chengping_chassis::process::ServiceConfig;
use serde::{Deserialize, Serialize};

/// The settings of the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to serve.
    pub listen: ListenConfig,
    /// Whether callers are asked who they are, and who is believed.
    pub identity: IdentityConfig,
    /// Where evaluations are kept.
    pub database: DatabaseConfig,
    /// Where tallies and rule packs are remembered.
    pub cache: CacheConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// The case-ingestion service.
    pub cases: PeerConfig,
    /// The rule-configuration service.
    pub rules: PeerConfig,
    /// Provisional scores.
    #[serde(default)]
    pub live: LiveConfig,
}

/// How provisional scores are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveConfig {
    /// How often the counts that follow the stream are compared with a full recount, in seconds.
    pub recount_s: NonZeroU32,
    /// How long they are followed after the last watcher has gone, in seconds.
    pub linger_s: u32,
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self { recount_s: NonZeroU32::new(600).expect("above 0"), linger_s: 60 }
    }
}

impl ServiceConfig for Config {
    const PROGRAM: &'static str = "chengping-scoring";
    const NAME: &'static str = "scoring";
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
        mistakes.section("cache", &self.cache);
        mistakes.section("telemetry", &self.telemetry);
        mistakes.section("cases", &self.cases);
        mistakes.section("rules", &self.rules);
    }
}
