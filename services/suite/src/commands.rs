//! The commands, a module each.

pub mod access_log;
pub mod annual;
pub mod archive;
pub mod district_report;
pub mod doctor;
pub mod erase;
pub mod evaluate;
pub mod explain;
pub mod export;
pub mod freeze;
pub mod generate;
pub mod import;
pub mod inquiries;
pub mod keys;
pub mod migrate;
pub mod publish;
pub mod registry;
pub mod rejects;
pub mod restore_month;
pub mod results;
pub mod rules;
pub mod steps;
pub mod token;
pub mod verify;
pub mod watch;
pub mod webhook;
