//! Reading, on a thread of its own: rows into batches and rejects.

use std::path::Path;
use std::sync::Arc;

use chengping_interchange::mapping::{Mapped, MappedReader, Mapping};
use chengping_interchange::{Encoding, Entry, FileError, Progress, Reader, Record, Reject, damage};
use chengping_proto::cases::v1::{self as pb, CaseRecord, EventRecord};
use chengping_types::Month;
use prost::Message;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::stream::Batch;
use crate::convert::record::{case_record, event_record};
use crate::convert::reject::{position, reject};
use crate::files;

/// Records of a batch.
const RECORDS_MAX: usize = 2000;
/// Bytes of a batch, unless a single record has more.
const BYTES_MAX: usize = 1 << 20;

/// How a file is read.
#[derive(Debug, Clone)]
pub enum Source {
    /// As one of the interchange files, with its characters in this encoding.
    Interchange(Encoding),
    /// Through a mapping.
    Mapped {
        /// The mapping.
        mapping: Arc<Mapping>,
        /// Only rows reported in this month.
        month: Option<Month>,
    },
}

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Read {
    /// Rows, rejects included.
    pub rows: u64,
    /// Rows that the reader set aside.
    pub rejected: u64,
    /// Rows that the mapping or the month left out.
    pub skipped: u64,
    /// Rows that were acknowledged before, and so not sent again.
    pub resumed: u64,
    /// Whether no row of the file could be trusted.
    pub damaged: bool,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

/// Which rows are sent, and until when.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Rows that are not sent: those that were acknowledged before.
    pub from: u64,
    /// The last row that is looked at.
    pub until: Option<u64>,
    /// Ends the reading between two rows.
    pub stop: CancellationToken,
}

/// Where batches and rejects go.
pub struct Feed<R> {
    /// Takes batches.
    pub batches: mpsc::Sender<Batch<R>>,
    /// Takes rejects; none on a second pass over the same rows.
    pub rejects: Option<mpsc::Sender<pb::Reject>>,
}

/// A row of a file.
pub enum Row {
    /// Of an interchange file.
    Entry(Entry),
    /// Of a table.
    Mapped(Mapped),
}

/// A record that rows have some of.
pub trait FromRow: Message + Sized {
    /// The records of a row of an interchange file, or of a mapped one.
    ///
    /// # Errors
    ///
    /// When the API cannot carry one.
    fn from_case_and_events(row: Records<'_>, place: &pb::Position) -> anyhow::Result<Vec<Self>>;
}

/// What a row holds.
#[derive(Clone, Copy)]
pub struct Records<'a> {
    case: Option<&'a chengping_casework::Case>,
    events: &'a [chengping_casework::Event],
    /// Whether what dispatches lack is no mistake: the mapping says so, and has checked it.
    no_deadline: bool,
}

impl FromRow for CaseRecord {
    fn from_case_and_events(row: Records<'_>, place: &pb::Position) -> anyhow::Result<Vec<Self>> {
        Ok(row.case.map(|case| case_record(case, place.clone())).into_iter().collect())
    }
}

impl FromRow for EventRecord {
    fn from_case_and_events(row: Records<'_>, place: &pb::Position) -> anyhow::Result<Vec<Self>> {
        let record = |event| event_record(event, place.clone(), row.no_deadline);
        row.events.iter().map(record).collect()
    }
}

/// Reads a file to its end, or until nobody takes what is read.
///
/// # Errors
///
/// When the file is not what it should be.
pub fn read<R: FromRow>(
    path: &Path,
    source: &Source,
    feed: Feed<R>,
    part: &Part,
) -> anyhow::Result<Read> {
    let file = files::name(path);
    let mut batches = Batching { feed, records: Vec::new(), bytes: 0, complete: 0 };
    let mut read = Read::default();
    if let Some(damaged) = damage(path)? {
        read.rejected += 1;
        read.damaged = true;
        batches.reject(damaged);
        return Ok(read);
    }
    let mut rows = Rows::open(path, source)?;
    while part.until.is_none_or(|until| read.rows < until)
        && let Some(row) = rows.next_row()
    {
        if part.stop.is_cancelled() {
            read.stopped = true;
            return Ok(read);
        }
        read.rows += 1;
        let goes_on = match row {
            Ok(_) if read.rows <= part.from => {
                read.resumed += 1;
                true
            }
            Ok(row) => {
                let records = row.records::<R>(&file)?;
                batches.add(read.rows, records, rows.bytes_read())
            }
            Err(refused) => {
                read.rejected += 1;
                batches.reject(refused)
            }
        };
        // Whoever stopped taking says why.
        if !goes_on {
            return Ok(read);
        }
    }
    batches.flush(rows.bytes_read());
    read.skipped = rows.skipped();
    rows.say_unknown_columns(path);
    Ok(read)
}

impl Row {
    /// How many cases and events it holds.
    pub fn counts(&self) -> (u64, u64) {
        match self {
            Self::Mapped(mapped) => (1, mapped.events.len() as u64),
            Self::Entry(entry) => match entry.record {
                Record::Case(_) => (1, 0),
                Record::Event(_) => (0, 1),
                _ => (0, 0),
            },
        }
    }

    fn records<R: FromRow>(&self, file: &str) -> anyhow::Result<Vec<R>> {
        let (row, line, records) = match self {
            Self::Entry(entry) => {
                let (case, events) = match &entry.record {
                    Record::Case(case) => (Some(case), &[][..]),
                    Record::Event(event) => (None, std::slice::from_ref(event)),
                    _ => (None, &[][..]),
                };
                (entry.row, entry.line, Records { case, events, no_deadline: false })
            }
            Self::Mapped(mapped) => {
                let (case, events) = (Some(&mapped.case), &mapped.events[..]);
                let records = Records { case, events, no_deadline: true };
                (mapped.row, mapped.line, records)
            }
        };
        R::from_case_and_events(records, &position(file, row, line))
    }
}

struct Batching<R> {
    feed: Feed<R>,
    records: Vec<R>,
    bytes: usize,
    /// The last row with records, all of which were added.
    complete: u64,
}

impl<R: FromRow> Batching<R> {
    fn add(&mut self, row: u64, records: Vec<R>, bytes_read: u64) -> bool {
        let any = !records.is_empty();
        for record in records {
            let length = record.encoded_len();
            let full = self.records.len() >= RECORDS_MAX || self.bytes + length > BYTES_MAX;
            if full && !self.flush(bytes_read) {
                return false;
            }
            self.bytes += length;
            self.records.push(record);
        }
        if any {
            self.complete = row;
        }
        true
    }

    fn flush(&mut self, bytes_read: u64) -> bool {
        let records = std::mem::take(&mut self.records);
        self.bytes = 0;
        let batch = Batch { records, bytes_read, rows: self.complete };
        batch.records.is_empty() || self.feed.batches.blocking_send(batch).is_ok()
    }

    fn reject(&mut self, refused: Reject) -> bool {
        let rejects = self.feed.rejects.as_ref();
        rejects.is_none_or(|rejects| rejects.blocking_send(reject(refused)).is_ok())
    }
}

/// The rows of a file, however it is read.
pub enum Rows {
    /// Of an interchange file.
    Entries(Box<Reader>, Progress),
    /// Of a table.
    Mapped(Box<MappedReader>, Progress),
}

impl Rows {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// When it is not what it should be.
    pub fn open(path: &Path, source: &Source) -> Result<Self, FileError> {
        match source {
            Source::Interchange(encoding) => {
                let reader = Reader::open_as(path, None, *encoding)?.with_computed_deadlines();
                let reader = Box::new(reader);
                let progress = reader.progress();
                Ok(Self::Entries(reader, progress))
            }
            Source::Mapped { mapping, month } => {
                let reader = Box::new(mapping.open(path, *month)?);
                let progress = reader.progress();
                Ok(Self::Mapped(reader, progress))
            }
        }
    }

    /// The next row, or why it was set aside.
    pub fn next_row(&mut self) -> Option<Result<Row, Reject>> {
        match self {
            Self::Entries(reader, _) => Some(reader.next()?.map(Row::Entry)),
            Self::Mapped(reader, _) => Some(reader.next()?.map(Row::Mapped)),
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Self::Entries(_, progress) | Self::Mapped(_, progress) => progress.read(),
        }
    }

    /// Rows so far that the mapping or the month left out.
    pub fn skipped(&self) -> u64 {
        match self {
            Self::Entries(..) => 0,
            Self::Mapped(reader, _) => reader.skipped(),
        }
    }

    /// Says which columns nobody knows.
    pub fn say_unknown_columns(&self, path: &Path) {
        if let Self::Entries(reader, _) = self {
            files::say_unknown_columns(path, reader.unknown_columns());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read_cases(text: &str) -> (Read, Vec<Batch<CaseRecord>>, Vec<pb::Reject>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cases.csv");
        fs::write(&path, text).unwrap();
        let (batches, mut batches_out) = mpsc::channel(100);
        let (rejects, mut rejects_out) = mpsc::channel(100);
        let feed = Feed { batches, rejects: Some(rejects) };
        let source = Source::Interchange(Encoding::Utf8);
        let read = read(&path, &source, feed, &Part::default()).unwrap();
        let batches = std::iter::from_fn(|| batches_out.try_recv().ok()).collect();
        let rejects = std::iter::from_fn(|| rejects_out.try_recv().ok()).collect();
        (read, batches, rejects)
    }

    #[test]
    fn batches_are_full_or_last_and_bad_rows_are_set_aside() {
        let mut text = "case_no,source,category_scheme,category_code,area_code\n".to_owned();
        for number in 0..4500 {
            text.push_str(&format!("C{number},patrol,s,0110,R1\n"));
        }
        text.push_str("C9999,pigeon,s,0110,R1\n");
        let (read, batches, rejects) = read_cases(&text);
        assert_eq!(read, Read { rows: 4501, rejected: 1, ..Read::default() });
        let lengths: Vec<_> = batches.iter().map(|batch| batch.records.len()).collect();
        assert_eq!(lengths, [2000, 2000, 500]);
        let marks: Vec<_> = batches.iter().map(|batch| batch.rows).collect();
        assert_eq!(marks, [2000, 4000, 4500], "up to here everything was sent");
        let first = &batches[0].records[0];
        assert_eq!(first.position.as_ref().unwrap().row, 2);
        assert_eq!(rejects[0].code, "unknown_source");
        assert_eq!(rejects[0].position.as_ref().unwrap().row, 4502);
    }

    #[test]
    fn of_a_damaged_file_no_row_is_taken_in() {
        use std::io::Write as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cases.csv.gz");
        let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        zipped.write_all(b"case_no,source,category_scheme,category_code,area_code\n").unwrap();
        for number in 0..2000 {
            writeln!(zipped, "C{number},patrol,s,0110,R1").unwrap();
        }
        let mut bytes = zipped.finish().unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        fs::write(&path, bytes).unwrap();
        let (batches, mut batches_out) = mpsc::channel::<Batch<CaseRecord>>(100);
        let (rejects, mut rejects_out) = mpsc::channel(100);
        let feed = Feed { batches, rejects: Some(rejects) };
        let source = Source::Interchange(Encoding::Utf8);
        let read = read(&path, &source, feed, &Part::default()).unwrap();
        assert_eq!(read, Read { rejected: 1, damaged: true, ..Read::default() });
        assert!(batches_out.try_recv().is_err());
        assert_eq!(rejects_out.try_recv().unwrap().code, "corrupt_file");
    }

    #[test]
    fn long_records_make_small_batches() {
        let title = "题".repeat(20_000);
        let mut text = "case_no,source,category_scheme,category_code,area_code,title\n".to_owned();
        for number in 0..40 {
            text.push_str(&format!("C{number},patrol,s,0110,R1,{title}\n"));
        }
        let (_, batches, _) = read_cases(&text);
        assert!(batches.len() > 1);
        for batch in batches {
            let bytes: usize = batch.records.iter().map(Message::encoded_len).sum();
            assert!(bytes <= BYTES_MAX, "{bytes}");
        }
    }
}
