//! Physical lines out of a stream, bounded, and with lines given back.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use crate::source::Bytes;

/// Longest record, in bytes. A longer one is skipped to the end of its line.
pub(crate) const ROW_MAX: usize = 16 * 1024 * 1024;
/// What is kept of a record that is too long.
const KEPT: usize = 64 * 1024;

/// A physical line without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) bytes: Vec<u8>,
    /// Its length in the file when it was longer than [`ROW_MAX`]; `bytes` are its beginning.
    pub(crate) too_long: Option<u64>,
    /// The line end was CR LF. Inside a quoted field it belongs to the value.
    pub(crate) carriage_return: bool,
}

/// A stream of physical lines.
pub(crate) struct Lines {
    source: Bytes,
    given_back: VecDeque<Line>,
    /// Number of lines handed out.
    count: u64,
    at_start: bool,
    marked: bool,
}

impl Lines {
    pub(crate) fn new(source: Bytes) -> Self {
        Self { source, given_back: VecDeque::new(), count: 0, at_start: true, marked: false }
    }

    /// Number of the line handed out last, from 1.
    pub(crate) const fn number(&self) -> u64 {
        self.count
    }

    /// Whether a byte order mark of UTF-8 was at the beginning.
    pub(crate) const fn is_marked_utf8(&self) -> bool {
        self.marked
    }

    /// The next line; `None` at the end. An error loses the line that it interrupts.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, Interrupted> {
        let line = match self.given_back.pop_front() {
            Some(line) => Some(line),
            None => self.read()?,
        };
        self.count += u64::from(line.is_some());
        Ok(line)
    }

    /// Takes lines back, to be handed out again.
    pub(crate) fn give_back(&mut self, lines: Vec<Line>) {
        self.count -= lines.len() as u64;
        for line in lines.into_iter().rev() {
            self.given_back.push_front(line);
        }
    }

    fn read(&mut self) -> Result<Option<Line>, Interrupted> {
        let mut bytes = Vec::new();
        let limit = ROW_MAX as u64 + 2;
        let read = self.source.by_ref().take(limit).read_until(b'\n', &mut bytes);
        if let Err(error) = read {
            return Err(Interrupted { partial: bytes, error });
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        if std::mem::take(&mut self.at_start) && bytes.starts_with(b"\xEF\xBB\xBF") {
            bytes.drain(..3);
            self.marked = true;
        }
        if bytes.len() > ROW_MAX && !bytes.ends_with(b"\n") {
            let skipped = self.skip_line()?;
            let length = bytes.len() as u64 + skipped;
            bytes.truncate(KEPT);
            bytes.shrink_to_fit();
            return Ok(Some(Line { bytes, too_long: Some(length), carriage_return: false }));
        }
        if bytes.ends_with(b"\n") {
            bytes.pop();
        }
        let carriage_return = bytes.ends_with(b"\r");
        if carriage_return {
            bytes.pop();
        }
        Ok(Some(Line { bytes, too_long: None, carriage_return }))
    }

    /// Reads to the end of the line and counts the bytes.
    fn skip_line(&mut self) -> Result<u64, Interrupted> {
        let mut skipped = 0;
        loop {
            let buffer = match self.source.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Interrupted { partial: Vec::new(), error }),
            };
            if buffer.is_empty() {
                return Ok(skipped);
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |at| at + 1);
            self.source.consume(used);
            skipped += used as u64;
            if end.is_some() {
                return Ok(skipped);
            }
        }
    }
}

/// Reading failed in the middle of a line.
#[derive(Debug)]
pub(crate) struct Interrupted {
    /// What had come of the line.
    pub(crate) partial: Vec<u8>,
    pub(crate) error: io::Error,
}
