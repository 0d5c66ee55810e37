//! Files that are broken in the ways that files are broken.

use std::io::{Cursor, Write};

use chengping_interchange::{FileError, FileKind, Format, Reader, Record, code};
use chengping_types::registry::GridClass;
use proptest::prelude::*;

const HEADER: &str = "case_no,source,category_scheme,category_code,area_code,collector,title\n";
const GOOD: &str = "A1,patrol,s,01,R1,,\n";

fn read(text: &[u8]) -> Reader {
    let source = Cursor::new(text.to_vec());
    Reader::from_read("cases.csv", Format::Csv, None, source).unwrap()
}

/// Row and code of every reject, and the number of accepted rows.
fn outcome(text: &[u8]) -> (usize, Vec<(u64, &'static str)>) {
    let mut accepted = 0;
    let mut rejects = Vec::new();
    for entry in read(text) {
        match entry {
            Ok(_) => accepted += 1,
            Err(reject) => rejects.push((reject.row, reject.code)),
        }
    }
    (accepted, rejects)
}

fn with_rows(rows: &[&[u8]]) -> Vec<u8> {
    let mut text = HEADER.as_bytes().to_vec();
    rows.iter().for_each(|row| text.extend_from_slice(row));
    text
}

#[test]
fn a_row_that_is_not_utf8_is_refused_with_a_hint() {
    // 郑州 in GBK.
    let text = with_rows(&[
        GOOD.as_bytes(),
        b"A2,patrol,s,01,R1,,\xD6\xA3\xD6\xDD\n",
        b"A3,patrol,s,01,R1,,\n",
    ]);
    assert_eq!(outcome(&text), (2, vec![(3, code::NOT_UTF8)]));
    let reject = read(&text).find_map(Result::err).unwrap();
    assert!(reject.message.contains("GBK"), "{reject}");
    assert_eq!(reject.case_no.as_deref(), Some("A2"));
    assert!(reject.payload.ends_with(b"\xD6\xA3\xD6\xDD"));
}

#[test]
fn each_fault_of_a_row_has_its_code() {
    let long = format!("A4,patrol,s,01,R1,,{}\n", "x".repeat(65 * 1024));
    let text = with_rows(&[
        b"A1,patrol,s,01,R1,,a\0b\n",
        b"A2,patrol\n",
        b"A3,patrol,s,01,R1,,\"open\n",
        long.as_bytes(),
        GOOD.as_bytes(),
    ]);
    let expected = vec![
        (2, code::NUL_BYTE),
        (3, code::COLUMN_COUNT),
        (4, code::BAD_QUOTE),
        (5, code::FIELD_TOO_LONG),
    ];
    assert_eq!(outcome(&text), (1, expected));
}

#[test]
fn a_row_of_20_mib_is_skipped_and_its_payload_cut() {
    let mut row = b"A2,patrol,s,01,R1,,\"".to_vec();
    row.extend(std::iter::repeat_n(b'x', 20 << 20));
    row.extend(b"\"\n");
    let text = with_rows(&[&row, GOOD.as_bytes()]);
    assert_eq!(outcome(&text), (1, vec![(2, code::ROW_TOO_LONG)]));
    let reject = read(&text).find_map(Result::err).unwrap();
    assert!(reject.message.contains(&row.len().to_string()), "{reject}");
    assert!(reject.payload.len() < 300 * 1024);
}

#[test]
fn a_byte_order_mark_crlf_and_lines_in_quotes_are_accepted() {
    let text = format!("\u{FEFF}{}A1,patrol,s,01,R1,,\"a\r\nb\"\r\n", HEADER.replace('\n', "\r\n"));
    let entries: Vec<_> = read(text.as_bytes()).map(Result::unwrap).collect();
    let Record::Case(case) = &entries[0].record else { panic!() };
    assert_eq!(case.title.as_deref(), Some("a\r\nb"));
    assert_eq!((entries[0].row, entries[0].line), (2, 2));
}

#[test]
fn a_truncated_file_gives_its_good_rows_and_one_reject() {
    // Rows that hardly compress, so that much of the file is there before the cut.
    let rows: String = (0..20_000_u64)
        .map(|n| format!("A{},patrol,s,01,R1,,\n", n.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .collect();
    let text = format!("{HEADER}{rows}");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let packed = [
        ("cases.csv.gz", gzip.finish().unwrap()),
        ("cases.csv.zst", zstd::encode_all(text.as_bytes(), 1).unwrap()),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in packed {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Reader::open(&path).unwrap().filter(Result::is_ok).count(), 20_000, "{name}");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let (good, bad): (Vec<_>, Vec<_>) = Reader::open(&path).unwrap().partition(Result::is_ok);
        assert!(good.len() > 1_000, "{name}: {}", good.len());
        let codes: Vec<_> = bad.into_iter().map(|reject| reject.unwrap_err().code).collect();
        assert_eq!(codes, [code::TRUNCATED_FILE], "{name}");
    }
}

#[test]
fn a_header_is_refused_with_everything_that_is_wrong_with_it() {
    let header = "case_no,title,title,source\n";
    let source = Cursor::new(header.as_bytes());
    let error = Reader::from_read("cases.csv", Format::Csv, None, source).err().unwrap();
    let twice = code::DUPLICATE_COLUMN;
    let gone = code::MISSING_COLUMN;
    assert_eq!(error.codes(), [twice, gone, gone, gone]);
    for column in ["title", "category_scheme", "category_code", "area_code"] {
        assert!(error.to_string().contains(column), "{error}");
    }
}

#[test]
fn what_a_body_may_have_registered_is_checked_where_it_is_there() {
    let header = "body_id,zone,road_sections,difficulty,valid_from,approved_by,reason";
    let read = |columns: &str, fields: &str| {
        let text = format!("{header}{columns}\nd1,key,3,1.00,2018-01,office,size{fields}\n");
        let source = Cursor::new(text.into_bytes());
        let mut reader = Reader::from_read("coefficients.csv", Format::Csv, None, source).unwrap();
        let read = reader.next().unwrap().map(|entry| entry.record);
        read.map_err(|reject| (reject.column.unwrap_or_default(), reject.code))
    };
    let registered = |columns: &str, fields: &str| match read(columns, fields) {
        Ok(Record::Coefficient(row)) => {
            (row.area_km2.map(|area| area.to_string()), row.population, row.grid_class)
        }
        other => panic!("{other:?}"),
    };
    let all = ",area_km2,population,grid_class";
    assert_eq!(registered("", ""), (None, None, None), "a file from before");
    assert_eq!(registered(all, ",,,"), (None, None, None));
    let two = Some(GridClass::Two);
    assert_eq!(registered(all, ",83.10,1013600,2"), (Some("831/10".into()), Some(1_013_600), two));
    for (fields, column, code) in [
        (",-1,,", "area_km2", code::BAD_NUMBER),
        (",1/2,,", "area_km2", code::BAD_NUMBER),
        (",large,,", "area_km2", code::BAD_NUMBER),
        (",,10.5,", "population", code::BAD_NUMBER),
        (",,-3,", "population", code::BAD_NUMBER),
        (",,,3", "grid_class", code::UNKNOWN_GRID_CLASS),
    ] {
        assert_eq!(read(all, fields), Err((column.to_owned(), code)), "{fields}");
    }
}

#[test]
fn files_that_are_none_of_ours_are_refused_as_such() {
    let open = |name: &str, text: &'static [u8]| {
        Reader::from_read(name, Format::Csv, None, Cursor::new(text)).err().unwrap()
    };
    assert!(matches!(open("x.csv", b"a,b\n"), FileError::UnknownKind { .. }));
    assert!(matches!(open("cases.csv", b""), FileError::Empty { .. }));
    assert!(matches!(open("cases.csv", b"\xD6\xDD\n"), FileError::HeaderNotUtf8 { .. }));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.xlsx");
    std::fs::write(&path, b"").unwrap();
    assert!(matches!(Reader::open(&path), Err(FileError::UnknownSuffix { .. })));
    assert!(matches!(Reader::open(&path.join("no.csv")), Err(FileError::Read { .. })));
}

#[test]
fn a_header_says_the_kind_where_the_name_does_not_and_unknown_columns_are_ignored() {
    let text = format!("colour,{HEADER}red,{GOOD}");
    let source = Cursor::new(text.into_bytes());
    let mut reader = Reader::from_read("export.csv", Format::Csv, None, source).unwrap();
    assert_eq!(reader.kind(), FileKind::Cases);
    assert_eq!(reader.unknown_columns(), ["colour"]);
    assert!(reader.next().unwrap().is_ok());
}

#[test]
fn ndjson_has_the_same_names_and_the_same_rejects() {
    let text = concat!(
        r#"{"case_no":"A1","event_no":1,"at":"2018-04-03T09:15:00Z","kind":"handled","unit":null}"#,
        "\n\n",
        r#"{"case_no":"A1","event_no":"x","at":"2018-04-03T09:15:00Z","kind":"handled","u":"v"}"#,
        "\n",
        r#"{"case_no":"A1","event_no":1.5}"#,
        "\n",
        r#"{"case_no":"A\u0000"}"#,
        "\n[]\n",
    );
    let source = Cursor::new(text.as_bytes());
    let mut reader = Reader::from_read("events.ndjson", Format::Ndjson, None, source).unwrap();
    let results: Vec<_> = reader
        .by_ref()
        .map(|entry| entry.map(|e| e.row).map_err(|r| (r.row, r.line, r.code)))
        .collect();
    assert_eq!(
        results,
        [
            Ok(1),
            Err((2, 3, code::BAD_EVENT_NO)),
            Err((3, 4, code::BAD_JSON)),
            Err((4, 5, code::NUL_BYTE)),
            Err((5, 6, code::BAD_JSON)),
        ]
    );
    assert_eq!(reader.unknown_columns(), ["u"]);
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(
        text in prop::collection::vec(
            prop_oneof![
                Just(b"A1,patrol,s,01,R1,,".to_vec()), Just(b"\n".to_vec()), Just(b"\"".to_vec()),
                Just(b",".to_vec()), Just(b"\r".to_vec()),
                prop::collection::vec(any::<u8>(), 0..8)
            ], 0..40),
        kind in prop::sample::select(FileKind::ALL.to_vec()),
        json in any::<bool>(),
    ) {
        let bytes = text.concat();
        let format = if json { Format::Ndjson } else { Format::Csv };
        // As a whole, and as rows under a good header.
        let header = format!("{}{}", HEADER.trim_end(), ",event_no,at,kind,body_id,name,valid_from,\
            zone,road_sections,difficulty,approved_by,reason,effective_date,periods,date,\
            condition_id,limit,unit\n");
        let framed = [header.as_bytes(), &bytes].concat();
        for source in [bytes.clone(), framed] {
            if let Ok(reader) = Reader::from_read("x", format, Some(kind), Cursor::new(source)) {
                let lines = bytes.split(|byte| *byte == b'\n').count() + 2;
                prop_assert!(reader.count() <= lines);
            }
        }
    }
}
