//! What every service stands on: configuration, telemetry, errors, identity, serving, health,
//! shutdown, cache, private PostgreSQL. It knows no domain.
//!
//! In the order of a process's life: [`process`], [`config`], [`seed`], [`telemetry`], [`shutdown`],
//! [`postgres`], [`cache`], [`client`], [`serve`]; and beside each request: [`identity`], [`rpc`], [`error`],
//! [`page_token`], [`clock`].

pub mod cache;
pub mod client;
pub mod clock;
pub mod config;
pub mod error;
pub mod identity;
pub mod page_token;
pub mod postgres;
pub mod process;
pub mod rpc;
pub mod seed;
pub mod serve;
pub mod shutdown;
pub mod telemetry;

pub use tokio_util::sync::CancellationToken;
