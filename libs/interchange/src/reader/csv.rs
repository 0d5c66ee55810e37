//! Records of a CSV file (RFC 4180).
//!
//! A record is a physical line, or several where a quoted field spans lines. A quote that does
//! not end costs its own line and no more: the lines after it are read afresh, so that one slip
//! never swallows the rest of a file.

use super::lines::{Interrupted, Lines, ROW_MAX};

/// A raw record, without its line end.
#[derive(Debug)]
pub(crate) struct RawRecord {
    pub(crate) bytes: Vec<u8>,
    /// Physical line on which it begins.
    pub(crate) line: u64,
    pub(crate) shape: Shape,
    /// Fields whose value was lost before it was read: positions.
    pub(crate) broken: Vec<usize>,
}

/// What can be said of a record before its fields are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Whole,
    /// So many bytes long; only the beginning was kept.
    TooLong(u64),
    /// A quoted field does not end, or goes on after its end.
    BadQuote,
    /// Not of the form of the file, so that nothing after it can be found.
    Malformed(&'static str),
}

/// Where a scan over bytes stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted field: its end, or the first of a pair.
    Quote,
    Bad,
}

impl State {
    const fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Bad, _) => Self::Bad,
            (Self::FieldStart, b'"') | (Self::Quote, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Quoted, _) => Self::Quoted,
            (Self::Quote | Self::FieldStart | Self::Plain, b',') => Self::FieldStart,
            (Self::Quote, _) => Self::Bad,
            (Self::FieldStart | Self::Plain, _) => Self::Plain,
        }
    }

    fn over(self, bytes: &[u8]) -> Self {
        // A line without a quote leaves a quoted field open, and everything else as it was.
        if self == Self::Quoted && !bytes.contains(&b'"') {
            return self;
        }
        bytes.iter().fold(self, |state, byte| state.after(*byte))
    }
}

/// The next record that is not an empty line.
pub(crate) fn next_record(lines: &mut Lines) -> Result<Option<RawRecord>, Interrupted> {
    let first = loop {
        match lines.next()? {
            None => return Ok(None),
            Some(line) if line.bytes.is_empty() && line.too_long.is_none() => {}
            Some(line) => break line,
        }
    };
    let number = lines.number();
    let record =
        |bytes, shape| Ok(Some(RawRecord { bytes, line: number, shape, broken: Vec::new() }));
    if let Some(length) = first.too_long {
        return record(first.bytes, Shape::TooLong(length));
    }
    if !first.bytes.contains(&b'"') {
        return record(first.bytes, Shape::Whole);
    }
    let mut state = State::FieldStart.over(&first.bytes);
    if state != State::Quoted {
        let shape = if state == State::Bad { Shape::BadQuote } else { Shape::Whole };
        return record(first.bytes, shape);
    }
    let mut size = first.bytes.len();
    let mut following = Vec::new();
    // An interruption here ends in the same way as the end of the file: the quote stays open.
    let mut interrupted = None;
    while state == State::Quoted && size <= ROW_MAX {
        match lines.next() {
            Ok(Some(line)) => {
                state = if line.too_long.is_some() { State::Bad } else { state.over(&line.bytes) };
                size += line.bytes.len() + 2;
                following.push(line);
            }
            Ok(None) => break,
            Err(error) => {
                interrupted = Some(error);
                break;
            }
        }
    }
    if let Some(error) = interrupted {
        return Err(whole_rest(first.bytes, &following, error));
    }
    if matches!(state, State::Quoted | State::Bad) {
        lines.give_back(following);
        return record(first.bytes, Shape::BadQuote);
    }
    let mut bytes = first.bytes;
    let mut carriage_return = first.carriage_return;
    for line in following {
        bytes.extend_from_slice(if carriage_return { b"\r\n" } else { b"\n" });
        bytes.extend_from_slice(&line.bytes);
        carriage_return = line.carriage_return;
    }
    record(bytes, Shape::Whole)
}

/// What was lost when reading failed inside of a quoted field.
fn whole_rest(
    mut partial: Vec<u8>,
    following: &[super::lines::Line],
    error: Interrupted,
) -> Interrupted {
    for line in following {
        partial.push(b'\n');
        partial.extend_from_slice(&line.bytes);
    }
    partial.push(b'\n');
    partial.extend_from_slice(&error.partial);
    Interrupted { partial, error: error.error }
}

/// The fields of a record, unquoted, in one buffer that is used again and again.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Fields {
    /// Splits a record of [`Shape::Whole`].
    pub(crate) fn split(&mut self, record: &[u8]) {
        self.text.clear();
        self.ends.clear();
        let mut state = State::FieldStart;
        for byte in record {
            let next = state.after(*byte);
            match (state, next) {
                (State::FieldStart | State::Plain | State::Quote, State::FieldStart) => {
                    self.ends.push(self.text.len());
                }
                // An opening quote, and a closing one or the first of a pair.
                (State::FieldStart, State::Quoted) | (State::Quoted, State::Quote) => {}
                _ => self.text.push(*byte),
            }
            state = next;
        }
        self.ends.push(self.text.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of a field.
    pub(crate) fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Sets the fields from texts.
    pub(crate) fn set<'a>(&mut self, fields: impl Iterator<Item = &'a str>) {
        self.text.clear();
        self.ends.clear();
        for field in fields {
            self.text.extend_from_slice(field.as_bytes());
            self.ends.push(self.text.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> Vec<(u64, Shape, Vec<String>)> {
        let mut lines = Lines::new(Box::new(std::io::Cursor::new(text.to_vec())));
        let mut records = Vec::new();
        while let Some(record) = next_record(&mut lines).unwrap() {
            let mut fields = Fields::default();
            fields.split(&record.bytes);
            let texts = fields.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect();
            records.push((record.line, record.shape, texts));
        }
        records
    }

    #[test]
    fn quoted_fields_hold_commas_quotes_and_lines() {
        let records = read(b"\xEF\xBB\xBFa,b\r\n\"x, \"\"y\"\"\",\"1\r\n2\"\r\n\r\nc,\"\"\n");
        let texts: Vec<_> = records.iter().map(|(line, _, fields)| (*line, fields)).collect();
        assert_eq!(texts[0], (1, &vec!["a".into(), "b".into()]));
        assert_eq!(texts[1], (2, &vec!["x, \"y\"".into(), "1\r\n2".into()]));
        assert_eq!(texts[2], (5, &vec!["c".into(), String::new()]));
    }

    #[test]
    fn an_open_quote_costs_its_own_line_only() {
        let records = read(b"a,b\nx,\"open\n1,2\n3,4\n");
        let shapes: Vec<_> = records.iter().map(|(line, shape, _)| (*line, *shape)).collect();
        assert_eq!(
            shapes,
            [(1, Shape::Whole), (2, Shape::BadQuote), (3, Shape::Whole), (4, Shape::Whole)]
        );
    }

    #[test]
    fn text_after_a_closing_quote_is_refused() {
        let records = read(b"\"a\"b,c\nd,e\n");
        assert_eq!(records[0].1, Shape::BadQuote);
        assert_eq!(records[1].1, Shape::Whole);
    }

    #[test]
    fn a_row_over_the_limit_is_skipped_with_its_size() {
        let mut text = b"a\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', ROW_MAX + 1000));
        text.extend(b"\nb\n");
        let records = read(&text);
        assert_eq!(records.len(), 3);
        assert_eq!(records[1].1, Shape::TooLong(ROW_MAX as u64 + 1001));
        assert_eq!(records[2].2, ["b"]);
    }

    proptest! {
        #[test]
        fn quoting_is_undone(fields in prop::collection::vec("[a,\"\n\r号 ]{0,6}", 2..5)) {
            let quoted: Vec<_> =
                fields.iter().map(|f| format!("\"{}\"", f.replace('"', "\"\""))).collect();
            let records = read(format!("{}\n", quoted.join(",")).as_bytes());
            prop_assert_eq!(records.len(), 1);
            prop_assert_eq!(&records[0].2, &fields);
        }

        #[test]
        fn no_bytes_make_it_panic(text in prop::collection::vec(
            prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200)) {
            read(&text);
        }
    }
}
