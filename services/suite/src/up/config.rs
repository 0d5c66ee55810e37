//! The settings of a suite and of the four services in it.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use chengping_case_ingestion as cases;
use chengping_chassis::CancellationToken;
use chengping_chassis::config::{Ladder, ListenConfig, Mistakes, TelemetryConfig, Validate};
use chengping_chassis::process::ServiceConfig;
use chengping_chassis::serve::Server;
use chengping_result_publication as publication;
use chengping_rule_configuration as rules;
use chengping_scoring_service as scoring;
use serde::{Deserialize, Serialize};

use super::database::Database;
use super::identity::Asking;

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

/// Where the settings of a service come from, its database first; `peers` are all at one address.
fn ladder<C: ServiceConfig>(
    database: &Database,
    schema: &str,
    (peers, address): (&[&str], SocketAddr),
    asking: &Asking,
) -> Ladder {
    let own = C::ladder().flag("database.url", Some(database.url(schema)));
    let ladder = peers.iter().fold(own, |ladder, peer| {
        ladder.flag(&format!("{peer}.address"), Some(address.to_string()))
    });
    asking.asking(asking.calling(ladder, peers))
}

/// The settings of the four services.
pub struct Services {
    cases: cases::Config,
    rules: rules::Config,
    scoring: scoring::Config,
    publication: publication::Config,
}

impl Services {
    /// The settings that the services have alone, but for their database, their peers (which are
    /// all at `address`), the folder of the signing key, and whom `asking` says that they believe
    /// about who calls.
    ///
    /// # Errors
    ///
    /// All mistakes of the first service that has any.
    pub fn load(
        database: &Database,
        address: SocketAddr,
        data: &Path,
        asking: &Asking,
    ) -> anyhow::Result<Self> {
        let keys = data.join("keys");
        let keys = keys.to_str().context("the path of the data folder is not Unicode")?;
        let cases = (&["rules"][..], address);
        let scoring = (&["cases", "rules"][..], address);
        let publication = (&["scoring", "rules", "cases"][..], address);
        Ok(Self {
            cases: ladder::<cases::Config>(database, cases::SCHEMA, cases, asking).load()?,
            rules: ladder::<rules::Config>(database, rules::SCHEMA, (&[], address), asking)
                .load()?,
            scoring: ladder::<scoring::Config>(database, scoring::SCHEMA, scoring, asking)
                .load()?,
            publication: ladder::<publication::Config>(
                database,
                publication::SCHEMA,
                publication,
                asking,
            )
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
        rules::build(&self.rules, server, shutdown.clone())
            .await
            .context("rule-configuration cannot start")?;
        cases::build(&self.cases, server, shutdown.clone())
            .await
            .context("case-ingestion cannot start")?;
        scoring::build(&self.scoring, server, shutdown.clone())
            .await
            .context("scoring cannot start")?;
        publication::build(&self.publication, server, shutdown.clone())
            .await
            .context("result-publication cannot start")
    }
}
