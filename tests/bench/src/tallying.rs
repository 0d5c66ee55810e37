//! How fast facts are tallied, and how much memory they take.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::{Context as _, ensure};
use chengping_rules::{RulePack, builtin};
use chengping_scoring::{Attributor, FactTable};
use chengping_types::Family;
use serde_json::{Value, json};

use crate::city::{City, Size, month};
use crate::columns::{Columns, rows_of};
use crate::others::Others;
use crate::stopwatch::{Times, resident, seconds, times};

const SEED: u64 = 2018;
const RUNS: usize = 11;
/// Many facts take long enough to be measured well with few runs.
const RUNS_OF_MANY: usize = 5;

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
    let runs = if facts < 5_000_000 { RUNS } else { RUNS_OF_MANY };
    let mut measured = with_posts(facts, runs, threads, &pack, &city);

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
    let rows = rows_of(&tallies, &city);
    measured["cells"] = json!(rows.as_object().map_or(0, serde_json::Map::len));
    let mut others = python.map(|python| Others::ask(python, columns.folder())).transpose()?;
    if let Some(others) = &others {
        ensure!(others.rows == rows, "DuckDB and Polars count otherwise");
        measured["versions"] = others.versions.clone();
    }
    // In turns, so that what else runs on the machine meets all alike.
    let mut own = Times::default();
    for _ in 0..runs {
        own.run(|| table.tally(threads));
        if let Some(others) = &mut others {
            others.run()?;
        }
    }
    measured["kernel"] = own.to_json();
    measured["kernel of one thread"] = times(runs, || table.tally(NonZeroUsize::MIN));
    measured["others"] = others.map_or(json!([]), |others| others.to_json());
    measured["ratios"] = ratios(&measured);
    Ok(measured)
}

/// How many times as long as the kernel each program takes, asked in its fastest way.
fn ratios(measured: &Value) -> Value {
    let mut ratios = json!({});
    for (of, which) in [("seconds", "min"), ("seconds", "median"), ("cpu_seconds", "min")] {
        for program in ["duckdb", "polars"] {
            let ways = measured["others"].as_array().into_iter().flatten();
            let of_program = ways.filter(|way| way["program"] == program);
            let fastest = of_program.map(|way| seconds(way, of, which)).min_by(f64::total_cmp);
            if let Some(fastest) = fastest {
                let own = seconds(&measured["kernel"], of, which);
                ratios[format!("{program}, {which} {of}")] = json!(fastest / own);
            }
        }
    }
    ratios
}

/// Memory and time with the counts of posts, all that an evaluation needs.
fn with_posts(
    facts: usize,
    runs: usize,
    threads: NonZeroUsize,
    pack: &RulePack,
    city: &City,
) -> Value {
    let before = resident(std::process::id());
    let mut table = FactTable::new(Attributor::new(pack, &city.registry, month()));
    city.facts(SEED, facts).for_each(|made| table.push(&made.fact));
    let resident = resident(std::process::id()).saturating_sub(before);
    json!({
        "facts": facts,
        "bytes_per_fact": table.bytes() as f64 / facts as f64,
        "resident_bytes_per_fact": resident as f64 / facts as f64,
        "kernel with posts": times(runs, || table.tally(threads)),
    })
}

/// The numbers for reading.
pub(crate) fn lines(measured: &Value) -> String {
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let mut text = format!(
        "{} facts, {} cells of area and department bodies, {} runs of each in turns\n  \
         {:<36} {:>12} {:>12} {:>12}\n",
        measured["facts"],
        measured["cells"],
        measured["kernel"]["runs"],
        "",
        "min",
        "median",
        "min CPU",
    );
    let mut line = |name: &str, times: &Value| {
        let [min, median, cpu] =
            [("seconds", "min"), ("seconds", "median"), ("cpu_seconds", "min")]
                .map(|(of, which)| seconds(times, of, which) * 1000.0);
        writeln!(text, "  {name:<36} {min:>9.2} ms {median:>9.2} ms {cpu:>9.2} ms").ok();
    };
    for name in ["kernel", "kernel of one thread", "kernel with posts"] {
        line(name, &measured[name]);
    }
    for way in measured["others"].as_array().into_iter().flatten() {
        let word = |key: &str| way[key].as_str().unwrap_or_default();
        line(&format!("{}, {}", word("program"), word("way")), way);
    }
    for (of, ratio) in measured["ratios"].as_object().into_iter().flatten() {
        writeln!(text, "  {of:<36} {:>9.1} × the kernel's", number(ratio)).ok();
    }
    write!(
        text,
        "  {:<36} {:>9.1} bytes in columns, {:.1} of the process",
        "memory a fact, with posts",
        number(&measured["bytes_per_fact"]),
        number(&measured["resident_bytes_per_fact"]),
    )
    .ok();
    text
}
