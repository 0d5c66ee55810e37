//! `chengping import`: cases and events from interchange files or mapped tables.

pub mod pass;
pub mod progress;
pub mod read;
pub mod stream;
pub mod summary;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use chengping_interchange::FileKind;
use chengping_interchange::mapping::Mapping;
use chengping_proto::cases::v1::Reject;
use clap::Args;

use self::pass::{Pass, Passed};
use self::progress::Progress;
use self::read::Source;
use self::stream::lane::{CaseLane, EventLane};
use self::summary::Summary;
use crate::args::Common;
use crate::clients::Clients;
use crate::commands::registry::import as registry;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::files::{self, Found, SourceFile};
use crate::output::{Output, say};
use crate::rejecting;

/// Flags of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Mapping file (YAML) for tables of another form; with --month only rows of that month
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Interchange files, or tables for the mapping, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Imports all files, registries first and events last, and prints what became of their rows.
pub async fn run(common: &Common, args: &ImportArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let mut summary = Summary::default();
    let plan = match &args.mapping {
        Some(mapping) => Plan::mapped(common, mapping, &args.paths, &mut summary)?,
        None => Plan::plain(common, &args.paths, &mut summary),
    };
    for problem in &summary.unreadable {
        say(format_args!("error: {problem}"));
    }
    if plan.is_empty() {
        return Err(Failure::other("there is no file to import"));
    }
    rejecting::show(&plan.refused);
    let clients = Clients::connect(common).await?;
    summary.add_refused(&plan.refused);
    rejecting::keep(&clients, plan.refused.clone()).await.doing("keep the rejects")?;
    let progress = Progress::new(plan.bytes());
    let importing = Importing {
        clients: &clients,
        progress: &progress,
        patience: Duration::from_secs(common.wait),
    };
    let outcome = importing.run(&plan, &mut summary).await;
    progress.finish();
    outcome?;
    summary.report(out)?;
    Ok(summary.outcome())
}

/// What is to be read, in this order.
#[derive(Default)]
struct Plan {
    registry: Vec<SourceFile>,
    cases: Vec<Pass>,
    events: Vec<Pass>,
    /// What is wrong with the headers of files that are not read.
    refused: Vec<Reject>,
}

impl Plan {
    /// Interchange files by their kinds.
    fn plain(common: &Common, paths: &[PathBuf], summary: &mut Summary) -> Self {
        if common.month.is_some() {
            say("note: --month chooses rows of mapped tables only; these files are taken whole");
        }
        let found = files::find(paths);
        summary.unreadable = found.problems;
        let mut plan = Self { refused: found.rejects, ..Self::default() };
        for file in found.files {
            let pass = |file: SourceFile| Pass::new(file.path, Source::Interchange, false);
            match file.kind {
                FileKind::Cases => plan.cases.push(pass(file)),
                FileKind::Events => plan.events.push(pass(file)),
                _ => plan.registry.push(file),
            }
        }
        plan
    }

    /// Tables that hold cases and their events, and so are read twice: an event should find its
    /// case.
    fn mapped(
        common: &Common,
        mapping: &Path,
        paths: &[PathBuf],
        summary: &mut Summary,
    ) -> Result<Self, Failure> {
        let mapping = Arc::new(read_mapping(mapping)?);
        let (mut plan, mut found) = (Self::default(), Found::default());
        for path in files::expand(paths, &mut summary.unreadable) {
            // Whether the table fits is known by its header, before anything is sent.
            if let Err(error) = mapping.open(&path, common.month) {
                found.refuse(&error);
                continue;
            }
            let source = Source::Mapped { mapping: Arc::clone(&mapping), month: common.month };
            plan.cases.push(Pass::new(path.clone(), source.clone(), false));
            plan.events.push(Pass::new(path, source, true));
        }
        summary.unreadable.extend(found.problems);
        plan.refused = found.rejects;
        Ok(plan)
    }

    fn is_empty(&self) -> bool {
        let files = self.registry.len() + self.cases.len() + self.events.len();
        files == 0 && self.refused.is_empty()
    }

    /// The bytes of all passes; those of a file that is read twice count twice.
    fn bytes(&self) -> u64 {
        self.cases.iter().chain(&self.events).map(Pass::bytes).sum()
    }
}

pub(super) fn read_mapping(path: &Path) -> anyhow::Result<Mapping> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the mapping {}", path.display()))?;
    Mapping::parse(&text).map_err(|mistakes| {
        for mistake in mistakes.iter() {
            say(format_args!("{}: {mistake}", path.display()));
        }
        let count = mistakes.iter().count();
        anyhow!("the mapping {} has {count} mistakes", path.display())
    })
}

struct Importing<'a> {
    clients: &'a Clients,
    progress: &'a Progress,
    patience: Duration,
}

impl Importing<'_> {
    async fn run(&self, plan: &Plan, summary: &mut Summary) -> Result<(), Failure> {
        if !plan.registry.is_empty() {
            let asked = registry::Asked::default();
            let imported =
                registry::import(self.clients, &plan.registry, Vec::new(), &asked).await?;
            summary.add_registry(&imported);
        }
        let lane = CaseLane::new(self.clients);
        for pass in &plan.cases {
            self.pass(pass, pass.run(self, &lane).await, summary)?;
        }
        let lane = EventLane::new(self.clients);
        for pass in &plan.events {
            self.pass(pass, pass.run(self, &lane).await, summary)?;
        }
        Ok(())
    }

    fn pass(
        &self,
        pass: &Pass,
        passed: Result<Passed, Failure>,
        summary: &mut Summary,
    ) -> Result<(), Failure> {
        summary.add(pass, &passed?);
        self.progress.part_done(pass.bytes());
        Ok(())
    }
}
