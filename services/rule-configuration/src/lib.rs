//! Rule configuration: registries and rule packs, dated and reviewed.
//!
//! What an evaluation reads from here is named by number and digest and never changes: a revision
//! of the registry, and a revision of a rule pack.

mod access;
mod app;
mod config;
mod domain;
mod error;
mod grpc;
mod metrics;
mod store;

use anyhow::Context as _;
use chengping_chassis::CancellationToken;
use chengping_chassis::cache::Cache;
use chengping_chassis::postgres;
use chengping_chassis::serve::{MESSAGE_BYTES_MAX, Server, bind};
use chengping_proto::FILE_DESCRIPTOR_SET;
use chengping_proto::rules::v1::registry_service_server::RegistryServiceServer;
use chengping_proto::rules::v1::rule_pack_service_server::RulePackServiceServer;

pub use crate::access::ACCESS;
pub use crate::config::{Config, PacksConfig};

/// The schema that the service keeps its tables in.
pub const SCHEMA: &str = "rule_configuration";

/// What makes that schema.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Adds the services to `server`; they end with `shutdown`.
///
/// # Errors
///
/// If the database cannot be reached or lacks migrations, the cache's address is malformed, or the
/// keys of the issuers cannot be read.
pub async fn build(
    config: &Config,
    server: &mut Server,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let pool = postgres::pool(&config.database, SCHEMA)
        .await
        .context("rule-configuration cannot use its database")?;
    postgres::check_migrations(&pool, SCHEMA, &MIGRATOR).await?;
    let cache = Cache::new(&config.cache)?;
    let app = app::App::new(store::Store::new(pool), cache, config.settings(), shutdown);
    server.run_beside(app.clone().keep_up());
    let registry = RegistryServiceServer::new(grpc::RegistryHandlers::new(app.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    let rule_packs = RulePackServiceServer::new(grpc::RulePackHandlers::new(app))
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    server.protect(&config.identity, ACCESS)?;
    server.add_service(registry).add_service(rule_packs).describe(FILE_DESCRIPTOR_SET);
    Ok(())
}

/// Runs the service alone until `shutdown`.
///
/// # Errors
///
/// If it cannot listen, cannot use its database, or the server fails.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let listener = bind(&config.listen).await?;
    let mut server = Server::new(config.listen.clone());
    build(&config, &mut server, shutdown.clone()).await?;
    server.serve(listener, shutdown).await?;
    Ok(())
}
