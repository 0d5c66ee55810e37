//! The service over real gRPC and a real PostgreSQL, with a scoring service made up for it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod annual;
mod creating;
mod immutable;
mod keys;
mod ledger;
mod offline;
mod publishing;
mod reading;
mod receiver;
mod reports;
mod scoring;
mod service;
mod tamper;
mod watching;
mod webhooks;
