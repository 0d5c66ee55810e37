//! The settings of the service.

use chengping_chassis::config::{
    DatabaseConfig, ListenConfig, Mistakes, PeerConfig, TelemetryConfig, Validate,
};
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
    /// The services that it calls.
    #[serde(default)]
    pub peers: PeersConfig,
    /// Its logs and traces, when it runs alone.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
}

impl Config {
    /// The defaults, each with what it means.
    pub const DEFAULTS: &str = include_str!("config.default.toml");
    /// What names of environment variables have after `CHENGPING_`.
    pub const NAME: &str = "cases";
}

/// The services that this one calls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeersConfig {
    /// Where the registry is kept.
    pub rule_configuration: PeerConfig,
}

impl Validate for Config {
    fn validate(&self, mistakes: &mut Mistakes) {
        mistakes.section("listen", &self.listen);
        mistakes.section("database", &self.database);
        mistakes.section("peers", &self.peers);
        mistakes.section("telemetry", &self.telemetry);
    }
}

impl Validate for PeersConfig {
    fn validate(&self, mistakes: &mut Mistakes) {
        mistakes.section("rule_configuration", &self.rule_configuration);
    }
}

#[cfg(test)]
mod tests {
    use chengping_chassis::config::{Environment, Ladder};

    use super::*;

    #[test]
    fn the_defaults_are_complete_but_for_the_database() {
        let url = "postgres://cases@localhost/chengping".to_owned();
        let environment = Environment::from([("DATABASE_URL".to_owned(), url)]);
        let ladder = Ladder::new(Config::NAME, Config::DEFAULTS).environment(environment);
        let config: Config = ladder.load().unwrap();
        assert_eq!(config.listen.address.port(), 50051);
        assert_eq!(config.peers.rule_configuration.address, "http://127.0.0.1:50052");
    }
}
