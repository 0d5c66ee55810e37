//! The service over real gRPC and a real PostgreSQL, with a scoring service made up for it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod contesting;
mod creating;
mod deciding;
mod exporting;
mod immutable;
mod ledger;
#[path = "../../../../libs/bulletin/tests/it/month.rs"]
mod month;
mod peers;
mod publishing;
mod reading;
mod scoring;
mod service;
mod watching;
