//! Time, and the memory of this process.

use std::fs;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// The best of several runs: what else runs on the machine only ever adds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Best {
    /// Seconds on the clock.
    pub(crate) wall: f64,
    /// Seconds that all cores together worked.
    pub(crate) cpu: f64,
}

/// Runs something several times; what it gives is dropped outside of the time.
pub(crate) fn best<T>(runs: usize, mut run: impl FnMut() -> T) -> Best {
    let mut best = Best { wall: f64::INFINITY, cpu: f64::INFINITY };
    for _ in 0..runs {
        let (start, worked) = (Instant::now(), cpu());
        let given = run();
        let (wall, worked) = (start.elapsed(), cpu().saturating_sub(worked));
        drop(given);
        best.wall = best.wall.min(wall.as_secs_f64());
        best.cpu = best.cpu.min(worked.as_secs_f64());
    }
    best
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID);
    time.map(Duration::from).unwrap_or_default()
}

/// One thread a core.
pub(crate) fn threads() -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Memory of this process that is in use, in bytes; 0 where the system does not say.
pub(crate) fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.unwrap_or(0_usize) * 1024
}
