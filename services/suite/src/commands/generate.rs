//! `chengping generate`: a synthetic month as interchange files.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use anyhow::Context as _;
use chengping_interchange::generate::{Settings, write_to};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use crate::args::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Flags of `generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number of cases in the month; the month before gets nine tenths of it
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    cases: u64,
    /// Another seed gives another city
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

/// Writes the files and tells how many rows they have. The same flags give the same bytes.
pub fn run(common: &Common, args: &GenerateArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let month = common.required_month()?;
    let settings = Settings { seed: args.seed, cases: args.cases, month };
    let bar = if io::stderr().is_terminal() {
        ProgressBar::new(settings.total_cases())
    } else {
        ProgressBar::hidden()
    };
    let written = write_to(&settings, &args.out, |done| bar.set_position(done));
    bar.finish_and_clear();
    let written = written.with_context(|| format!("cannot write to {}", args.out.display()))?;
    let counts = [
        ("bodies", written.bodies),
        ("areas", written.areas),
        ("coefficients", written.coefficients),
        ("cases", written.cases),
        ("events", written.events),
    ];
    let mut table = Table::new(&[("file", Align::Left), ("rows", Align::Right)]);
    for (file, rows) in counts {
        table.row([format!("{file}.csv"), rows.to_string()]);
    }
    let rows: serde_json::Map<_, _> =
        counts.into_iter().map(|(file, rows)| (file.to_owned(), rows.into())).collect();
    out.report(&table, &json!({ "folder": args.out, "month": month, "rows": rows }))?;
    out.remark("synthetic: nothing in these files is real")?;
    Ok(Outcome::Done)
}
