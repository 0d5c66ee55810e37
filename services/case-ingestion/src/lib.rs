//! Case ingestion: cases and events in, once and durably; facts and snapshots out.
//!
//! What a jurisdiction's platform sends is only ever added to. Each accepted record has its place
//! in a gapless sequence, so that "the first n records" names the same data for ever; everything
//! else is derived from them. What cannot be accepted is set aside with its bytes.

mod access;
mod app;
mod config;
mod domain;
mod error;
mod grpc;
mod metrics;
mod peers;
mod store;

use std::time::Duration;

use chengping_chassis::CancellationToken;
use chengping_chassis::postgres;
use chengping_chassis::serve::{self, MESSAGE_BYTES_MAX, Server};
use chengping_proto::FILE_DESCRIPTOR_SET;
use chengping_proto::cases::v1::access_service_server::AccessServiceServer;
use chengping_proto::cases::v1::archive_service_server::ArchiveServiceServer;
use chengping_proto::cases::v1::case_service_server::CaseServiceServer;
use chengping_proto::cases::v1::reject_service_server::RejectServiceServer;
use chengping_proto::cases::v1::snapshot_service_server::SnapshotServiceServer;

pub use self::access::{ACCESS, DETAILS};
pub use self::config::{Config, IntakeConfig, RetentionConfig};
pub use self::store::standing::{IntakeStanding, standings};

/// What bytes of chance are given to.
#[doc(hidden)]
pub mod fuzz {
    pub use crate::grpc::{METHODS, Probed, probe};
}

/// The PostgreSQL schema of this service.
pub const SCHEMA: &str = "case_ingestion";

/// The migrations of that schema.
pub static MIGRATOR: store::Migrator = store::MIGRATOR;

/// A payload of 16 MiB, its accepted version, and the rest of the message.
const REJECT_BYTES_MAX: usize = 2 * MESSAGE_BYTES_MAX + (1 << 20);

/// Connects to the database and adds the services to `server`, which may hold others as well.
///
/// # Errors
///
/// If the database cannot be reached or lacks migrations, a peer's address is none, or the keys of the issuers
/// cannot be read.
pub async fn build(
    config: &Config,
    server: &mut Server,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let pool = postgres::pool(&config.database, SCHEMA).await?;
    postgres::check_migrations(&pool, SCHEMA, &MIGRATOR).await?;
    let (registry, registries) = peers::connect(&config.rules)?;
    let intake = config.intake.clone();
    let message_bytes_max = intake.message_bytes_max();
    let app = app::App::new(pool, registry, registries, config);
    let look = Duration::from_millis(config.telemetry.metrics_interval_ms.get());
    server.run_beside(app.clone().keep_up(look, shutdown.clone()));
    server.run_beside(app.clone().end_lost_copies(shutdown.clone()));
    server.run_beside(app.clone().keep_packing(shutdown.clone()));

    let cases = CaseServiceServer::new(grpc::CaseHandlers::new(app.clone(), intake, shutdown))
        .max_decoding_message_size(message_bytes_max);
    let rejects = RejectServiceServer::new(grpc::RejectHandlers::new(app.clone()))
        .max_decoding_message_size(REJECT_BYTES_MAX);
    let snapshots = SnapshotServiceServer::new(grpc::SnapshotHandlers::new(app.clone()));
    let access = AccessServiceServer::new(grpc::AccessHandlers::new(app.clone()));
    let archives = ArchiveServiceServer::new(grpc::ArchiveHandlers::new(app))
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    server.protect(&config.identity, ACCESS)?.describe(FILE_DESCRIPTOR_SET);
    server.add_service(cases).add_service(rejects).add_service(snapshots).add_service(archives);
    server.add_service(access);
    Ok(())
}

/// Serves alone, until `shutdown`.
///
/// # Errors
///
/// As [`build`], or if the address cannot be listened on.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let listener = serve::bind(&config.listen).await?;
    let mut server = Server::new(config.listen.clone());
    let starting = server.latch();
    build(&config, &mut server, shutdown.clone()).await?;
    drop(starting);
    server.serve(listener, shutdown).await?;
    Ok(())
}
