//! Packed case files: a case and all its events as few bytes, from which every earlier standing of
//! the case can be read.
//!
//! A packed file is derived from accepted records and can be made from them again. It holds each
//! record with its place in the sequence of acceptance, so that "the first n records" can be asked
//! of it. Title and notes are not in it (decisions.md 220).
//!
//! # Form, version 1
//! A frame is the length of what follows (a varint), the version (one byte) and the content; frames
//! can stand one behind the other. In the content, *varint* is LEB128, *signed* a zigzag varint, and
//! *time* a signed number of seconds, times two, or one of microseconds, times two plus one, from
//! the instant before it. *Text* is an index (varint) into `words::KNOWN`, which the dictionary of the file
//! continues; one of more than 64 bytes is used once.
//!
//! | what | how |
//! |---|---|
//! | case number | length (varint), UTF-8 |
//! | dictionary | count (varint); each: length (varint), UTF-8 |
//! | case | sequence (signed); source (byte); scheme, category, area (texts); flags (byte): 1 collector, 2 filing condition (texts) |
//! | events | count (varint); each: number (varint, from the one before); sequence (signed, from the one before); kind (byte); flags (byte): 1 actor, 2 unit, 4 deadline, 8 deadline of the desk stage, 16 outcome; time; texts and times as flagged |
//! | deadlines | count (varint); each: place among the events (varint, from the one before); sequence (signed, from the event's); time, from the event's |

mod decode;
mod encode;
mod words;

use chengping_types::Instant;

pub use self::decode::next_frame;
use crate::{Case, Event};

/// The version of the form.
pub const PACKED_VERSION: u8 = 1;

/// Bytes that are no packed case file, or records that do not make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackedError {
    /// The bytes end too early.
    #[error("the bytes end too early")]
    Short,
    /// Bytes follow where the file has ended.
    #[error("{0} bytes follow where the file has ended")]
    Long(usize),
    /// Another version of the form.
    #[error("the form has version {0}, and only {PACKED_VERSION} is known")]
    Version(u8),
    /// A part that is not valid.
    #[error("{0} is not valid")]
    Invalid(&'static str),
}

/// A case with everything accepted about it, each record with its place in the sequence of its
/// jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRecords {
    case: Case,
    sequence: i64,
    /// By event number, each number once.
    events: Vec<Event>,
    /// Of the events, in their order.
    sequences: Vec<i64>,
    /// By place and sequence.
    deadlines: Vec<KnownDeadline>,
}

/// A computed deadline that holds from its sequence on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct KnownDeadline {
    /// The place of its event.
    place: usize,
    sequence: i64,
    due_at: Instant,
}

impl CaseRecords {
    /// A case that was accepted as the record `sequence`, without its title.
    #[must_use]
    pub fn new(case: Case, sequence: i64) -> Self {
        let case = Case { title: None, ..case };
        Self { case, sequence, events: Vec::new(), sequences: Vec::new(), deadlines: Vec::new() }
    }

    /// The case, without its title.
    #[must_use]
    pub const fn case(&self) -> &Case {
        &self.case
    }

    /// The place of the case itself in the sequence; its events come behind it.
    #[must_use]
    pub const fn sequence(&self) -> i64 {
        self.sequence
    }

    /// The events as they were sent, without notes, by number.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The events as [`Self::events`] has them, each with its sequence.
    pub fn sequenced(&self) -> impl Iterator<Item = (&Event, i64)> + Clone {
        self.events.iter().zip(self.sequences.iter().copied())
    }

    /// The greatest sequence of all that is known.
    #[must_use]
    pub fn last_sequence(&self) -> i64 {
        let deadlines = self.deadlines.iter().map(|deadline| deadline.sequence);
        let all = self.sequences.iter().copied().chain(deadlines);
        all.fold(self.sequence, i64::max)
    }

    /// The instant of the latest event; none without events.
    #[must_use]
    pub fn last_at(&self) -> Option<Instant> {
        self.events.iter().map(|event| event.at).max()
    }

    /// Adds events, each with its sequence, and computed deadlines (event number, sequence,
    /// deadline), in any order. An event or a deadline that is there stays.
    ///
    /// # Errors
    ///
    /// When an event of another case is given, or a deadline has no event.
    pub fn add(
        &mut self,
        events: impl IntoIterator<Item = (Event, i64)>,
        deadlines: impl IntoIterator<Item = (u64, i64, Instant)>,
    ) -> Result<(), PackedError> {
        let mut known: Vec<_> = self
            .deadlines
            .iter()
            .map(|deadline| {
                (self.events[deadline.place].event_no, deadline.sequence, deadline.due_at)
            })
            .collect();
        let former = std::mem::take(&mut self.events).into_iter();
        let mut all: Vec<_> = former.zip(std::mem::take(&mut self.sequences)).collect();
        all.extend(
            events.into_iter().map(|(event, sequence)| (Event { note: None, ..event }, sequence)),
        );
        // Stable, so that of two with one number the first stays.
        all.sort_by_key(|(event, _)| event.event_no);
        all.dedup_by_key(|(event, _)| event.event_no);
        let others = all.iter().any(|(event, _)| event.case_no != self.case.case_no);
        (self.events, self.sequences) = all.into_iter().unzip();
        known.extend(deadlines);
        let place = |(event_no, sequence, due_at)| {
            let place = self.events.binary_search_by_key(&event_no, |event| event.event_no);
            place.map(|place| KnownDeadline { place, sequence, due_at })
        };
        let placed: Result<Vec<_>, _> = known.into_iter().map(place).collect();
        self.deadlines = placed.map_err(|_| PackedError::Invalid("the event of a deadline"))?;
        self.deadlines.sort_by_key(|deadline| (deadline.place, deadline.sequence));
        self.deadlines.dedup_by_key(|deadline| (deadline.place, deadline.sequence));
        if others { Err(PackedError::Invalid("the case of an event")) } else { Ok(()) }
    }

    /// How many of the records are among the first `watermark`.
    #[must_use]
    pub fn count_up_to(&self, watermark: i64) -> usize {
        let all = std::iter::once(&self.sequence).chain(&self.sequences);
        all.filter(|sequence| **sequence <= watermark).count()
    }

    /// What of it is among the first `watermark` records; none where the case is not.
    ///
    /// # Errors
    ///
    /// None for records that were packed.
    pub fn among(self, watermark: i64) -> Result<Option<Self>, PackedError> {
        if self.sequence > watermark {
            return Ok(None);
        }
        if self.last_sequence() <= watermark {
            return Ok(Some(self));
        }
        let Self { case, sequence, events, sequences, deadlines } = self;
        let is_known = |sequence: i64| sequence <= watermark;
        let known =
            deadlines.iter().filter(|it| is_known(it.sequence) && is_known(sequences[it.place]));
        let known: Vec<_> =
            known.map(|it| (events[it.place].event_no, it.sequence, it.due_at)).collect();
        let mut records = Self::new(case, sequence);
        let events = events.into_iter().zip(sequences);
        records.add(events.filter(|(_, sequence)| is_known(*sequence)), known)?;
        Ok(Some(records))
    }

    /// The case and its events by number, with their computed deadlines, as the first `watermark`
    /// records have them; none where the case is not among these.
    #[must_use]
    pub fn up_to(self, watermark: i64) -> Option<(Case, Vec<Event>)> {
        let Self { case, sequence, mut events, sequences, deadlines } = self;
        if sequence > watermark {
            return None;
        }
        // In the order of their sequences, so that the last of an event holds.
        for deadline in deadlines.iter().filter(|deadline| deadline.sequence <= watermark) {
            events[deadline.place].due_at = Some(deadline.due_at);
        }
        if sequences.iter().any(|sequence| *sequence > watermark) {
            let mut sequences = sequences.iter();
            events.retain(|_| sequences.next().is_some_and(|sequence| *sequence <= watermark));
        }
        Some((case, events))
    }

    /// All of it as a frame. Equal records give equal bytes, in whatever order they were added.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        encode::encode(self)
    }

    /// The records of a frame.
    ///
    /// # Errors
    ///
    /// When the bytes are no frame that [`Self::pack`] could have made: they take no more memory
    /// than in proportion to their length.
    pub fn unpack(frame: &[u8]) -> Result<Self, PackedError> {
        decode::decode(frame)
    }
}
