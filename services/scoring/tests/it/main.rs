//! The service over real gRPC and a real PostgreSQL, with peers that a test can bend.

#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod access_log;
mod city;
mod correcting;
mod counting;
mod evaluating;
mod keeping;
mod peers;
mod previewing;
mod reading;
mod refusing;
mod service;
