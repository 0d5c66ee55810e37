//! The canonical form of a month that is put away: what an archive holds, and its digests.
//!
//! An archive is a sequence of records: each case, then its events, then the deadlines that were
//! computed for them. The digest is the SHA-256 over one line a record, canonical JSON of texts
//! only. Title and note are in a digest of their own, so that they can be erased without breaking
//! the other.

mod line;

use chengping_types::{CaseNo, Digest, Instant};
use sha2::{Digest as _, Sha256};

use crate::{Case, ComputedDeadline, Event};

/// The version of the canonical form.
pub const FORMAT: u32 = 1;

/// Something that was accepted, with its place in the order of acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept<T> {
    /// What was accepted.
    pub record: T,
    /// The number of records accepted up to it, itself included.
    pub sequence: i64,
    /// When it was accepted.
    pub create_time: Instant,
}

/// A deadline that was computed for an event of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDeadline {
    /// The case.
    pub case_no: CaseNo,
    /// The deadline, and out of what.
    pub computed: ComputedDeadline,
    /// The version of the deadline rules.
    pub rules: Digest,
}

/// A record of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A case.
    Case(Kept<Case>),
    /// An event as its platform gave it, without a deadline that was computed.
    Event(Kept<Event>),
    /// A deadline, known from its sequence on.
    Deadline(Kept<KeptDeadline>),
}

impl Record {
    /// The case that it is or belongs to.
    #[must_use]
    pub fn case_no(&self) -> &CaseNo {
        match self {
            Self::Case(case) => &case.record.case_no,
            Self::Event(event) => &event.record.case_no,
            Self::Deadline(deadline) => &deadline.record.case_no,
        }
    }

    /// The place in an archive: case, kind, number of the event, sequence.
    fn place(&self) -> (&CaseNo, u8, u64, i64) {
        match self {
            Self::Case(_) => (self.case_no(), 0, 0, 0),
            Self::Event(event) => (self.case_no(), 1, event.record.event_no, 0),
            Self::Deadline(deadline) => {
                let event_no = deadline.record.computed.event_no;
                (self.case_no(), 2, event_no, deadline.sequence)
            }
        }
    }

    /// The title or note, if there is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Case(case) => case.record.title.as_deref(),
            Self::Event(event) => event.record.note.as_deref(),
            Self::Deadline(_) => None,
        }
    }

    /// Takes the title or note out.
    pub fn forget_text(&mut self) {
        match self {
            Self::Case(case) => case.record.title = None,
            Self::Event(event) => event.record.note = None,
            Self::Deadline(_) => {}
        }
    }
}

/// A record that does not follow from the one before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record of case {case_no} stands out of order, twice, or without its case before it")]
pub struct OutOfOrder {
    /// The case of the record.
    pub case_no: String,
}

/// How many records an archive has, by kind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Cases.
    pub cases: i64,
    /// Events.
    pub events: i64,
    /// Computed deadlines.
    pub deadlines: i64,
    /// Titles.
    pub titles: i64,
    /// Notes.
    pub notes: i64,
}

/// What an archive comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// The digest of all records without title and note.
    pub digest: Digest,
    /// The digest of all titles and notes.
    pub text_digest: Digest,
    /// How many records there are.
    pub counts: Counts,
}

/// Adds up an archive, record by record in its order: the byte order of case numbers.
#[derive(Debug)]
pub struct Adder {
    records: Sha256,
    texts: Sha256,
    counts: Counts,
    last: Option<(CaseNo, u8, u64, i64)>,
    line: Vec<u8>,
}

impl Default for Adder {
    fn default() -> Self {
        let mut adder = Self {
            records: Sha256::new(),
            texts: Sha256::new(),
            counts: Counts::default(),
            last: None,
            line: Vec::new(),
        };
        for hash in [&mut adder.records, &mut adder.texts] {
            hash.update(format!("chengping archive {FORMAT}\n"));
        }
        adder
    }
}

impl Adder {
    /// Adds the next record.
    ///
    /// # Errors
    ///
    /// When it cannot stand there; then nothing is added.
    pub fn add(&mut self, record: &Record) -> Result<(), OutOfOrder> {
        let place = record.place();
        let follows = match &self.last {
            Some((case_no, kind, number, sequence)) => {
                let is_new = matches!(record, Record::Case(_));
                (is_new || case_no == place.0)
                    && (case_no, *kind, *number, *sequence) < (place.0, place.1, place.2, place.3)
            }
            None => matches!(record, Record::Case(_)),
        };
        if !follows {
            return Err(OutOfOrder { case_no: record.case_no().to_string() });
        }
        self.last = Some((place.0.clone(), place.1, place.2, place.3));
        self.line.clear();
        line::write(record, &mut self.line);
        self.records.update(&self.line);
        match record {
            Record::Case(_) => self.counts.cases += 1,
            Record::Event(_) => self.counts.events += 1,
            Record::Deadline(_) => self.counts.deadlines += 1,
        }
        if record.text().is_some() {
            self.line.clear();
            line::write_text(record, &mut self.line);
            self.texts.update(&self.line);
            match record {
                Record::Case(_) => self.counts.titles += 1,
                Record::Event(_) => self.counts.notes += 1,
                Record::Deadline(_) => {}
            }
        }
        Ok(())
    }

    /// How many records were added so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// What they come to.
    #[must_use]
    pub fn finish(self) -> Sum {
        let digest = |hash: Sha256| Digest::from_bytes(hash.finalize().into());
        Sum { digest: digest(self.records), text_digest: digest(self.texts), counts: self.counts }
    }
}

#[cfg(test)]
mod tests;
