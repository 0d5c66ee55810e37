//! `make bench`: how fast facts are derived, tallied and scored on this machine, with the group-bys
//! of the tally also done by DuckDB and Polars on the same facts; and how fast rules are given out,
//! beside a server that does nothing else; how fast events are taken in, beside `COPY`; how fast a
//! weight is tried, a month closed and live scores told; how fast a month is given as a file, beside
//! openpyxl and reportlab; and how fast publications reach who takes them in.
//!
//! Usage: `chengping-bench [--only kernel|preview|close|live|ingest|export|distribution|publication] [--python PYTHON]
//! [--chengping PROGRAM] [--facts 1000000,10000000] [--cases 63200,632000] [--events 1000000]
//! [--json FILE]`. Without `--python` no other engine is asked; without `--chengping` nothing is
//! previewed, taken in, watched live, exported or published, and no month closed. Nothing is judged:
//! the numbers are those of this machine, now.

mod city;
mod close;
mod columns;
mod deriving;
mod distribution;
mod export;
mod files;
mod ingest;
mod live;
mod others;
mod preview;
mod publication;
mod raw;
mod scoring;
mod stopwatch;
mod suite;
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
    /// How many cases the closed months have.
    cases: Vec<u64>,
    /// How many events are taken in at a time.
    events: usize,
    /// The one part that is asked for.
    only: Option<String>,
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == part)
    }
}

fn options() -> anyhow::Result<Options> {
    let facts = vec![1_000_000, 10_000_000];
    let (cases, events) = (vec![63_200, 632_000], 1_000_000);
    let mut options =
        Options { python: None, chengping: None, json: None, facts, cases, events, only: None };
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--python" => options.python = Some(value.into()),
            "--chengping" => options.chengping = Some(value.into()),
            "--json" => options.json = Some(value.into()),
            "--only" => options.only = Some(value),
            "--events" => options.events = value.parse().context("--events 1000000")?,
            "--facts" => {
                let numbers = value.split(',').map(str::parse);
                options.facts = numbers.collect::<Result<_, _>>().context("--facts 1000,2000")?;
            }
            "--cases" => {
                let numbers = value.split(',').map(str::parse);
                options.cases = numbers.collect::<Result<_, _>>().context("--cases 1000,2000")?;
            }
            _ => bail!(
                "unknown option {word}; known are --only, --python, --chengping, --json, --facts, \
                 --cases and --events"
            ),
        }
    }
    Ok(options)
}

fn main() -> anyhow::Result<()> {
    // The servers of "distribution" and "publication" are processes of this program.
    let mut words = env::args().skip(1);
    if let (Some("serve"), Some(what), Some(with)) =
        (words.next().as_deref(), words.next(), words.next())
    {
        return distribution::serve(&what, with);
    }
    let options = options()?;
    let mut out = io::stdout();
    let threads = stopwatch::threads();
    writeln!(out, "{threads} threads for each program")?;
    let mut all = json!({ "threads": threads.get() });
    if options.wants("kernel") {
        kernel(&options, &mut all, &mut out)?;
    }
    if let (Some(program), true) = (&options.chengping, options.wants("preview")) {
        let previewed = preview::measure(program)?;
        writeln!(out, "\n{}", preview::lines(&previewed))?;
        all["preview"] = previewed;
    }
    if let (Some(program), true) = (&options.chengping, options.wants("close")) {
        let closed = close::measure(program, &options.cases)?;
        writeln!(out, "\n{}", close::lines(&closed))?;
        all["close"] = closed;
    }
    if let (Some(program), true) = (&options.chengping, options.wants("ingest")) {
        let taken = ingest::measure(program, options.events)?;
        writeln!(out, "\n{}", ingest::lines(&taken))?;
        all["ingest"] = taken;
    }
    if let (Some(program), true) = (&options.chengping, options.wants("live")) {
        let watched = live::measure(program)?;
        writeln!(out, "\n{}", live::lines(&watched))?;
        all["live"] = watched;
    }
    if let (Some(program), true) = (&options.chengping, options.wants("export")) {
        let exported = export::measure(program, options.python.as_deref())?;
        writeln!(out, "\n{}", export::lines(&exported))?;
        all["export"] = exported;
    }
    if let (Some(program), true) = (&options.chengping, options.wants("publication")) {
        let published = publication::measure(program)?;
        writeln!(out, "\n{}", publication::lines(&published))?;
        all["publication"] = published;
    }
    if options.wants("distribution") {
        let given = distribution::measure()?;
        writeln!(out, "\n{}", distribution::lines(&given))?;
        all["distribution"] = given;
    }
    if let Some(file) = &options.json {
        let text = serde_json::to_string_pretty(&all)?;
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Derivation, tally and score.
fn kernel(options: &Options, all: &mut Value, out: &mut impl io::Write) -> anyhow::Result<()> {
    let threads = stopwatch::threads();
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
    all["tallies"] = tallies.into();
    all["score"] = scored;
    all["derive"] = derived;
    Ok(())
}
