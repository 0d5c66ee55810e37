//! Generate.
use crate::failure::{Failure, Outcome}; use crate::args::Common; use crate::output::Output;
/// Flags.
#[derive(Debug, clap::Args)] pub struct GenerateArgs {}
/// Runs.
pub fn run(_: &Common, _: &GenerateArgs, _: &mut Output) -> Result<Outcome, Failure> { Ok(Outcome::Done) }
