//! Tables that are not UTF-8, and those that only seem to be something else.

use std::path::{Path, PathBuf};

use chengping_interchange::{Encoding, Entry, FileError, Reader, Record, Reject, code};
use proptest::prelude::*;
use tempfile::TempDir;

const HEADER: &str = "case_no,source,category_scheme,category_code,area_code,title\n";

fn gb(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.csv");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn read(path: &Path, encoding: Encoding) -> Vec<Result<String, Box<Reject>>> {
    let title = |entry: Entry| match entry.record {
        Record::Case(case) => case.title.unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    let reader = Reader::open_as(path, None, encoding).unwrap();
    reader.map(|entry| entry.map_err(Box::new).map(title)).collect()
}

#[test]
fn a_malformed_character_is_a_reject_with_its_place_and_its_bytes() {
    let rows = [
        gb("A1,patrol,s,01,R1,暴露垃圾，镕㐂𠮷€\n"),
        b"A2,patrol,s,01,R1,\xB1\xFF\xB1\n".to_vec(),
        gb("A3,patrol,s,01,R1,\"多,行\n文本\"\n"),
    ]
    .concat();
    let (_folder, path) = file(&[HEADER.as_bytes(), &rows].concat());
    let read = read(&path, Encoding::Gb18030);
    assert_eq!(read[0].as_deref().unwrap(), "暴露垃圾，镕㐂𠮷€");
    let reject = read[1].as_ref().unwrap_err();
    assert_eq!((reject.row, reject.line, reject.code), (3, 3, code::NOT_UTF8));
    assert!(reject.message.contains("not GB18030 at byte 19"), "{reject}");
    assert!(reject.payload.ends_with(b"\xB1\xFF\xB1"), "as it is in the file");
    assert_eq!(read[2].as_deref().unwrap(), "多,行\n文本");
}

#[test]
fn what_is_no_utf8_is_refused_with_a_hint_that_fits() {
    let (_folder, path) = file(&gb(&format!("{HEADER}A1,patrol,s,01,R1,郑州\n")));
    let reject = read(&path, Encoding::Utf8).remove(0).unwrap_err();
    assert!(reject.message.contains("--encoding gb18030"), "{reject}");
    let (_folder, path) = file(&gb("案件号,来源\n1,2\n"));
    let error = Reader::open_as(&path, None, Encoding::Utf8).err().unwrap();
    assert!(error.to_string().contains("--encoding gb18030"), "{error}");
    let (_folder, path) = file(b"caf\xE9\xFF,b\n1,2\n");
    let error = Reader::open_as(&path, None, Encoding::Utf8).err().unwrap();
    assert!(!error.to_string().contains("gb18030"), "{error}");
}

#[test]
fn byte_order_marks_are_believed() {
    let text = format!("{HEADER}A1,patrol,s,01,R1,郑州\n");
    let (_folder, path) = file(format!("\u{FEFF}{text}").as_bytes());
    assert_eq!(
        read(&path, Encoding::Gb18030)[0].as_deref().ok(),
        Some("郑州"),
        "a mark is definite"
    );
    let (_folder, path) = file(&gb(&format!("\u{FEFF}{text}")));
    assert_eq!(read(&path, Encoding::Gb18030)[0].as_deref().ok(), Some("郑州"));
    for mark in [&b"\xFF\xFE"[..], b"\xFE\xFF", b""] {
        let little = mark != b"\xFE\xFF";
        let units = text
            .encode_utf16()
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() });
        let (_folder, path) = file(&mark.iter().copied().chain(units).collect::<Vec<_>>());
        let error = Reader::open_as(&path, None, Encoding::Utf8).err().unwrap();
        assert!(matches!(error, FileError::HeaderUtf16 { .. }), "{error}");
        assert_eq!(error.rejects()[0].code, code::NOT_UTF8);
    }
}

#[test]
fn compressed_files_are_decoded_as_well() {
    let text = gb(&format!("{HEADER}A1,patrol,s,01,R1,郑州\n"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.csv.zst");
    std::fs::write(&path, zstd::encode_all(text.as_slice(), 1).unwrap()).unwrap();
    assert_eq!(read(&path, Encoding::Gb18030)[0].as_deref().ok(), Some("郑州"));
}

proptest! {
    #[test]
    fn a_row_is_read_whole_or_set_aside_with_its_bytes(
        titles in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..8)
    ) {
        let clean = |bytes: Vec<u8>| -> Vec<u8> {
            bytes.into_iter().filter(|byte| !b"\r\n\",\0".contains(byte)).collect()
        };
        let titles: Vec<_> = titles.into_iter().map(clean).collect();
        let mut bytes = HEADER.as_bytes().to_vec();
        for title in &titles {
            bytes.extend([b"A1,patrol,s,01,R1,", title.as_slice(), b"\n"].concat());
        }
        let (_folder, path) = file(&bytes);
        let read = read(&path, Encoding::Gb18030);
        prop_assert_eq!(read.len(), titles.len());
        for (title, read) in titles.iter().zip(read) {
            match read {
                Ok(text) => {
                    let replaced = text.contains(char::REPLACEMENT_CHARACTER);
                    let written = title.windows(4).any(|four| four == b"\x84\x31\xA4\x37");
                    prop_assert!(!replaced || written, "nothing is replaced");
                    prop_assert!(text.chars().count() <= title.len());
                }
                Err(reject) => {
                    prop_assert_eq!(reject.code, code::NOT_UTF8);
                    prop_assert!(reject.payload.ends_with(title));
                }
            }
        }
    }
}
