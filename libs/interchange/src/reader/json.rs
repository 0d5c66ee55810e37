//! Elements of a JSON document, one at a time, however large the document is.
//!
//! Only brackets and texts are looked at here; an element itself is read like a line of NDJSON.

use std::io::{self, BufRead, Read};

use super::csv::{RawRecord, Shape};
use super::lines::{Interrupted, ROW_MAX};
use crate::source::Bytes;

/// What is kept of an element that is too long.
const KEPT: usize = 64 * 1024;

/// The elements of the arrays of a stream of JSON documents; an object that stands where an array
/// could is one element.
pub(crate) struct Elements {
    source: Bytes,
    /// Keys from the top of a document to the array; none when the document is the array.
    path: Vec<String>,
    line: u64,
    inside: Option<Array>,
    started: bool,
    ended: bool,
}

/// The array that is being read.
#[derive(Debug, Clone, Copy)]
struct Array {
    /// Objects around it that are still open.
    around: usize,
    first: bool,
}

/// Why nothing more can be read.
enum Stop {
    Failed(io::Error),
    Malformed(&'static str),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

type Step<T> = Result<T, Stop>;

impl Elements {
    pub(crate) fn new(source: Bytes, path: Vec<String>) -> Self {
        Self { source, path, line: 1, inside: None, started: false, ended: false }
    }

    /// The line that is being read.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// The next element. What is no JSON is a record of its own, and the last one.
    pub(crate) fn next(&mut self) -> Result<Option<RawRecord>, Interrupted> {
        if self.ended {
            return Ok(None);
        }
        let found = self.element();
        match found {
            Ok(Some(record)) => return Ok(Some(record)),
            Ok(None) => self.ended = true,
            Err(Stop::Malformed(what)) => {
                self.ended = true;
                let shape = Shape::Malformed(what);
                let line = self.line;
                return Ok(Some(RawRecord { bytes: Vec::new(), line, shape, broken: Vec::new() }));
            }
            Err(Stop::Failed(error)) => {
                self.ended = true;
                return Err(Interrupted { partial: Vec::new(), error });
            }
        }
        Ok(None)
    }

    fn element(&mut self) -> Step<Option<RawRecord>> {
        if !std::mem::replace(&mut self.started, true) {
            self.skip_byte_order_mark()?;
        }
        loop {
            let Some(array) = self.inside else {
                match self.token()? {
                    None => return Ok(None),
                    Some(b'[') if self.path.is_empty() => self.enter(0),
                    Some(b'{') if self.path.is_empty() => return self.capture(b'{').map(Some),
                    Some(b'{') => {
                        if let Some(record) = self.descend()? {
                            return Ok(Some(record));
                        }
                    }
                    Some(_) => return Err(Stop::Malformed("expected an array of requests")),
                }
                continue;
            };
            let mut next = self.must()?;
            if next == b']' {
                self.inside = None;
                self.close(array.around)?;
                continue;
            }
            if !array.first {
                if next != b',' {
                    return Err(Stop::Malformed("expected a comma or the end of the array"));
                }
                next = self.must()?;
            }
            self.inside = Some(Array { first: false, ..array });
            return self.capture(next).map(Some);
        }
    }

    fn enter(&mut self, around: usize) {
        self.inside = Some(Array { around, first: true });
    }

    /// Goes down the path from inside of an object, to the array or the single object there.
    fn descend(&mut self) -> Step<Option<RawRecord>> {
        for depth in 0..self.path.len() {
            let mut first = true;
            loop {
                let mut next = self.must()?;
                if next == b'}' {
                    return Err(Stop::Malformed("the document has no such key as `records` says"));
                }
                if !first {
                    if next != b',' {
                        return Err(Stop::Malformed("expected a comma or the end of the object"));
                    }
                    next = self.must()?;
                }
                first = false;
                if next != b'"' {
                    return Err(Stop::Malformed("expected a key"));
                }
                let key = self.capture(b'"')?;
                if self.must()? != b':' {
                    return Err(Stop::Malformed("expected a colon after a key"));
                }
                let value = self.must()?;
                if serde_json::from_slice::<String>(&key.bytes).is_ok_and(|k| k == self.path[depth])
                {
                    match (value, depth + 1 == self.path.len()) {
                        (b'[', true) => self.enter(depth + 1),
                        (b'{', true) => {
                            let record = self.capture(b'{')?;
                            self.close(depth + 1)?;
                            return Ok(Some(record));
                        }
                        (b'{', false) => break,
                        _ => return Err(Stop::Malformed("`records` leads to no array")),
                    }
                    return Ok(None);
                }
                self.capture(value)?;
            }
        }
        Ok(None)
    }

    /// Passes over what is left of `objects` open objects.
    fn close(&mut self, objects: usize) -> Step<()> {
        let mut open = objects;
        while open > 0 {
            match self.must()? {
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                b'"' => drop(self.capture(b'"')?),
                _ => {}
            }
        }
        Ok(())
    }

    /// A value that begins with `first`, as it is written; of a long one its beginning.
    fn capture(&mut self, first: u8) -> Step<RawRecord> {
        let mut kept = Kept { bytes: vec![first], length: 1 };
        let line = self.line;
        match first {
            b'"' => self.text(&mut kept)?,
            b'{' | b'[' => {
                let mut open = 1_u64;
                while open > 0 {
                    let byte = self.byte()?.ok_or_else(cut)?;
                    kept.push(byte);
                    match byte {
                        b'{' | b'[' => open += 1,
                        b'}' | b']' => open -= 1,
                        b'"' => self.text(&mut kept)?,
                        _ => {}
                    }
                }
            }
            _ => {
                while let Some(byte) = self.peek()? {
                    if matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace() {
                        break;
                    }
                    self.byte()?;
                    kept.push(byte);
                }
            }
        }
        let shape = if kept.length > ROW_MAX as u64 {
            kept.bytes.truncate(KEPT);
            Shape::TooLong(kept.length)
        } else {
            Shape::Whole
        };
        Ok(RawRecord { bytes: kept.bytes, line, shape, broken: Vec::new() })
    }

    /// The rest of a text, its closing quote included.
    fn text(&mut self, kept: &mut Kept) -> Step<()> {
        loop {
            self.peek()?.ok_or_else(cut)?;
            let buffer = self.source.fill_buf()?;
            let end = buffer.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            let plain = &buffer[..end.unwrap_or(buffer.len())];
            kept.extend(plain);
            // A line end has no place in a text; it is counted all the same.
            self.line += plain.iter().filter(|byte| **byte == b'\n').count() as u64;
            let used = plain.len();
            self.source.consume(used);
            if end.is_none() {
                continue;
            }
            let byte = self.byte()?.ok_or_else(cut)?;
            kept.push(byte);
            if byte == b'"' {
                return Ok(());
            }
            kept.push(self.byte()?.ok_or_else(cut)?);
        }
    }

    /// The next byte that is no white space, where there has to be one.
    fn must(&mut self) -> Step<u8> {
        Ok(self.token()?.ok_or_else(cut)?)
    }

    fn token(&mut self) -> Step<Option<u8>> {
        loop {
            match self.byte()? {
                Some(byte) if byte.is_ascii_whitespace() => {}
                other => return Ok(other),
            }
        }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.source.fill_buf() {
                Ok(buffer) => return Ok(buffer.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.source.consume(1);
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }

    fn skip_byte_order_mark(&mut self) -> Step<()> {
        if self.peek()? == Some(0xEF) {
            let mut mark = [0; 3];
            self.source.read_exact(&mut mark)?;
            if mark != *b"\xEF\xBB\xBF" {
                return Err(Stop::Malformed("begins with what is neither UTF-8 nor JSON"));
            }
        }
        Ok(())
    }
}

struct Kept {
    bytes: Vec<u8>,
    length: u64,
}

impl Kept {
    fn extend(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let room = (ROW_MAX + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn push(&mut self, byte: u8) {
        self.length += 1;
        if self.bytes.len() <= ROW_MAX {
            self.bytes.push(byte);
        }
    }
}

fn cut() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}
