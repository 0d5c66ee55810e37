//! `chengping generate`: a synthetic month as interchange files.

use std::path::PathBuf;

use anyhow::Context as _;
use chengping_interchange::generate::{Settings, write_to};
use clap::Args;

use crate::args::Common;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Flags of `generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number of cases
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    cases: u64,
    /// Another seed gives another city
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}
