//! Time, and the memory of this process.

use std::fs;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// How long each of several runs took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    /// Seconds on the clock.
    wall: Vec<f64>,
    /// Seconds that all cores together worked.
    cpu: Vec<f64>,
}

impl Times {
    /// Adds a run.
    pub(crate) fn add(&mut self, wall: f64, cpu: f64) {
        self.wall.push(wall);
        self.cpu.push(cpu);
    }

    /// Runs something once; what it gives is dropped outside of the time.
    pub(crate) fn run<T>(&mut self, run: impl FnOnce() -> T) {
        let (start, worked) = (Instant::now(), cpu());
        let given = run();
        let (wall, worked) = (start.elapsed(), cpu().saturating_sub(worked));
        drop(given);
        self.add(wall.as_secs_f64(), worked.as_secs_f64());
    }

    /// The least, since what else runs on the machine only ever adds, and the median.
    pub(crate) fn to_json(&self) -> Value {
        let of = |seconds: &[f64]| {
            let mut sorted = seconds.to_vec();
            sorted.sort_by(f64::total_cmp);
            json!({ "min": sorted.first(), "median": sorted.get(sorted.len() / 2) })
        };
        json!({
            "runs": self.wall.len(),
            "seconds": of(&self.wall),
            "cpu_seconds": of(&self.cpu),
        })
    }
}

/// Runs something several times.
pub(crate) fn times<T>(runs: usize, mut run: impl FnMut() -> T) -> Value {
    let mut times = Times::default();
    (0..runs).for_each(|_| times.run(&mut run));
    times.to_json()
}

/// A number of [`Times::to_json`], in seconds.
pub(crate) fn seconds(times: &Value, of: &str, which: &str) -> f64 {
    times[of][which].as_f64().unwrap_or(f64::NAN)
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID);
    time.map(Duration::from).unwrap_or_default()
}

/// One thread a core.
pub(crate) fn threads() -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// How many of them there are, the least, and what half and 99 in a hundred of them take, in seconds.
pub(crate) fn percentiles(times: &[Duration]) -> Value {
    let mut sorted: Vec<_> = times.iter().map(Duration::as_secs_f64).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let at = |percent: usize| sorted.get((sorted.len() * percent / 100).min(last));
    json!({
        "calls": sorted.len(),
        "min": sorted.first(),
        "p50": at(50),
        "p99": at(99),
        "max": sorted.last(),
    })
}

/// The number in the middle.
pub(crate) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What the system says of a process, such as `VmRSS:`, the memory in use in kilobytes.
pub(crate) fn status(process: u32, key: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Memory of a process that is in use, in bytes; 0 where the system does not say.
pub(crate) fn resident(process: u32) -> usize {
    let kilobytes = status(process, "VmRSS:").and_then(|number| usize::try_from(number).ok());
    kilobytes.unwrap_or_default() * 1024
}
