//! How long it takes to score a thousand bodies, with everything that an evaluation explains.
//!
//! The explanation is the evaluation's own data: there is no second pass that could be left out.
//! "Without" is therefore measured as the time of scoring less the time of a deep copy of the
//! evaluation, which writes down once more everything that scores were explained with.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use chengping_rules::RulePack;
use chengping_scoring::{
    Attributor, ENGINE, EvaluatedPart, FactTable, Gathered, Input, PackRevision, Snapshot, Tallies,
    score,
};
use chengping_types::{Digest, Month};
use serde_json::{Value, json};

use crate::city::{City, Size, month};
use crate::stopwatch::{seconds, threads, times};
use crate::tallying::pack;

const RUNS: usize = 60;
const FACTS: usize = 400_000;
const FACTS_BEFORE: usize = 50_000;

pub(crate) fn measure() -> anyhow::Result<Value> {
    let pack = pack()?;
    let city = City::new(&Size::THOUSAND, &pack.time_zone);
    let input = input(pack, &city);
    let evaluation = score(&input);
    let all = times(RUNS, || score(&input));
    let gathering = times(RUNS, || Gathered::new(&input));
    let gathered = Gathered::new(&input);
    let again = times(RUNS, || gathered.score(&input.rule_pack));
    let copy = times(RUNS, || evaluation.clone());
    let document = times(5, || evaluation.results_document());
    let items: usize = evaluation.scorecards.iter().map(|card| card.items().count()).sum();
    let least = |times: &Value| seconds(times, "cpu_seconds", "min");
    Ok(json!({
        "bodies": evaluation.scorecards.len(),
        "items": items,
        "with_over_without": least(&all) / (least(&all) - least(&copy)),
        "score": all,
        "gather": gathering,
        "score_gathered": again,
        "copy": copy,
        "document": document,
    }))
}

fn input(pack: RulePack, city: &City) -> Input {
    let evaluated = month();
    let EvaluatedPart { bodies, former_periods, coefficients } =
        EvaluatedPart::new(&pack, &city.registry, evaluated);
    let tallies = |month: Month, seed: u64, facts: usize| -> Tallies {
        let mut table = FactTable::new(Attributor::new(&pack, &city.registry, month));
        city.facts(seed, facts).for_each(|made| table.push(&made.fact));
        table.tally(threads().min(NonZeroUsize::new(2).unwrap_or(NonZeroUsize::MIN)))
    };
    let earlier = (1..=12).map(|back| {
        let month = evaluated.plus(-back);
        (month, tallies(month, 100 + u64::from(back.unsigned_abs()), FACTS_BEFORE))
    });
    let earlier = earlier.collect();
    let as_of = evaluated.freeze(pack.freeze.day, &pack.time_zone);
    Input {
        jurisdiction: "bench".parse().expect("a jurisdiction"),
        month: evaluated,
        as_of,
        decided: as_of,
        engine: ENGINE.to_owned(),
        snapshot: Snapshot { watermark: 0, digest: Digest::of(b"") },
        bodies,
        former_periods,
        coefficients,
        tallies: tallies(evaluated, 1, FACTS),
        earlier,
        rule_pack: PackRevision::new(1, pack.clone()),
    }
}

/// The numbers for reading.
pub(crate) fn lines(measured: &Value) -> String {
    let milliseconds =
        |key: &str, of: &str, which: &str| 1000.0 * seconds(&measured[key], of, which);
    let mut text = format!(
        "{} bodies with {} items scored, all cores, {} runs\n  {:<36} {:>12} {:>12} {:>12}\n",
        measured["bodies"],
        measured["items"],
        measured["score"]["runs"],
        "",
        "min",
        "median",
        "min CPU",
    );
    for (name, key) in [
        ("with everything that explains them", "score"),
        ("reading counts for it alone", "gather"),
        ("from what was read, other weights", "score_gathered"),
        ("a deep copy of that", "copy"),
        ("results document from it", "document"),
    ] {
        let [least, median] = ["min", "median"].map(|which| milliseconds(key, "seconds", which));
        let cpu = milliseconds(key, "cpu_seconds", "min");
        writeln!(text, "  {name:<36} {least:>9.2} ms {median:>9.2} ms {cpu:>9.2} ms").ok();
    }
    let ratio = measured["with_over_without"].as_f64().unwrap_or(f64::NAN);
    write!(text, "  {:<36} {ratio:>9.2} ×", "with over without (the difference)").ok();
    text
}
