//! How many events a second a core turns into facts.

use chengping_casework::{Deriver, Lifecycle, Question};
use chengping_interchange::generate::{Cases, City, Settings};
use serde_json::{Value, json};

use crate::city::month;
use crate::stopwatch::{seconds, times};

const RUNS: usize = 7;
const CASES: u64 = 40_000;

pub(crate) fn measure() -> Value {
    let settings = Settings { seed: 1, cases: CASES, month: month() };
    let city = City::new(&settings);
    let cases: Vec<_> = Cases::new(&settings, &city).collect();
    let events: usize = cases.iter().map(|case| case.events.len()).sum();
    let zone = "Asia/Shanghai".parse().expect("a time zone");
    let question = Question::at_freeze(month(), zone, 3, Lifecycle::default());
    let derive_all = || -> usize {
        let deriver = Deriver::new(&question);
        let facts = cases.iter().filter_map(|made| deriver.derive(&made.case, &made.events));
        facts.count()
    };
    let time = times(RUNS, derive_all);
    json!({
        "cases": cases.len(),
        "events": events,
        "facts": derive_all(),
        "times": time,
        "events_per_second": events as f64 / seconds(&time, "cpu_seconds", "min"),
    })
}

/// The numbers for reading.
pub(crate) fn lines(measured: &Value) -> String {
    format!(
        "{} events of {} cases to {} facts, one thread\n  \
         events a second of a core                {:>9.0}",
        measured["events"],
        measured["cases"],
        measured["facts"],
        measured["events_per_second"].as_f64().unwrap_or(f64::NAN),
    )
}
