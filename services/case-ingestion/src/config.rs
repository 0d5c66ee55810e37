//! The settings of the service.

use chengping_chassis::config::{
    DatabaseConfig, ListenConfig, Mistakes, PeerConfig, TelemetryConfig, Validate,
};
use chengping_chassis::process::ServiceConfig;
use serde::{Deserialize, Serialize};

/// The settings of the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it listens, when it runs alone.
    #[serde(default)]
    pub listen: ListenConfig,
    /// Its database.
    #[serde(default)]
    pub database: DatabaseConfig,
    /// The rule-configuration service, which keeps the registry.
    #[serde(default)]
    pub rules: PeerConfig,
    /// How long what was taken in is kept.
    #[serde(default)]
    pub retention: RetentionConfig,
    /// Its logs and traces, when it runs alone.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
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
        mistakes.section("database", &self.database);
        mistakes.section("rules", &self.rules);
        mistakes.section("telemetry", &self.telemetry);
    }
}

#[cfg(test)]
mod tests {
    use chengping_chassis::config::Environment;

    use super::*;

    #[test]
    fn the_defaults_are_complete_but_for_the_database() {
        let url = "postgres://cases@localhost/chengping".to_owned();
        let environment = Environment::from([("DATABASE_URL".to_owned(), url)]);
        let config: Config = Config::ladder().environment(environment).load().unwrap();
        assert_eq!(config.listen.address.port(), 50051);
        assert_eq!(config.rules.address, "http://127.0.0.1:50052");
        assert_eq!((config.retention.min_months, config.retention.texts_min_months), (24, 24));
    }
}
