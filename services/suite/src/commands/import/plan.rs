//! What is to be read, how, and in which order.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use chengping_interchange::mapping::Mapping;
use chengping_interchange::{Encoding, FileKind};
use chengping_proto::cases::v1::Reject;
use chengping_types::Month;
use sha2::{Digest as _, Sha256};

use super::pass::Pass;
use super::read::Source;
use super::summary::Summary;
use crate::failure::Failure;
use crate::files::{self, Found, SourceFile};
use crate::output::say;

/// How files are read, whichever they are.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Through this mapping; else they are interchange files.
    pub mapping: Option<Arc<Mapping>>,
    /// Characters of interchange files.
    encoding: Encoding,
    month: Option<Month>,
    /// Of everything that decides what a row becomes.
    digest: String,
}

impl Choice {
    /// Reads the mapping, if there is one.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is wrong; everything that is wrong is said.
    pub fn new(
        mapping: Option<&Path>,
        encoding: Option<Encoding>,
        month: Option<Month>,
    ) -> Result<Self, Failure> {
        let mut digest = Sha256::new();
        let mapping = match mapping {
            None => None,
            Some(path) => {
                let read = read_mapping(path)?;
                digest.update(fs::read(path).with_context(|| path.display().to_string())?);
                Some(Arc::new(match encoding {
                    Some(encoding) => read.with_encoding(encoding),
                    None => read,
                }))
            }
        };
        digest.update(format!("\0{encoding:?} {month:?}"));
        let digest = hex::encode(digest.finalize());
        Ok(Self { mapping, encoding: encoding.unwrap_or_default(), month, digest })
    }

    /// Names everything that decides what becomes of a row of a jurisdiction.
    pub fn digest(&self, jurisdiction: &str) -> String {
        format!("{jurisdiction} {}", self.digest)
    }
}

/// What is to be read, in this order.
#[derive(Default)]
pub struct Plan {
    /// Files of the registry.
    pub registry: Vec<SourceFile>,
    /// Readings for cases.
    pub cases: Vec<Pass>,
    /// Readings for events.
    pub events: Vec<Pass>,
    /// What is wrong with the headers of files that are not read.
    pub refused: Vec<Reject>,
}

impl Plan {
    /// Looks at the files, and tells `summary` which cannot be read.
    pub fn new(choice: &Choice, paths: &[PathBuf], summary: &mut Summary) -> Self {
        let plan = match &choice.mapping {
            Some(mapping) => Self::mapped(mapping, choice.month, paths, summary),
            None => Self::plain(choice, paths, summary),
        };
        for problem in &summary.unreadable {
            say(format_args!("error: {problem}"));
        }
        plan
    }

    /// Interchange files by their kinds.
    fn plain(choice: &Choice, paths: &[PathBuf], summary: &mut Summary) -> Self {
        if choice.month.is_some() {
            say("note: --month chooses rows of mapped tables only; these files are taken whole");
        }
        let found = files::find(paths, choice.encoding);
        summary.unreadable = found.problems;
        let mut plan = Self { refused: found.rejects, ..Self::default() };
        for file in found.files {
            let source = Source::Interchange(choice.encoding);
            let pass = |file: SourceFile| Pass::new(file.path, source, false);
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
        mapping: &Arc<Mapping>,
        month: Option<Month>,
        paths: &[PathBuf],
        summary: &mut Summary,
    ) -> Self {
        let (mut plan, mut found) = (Self::default(), Found::default());
        for path in files::expand(paths, true, &mut summary.unreadable) {
            // Whether the table fits is known by its header, before anything is sent.
            if let Err(error) = mapping.open(&path, month) {
                found.refuse(&error);
                continue;
            }
            let source = Source::Mapped { mapping: Arc::clone(mapping), month };
            plan.cases.push(Pass::new(path.clone(), source.clone(), false));
            plan.events.push(Pass::new(path, source, true));
        }
        summary.unreadable.extend(found.problems);
        plan.refused = found.rejects;
        plan
    }

    /// Whether there is nothing to do and nothing to tell.
    pub fn is_empty(&self) -> bool {
        let files = self.registry.len() + self.cases.len() + self.events.len();
        files == 0 && self.refused.is_empty()
    }

    /// The bytes of all passes; those of a file that is read twice count twice.
    pub fn bytes(&self) -> u64 {
        self.cases.iter().chain(&self.events).map(Pass::bytes).sum()
    }
}

/// Reads a mapping file.
///
/// # Errors
///
/// When it cannot be read, or is wrong; every mistake is said.
pub fn read_mapping(path: &Path) -> anyhow::Result<Mapping> {
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
