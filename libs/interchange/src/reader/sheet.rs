//! Rows of a workbook's sheet (XLSX), as the records of a CSV file would be.
//!
//! The workbook is read on a thread of its own, since the rows borrow from it; a few batches wait
//! to be taken. Before that, [`guard`] has looked at what the file would become.

mod cell;
mod guard;
mod work;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::csv::RawRecord;
use super::lines::Interrupted;
use crate::source::{self, Progress};

pub(crate) use cell::Dates;

/// Batches that wait to be taken.
const BATCHES_WAITING: usize = 2;

/// Which part of a workbook is the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SheetOptions {
    /// The sheet; the first one unless named.
    pub(crate) name: Option<String>,
    /// The row of the sheet with the column names, from 1.
    pub(crate) header_row: u32,
}

impl Default for SheetOptions {
    fn default() -> Self {
        Self { name: None, header_row: 1 }
    }
}

/// What comes from the thread: rows, and why there are no more of them. It ends without a word
/// only when it dies.
enum Message {
    /// The name of the sheet.
    Name(String),
    Rows(Vec<RawRecord>),
    End(io::Result<()>),
}

/// A sheet that is being read.
pub(crate) struct Sheet {
    messages: Receiver<Message>,
    rows: std::vec::IntoIter<RawRecord>,
    worker: Option<JoinHandle<()>>,
    line: u64,
    name: String,
}

impl Sheet {
    /// Begins to read a sheet; its first record is the header.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is larger inside than any table is.
    pub(crate) fn open(
        path: &Path,
        options: SheetOptions,
        dates: Dates,
    ) -> io::Result<(Self, Progress)> {
        guard::check(File::open(path)?)?;
        let (file, progress) = source::counted(path)?;
        let (sender, messages) = sync_channel(BATCHES_WAITING);
        let work = move || {
            let end = work::read(file, &options, &dates, &sender);
            // Nobody is left to be told when the other end is gone.
            let _ = sender.send(Message::End(end));
        };
        let worker = std::thread::Builder::new().name("workbook".to_owned()).spawn(work)?;
        let rows = Vec::new().into_iter();
        Ok((Self { messages, rows, worker: Some(worker), line: 0, name: String::new() }, progress))
    }

    /// The row of the sheet that was handed out last, from 1.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// The name of the sheet; empty until its first row.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The next row that holds anything.
    pub(crate) fn next(&mut self) -> Result<Option<RawRecord>, Interrupted> {
        loop {
            if let Some(row) = self.rows.next() {
                self.line = row.line;
                return Ok(Some(row));
            }
            match self.messages.recv() {
                Ok(Message::Name(name)) => self.name = name,
                Ok(Message::Rows(rows)) => self.rows = rows.into_iter(),
                Ok(Message::End(Ok(()))) => return Ok(None),
                Ok(Message::End(Err(error))) => {
                    return Err(Interrupted { partial: Vec::new(), error });
                }
                Err(_) if self.worker.take().is_some() => {
                    let error = invalid("the workbook could not be understood");
                    return Err(Interrupted { partial: Vec::new(), error });
                }
                Err(_) => return Ok(None),
            }
        }
    }
}

/// Sends rows; false when nobody takes them any more.
fn send(sender: &SyncSender<Message>, rows: Vec<RawRecord>) -> bool {
    rows.is_empty() || sender.send(Message::Rows(rows)).is_ok()
}

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}
