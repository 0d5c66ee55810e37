//! `chengping import`: cases and events from interchange files or mapped tables.

mod dry_run;
pub mod pass;
pub mod plan;
pub mod progress;
pub mod read;
pub mod resume;
pub mod stream;
pub mod summary;
pub mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chengping_interchange::Encoding;
use clap::Args;
use tokio_util::sync::CancellationToken;

use self::pass::{Pass, Passed};
pub use self::plan::read_mapping;
use self::plan::{Choice, Plan};
use self::progress::Progress;
use self::resume::{Journal, Lane};
use self::stream::lane::{CaseLane, EventLane};
use self::summary::Summary;
use crate::args::Common;
use crate::clients::Clients;
use crate::commands::registry::import as registry;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::Output;
use crate::rejecting;

/// Flags of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Mapping file (YAML) for tables of another form; with --month only rows of that month
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Characters of CSV and NDJSON: utf-8, gb18030 or gbk [default: what the mapping says, else
    /// utf-8]
    #[arg(long, value_name = "NAME")]
    encoding: Option<Encoding>,
    /// Read and map everything, print counts and rejects, and send nothing
    #[arg(long, visible_alias = "validate-only", conflicts_with_all = ["resume", "watch"])]
    dry_run: bool,
    /// Go on where an import of the same files was broken off
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    watch: watch::WatchArgs,
    /// Interchange files, or tables for the mapping (also .json and .xlsx), or folders of them
    #[arg(required_unless_present = "watch", conflicts_with = "watch", value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Imports all files, registries first and events last, and prints what became of their rows.
pub async fn run(common: &Common, args: &ImportArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let choice = Choice::new(args.mapping.as_deref(), args.encoding, common.month)?;
    if let Some(folder) = &args.watch.watch {
        return watch::run(common, &choice, folder, &args.watch, out).await;
    }
    // Not said to clap, which forgets it where the paths exclude --watch.
    if args.watch.done.is_some() || args.watch.failed.is_some() {
        return Err(Failure::usage("--done and --failed belong to --watch"));
    }
    let mut summary = Summary::default();
    let plan = Plan::new(&choice, &args.paths, &mut summary);
    if plan.is_empty() {
        return Err(Failure::other("there is no file to import"));
    }
    if args.dry_run {
        return dry_run::run(&plan, &summary.unreadable, out);
    }
    rejecting::show(&plan.refused);
    let clients = Clients::connect(common).await?;
    let manner = Manner {
        patience: Duration::from_secs(common.wait),
        resume: args.resume,
        stop: CancellationToken::new(),
        digest: choice.digest(&clients.parent()),
    };
    import(&clients, &plan, manner, &mut summary).await?;
    summary.report(out)?;
    Ok(summary.outcome())
}

/// How files are imported, whichever they are.
#[derive(Debug, Clone)]
struct Manner {
    /// How long a server may be gone.
    patience: Duration,
    /// Whether to go on where an import was broken off.
    resume: bool,
    /// Ends the import between two batches.
    stop: CancellationToken,
    /// Of everything that decides what a row becomes.
    digest: String,
}

/// Imports what is planned.
///
/// # Errors
///
/// When the server refuses or stays away.
async fn import(
    clients: &Clients,
    plan: &Plan,
    manner: Manner,
    summary: &mut Summary,
) -> Result<(), Failure> {
    summary.add_refused(&plan.refused);
    rejecting::keep(clients, plan.refused.clone()).await.doing("keep the rejects")?;
    let progress = Progress::new(plan.bytes());
    let mut importing =
        Importing { clients, progress: &progress, manner, journals: BTreeMap::new() };
    let outcome = importing.run(plan, summary).await;
    progress.finish();
    outcome
}

struct Importing<'a> {
    clients: &'a Clients,
    progress: &'a Progress,
    manner: Manner,
    journals: BTreeMap<PathBuf, Arc<Journal>>,
}

impl Importing<'_> {
    async fn run(&mut self, plan: &Plan, summary: &mut Summary) -> Result<(), Failure> {
        if !plan.registry.is_empty() {
            let asked = registry::Asked::default();
            let imported =
                registry::import(self.clients, &plan.registry, Vec::new(), &asked).await?;
            summary.add_registry(&imported);
        }
        let lane = CaseLane::new(self.clients);
        for pass in &plan.cases {
            let journal = self.journal(&pass.path).await?;
            let passed = pass.run(self, &lane, &journal, Lane::Cases).await?;
            self.end(pass, &passed, &journal, summary);
        }
        let lane = EventLane::new(self.clients);
        for pass in &plan.events {
            let journal = self.journal(&pass.path).await?;
            let passed = pass.run(self, &lane, &journal, Lane::Events).await?;
            self.end(pass, &passed, &journal, summary);
        }
        Ok(())
    }

    /// What is kept of how far a file was imported.
    async fn journal(&mut self, path: &Path) -> Result<Arc<Journal>, Failure> {
        if let Some(journal) = self.journals.get(path) {
            return Ok(Arc::clone(journal));
        }
        let (owned, digest, resume) =
            (path.to_owned(), self.manner.digest.clone(), self.manner.resume);
        let opening = tokio::task::spawn_blocking(move || Journal::open(&owned, &digest, resume));
        let journal = Arc::new(opening.await.map_err(|error| Failure::other(error.to_string()))?);
        self.journals.insert(path.to_owned(), Arc::clone(&journal));
        Ok(journal)
    }

    fn end(&self, pass: &Pass, passed: &Passed, journal: &Journal, summary: &mut Summary) {
        summary.add(pass, passed);
        self.progress.part_done(pass.bytes());
        if pass.is_last() && passed.error.is_none() && !passed.read.stopped {
            journal.finish();
        }
    }
}
