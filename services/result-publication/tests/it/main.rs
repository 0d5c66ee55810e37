//! The service over real gRPC and a real PostgreSQL, with a scoring service made up for it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod creating;
mod immutable;
mod ledger;
mod publishing;
mod reading;
mod scoring;
mod service;
mod watching;
