//! The settings of the service; `config.default.toml` lists them with their defaults.

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
