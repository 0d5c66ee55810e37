//! `import --watch`: takes in what is dropped into a folder, for as long as it runs.

mod folder;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use chengping_interchange::FileKind;
use clap::Args;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use self::folder::{Drop, Folder};
use super::plan::{Choice, Plan};
use super::summary::Summary;
use super::{Manner, import};
use crate::args::Common;
use crate::clients::Clients;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::output::{Output, say};
use crate::rejecting;

/// How long what is on its way may take to end after a signal.
const GRACE: Duration = Duration::from_secs(20);

/// Flags of a watched folder.
#[derive(Debug, Clone, Args)]
pub struct WatchArgs {
    /// Folder to watch: takes in files once they are complete, in the order of their names, until
    /// SIGTERM
    #[arg(long, value_name = "DIR")]
    pub watch: Option<PathBuf>,
    /// Where files go that were taken in, each with a report [default: done in the watched folder]
    #[arg(long, value_name = "DIR")]
    pub done: Option<PathBuf>,
    /// Where files go that cannot be read [default: failed in the watched folder]
    #[arg(long, value_name = "DIR")]
    pub failed: Option<PathBuf>,
    /// Seconds between two looks at the folder
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub every: u64,
}

/// Watches until it is told to stop.
pub(super) async fn run(
    common: &Common,
    choice: &Choice,
    folder: &Path,
    args: &WatchArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let stop = stop_on_signal()?;
    let done = args.done.clone().unwrap_or_else(|| folder.join("done"));
    let failed = args.failed.clone().unwrap_or_else(|| folder.join("failed"));
    let folder = Folder::open(folder, done, failed, choice.mapping.is_some())?;
    // A server that is not there at all is better known now than at night.
    Clients::connect(common).await?;
    say(format_args!("watching {}", folder.path().display()));
    let mut watching = Watching { common, choice, folder, stop: stop.clone() };
    while !stop.is_cancelled() {
        if let Err(failure) = watching.round(out).await {
            // What was not taken in is still there, and tried again.
            say(format_args!("error: {}; trying again later", failure.message()));
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(args.every)) => {}
            () = stop.cancelled() => {}
        }
    }
    say("stopped");
    Ok(Outcome::Done)
}

/// Cancelled by SIGTERM and SIGINT.
fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signals = signal(kind).context("cannot listen for signals")?;
        let stop = stop.clone();
        tokio::spawn(async move {
            signals.recv().await;
            stop.cancel();
        });
    }
    Ok(stop)
}

struct Watching<'a> {
    common: &'a Common,
    choice: &'a Choice,
    folder: Folder,
    stop: CancellationToken,
}

impl Watching<'_> {
    /// Takes in what is complete.
    async fn round(&mut self, out: &mut Output) -> Result<(), Failure> {
        let ready = self.folder.look().context("cannot look at the folder")?;
        if ready.is_empty() {
            return Ok(());
        }
        // Anew each time: a suite on this machine has another address after a restart.
        let clients = Clients::connect(self.common).await?;
        for unit in self.units(ready) {
            if self.stop.is_cancelled() {
                break;
            }
            self.unit(&clients, unit, out).await?;
        }
        Ok(())
    }

    /// Files one by one; those of the registry refer to each other, and go together and first.
    fn units(&self, ready: Vec<PathBuf>) -> Vec<Vec<PathBuf>> {
        let of_registry = |path: &PathBuf| {
            let kind = FileKind::of_name(&files::name(path));
            self.choice.mapping.is_none() && kind.is_some_and(FileKind::is_registry)
        };
        let (registry, others): (Vec<_>, Vec<_>) = ready.into_iter().partition(of_registry);
        let registry = (!registry.is_empty()).then_some(registry);
        registry.into_iter().chain(others.into_iter().map(|path| vec![path])).collect()
    }

    async fn unit(
        &mut self,
        clients: &Clients,
        paths: Vec<PathBuf>,
        out: &mut Output,
    ) -> Result<(), Failure> {
        let digest = self.choice.digest(&clients.parent());
        let mut fresh = Vec::new();
        for path in paths {
            let drop = self.folder.drop(path, &digest)?;
            match &drop.before {
                None => fresh.push(drop),
                Some(before) => {
                    let report = json!({ "outcome": "repeated", "repeats": before });
                    self.end(&drop, true, report, out)?;
                }
            }
        }
        if fresh.is_empty() {
            return Ok(());
        }
        let paths: Vec<_> = fresh.iter().map(|drop| drop.path.clone()).collect();
        let mut summary = Summary::default();
        let plan = Plan::new(self.choice, &paths, &mut summary);
        rejecting::show(&plan.refused);
        let manner = Manner {
            patience: Duration::from_secs(self.common.wait),
            resume: true,
            stop: self.stop.clone(),
            digest,
        };
        let late = async {
            self.stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            imported = import(clients, &plan, manner, &mut summary) => imported?,
            () = late => return Ok(()),
        }
        if summary.is_stopped() {
            return Ok(());
        }
        let whole = summary.is_whole();
        for drop in &fresh {
            if whole {
                self.folder.remember(drop)?;
            }
            let outcome = if whole { "done" } else { "failed" };
            let report = json!({ "outcome": outcome, "import": summary.json() });
            self.end(drop, whole, report, out)?;
        }
        Ok(())
    }

    /// Moves a file with its report, and prints the report.
    fn end(
        &self,
        drop: &Drop,
        done: bool,
        mut report: Value,
        out: &mut Output,
    ) -> Result<(), Failure> {
        report["file"] = files::name(&drop.path).into();
        report["sha256"] = drop.sha256.as_str().into();
        report["finished"] = time::now().into();
        let place = self.folder.put_away(drop, done, &report);
        let place = place.with_context(|| format!("cannot move {}", drop.path.display()))?;
        say(format_args!(
            "{}: {} as {}",
            files::name(&drop.path),
            report["outcome"],
            place.display()
        ));
        if out.format() == crate::args::Format::Json {
            out.json_line(&report)?;
        }
        Ok(())
    }
}

mod time {
    //! The clock of this machine, for reports alone.

    /// Now, in UTC.
    pub(super) fn now() -> String {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let micros = since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        chengping_types::Instant::from_micros(micros).to_string()
    }
}
