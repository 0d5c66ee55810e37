//! How the characters of a table are written.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// An encoding that a table can have.
///
/// In both, the bytes of a comma, a quote and a line end stand for nothing else, so that records
/// are found before they are decoded, and a malformed one costs itself alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// GB 18030, of which GBK and GB 2312 are parts (GB 18030-2005; the WHATWG decoder).
    Gb18030,
}

/// Not an encoding that is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not read; it is one of utf-8, gb18030, gbk; convert others to UTF-8 first, for \
     example with iconv -f {0} -t UTF-8"
)]
pub struct UnknownEncoding(String);

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Ok(Self::Utf8),
            "gb18030" | "gb-18030" | "gbk" | "gb2312" => Ok(Self::Gb18030),
            _ => Err(UnknownEncoding(text.to_owned())),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Utf8 => "utf-8",
            Self::Gb18030 => "gb18030",
        })
    }
}

impl Encoding {
    /// The text of a record, or the place of its first malformed byte, from 0. Nothing is ever
    /// replaced.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) if self == Self::Utf8 || bytes.is_ascii() => Ok(Cow::Borrowed(text)),
            Err(error) if self == Self::Utf8 => Err(error.valid_up_to()),
            _ => gb18030(bytes).map(Cow::Owned),
        }
    }
}

/// Whether bytes that are no UTF-8 are whole GB 18030.
pub(crate) fn reads_as_gb18030(bytes: &[u8]) -> bool {
    gb18030(bytes).is_ok()
}

fn gb18030(bytes: &[u8]) -> Result<String, usize> {
    let mut decoder = encoding_rs::GB18030.new_decoder_without_bom_handling();
    // A byte gives at most three bytes of UTF-8, and so this is enough for one step.
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(room.unwrap_or(bytes.len()));
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    match result {
        encoding_rs::DecoderResult::InputEmpty => Ok(text),
        encoding_rs::DecoderResult::Malformed(length, after) => {
            Err(read.saturating_sub(usize::from(length) + usize::from(after)))
        }
        encoding_rs::DecoderResult::OutputFull => Err(read),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_malformed_byte_is_found_where_it_is() {
        for (bytes, expected) in [
            (&b"ab\xFFc"[..], Err(2)),
            (b"\xD6\xA3\xD6\xDD", Ok("郑州")),
            (b"a\xD6\xA3\xD6", Err(3)),
            (b"\x84\x31\x95\x33", Ok("\u{FEFF}")),
            (b"\x81\x30\x81", Err(0)),
        ] {
            assert_eq!(
                Encoding::Gb18030.decode(bytes).as_deref(),
                expected.as_deref(),
                "{bytes:?}"
            );
        }
        assert_eq!(Encoding::Utf8.decode(b"ab\xFF"), Err(2));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in any::<String>()) {
            let (bytes, _, unmappable) = encoding_rs::GB18030.encode(&text);
            prop_assume!(!unmappable);
            let read = Encoding::Gb18030.decode(&bytes);
            prop_assert_eq!(read.as_deref(), Ok(text.as_str()));
        }

        #[test]
        fn no_bytes_make_it_panic_and_the_fault_is_inside(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            for encoding in [Encoding::Utf8, Encoding::Gb18030] {
                if let Err(at) = encoding.decode(&bytes) {
                    prop_assert!(at < bytes.len());
                }
            }
        }

        #[test]
        fn delimiters_stand_for_themselves(text in "[^,\"\n\r]{0,40}") {
            let (bytes, _, _) = encoding_rs::GB18030.encode(&text);
            prop_assert!(!bytes.iter().any(|byte| b",\"\n\r".contains(byte)));
        }
    }
}
