//! The file of case records that a snapshot was taken of: what an evaluation counted, for whoever
//! counts it again. It holds single cases and is for those only who may see all of them.
//!
//! # Form, version 1
//! | part | what |
//! |---|---|
//! | head | one line of canonical JSON, a [`Head`], and a line feed |
//! | files | the packed files ([`CaseRecords`](crate::CaseRecords)) of all cases among the first `watermark` records, each with what of it is among these, in the byte order of the case numbers |
//! | end | a byte 0, and the SHA-256 of everything before this digest |
//!
//! The digest at the end finds what was damaged on its way. What the records are is said by the
//! digest of the snapshot, which is sealed with the results ([`crate::snapshot`]).

use std::io::{self, BufRead, Read as _, Write};

use chengping_types::registry::Registry;
use chengping_types::{Digest, Instant, JurisdictionId, Month, canonical};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::PackedError;

/// The format that this module writes and reads.
pub const RECORDS_FORMAT: &str = "chengping.records/1";

/// The longest head: the registry of a large city takes some megabytes.
const HEAD_BYTES_MAX: u64 = 64 << 20;
/// The longest frame of one case: hundreds of thousands of events.
const FRAME_BYTES_MAX: u64 = 16 << 20;
/// What a page takes at least, but for the last.
const PAGE_BYTES: usize = 1 << 20;
/// The most bytes of a length.
const LENGTH_BYTES_MAX: usize = 10;

/// What the records are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    format: String,
    /// Whose records.
    pub jurisdiction: JurisdictionId,
    /// The snapshot that they were frozen in.
    pub snapshot: SnapshotHead,
    /// The registry by which they were counted.
    pub registry: Registry,
}

/// A snapshot, as an evaluation knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotHead {
    /// The month that it was taken for.
    pub month: Month,
    /// Only events before this instant are seen.
    pub as_of: Instant,
    /// Only decisions before this instant are seen.
    pub decided: Instant,
    /// How many records there were.
    pub watermark: u64,
    /// The digest of all cases and visible events.
    pub digest: Digest,
}

impl Head {
    /// The head of the records of a snapshot.
    #[must_use]
    pub fn new(jurisdiction: JurisdictionId, snapshot: SnapshotHead, registry: Registry) -> Self {
        Self { format: RECORDS_FORMAT.to_owned(), jurisdiction, snapshot, registry }
    }
}

/// Why bytes are no file of records.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// They cannot be read or written.
    #[error("cannot be read or written")]
    Io(#[from] io::Error),
    /// They do not begin with a head in canonical form.
    #[error("is no file of case records, {RECORDS_FORMAT}: {0}")]
    Head(String),
    /// They end too early: the file was cut off.
    #[error("ends too early, behind byte {0}")]
    Short(u64),
    /// They go on behind the end.
    #[error("goes on behind its end at byte {0}")]
    Long(u64),
    /// A case takes more than any does.
    #[error("has a case of {length} bytes at byte {offset}; at most {FRAME_BYTES_MAX} are read")]
    TooLong {
        /// What its length says.
        length: u64,
        /// Where it begins.
        offset: u64,
    },
    /// What is no packed file stands in a page.
    #[error("has no case files between the bytes {from} and {to}")]
    Packed {
        /// Where the page begins.
        from: u64,
        /// Where it ends.
        to: u64,
        /// What is wrong with it.
        source: PackedError,
    },
    /// They are not what was written.
    #[error("was changed: it ends with {stated}, and has {computed}")]
    Digest {
        /// What the end says.
        stated: Digest,
        /// What the bytes have.
        computed: Digest,
    },
}

/// Writes a file, in pieces.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
    hash: Sha256,
}

impl<W: Write> Writer<W> {
    /// Begins with the head.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn new(to: W, head: &Head) -> io::Result<Self> {
        let mut writer = Self { to, hash: Sha256::new() };
        let mut line = canonical::to_vec(head).map_err(io::Error::other)?;
        line.push(b'\n');
        writer.write(&line)?;
        Ok(writer)
    }

    /// Adds bytes of packed files, which lie one behind the other; a file may come in parts.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.to.write_all(bytes)
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.write(&[0])?;
        self.to.write_all(&self.hash.finalize())?;
        self.to.flush()?;
        Ok(self.to)
    }
}

/// Some packed files, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where in the file it begins.
    pub offset: u64,
    /// The frames.
    pub frames: Vec<u8>,
}

impl Page {
    /// What it means that a frame of the page cannot be read.
    #[must_use]
    pub fn wrong(&self, source: PackedError) -> RecordsError {
        let to = self.offset + self.frames.len() as u64;
        RecordsError::Packed { from: self.offset, to, source }
    }
}

/// Reads a file page by page. Memory is bounded by a page and the longest case, whatever the bytes
/// say.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    head: Head,
    hash: Sha256,
    offset: u64,
    has_ended: bool,
    is_right: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the head.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn new(mut from: R) -> Result<Self, RecordsError> {
        let mut line = Vec::new();
        (&mut from).take(HEAD_BYTES_MAX).read_until(b'\n', &mut line)?;
        let wrong = |what: &dyn ToString| RecordsError::Head(what.to_string());
        let text = line.strip_suffix(b"\n").ok_or_else(|| wrong(&"it has no first line"))?;
        let head: Head = serde_json::from_slice(text).map_err(|error| wrong(&error))?;
        if head.format != RECORDS_FORMAT {
            return Err(wrong(&format_args!("it says that it is {:?}", head.format)));
        }
        if canonical::to_vec(&head).ok().as_deref() != Some(text) {
            return Err(wrong(&"its first line is not in canonical form"));
        }
        let hash = Sha256::new_with_prefix(&line);
        Ok(Self { from, head, hash, offset: line.len() as u64, has_ended: false, is_right: false })
    }

    /// The head.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The next page, never an empty one; none at the end, once that was found right.
    ///
    /// # Errors
    ///
    /// When the file ends too early or too late, or is not what was written.
    pub fn next_page(&mut self) -> Result<Option<Page>, RecordsError> {
        let mut page = Page { offset: self.offset, frames: Vec::new() };
        while !self.has_ended && page.frames.len() < PAGE_BYTES {
            match self.length(&mut page.frames)? {
                None => self.has_ended = true,
                Some(length) => self.take(length, &mut page.frames)?,
            }
        }
        self.hash.update(&page.frames);
        self.offset = page.offset + page.frames.len() as u64;
        if !page.frames.is_empty() {
            return Ok(Some(page));
        }
        if !self.is_right {
            self.end()?;
            self.is_right = true;
        }
        Ok(None)
    }

    /// Takes the length of a frame, as it stands; none where the end is.
    fn length(&mut self, frames: &mut Vec<u8>) -> Result<Option<u64>, RecordsError> {
        let offset = self.offset + frames.len() as u64;
        let mut length = 0_u64;
        for place in 0..LENGTH_BYTES_MAX {
            let mut byte = [0];
            self.from.read_exact(&mut byte).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => RecordsError::Short(offset),
                _ => RecordsError::Io(error),
            })?;
            let [byte] = byte;
            if place == 0 && byte == 0 {
                return Ok(None);
            }
            frames.push(byte);
            length |= u64::from(byte & 0x7f).checked_shl(7 * place as u32).unwrap_or(0);
            if byte < 0x80 {
                break;
            }
        }
        if length > FRAME_BYTES_MAX {
            return Err(RecordsError::TooLong { length, offset });
        }
        Ok(Some(length))
    }

    /// Takes a frame. Memory is asked for as bytes come, not as they are promised.
    fn take(&mut self, length: u64, frames: &mut Vec<u8>) -> Result<(), RecordsError> {
        let taken = (&mut self.from).take(length).read_to_end(frames)?;
        if taken as u64 == length {
            return Ok(());
        }
        Err(RecordsError::Short(self.offset + frames.len() as u64))
    }

    fn end(&mut self) -> Result<(), RecordsError> {
        let mut rest = Vec::new();
        (&mut self.from).take(33).read_to_end(&mut rest)?;
        let end = self.offset + 1 + rest.len() as u64;
        let stated: [u8; 32] = match rest.len() {
            0..32 => return Err(RecordsError::Short(end)),
            32 => rest.try_into().expect("so long"),
            _ => return Err(RecordsError::Long(end - 1)),
        };
        self.hash.update([0]);
        let computed = Digest::from_bytes(self.hash.clone().finalize().into());
        let stated = Digest::from_bytes(stated);
        if stated == computed { Ok(()) } else { Err(RecordsError::Digest { stated, computed }) }
    }
}
