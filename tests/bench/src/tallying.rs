//! How fast facts are tallied, and how much memory they take.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use chengping_rules::{RulePack, builtin};
use chengping_scoring::{Attributor, FactTable};
use chengping_types::Family;
use serde_json::{Value, json};

use crate::city::{City, Size, month};
use crate::columns::{Columns, rows_of};
use crate::stopwatch::{best, resident};

const SEED: u64 = 2018;
const RUNS: usize = 15;

/// Where the program lies that asks DuckDB and Polars.
const COMPARE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/compare.py");

/// The rules of the comparison.
pub(crate) fn pack() -> anyhow::Result<RulePack> {
    let text = builtin("zz-2018").context("zz-2018 is built in")?;
    Ok(RulePack::parse(text)?)
}

/// Measures so many facts.
pub(crate) fn measure(
    facts: usize,
    threads: NonZeroUsize,
    python: Option<&Path>,
) -> anyhow::Result<Value> {
    let mut pack = pack()?;
    let city = City::new(&Size::CITY, &pack.time_zone);
    let mut measured = with_posts(facts, threads, &pack, &city);

    // Areas and departments only, as the others do.
    pack.families.remove(&Family::Post);
    pack.groups.retain(|group| group.kinds.iter().all(|kind| kind.family() != Family::Post));
    let attributor = Attributor::new(&pack, &city.registry, month());
    let mut table = FactTable::new(attributor.clone());
    let mut columns = Columns::new()?;
    for mut made in city.facts(SEED, facts) {
        made.fact.desk.clear();
        table.push(&made.fact);
        if python.is_some() {
            columns.add(&made, &city, attributor.attribute(&made.fact).stream)?;
        }
    }
    columns.finish(threads.get())?;
    let tallies = table.tally(threads);
    ensure!(tallies == table.tally(NonZeroUsize::MIN), "the number of threads changes a count");
    let run = || best(RUNS, || table.tally(threads));
    let mut own = run();
    if let Some(python) = python {
        let others = compare(python, columns.folder())?;
        ensure!(others["rows"] == rows_of(&tallies, &city), "DuckDB and Polars count otherwise");
        measured["duckdb"] = others["duckdb"].clone();
        measured["polars"] = others["polars"].clone();
        measured["versions"] = others["versions"].clone();
        // Before and after the others, since the machine may be busier at one time.
        let again = run();
        own.wall = own.wall.min(again.wall);
        own.cpu = own.cpu.min(again.cpu);
    }
    measured["seconds"] = json!(own.wall);
    measured["cpu_seconds"] = json!(own.cpu);
    measured["seconds_of_one_thread"] = json!(best(RUNS, || table.tally(NonZeroUsize::MIN)).wall);
    measured["cells"] = json!(rows_of(&tallies, &city).as_object().map_or(0, serde_json::Map::len));
    for other in ["duckdb", "polars"] {
        for key in ["seconds", "cpu_seconds"] {
            if let Some(theirs) = fastest(&measured[other], key) {
                let ours = measured[key].as_f64().unwrap_or(f64::NAN);
                measured["ratios"][format!("{other} {key}")] = json!(theirs / ours);
            }
            if let Some(theirs) = measured[other]["as written"][key].as_f64() {
                let ours = measured[key].as_f64().unwrap_or(f64::NAN);
                measured["ratios"][format!("{other} as written {key}")] = json!(theirs / ours);
            }
        }
    }
    Ok(measured)
}

/// Memory and time with the counts of posts, all that an evaluation needs.
fn with_posts(facts: usize, threads: NonZeroUsize, pack: &RulePack, city: &City) -> Value {
    let before = resident();
    let mut table = FactTable::new(Attributor::new(pack, &city.registry, month()));
    city.facts(SEED, facts).for_each(|made| table.push(&made.fact));
    let resident = resident().saturating_sub(before);
    let time = best(RUNS, || table.tally(threads));
    json!({
        "facts": facts,
        "bytes_per_fact": table.bytes() as f64 / facts as f64,
        "resident_bytes_per_fact": resident as f64 / facts as f64,
        "with_posts": { "seconds": time.wall, "cpu_seconds": time.cpu },
    })
}

fn compare(python: &Path, folder: &Path) -> anyhow::Result<Value> {
    let mut command = Command::new(python);
    command.arg(COMPARE).arg(folder).stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("cannot run {}", python.display()))?;
    ensure!(output.status.success(), "{COMPARE} failed: {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The least of all ways in which a program was asked.
fn fastest(of: &Value, key: &str) -> Option<f64> {
    let ways = of.as_object()?.values().filter_map(|way| way[key].as_f64());
    ways.min_by(f64::total_cmp)
}

/// The numbers for reading.
pub(crate) fn lines(measured: &Value) -> String {
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let mut text = format!(
        "{} facts, {} cells of area and department bodies\n",
        measured["facts"], measured["cells"]
    );
    let mut line = |name: &str, wall: &Value, cpu: &Value| {
        let [wall, cpu] = [wall, cpu].map(|seconds| number(seconds) * 1000.0);
        writeln!(text, "  {name:<40} {wall:>9.2} ms {cpu:>9.2} ms CPU").ok();
    };
    line("kernel", &measured["seconds"], &measured["cpu_seconds"]);
    line("kernel, one thread", &measured["seconds_of_one_thread"], &Value::Null);
    line(
        "kernel with the counts of posts",
        &measured["with_posts"]["seconds"],
        &measured["with_posts"]["cpu_seconds"],
    );
    for other in ["duckdb", "polars"] {
        for (way, time) in measured[other].as_object().into_iter().flatten() {
            line(&format!("{other}, {way}"), &time["seconds"], &time["cpu_seconds"]);
        }
    }
    for (of, ratio) in measured["ratios"].as_object().into_iter().flatten() {
        writeln!(text, "  {of:<40} {:>9.1} × the kernel's", number(ratio)).ok();
    }
    write!(
        text,
        "  memory a fact, with posts                {:>9.1} bytes in columns, {:.1} of the process",
        number(&measured["bytes_per_fact"]),
        number(&measured["resident_bytes_per_fact"]),
    )
    .ok();
    text
}
