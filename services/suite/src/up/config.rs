//! The settings of a suite and of the four services in it.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use chengping_chassis::CancellationToken;
use chengping_chassis::config::{Ladder, ListenConfig, Mistakes, TelemetryConfig, Validate};
use chengping_chassis::serve::Server;
use serde::{Deserialize, Serialize};

use super::database::Database;

/// What a suite has beside the settings of its services, as `CHENGPING_SUITE__…`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SuiteConfig {
    /// Where to serve.
    pub listen: ListenConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
}

impl Validate for SuiteConfig {
    fn validate(&self, mistakes: &mut Mistakes) {
        mistakes.section("listen", &self.listen);
        mistakes.section("telemetry", &self.telemetry);
    }
}

impl SuiteConfig {
    /// The settings of the environment, under the flags.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn load(listen: SocketAddr, allow_unauthenticated: bool) -> anyhow::Result<Self> {
        let allow = allow_unauthenticated.then_some("true");
        let ladder = Ladder::new("suite", "")
            .flag("listen.address", Some(listen.to_string()))
            .flag("listen.allow_unauthenticated", allow);
        Ok(ladder.load()?)
    }
}

/// The settings of the four services.
pub struct Services {
    cases: chengping_case_ingestion::Config,
    rules: chengping_rule_configuration::Config,
    scoring: chengping_scoring_service::Config,
    publication: chengping_result_publication::Config,
}

impl Services {
    /// The settings that the services have alone, but for their database, their peers (which are
    /// all at `address`) and the folder of the signing key.
    ///
    /// # Errors
    ///
    /// All mistakes of the first service that has any.
    pub fn load(database: &Database, address: SocketAddr, data: &Path) -> anyhow::Result<Self> {
        use chengping_case_ingestion as cases;
        use chengping_result_publication as publication;
        use chengping_rule_configuration as rules;
        use chengping_scoring_service as scoring;

        let peer = Some(address.to_string());
        let ladder = |service, defaults, schema| {
            Ladder::new(service, defaults).flag("database.url", Some(database.url(schema)))
        };
        let keys = data.join("keys");
        let keys = keys.to_str().context("the path of the data folder is not Unicode")?;
        Ok(Self {
            cases: ladder(cases::Config::NAME, cases::Config::DEFAULTS, cases::SCHEMA)
                .flag("peers.rule_configuration.address", peer.clone())
                .load()?,
            rules: ladder("rules", rules::DEFAULTS, rules::SCHEMA).load()?,
            scoring: ladder("scoring", scoring::CONFIG_DEFAULTS, scoring::SCHEMA)
                .flag("cases.address", peer.clone())
                .flag("rules.address", peer.clone())
                .load()?,
            publication: ladder("publication", publication::CONFIG_DEFAULTS, publication::SCHEMA)
                .flag("scoring.address", peer)
                .flag("keys.folder", Some(keys))
                .load()?,
        })
    }

    /// Adds the services to `server`.
    ///
    /// # Errors
    ///
    /// When one cannot start.
    pub async fn mount(
        &self,
        server: &mut Server,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<()> {
        chengping_rule_configuration::build(&self.rules, server, shutdown.clone())
            .await
            .context("rule-configuration cannot start")?;
        chengping_case_ingestion::build(&self.cases, server, shutdown.clone())
            .await
            .context("case-ingestion cannot start")?;
        chengping_scoring_service::mount(&self.scoring, server, shutdown.clone())
            .await
            .context("scoring cannot start")?;
        chengping_result_publication::mount(&self.publication, server, shutdown.clone())
            .await
            .context("result-publication cannot start")
    }
}
