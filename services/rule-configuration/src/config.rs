//! What can be set.

use std::num::NonZeroU64;
use std::time::Duration;

use chengping_chassis::config::{
    CacheConfig, DatabaseConfig, ListenConfig, Mistakes, TelemetryConfig, Validate,
};
use chengping_chassis::identity::IdentityConfig;
use chengping_chassis::process::ServiceConfig;
use serde::{Deserialize, Serialize};

use crate::app::Settings;
use crate::domain::pointers::TTL_MAX;

/// The settings of the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether a revision must be approved by somebody else than its author.
    #[serde(default)]
    pub four_eyes: bool,
    /// Where the service listens.
    #[serde(default)]
    pub listen: ListenConfig,
    /// Whether callers are asked who they are, and who is believed about it.
    #[serde(default)]
    pub identity: IdentityConfig,
    /// Its database.
    #[serde(default)]
    pub database: DatabaseConfig,
    /// Its cache.
    #[serde(default)]
    pub cache: CacheConfig,
    /// How rule packs are watched and cached.
    #[serde(default)]
    pub packs: PacksConfig,
    /// Logs and traces.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
}

/// How rule packs are watched and cached.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PacksConfig {
    /// How often a watch looks for changes that another process made, in milliseconds.
    pub watch_poll_ms: NonZeroU64,
    /// After how long a quiet watch says that all is well, in milliseconds.
    pub watch_keep_alive_ms: NonZeroU64,
    /// How long the text of a revision stays in the cache, in seconds.
    pub cache_ttl_s: NonZeroU64,
    /// For how long a process may go on with what it knows to be in force, in milliseconds; at most
    /// 10,000, and 0 asks the database every time. Putting a revision in force takes that long and
    /// a tenth more where other processes serve the jurisdiction.
    pub pointer_ttl_ms: u64,
    /// How often it is written down who was given which revision, in milliseconds.
    pub holders_flush_ms: NonZeroU64,
}

impl Default for PacksConfig {
    fn default() -> Self {
        let non_zero = |number| NonZeroU64::new(number).expect("a constant above 0");
        Self {
            watch_poll_ms: non_zero(1_000),
            watch_keep_alive_ms: non_zero(15_000),
            cache_ttl_s: non_zero(86_400),
            pointer_ttl_ms: 1_000,
            holders_flush_ms: non_zero(30_000),
        }
    }
}

impl Validate for PacksConfig {
    fn validate(&self, mistakes: &mut Mistakes) {
        let most = TTL_MAX.as_millis();
        if u128::from(self.pointer_ttl_ms) > most {
            let message = format!("must be at most {most}, since an activation waits for it");
            mistakes.push("pointer_ttl_ms", message);
        }
    }
}

impl ServiceConfig for Config {
    const PROGRAM: &'static str = "chengping-rule-configuration";
    const NAME: &'static str = "rules";
    const DEFAULTS: &'static str = include_str!("../config.default.toml");

    fn telemetry(&self) -> &TelemetryConfig {
        &self.telemetry
    }
}

impl Config {
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            four_eyes: self.four_eyes,
            watch_poll: Duration::from_millis(self.packs.watch_poll_ms.get()),
            watch_keep_alive: Duration::from_millis(self.packs.watch_keep_alive_ms.get()),
            cache_ttl: Duration::from_secs(self.packs.cache_ttl_s.get()),
            pointer_ttl: Duration::from_millis(self.packs.pointer_ttl_ms),
            holders_flush: Duration::from_millis(self.packs.holders_flush_ms.get()),
        }
    }
}

impl Validate for Config {
    fn validate(&self, mistakes: &mut Mistakes) {
        mistakes.section("listen", &self.listen);
        mistakes.section("identity", &self.identity);
        mistakes.section("database", &self.database);
        mistakes.section("cache", &self.cache);
        mistakes.section("packs", &self.packs);
        mistakes.section("telemetry", &self.telemetry);
    }
}

#[cfg(test)]
mod tests {
    use chengping_chassis::config::Environment;

    use super::*;

    const OFF: (&str, &str) = ("CHENGPING_RULES__IDENTITY__MODE", "off");

    fn load(variables: &[(&str, &str)]) -> Result<Config, String> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let environment: Environment = variables.iter().map(owned).collect();
        Config::ladder().environment(environment).load().map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_want_a_database_and_whom_to_believe() {
        let config = load(&[("DATABASE_URL", "postgres://a@localhost/b"), OFF]).unwrap();
        assert_eq!(config.listen.address.port(), 50052);
        assert!(!config.four_eyes);
        assert!(load(&[]).unwrap_err().contains("database.url"));
        let slow = [("CHENGPING_RULES__PACKS__POINTER_TTL_MS", "10001")];
        assert!(load(&slow).unwrap_err().contains("packs.pointer_ttl_ms"));
    }

    #[test]
    fn who_is_asked_for_tokens_needs_to_know_whose() {
        let database = ("DATABASE_URL", "postgres://a@localhost/b");
        assert!(!load(&[database, OFF]).unwrap().identity.is_required());
        let mistakes = load(&[database]).unwrap_err();
        for key in ["identity.issuers", "identity.jwks_file"] {
            assert!(mistakes.contains(key), "{mistakes}");
        }
        let config = load(&[
            database,
            ("CHENGPING_RULES__IDENTITY__ISSUERS", "https://a.example https://b.example"),
            ("CHENGPING_RULES__IDENTITY__JWKS_FILE", "/etc/chengping/jwks.json"),
        ]);
        let identity = config.unwrap().identity;
        assert_eq!(identity.issuers.len(), 2);
        assert_eq!((identity.audience.as_str(), identity.skew_s), ("chengping", 60));
        let skew = ("CHENGPING_RULES__IDENTITY__SKEW_S", "3601");
        assert!(load(&[database, skew]).unwrap_err().contains("identity.skew_s"));
    }

    #[test]
    fn the_environment_goes_over_the_defaults() {
        let variables = [
            ("DATABASE_URL", "postgres://a@localhost/b"),
            OFF,
            ("CHENGPING_RULES__FOUR_EYES", "true"),
            ("CHENGPING_RULES__PACKS__WATCH_POLL_MS", "50"),
        ];
        let config = load(&variables).unwrap();
        assert!(config.four_eyes);
        assert_eq!(config.settings().watch_poll, Duration::from_millis(50));
    }
}
