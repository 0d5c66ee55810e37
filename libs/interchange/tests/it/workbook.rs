//! Workbooks (XLSX) through a mapping: what cells become, and what is refused.

use std::io::Write as _;
use std::path::PathBuf;

use chengping_interchange::mapping::{Mapped, Mapping};
use chengping_interchange::{FileError, Reject, code};
use proptest::prelude::*;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

const MAPPING: &str = r#"
mapping: sheet
encoding: utf-8
sheet: {name: 案件, header_row: 2}
time: {format: "%Y/%m/%d %H:%M", serial: "1900", zone: Asia/Shanghai, gap: reject, overlap: reject}
case:
  case_no: {column: 编号}
  source: {constant: patrol}
  category_scheme: {constant: local}
  category_code: {column: 类别}
  area_code: {column: 区域}
  title: {column: 描述}
events:
  - {kind: reported, at: {column: 时间}}
"#;

const RELS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK_RELS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/></Relationships>"#;
const BOOK: &str = r#"<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="说明" sheetId="1" r:id="rId1"/><sheet name="案件" sheetId="2" r:id="rId2"/></sheets></workbook>"#;
/// Style 1 is a date and time.
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>"#;
const SHARED: &str = r#"<?xml version="1.0" encoding="UTF-8"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" uniqueCount="2"><si><t>路面,破损</t></si><si><r><t>分</t></r><r><t>段</t></r></si></sst>"#;

/// A sheet with a title, the header, and these rows.
fn sheet(rows: &str, merges: &str) -> String {
    let names = ["编号", "类别", "区域", "描述", "时间", ""];
    let header: String = names.iter().map(|name| text(name)).collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:Z99"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>四月案件</t></is></c></row><row r="2">{header}</row>{rows}</sheetData>{merges}</worksheet>"#
    )
}

fn text(text: &str) -> String {
    format!(r#"<c t="inlineStr"><is><t>{text}</t></is></c>"#)
}

fn book(sheet: &[u8], shared: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let parts: [(&str, &[u8]); 7] = [
        ("_rels/.rels", RELS.as_bytes()),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
        ("xl/sharedStrings.xml", shared.as_bytes()),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData/></worksheet>"),
        ("xl/worksheets/sheet2.xml", sheet),
    ];
    for (name, bytes) in parts {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.xlsx");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn read(bytes: &[u8]) -> Result<Vec<Result<Mapped, Reject>>, FileError> {
    let (_folder, path) = file(bytes);
    Ok(Mapping::parse(MAPPING).unwrap().open(&path, None)?.collect())
}

/// Number, category, area, title and instant of a row.
fn told(row: &Result<Mapped, Reject>) -> (String, String, String, String, String) {
    let row = row.as_ref().unwrap();
    let case = &row.case;
    let title = case.title.clone().unwrap_or_default();
    let at = row.events[0].at.to_string();
    (case.case_no.to_string(), case.category_code.clone(), case.area_code.clone(), title, at)
}

const AT: &str = r#"<c s="1"><v>43193.385416666664</v></c>"#;

#[test]
fn cells_become_texts_whatever_they_are_kept_as() {
    let rows = [
        // A shared text, a number, a formula with its value, a date.
        format!(r#"<row r="3"><c r="A3"><v>201804030001</v></c><c r="B3" t="str"><f>"0"&amp;"110"</f><v>0110</v></c><c r="C3" t="inlineStr"><is><t>R1</t></is></c><c r="D3" t="s"><v>0</v></c>{AT}</row>"#),
        // Rich text, a gap in the row, a number that no style says to be a date.
        r#"<row r="5"><c r="A5" t="inlineStr"><is><t> 2 </t></is></c><c r="B5" t="b"><v>1</v></c><c r="D5" t="s"><v>1</v></c><c r="E5"><v>43193.385416666664</v></c><c r="F5"><v>1</v></c></row>"#.to_owned(),
        // A time as text; an empty row; a cell beyond the names alone.
        format!(r#"<row r="7">{}{}{}{}{}</row><row r="8"><c r="A8"/></row><row r="9"><c r="K9"><v>1</v></c></row>"#, text("3"), text("x"), text(""), text("a&amp;b &quot;q&quot;"), text("2018/04/03 09:15")),
    ]
    .concat();
    let rows = read(&book(sheet(&rows, "").as_bytes(), SHARED)).unwrap();
    let own = |parts: [&str; 5]| {
        let [a, b, c, d, e] = parts.map(str::to_owned);
        (a, b, c, d, e)
    };
    let at = "2018-04-03T01:15:00Z";
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!(told(&rows[0]), own(["201804030001", "0110", "R1", "路面,破损", at]));
    assert_eq!(told(&rows[1]), own(["2", "TRUE", "", "分段", at]));
    assert_eq!(told(&rows[2]), own(["3", "x", "", "a&b \"q\"", at]));
    let places: Vec<_> = rows
        .iter()
        .map(|row| row.as_ref().map_or_else(|r| (r.row, r.line), |row| (row.row, row.line)))
        .collect();
    assert_eq!(places, [(2, 3), (3, 5), (4, 7)], "the line is the row of the sheet");
}

#[test]
fn merged_cells_show_their_value_in_every_row_and_column() {
    let row =
        |number, no: &str, rest: &str| format!(r#"<row r="{number}">{}{rest}{AT}</row>"#, text(no));
    let at = |cell: &str, value: &str| {
        format!(r#"<c r="{cell}" t="inlineStr"><is><t>{value}</t></is></c>"#)
    };
    let end = r#"<c r="D4"/>"#;
    let rows = [
        row(3, "1", &[at("B3", "x"), at("C3", "R1"), at("D3", "one")].concat()),
        row(4, "2", end),
        row(5, "3", &[at("B5", "y"), at("D5", "three")].concat()),
    ]
    .concat();
    let merges = r#"<mergeCells count="2"><mergeCell ref="A1:F1"/><mergeCell ref="B3:B4"/><mergeCell ref="C3:D4"/></mergeCells>"#;
    let rows = read(&book(sheet(&rows, merges).as_bytes(), SHARED)).unwrap();
    let short = |row| {
        let (no, category, area, title, _) = told(row);
        [no, category, area, title].join("|")
    };
    let found: Vec<_> = rows.iter().map(short).collect();
    assert_eq!(found[0], "1|x|R1|one");
    assert_eq!(found[1], "2|x|R1|R1");
    assert_eq!(found[2], "3|y||three");
}

#[test]
fn error_cells_and_lost_digits_are_rejects_with_sheet_row_and_column() {
    let rows = format!(
        r#"<row r="3">{no}{x}{x}<c t="e"><v>#N/A</v></c>{AT}</row>
           <row r="4"><c><v>2018040300000123</v></c>{x}{x}{x}{AT}</row>
           <row r="5">{no}{x}{x}{x}{AT}<c t="e"><v>#REF!</v></c></row>"#,
        no = text("1"),
        x = text("x"),
    );
    let rows = read(&book(sheet(&rows, "").as_bytes(), SHARED)).unwrap();
    let [first, second] = [0, 1].map(|row| rows[row].as_ref().unwrap_err());
    assert_eq!((first.code, first.column.as_deref()), (code::BAD_CELL, Some("描述")));
    assert!(
        first.message.contains("#N/A") && first.message.contains("sheet 案件, row 3"),
        "{first}"
    );
    assert_eq!(
        (second.code, second.column.as_deref(), second.line),
        (code::BAD_CELL, Some("编号"), 4)
    );
    assert!(rows[2].is_ok(), "nobody reads the broken cell");
    // Corrected as text, the row is taken.
    let payload = String::from_utf8(first.payload.clone()).unwrap().replace("#N/A", "描述");
    let again = Mapping::parse(MAPPING).unwrap().replay("cases.xlsx", payload.into_bytes());
    assert!(again.unwrap().next().unwrap().is_ok());
}

#[test]
fn what_cannot_be_read_is_told_with_what_to_do() {
    let good = sheet("", "");
    let message =
        |bytes: &[u8]| read(bytes).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message(b"PK").contains("not an XLSX workbook"));
    assert!(message(b"").contains("not an XLSX workbook"));
    let promise = SHARED.replace("\"2\"", "\"999999999999\"");
    assert!(message(&book(good.as_bytes(), &promise)).contains("promises more texts"));
    let doctype = good.replace("<worksheet", "<!DOCTYPE a [<!ENTITY b \"c\">]><worksheet");
    assert!(message(&book(doctype.as_bytes(), SHARED)).contains("DTD"));
    let missing = Mapping::parse(&MAPPING.replace("name: 案件", "name: 案")).unwrap();
    let (_folder, path) = file(&book(good.as_bytes(), SHARED));
    let error = missing.open(&path, None).err().unwrap().to_string();
    assert!(error.contains("说明, 案件"), "{error}");
    let below = Mapping::parse(&MAPPING.replace("header_row: 2", "header_row: 7")).unwrap();
    assert!(matches!(below.open(&path, None), Err(FileError::Empty { .. })));
}

#[test]
fn a_bomb_is_refused_before_it_is_kept() {
    // Rows of nothing, a thousand times smaller when packed.
    let row = format!("<row>{}</row>", " ".repeat(1_000_000));
    let huge = sheet(&row, "");
    let (start, end) = huge.split_at(huge.find("</sheetData>").unwrap());
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("xl/worksheets/sheet2.xml", SimpleFileOptions::default()).unwrap();
    zip.write_all(start.as_bytes()).unwrap();
    for _ in 0..40 {
        zip.write_all(row.as_bytes()).unwrap();
    }
    zip.write_all(end.as_bytes()).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    let error = read(&bytes).err().unwrap().to_string();
    assert!(error.contains("grows without measure"), "{} bytes: {error}", bytes.len());
    let spaces = [b"<worksheet><sheetData><row><c><v>".to_vec(), vec![b' '; 3 << 20]].concat();
    let error = read(&book(&spaces, SHARED)).err().unwrap().to_string();
    assert!(error.contains("longer than a table's"), "{error}");
}

/// Pieces of sheets, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<row>",
        "<row r=\"3\">",
        "<row r=\"999999999999\">",
        "</row>",
        "<c>",
        "</c>",
        "<c t=\"s\">",
        "<c r=\"A3\" t=\"e\">",
        "<c r=\"XFD1048577\">",
        "<c r=\"ZZZZZZZZ1\">",
        "<c r=\"\">",
        "<c t=\"b\">",
        "<c t=\"d\">",
        "<c s=\"1\">",
        "<c s=\"99\">",
        "<v>",
        "</v>",
        "<f>",
        "</f>",
        "<is><t>",
        "</t></is>",
        "0",
        "1e308",
        "-1",
        "NaN",
        "43193.5",
        "#N/A",
        "x",
        "&amp;",
        "&#0;",
        "&bad;",
        "<",
        ">",
        "\"",
        "é",
        "</sheetData>",
        "<mergeCells>",
        "<mergeCell ref=\"A1:XFD1048576\"/>",
        "<mergeCell ref=\"B9:A1\"/>",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::cases(48)))]

    #[test]
    fn no_sheet_makes_it_panic(rows in pieces(), merges in pieces()) {
        let _ = read(&book(sheet(&rows, &merges).as_bytes(), SHARED));
    }

    #[test]
    fn no_bytes_make_it_panic(
        noise in prop::collection::vec(any::<u8>(), 0..200),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let _ = read(&noise);
        let good = book(sheet(&format!("<row>{}</row>", text("x")), "").as_bytes(), SHARED);
        let _ = read(&good[..cut.index(good.len())]);
        let mut bad = good;
        for (place, byte) in places {
            let at = place.index(bad.len());
            bad[at] = byte;
        }
        let _ = read(&bad);
    }
}
