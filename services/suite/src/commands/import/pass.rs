//! One reading of one file: from its rows to what the server says of them.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use chengping_proto::cases::v1::{IntakeCounts, Reject};
use tokio::sync::mpsc;
use tonic::Status;

use super::Importing;
use super::read::{Feed, FromRow, Part, Read, Source, read};
use super::resume::{self, Journal};
use super::stream::deliver;
use super::stream::lane::Lane;
use crate::clients::Clients;
use crate::failure::{Doing as _, Failure};
use crate::output::say;
use crate::rejecting;

/// Batches that wait to be sent; what is on its way comes on top.
const BATCHES_WAITING: usize = 2;
/// Rejects that wait to be kept.
const REJECTS_WAITING: usize = 500;
/// Rejects that are shown.
const REJECTS_SHOWN: usize = 21;

/// A file to be read.
#[derive(Debug, Clone)]
pub struct Pass {
    /// The file.
    pub path: PathBuf,
    /// Whether its rows were read before: then they, and their rejects, are not counted again.
    pub again: bool,
    /// How it is read.
    pub source: Source,
    bytes: u64,
}

/// What became of it.
#[derive(Debug, Clone, Default)]
pub struct Passed {
    /// What was read.
    pub read: Read,
    /// What the server says.
    pub counts: IntakeCounts,
    /// Why the file could not be read after all.
    pub error: Option<String>,
}

impl Pass {
    /// A reading of a file.
    pub fn new(path: PathBuf, source: Source, again: bool) -> Self {
        let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        Self { path, again, source, bytes }
    }

    /// The size of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the file is done with it.
    pub fn is_last(&self) -> bool {
        self.again || matches!(self.source, Source::Interchange(_))
    }

    /// Reads the file and has its records taken in; where the journal goes on, from there.
    ///
    /// # Errors
    ///
    /// When the server refuses or stays away; a file that cannot be read is no error.
    pub(super) async fn run<L>(
        &self,
        importing: &Importing<'_>,
        lane: &L,
        journal: &Journal,
        records: resume::Lane,
    ) -> Result<Passed, Failure>
    where
        L: Lane<Record: FromRow>,
    {
        let from = self.confirmed(importing, lane, journal, records).await?;
        let part = Part { from, until: None, stop: importing.manner.stop.clone() };
        let note = |row| journal.acknowledged(records, row);
        self.deliver(importing, lane, part, !self.again, &note).await
    }

    /// The row up to which the server has everything, as it says itself: whoever asks a server of
    /// another past must not leave anything out.
    async fn confirmed<L>(
        &self,
        importing: &Importing<'_>,
        lane: &L,
        journal: &Journal,
        records: resume::Lane,
    ) -> Result<u64, Failure>
    where
        L: Lane<Record: FromRow>,
    {
        let mark = journal.mark(records);
        if mark == 0 {
            return Ok(0);
        }
        let part = Part { from: mark - 1, until: Some(mark), ..Part::default() };
        let counts = self.deliver(importing, lane, part, false, &|_| ()).await?.counts;
        let file = self.path.display();
        if counts.repeated_count > 0 && counts.accepted_count + counts.rejected_count == 0 {
            say(format_args!("{file}: goes on after row {mark}"));
            return Ok(mark);
        }
        say(format_args!("{file}: the server does not have row {mark}; from the beginning"));
        journal.forget(records);
        Ok(0)
    }

    async fn deliver<L>(
        &self,
        importing: &Importing<'_>,
        lane: &L,
        part: Part,
        keeps_rejects: bool,
        acknowledged: &(dyn Fn(u64) + Sync),
    ) -> Result<Passed, Failure>
    where
        L: Lane<Record: FromRow>,
    {
        let (batches, batches_out) = mpsc::channel(BATCHES_WAITING);
        let (rejects, rejects_out) = mpsc::channel(REJECTS_WAITING);
        let feed = Feed { batches, rejects: keeps_rejects.then_some(rejects) };
        let (path, source) = (self.path.clone(), self.source.clone());
        let reading = tokio::task::spawn_blocking(move || read(&path, &source, feed, &part));
        // When one of the three fails, the ends of its channels close, and the others end too.
        let patience = importing.manner.patience;
        let (counts, shown, reading) = tokio::join!(
            deliver(lane, batches_out, importing.progress, patience, acknowledged),
            keep(importing.clients, rejects_out),
            reading
        );
        let counts = counts.doing(format!("import {}", self.path.display()))?;
        rejecting::show(&shown.doing("keep the rejects")?);
        let reading = reading.context("the reader panicked")?;
        let (read, error) = match reading {
            Ok(read) => (read, None),
            Err(error) => (Read::default(), Some(format!("{error:#}"))),
        };
        Ok(Passed { read, counts, error })
    }
}

/// Has the server keep rejects as they come, and gives the first of them back.
async fn keep(
    clients: &Clients,
    mut rejects: mpsc::Receiver<Reject>,
) -> Result<Vec<Reject>, Status> {
    let mut shown = Vec::new();
    let mut batch = Vec::new();
    while rejects.recv_many(&mut batch, REJECTS_WAITING).await > 0 {
        let room = REJECTS_SHOWN.saturating_sub(shown.len());
        shown.extend(batch.iter().take(room).cloned());
        rejecting::keep(clients, std::mem::take(&mut batch)).await?;
    }
    Ok(shown)
}
