//! What a workbook would become, before anything of it is kept.
//!
//! A workbook is a ZIP of XML. Each part that is read is inflated once here and thrown away: a
//! bomb is known by its size, its ratio, a single markup or text without end, or a count that
//! promises more than there is.

use std::fs::File;
use std::io::{self, BufReader, Read};

use zip::ZipArchive;

use super::invalid;

/// Parts of a workbook.
const PARTS_MAX: usize = 10_000;
/// Bytes of a sheet, inflated: some ten million cells more than a sheet may have rows.
const SHEET_MAX: u64 = 4 << 30;
/// Bytes of any other part, all of which is kept in memory.
const PART_MAX: u64 = 256 << 20;
/// Inflated bytes for each byte in the file; tables reach a tenth of it.
const RATIO_MAX: u64 = 250;
/// Below so many bytes the ratio says nothing.
const RATIO_FROM: u64 = 8 << 20;
/// Bytes of one markup, or of the text between two.
const TOKEN_MAX: u64 = 1 << 20;
/// Shared texts take at least so many bytes each: `<si/>`.
const SHARED_MIN: u64 = 5;

/// Refuses a file that no table is.
pub(super) fn check(file: File) -> io::Result<()> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(no_workbook)?;
    if archive.len() > PARTS_MAX {
        return Err(invalid(format!("the workbook has more than {PARTS_MAX} parts")));
    }
    let mut buffer = vec![0; 64 * 1024];
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(no_workbook)?;
        let name = part.name().map_err(no_workbook)?.to_ascii_lowercase();
        let is_xml = name.ends_with(".xml") || name.ends_with(".rels");
        let shown: String = name.chars().take(80).collect();
        let most = if name.contains("worksheets") { SHEET_MAX } else { PART_MAX };
        let packed = part.compressed_size();
        let (mut scan, mut size) = (Scan::default(), 0);
        loop {
            let count = match part.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(invalid(format!("{shown} in the workbook: {error}"))),
            };
            // Pictures and the like are only measured.
            let told = if is_xml { scan.feed(&buffer[..count]) } else { Ok(()) };
            size += count as u64;
            let bomb = size > most || (size > RATIO_FROM && size / RATIO_MAX > packed);
            let told =
                told.and(if bomb { Err("grows without measure when unpacked") } else { Ok(()) });
            told.map_err(|what| {
                invalid(format!("{shown} in the workbook {what}; save the table anew, or as CSV"))
            })?;
        }
        if scan.promised.is_some_and(|count| count > size / SHARED_MIN) {
            return Err(invalid("the workbook promises more texts than it has; save it anew"));
        }
    }
    Ok(())
}

fn no_workbook(error: zip::result::ZipError) -> io::Error {
    match error {
        zip::result::ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => error,
        error => invalid(format!("not an XLSX workbook: {error}")),
    }
}

/// Where a scan over XML stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Text,
    /// After `<`.
    Open,
    Markup,
    Quoted(u8),
}

#[derive(Default)]
struct Scan {
    state: State,
    /// Bytes of the markup or text that it stands in.
    token: u64,
    /// The beginning of the markup that it stands in.
    markup: Vec<u8>,
    /// The most texts that a count promises.
    promised: Option<u64>,
}

/// Bytes of a markup that are looked at for a count or an encoding.
const LOOKED_AT: usize = 4096;

impl Scan {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        for &byte in bytes {
            self.token += 1;
            if self.token > TOKEN_MAX {
                return Err("has a text longer than a table's");
            }
            if byte == 0 {
                return Err("is not UTF-8");
            }
            let next = match (self.state, byte) {
                (State::Text, b'<') => State::Open,
                (State::Text, _) => State::Text,
                // Comments, CDATA and DTDs are left out where cells are read.
                (State::Open, b'!') => return Err("holds comments, CDATA or a DTD"),
                (State::Open | State::Markup, b'>') => State::Text,
                (State::Markup, b'"' | b'\'') => State::Quoted(byte),
                (State::Open | State::Markup, _) => State::Markup,
                (State::Quoted(quote), _) if byte == quote => State::Markup,
                (State::Quoted(quote), _) => State::Quoted(quote),
            };
            if self.state != State::Text && self.markup.len() < LOOKED_AT {
                self.markup.push(byte);
            }
            if (self.state == State::Text) != (next == State::Text) {
                self.token = 0;
                if next == State::Text {
                    self.markup()?;
                }
                self.markup.clear();
            }
            self.state = next;
        }
        Ok(())
    }

    /// Looks at a markup that has ended.
    fn markup(&mut self) -> Result<(), &'static str> {
        if self.markup.first() == Some(&b'?') {
            let text = String::from_utf8_lossy(&self.markup).to_ascii_lowercase();
            let foreign = text.contains("encoding") && !text.contains("utf-8");
            return if foreign { Err("is not UTF-8") } else { Ok(()) };
        }
        if !references_fit(&self.markup) {
            return Err("names a cell that no sheet has");
        }
        let counted = b"uniqueCount";
        let mut rest = self.markup.as_slice();
        while let Some(at) = rest.windows(counted.len()).position(|window| window == counted) {
            rest = &rest[at + counted.len()..];
            let digits: Vec<u8> = rest
                .iter()
                .copied()
                .skip_while(|byte| !byte.is_ascii_digit() && *byte != b'>')
                .take_while(u8::is_ascii_digit)
                .collect();
            // More digits than a number has promise more than there can be.
            let text = String::from_utf8(digits).unwrap_or_default();
            let count = if text.is_empty() { 0 } else { text.parse().unwrap_or(u64::MAX) };
            self.promised = self.promised.max(Some(count));
        }
        Ok(())
    }
}

/// Whether the cells that a markup of a sheet names can be: the crate computes with what is said.
fn references_fit(markup: &[u8]) -> bool {
    let name = markup.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next();
    let local = name.and_then(|name| name.rsplit(|byte| *byte == b':').next()).unwrap_or_default();
    if !matches!(local, b"c" | b"row" | b"f" | b"dimension" | b"mergeCell") {
        return true;
    }
    // What is longer than what was kept hides something.
    markup.len() < LOOKED_AT
        && attributes(markup).all(|(key, value)| match key {
            b"r" if local == b"row" => is_number(value),
            b"r" => cell(value).is_some(),
            b"ref" => {
                let mut ends = value.split(|byte| *byte == b':').map(cell);
                let (first, last, more) = (ends.next().flatten(), ends.next(), ends.next());
                match (first, last.unwrap_or(first), more) {
                    (Some(first), Some(last), None) => first.0 <= last.0 && first.1 <= last.1,
                    _ => false,
                }
            }
            _ => true,
        })
}

/// The attributes of a markup, as they are written.
fn attributes(markup: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = markup;
    std::iter::from_fn(move || {
        let equals = rest.iter().position(|byte| *byte == b'=')?;
        let key = rest[..equals].trim_ascii();
        let key = key.rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
        let after = rest[equals + 1..].trim_ascii_start();
        let quote = *after.first()?;
        let value = after.get(1..).unwrap_or_default();
        let end = value.iter().position(|byte| *byte == quote).unwrap_or(value.len());
        rest = value.get(end + 1..).unwrap_or_default();
        Some((key, &value[..end]))
    })
}

/// Column and row of a cell such as `B7`; the letters as a number that sorts as they do.
fn cell(text: &[u8]) -> Option<(u32, u32)> {
    let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (letters, digits) = text.split_at(letters);
    if !(1..=3).contains(&letters.len()) || !is_number(digits) {
        return None;
    }
    let column = |all, byte: &u8| all * 256 + u32::from(byte.to_ascii_uppercase());
    let row = |all, byte: &u8| all * 10 + u32::from(byte - b'0');
    Some((letters.iter().fold(0, column), digits.iter().fold(0, row)))
}

fn is_number(text: &[u8]) -> bool {
    (1..=7).contains(&text.len()) && text.iter().all(u8::is_ascii_digit) && text[0] != b'0'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(text: &[u8]) -> Result<Option<u64>, &'static str> {
        let mut scan = Scan::default();
        text.chunks(3).try_for_each(|chunk| scan.feed(chunk))?;
        Ok(scan.promised)
    }

    #[test]
    fn what_no_table_has_is_told() {
        assert_eq!(scan(b"<sst count='1' uniqueCount = \"12\"><si>>\"'</si></sst>"), Ok(Some(12)));
        assert_eq!(scan(b"<a b='>' uniqueCount='99999999999999999999'/>"), Ok(Some(u64::MAX)));
        for bad in [
            &b"<a><!-- x --></a>"[..],
            b"<?xml version='1.0' encoding='UTF-16'?>",
            b"\xFF\xFE<\0a\0",
            b"<c r='ZZZZ1'>",
            b"<x:c t='s'\n r = \"A0\"/>",
            b"<row r='12345678'>",
            b"<mergeCell ref='A1:B'/>",
            b"<mergeCell ref='AA1:B2'/>",
            b"<mergeCell ref='A1:B2:C3'/>",
        ] {
            assert!(scan(bad).is_err(), "{bad:?}");
        }
        assert!(
            scan(
                b"<c r='XFD1048576' s='1'/><row r=\"1\" spans='1:3'/><c/><mergeCell ref='A1:B2'/>"
            )
            .is_ok()
        );
        let long = vec![b'x'; 2 << 20];
        assert!(scan(&long).is_err());
        assert!(scan(&[b"<a b='", long.as_slice()].concat()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = scan(&bytes);
        }
    }
}
