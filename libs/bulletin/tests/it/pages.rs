//! A reader of the printed documents, made for what they are: pages of text in one font.

use std::collections::BTreeMap;
use std::io::Read as _;

/// The text of each page, a drawn text a line.
pub(crate) fn text(pdf: &[u8]) -> Vec<String> {
    let streams = streams(pdf);
    let is_map = |stream: &&Vec<u8>| contains(stream, b"begincmap");
    let maps: Vec<_> = streams.iter().filter(is_map).map(|map| unicode(map)).collect();
    assert_eq!(maps.len(), 1, "one font");
    let is_page = |stream: &&Vec<u8>| contains(stream, b"\nBT ") && contains(stream, b" Tf");
    streams.iter().filter(is_page).map(|page| drawn(page, &maps[0])).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    find(bytes, part).is_some()
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// The streams of a file, inflated.
fn streams(pdf: &[u8]) -> Vec<Vec<u8>> {
    let mut streams = Vec::new();
    let mut rest = pdf;
    while let Some(start) = find(rest, b"stream\n") {
        let body = &rest[start + 7..];
        let end = find(body, b"endstream").unwrap();
        let mut inflated = Vec::new();
        if flate2::read::ZlibDecoder::new(&body[..end]).read_to_end(&mut inflated).is_err() {
            inflated = body[..end].to_vec();
        }
        streams.push(inflated);
        rest = &body[end + 9..];
    }
    streams
}

/// What characters the glyphs stand for.
fn unicode(map: &[u8]) -> BTreeMap<u16, String> {
    let map = String::from_utf8_lossy(map);
    let hex = |text: &str| u16::from_str_radix(text.trim_matches(['<', '>']), 16).ok();
    let mut glyphs = BTreeMap::new();
    for section in map.split("beginbfchar").skip(1) {
        for line in section.split("endbfchar").next().unwrap().lines() {
            let Some((glyph, text)) = line.trim().split_once(' ') else { continue };
            let text = text.trim_matches(['<', '>']);
            let units: Vec<_> =
                (0..text.len()).step_by(4).map(|at| hex(&text[at..at + 4]).unwrap()).collect();
            glyphs.insert(hex(glyph).unwrap(), String::from_utf16(&units).unwrap());
        }
    }
    glyphs
}

/// The texts of a page: whatever stands in brackets inside of a text object, or the text that a
/// mark says is meant.
fn drawn(page: &[u8], glyphs: &BTreeMap<u16, String>) -> String {
    let mut text = String::new();
    let mut meant = false;
    let mut bytes = page.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let shown = match byte {
            b'(' => literal(&mut bytes),
            b'<' if bytes.next_if_eq(&b'<').is_some() => {
                text += &utf16(&dictionary(&mut bytes));
                meant = true;
                continue;
            }
            b'<' => hexadecimal(&mut bytes),
            b'E' if bytes.next_if_eq(&b'T').is_some() => {
                text.push('\n');
                continue;
            }
            b'E' if bytes.next_if_eq(&b'M').is_some() => {
                meant = false;
                continue;
            }
            _ => continue,
        };
        for glyph in shown.chunks_exact(2).filter(|_| !meant) {
            let glyph = u16::from_be_bytes([glyph[0], glyph[1]]);
            text += glyphs.get(&glyph).map_or("\u{fffd}", String::as_str);
        }
    }
    text
}

/// The one string of a dictionary.
fn dictionary(bytes: &mut std::iter::Peekable<impl Iterator<Item = u8>>) -> Vec<u8> {
    let mut string = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'(' => string = literal(bytes),
            b'<' => string = hexadecimal(bytes),
            b'>' if bytes.next_if_eq(&b'>').is_some() => break,
            _ => {}
        }
    }
    string
}

fn utf16(bytes: &[u8]) -> String {
    let units: Vec<_> =
        bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).unwrap().trim_start_matches('\u{feff}').to_owned()
}

fn hexadecimal(bytes: &mut impl Iterator<Item = u8>) -> Vec<u8> {
    let digits: Vec<_> = bytes.take_while(|byte| *byte != b'>').collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks_exact(2).map(byte).collect()
}

/// The bytes of a string in parentheses, behind the first of them.
fn literal(bytes: &mut impl Iterator<Item = u8>) -> Vec<u8> {
    let mut string = Vec::new();
    let mut depth = 1;
    let mut pushed = None;
    loop {
        let byte = pushed.take().or_else(|| bytes.next()).expect("the string ends");
        match byte {
            b'\\' => match bytes.next().unwrap() {
                b'n' => string.push(b'\n'),
                b'r' => string.push(b'\r'),
                b't' => string.push(b'\t'),
                b'b' => string.push(8),
                b'f' => string.push(12),
                digit @ b'0'..=b'7' => {
                    let mut value = u32::from(digit - b'0');
                    for _ in 0..2 {
                        match bytes.next() {
                            Some(next @ b'0'..=b'7') => value = value * 8 + u32::from(next - b'0'),
                            next => {
                                pushed = next;
                                break;
                            }
                        }
                    }
                    string.push(u8::try_from(value).unwrap());
                }
                other => string.push(other),
            },
            b'(' => {
                depth += 1;
                string.push(byte);
            }
            b')' if depth == 1 => return string,
            b')' => {
                depth -= 1;
                string.push(byte);
            }
            other => string.push(other),
        }
    }
}
