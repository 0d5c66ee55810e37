//! The service over real gRPC and a real PostgreSQL, with a scoring service made up for it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod annual;
mod contesting;
mod creating;
mod deciding;
mod exporting;
mod guarded;
mod immutable;
mod keys;
mod ledger;
#[path = "../../../../libs/bulletin/tests/it/month.rs"]
mod month;
mod objecting;
mod offline;
mod outbox;
mod peers;
mod publishing;
mod reading;
mod receiver;
mod reports;
mod scoring;
mod service;
mod tamper;
mod watching;
mod webhooks;
