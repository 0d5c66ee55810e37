//! `make bench`, the part of the kernel: how fast facts are derived, tallied and scored on this
//! machine, with the group-bys of the tally also done by DuckDB and Polars on the same facts.
//!
//! Usage: `chengping-bench [--python PYTHON] [--chengping PROGRAM] [--facts 1000000,10000000]
//! [--json FILE]`. Without `--python` nothing is compared, without `--chengping` nothing previewed. Nothing is judged: the numbers are those of this machine, now.

mod city;
mod columns;
mod deriving;
mod others;
mod preview;
mod scoring;
mod stopwatch;
mod tallying;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

/// What is asked for.
struct Options {
    python: Option<PathBuf>,
    chengping: Option<PathBuf>,
    json: Option<PathBuf>,
    facts: Vec<usize>,
}

fn options() -> anyhow::Result<Options> {
    let facts = vec![1_000_000, 10_000_000];
    let mut options = Options { python: None, chengping: None, json: None, facts };
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--python" => options.python = Some(value.into()),
            "--chengping" => options.chengping = Some(value.into()),
            "--json" => options.json = Some(value.into()),
            "--facts" => {
                let numbers = value.split(',').map(str::parse);
                options.facts = numbers.collect::<Result<_, _>>().context("--facts 1000,2000")?;
            }
            _ => {
                bail!("unknown option {word}; known are --python, --chengping, --json and --facts")
            }
        }
    }
    Ok(options)
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    let mut out = io::stdout();
    let threads = stopwatch::threads();
    writeln!(out, "{threads} threads for each program")?;
    let mut tallies = Vec::new();
    for facts in &options.facts {
        let measured = tallying::measure(*facts, threads, options.python.as_deref())?;
        writeln!(out, "\n{}", tallying::lines(&measured))?;
        tallies.push(measured);
    }
    if let [one, .., other] = tallies.as_slice() {
        let least = |measured: &Value| stopwatch::seconds(&measured["kernel"], "seconds", "min");
        let facts = |measured: &Value| measured["facts"].as_f64().unwrap_or(f64::NAN);
        let (growth, facts) = (least(other) / least(one), facts(other) / facts(one));
        writeln!(out, "\n{facts:.1} times the facts take {growth:.1} times the time")?;
    }
    let scored = scoring::measure()?;
    writeln!(out, "\n{}", scoring::lines(&scored))?;
    let derived = deriving::measure();
    writeln!(out, "\n{}", deriving::lines(&derived))?;
    let previewed = options.chengping.as_deref().map(preview::measure).transpose()?;
    if let Some(previewed) = &previewed {
        writeln!(out, "\n{}", preview::lines(previewed))?;
    }
    if let Some(file) = &options.json {
        let all = json!({
            "threads": threads.get(),
            "tallies": tallies,
            "score": scored,
            "derive": derived,
            "preview": previewed,
        });
        let text = serde_json::to_string_pretty(&all)?;
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
