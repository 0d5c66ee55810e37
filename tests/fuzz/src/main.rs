//! `chengping-fuzz TARGET [--seconds N] [--seed N] [--keep DIR]`: gives bytes of chance to one
//! entrance for a set time, and fails on a panic, on an input that takes too long, and where memory
//! has no bound. What failed is kept in DIR; a file there instead of a number of seconds repeats it:
//! `chengping-fuzz TARGET --input FILE`. `chengping-fuzz workbook --rows N` measures how much memory
//! a workbook of so many rows takes.

mod memory;
mod mutate;
mod records;
mod run;
mod targets;
mod workbook;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};

use self::run::Plan;

const SECONDS: u64 = 180;
const SEED: u64 = 20_261_130;
const ROWS: usize = 300_000;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let names = targets::NAMES.join(", ");
    let name = arguments.next().with_context(|| format!("name one of {names}, workbook"))?;
    let mut plan = Plan {
        seconds: Duration::from_secs(SECONDS),
        seed: SEED,
        keep: PathBuf::from(".run/fuzz"),
        input: None,
    };
    let mut rows = ROWS;
    while let Some(flag) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{flag} needs a value"))?;
        match &*flag {
            "--seconds" => plan.seconds = Duration::from_secs(value.parse()?),
            "--seed" => plan.seed = value.parse()?,
            "--keep" => plan.keep = value.into(),
            "--input" => plan.input = Some(value.into()),
            "--rows" => rows = value.parse()?,
            _ => bail!("{flag} is no flag"),
        }
    }
    if name == "workbook" {
        return workbook::measure(rows);
    }
    let mut target = targets::find(&name)?.with_context(|| format!("name one of {names}"))?;
    run::run(&name, target.as_mut(), &plan)
}
