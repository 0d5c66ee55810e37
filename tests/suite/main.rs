//! Architecture checks and end-to-end tests, one binary.

#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod access;
mod architecture;
mod backups;
mod boston;
mod calendar;
mod chaos;
mod city;
mod consuming;
mod contested;
mod contract;
mod county;
mod deadlines;
mod exports;
mod live;
mod malformed;
mod outages;
#[path = "../../libs/bulletin/tests/it/pages.rs"]
mod pages;
mod processes;
mod publication;
mod recounting;
mod registry;
mod retention;
mod stranger;
mod support;
mod walkthrough;
