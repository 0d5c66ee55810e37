//! Workbooks of any size, and what it takes to read them.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Cursor, Seek, Write};
use std::time::Instant;

use anyhow::Context as _;
use chengping_interchange::mapping::Mapping;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use crate::memory;
use crate::run::say;

/// How the rows are read.
pub(crate) const MAPPING: &str = r#"
mapping: sheet
encoding: utf-8
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

const NAMES: [&str; 5] = ["编号", "类别", "区域", "描述", "时间"];
const PARTS: [(&str, &str); 4] = [
    (
        "_rels/.rels",
        r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="案件" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
    ),
    (
        "xl/sharedStrings.xml",
        r#"<?xml version="1.0" encoding="UTF-8"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" uniqueCount="2"><si><t>路面,破损</t></si><si><r><t>分</t></r><r><t>段</t></r></si></sst>"#,
    ),
];
const SHEET_BEGIN: &str = r#"<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;
const SHEET_END: &str = "</sheetData></worksheet>";

fn row(number: usize) -> String {
    let mut row = format!("<row r=\"{number}\">");
    let texts = match number {
        1 => NAMES.map(str::to_owned),
        _ => [
            format!("2018{number:08}"),
            format!("0{}", 101 + number % 30),
            format!("R{:05}", number % 5000),
            format!("第{number}号 路面破损,影响通行"),
            "2018/04/03 09:15".to_owned(),
        ],
    };
    for text in texts {
        write!(row, "<c t=\"inlineStr\"><is><t>{text}</t></is></c>").expect("a string takes all");
    }
    row.push_str("</row>");
    row
}

/// A sheet with a header and so many rows.
pub(crate) fn sheet(rows: usize) -> String {
    let rows: String = (1..=rows + 1).map(row).collect();
    format!("{SHEET_BEGIN}{rows}{SHEET_END}")
}

/// A workbook with this sheet.
pub(crate) fn book(sheet: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    write_book(&mut bytes, |out| Ok(out.write_all(sheet)?))?;
    Ok(bytes.into_inner())
}

fn write_book<W: Write + Seek>(
    out: W,
    sheet: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut zip = zip::ZipWriter::new(out);
    for (name, text) in PARTS {
        zip.start_file(name, SimpleFileOptions::default())?;
        zip.write_all(text.as_bytes())?;
    }
    zip.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default())?;
    sheet(&mut zip)?;
    zip.finish()?;
    Ok(())
}

/// Reads a workbook of so many rows, and tells what that took.
pub(crate) fn measure(rows: usize) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("cases.xlsx");
    write_book(BufWriter::new(File::create(&path)?), |out| {
        out.write_all(SHEET_BEGIN.as_bytes())?;
        for number in 1..=rows + 1 {
            out.write_all(row(number).as_bytes())?;
        }
        Ok(out.write_all(SHEET_END.as_bytes())?)
    })?;
    let size = path.metadata()?.len();
    memory::forget_peak()?;
    let (before, begun) = (memory::peak()?, Instant::now());
    let mapping = Mapping::parse(MAPPING).context("the mapping of the fuzzer")?;
    let (mut good, mut bad) = (0_usize, 0_usize);
    for row in mapping.open(&path, None)? {
        *if row.is_ok() { &mut good } else { &mut bad } += 1;
    }
    say(&format!(
        "{good} rows and {bad} rejects of {} MiB in {} ms: {} MiB at most, {} MiB before",
        size >> 20,
        begun.elapsed().as_millis(),
        memory::peak()? >> 20,
        before >> 20
    ));
    Ok(())
}
