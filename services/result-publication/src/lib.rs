//! Result publication: sealed, numbered versions, the log that holds them, and their watchers.
//!
//! A version is made from an evaluation, whose documents are fetched from the scoring service and
//! kept. Publishing seals it, appends it to the log of its jurisdiction and signs a checkpoint of
//! the log, all or nothing; [`chengping_ledger`] says what that proves.

mod access;
mod app;
mod config;
mod domain;
mod error;
mod grpc;
mod keys;
mod peers;
mod sending;
mod store;

use anyhow::Context as _;
use chengping_chassis::CancellationToken;
use chengping_chassis::postgres;
use chengping_chassis::serve::{self, Server};
use chengping_proto::FILE_DESCRIPTOR_SET;
use sqlx::migrate::Migrator;

pub use access::{ACCESS, DETAILS};
pub use config::{Config, Days, KeysConfig, PublicationConfig, WatchConfig, WebhooksConfig};
pub use keys::check as check_keys;
pub use store::standing::{LogStanding, standings};

/// The schema that belongs to the service, and the role that it logs in as.
pub const SCHEMA: &str = "result_publication";
/// The migrations of the schema.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// Adds the service to a server.
///
/// # Errors
///
/// If the database cannot be used or lacks migrations, an address is not one, the key of the logs
/// can be neither read nor made, or the keys of the issuers cannot be read.
pub async fn build(
    config: &Config,
    server: &mut Server,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let pool = postgres::pool(&config.database, SCHEMA).await?;
    postgres::check_migrations(&pool, SCHEMA, &MIGRATOR).await?;
    let keys = keys::Keys::open(&config.keys)?;
    let peers = peers::Peers::connect(config)?;
    let delivering =
        app::Delivering { sender: config.webhooks.sender()?, patience: config.webhooks.patience() };
    let store = store::Store::new(pool);
    let app = app::App::new(store, peers, keys, delivering, config, shutdown.clone());
    tokio::spawn(app.clone().send_events());
    // It ends with `shutdown`; what it was doing then, another process takes up.
    tokio::spawn(app.clone().deliver(shutdown));
    server.protect(&config.identity, ACCESS)?.describe(FILE_DESCRIPTOR_SET);
    grpc::add_services(server, app);
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
