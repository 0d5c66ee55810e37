//! Architecture checks and end-to-end tests, one binary.

#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod architecture;
mod boston;
mod calendar;
mod chaos;
mod city;
mod consuming;
mod contract;
mod county;
mod deadlines;
mod live;
mod malformed;
mod outages;
mod processes;
mod publication;
mod registry;
mod retention;
mod stranger;
mod support;
mod walkthrough;
