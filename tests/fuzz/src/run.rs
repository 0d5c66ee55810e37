//! One entrance for a set time.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use chengping_testing::Dice;

use crate::memory;
use crate::mutate::mutate;
use crate::targets::Target;

/// No input takes longer.
const HANG: Duration = Duration::from_secs(20);
/// No input takes more memory than the process had before, in bytes.
const MEMORY_MAX: u64 = 128 << 20;
/// How often the run says how it goes.
const NEWS: Duration = Duration::from_secs(60);

/// What is to be done.
pub(crate) struct Plan {
    pub(crate) seconds: Duration,
    pub(crate) seed: u64,
    /// Where an input is kept that fails.
    pub(crate) keep: PathBuf,
    /// The only input, instead of those of chance.
    pub(crate) input: Option<PathBuf>,
}

/// The input of the moment, and when it began.
type Current = Arc<Mutex<Option<(Instant, Vec<u8>)>>>;

pub(crate) fn run(name: &str, target: &mut dyn Target, plan: &Plan) -> anyhow::Result<()> {
    if let Some(path) = &plan.input {
        let input = fs::read(path).with_context(|| path.display().to_string())?;
        say(&format!("{name}: {}", target.take(&input)));
        return Ok(());
    }
    fs::create_dir_all(&plan.keep)?;
    let current = Current::default();
    watch(name.to_owned(), plan.keep.clone(), Arc::clone(&current));
    let mut dice = Dice(plan.seed);
    let begun = Instant::now();
    let (mut news, mut executions, mut most) = (NEWS, 0_u64, 0);
    let mut outcomes: BTreeMap<&'static str, u64> = BTreeMap::new();
    // Whatever is made once is made now.
    for input in target.corpus().to_vec() {
        target.take(&input);
    }
    while begun.elapsed() < plan.seconds {
        let input = mutate(&mut dice, target.corpus(), target.words());
        *current.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), input.clone()));
        memory::forget_peak()?;
        let before = memory::peak()?;
        let taken = catch_unwind(AssertUnwindSafe(|| target.take(&input)));
        let more = memory::peak()?.saturating_sub(before);
        *current.lock().unwrap_or_else(PoisonError::into_inner) = None;
        executions += 1;
        most = most.max(more);
        match taken {
            Ok(outcome) => *outcomes.entry(outcome).or_default() += 1,
            Err(_) => {
                bail!("{name} panicked, seed {}; see {}", plan.seed, keep(plan, name, &input)?)
            }
        }
        if more > MEMORY_MAX {
            let kept = keep(plan, name, &input)?;
            bail!("{name} took {} MiB, seed {}; see {kept}", more >> 20, plan.seed);
        }
        if begun.elapsed() > news {
            news += NEWS;
            say(&format!("{name}: {executions} so far"));
        }
    }
    say(&format!(
        "{name}: {executions} executions in {} s, seed {}, at most {} KiB for one; {outcomes:?}",
        begun.elapsed().as_secs(),
        plan.seed,
        most >> 10
    ));
    Ok(())
}

/// Ends the process when an input takes too long.
fn watch(name: String, keep: PathBuf, current: Current) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let current = current.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, input)) = current.as_ref().filter(|(begun, _)| begun.elapsed() > HANG) {
                let path = path_of(&keep, &name, "hang");
                let kept = fs::write(&path, input).is_ok();
                say(&format!("{name} hangs; kept in {}: {kept}", path.display()));
                std::process::exit(1);
            }
        }
    });
}

fn path_of(folder: &Path, name: &str, what: &str) -> PathBuf {
    folder.join(format!("{name}-{what}"))
}

fn keep(plan: &Plan, name: &str, input: &[u8]) -> anyhow::Result<String> {
    let path = path_of(&plan.keep, name, "failed");
    fs::write(&path, input)?;
    Ok(path.display().to_string())
}

/// Standard output, for whoever runs it.
pub(crate) fn say(line: &str) {
    // There is no place left to complain about a closed standard output.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
