//! Scoring: evaluations, scorecards and their explanation.
//!
//! The service fetches rules, registry and facts from its peers, lets [`chengping_scoring`] do
//! what it does without I/O, and keeps each evaluation with everything that was read for it.

mod access;
mod app;
mod config;
mod domain;
mod error;
mod grpc;
mod metrics;
mod peers;
mod store;

use anyhow::Context as _;
use chengping_access::AccessLog;
use chengping_chassis::CancellationToken;
use chengping_chassis::cache::Cache;
use chengping_chassis::clock::WallClock;
use chengping_chassis::postgres;
use chengping_chassis::serve::{self, Server};
use chengping_proto::FILE_DESCRIPTOR_SET;
use sqlx::migrate::Migrator;

pub use access::{ACCESS, DETAILS};
pub use config::{Config, LiveConfig};

/// The schema that belongs to the service, and the role that it logs in as.
pub const SCHEMA: &str = "scoring";
/// The migrations of the schema.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// Adds the service to a server; what runs beside its calls ends with `shutdown`.
///
/// # Errors
///
/// If the database cannot be used or lacks migrations, an address is not one, or the keys of the
/// issuers cannot be read.
pub async fn build(
    config: &Config,
    server: &mut Server,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    build_with_clock(config, server, shutdown, WallClock::default()).await
}

/// As [`build`], with another clock than that of the system: which month runs, and whether an instant
/// lies in the future, is read from it.
///
/// # Errors
///
/// As [`build`].
pub async fn build_with_clock(
    config: &Config,
    server: &mut Server,
    shutdown: CancellationToken,
    clock: WallClock,
) -> anyhow::Result<()> {
    let pool = postgres::pool(&config.database, SCHEMA).await?;
    postgres::check_migrations(&pool, SCHEMA, &MIGRATOR).await?;
    let cache = Cache::new(&config.cache)?;
    let peers = peers::Peers::connect(&config.cases, &config.rules, cache)?;
    let metrics = metrics::Metrics::new();
    let lives = app::Lives::new(config.live, metrics.clone(), shutdown.clone());
    let access = AccessLog::new(pool.clone());
    let app = app::App::new(store::Store::new(pool), access, peers, clock, lives);
    server.run_beside(app.clone().show_in_force(metrics, shutdown));
    server.protect(&config.identity, ACCESS)?;
    server.describe(FILE_DESCRIPTOR_SET);
    server.add_service(grpc::access_service(app.clone())).add_service(grpc::service(app));
    Ok(())
}

/// Serves alone until `shutdown`.
///
/// # Errors
///
/// If the service cannot start, or the server fails.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let listener = serve::bind(&config.listen).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let mut server = Server::new(config.listen.clone());
    build(&config, &mut server, shutdown.clone()).await.context("cannot start")?;
    Ok(server.serve(listener, shutdown).await?)
}
