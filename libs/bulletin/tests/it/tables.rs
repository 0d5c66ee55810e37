//! Tables and workbooks, read back.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use chengping_bulletin::FileFormat;
use serde_json::Value;

use crate::month::{Unit, documents, units};
use crate::sealed::{draft, published, sealed};

/// The lines of a table as fields.
fn read_csv(bytes: &[u8]) -> Vec<Vec<String>> {
    let text =
        std::str::from_utf8(bytes).unwrap().strip_prefix('\u{feff}').expect("Excel wants it");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let records = reader.records().map(Result::unwrap);
    records.map(|record| record.iter().map(str::to_owned).collect()).collect()
}

fn results(units: &[Unit]) -> Value {
    serde_json::from_slice(&documents("2018-04", units).results).unwrap()
}

pub(crate) fn workbook(bytes: Vec<u8>) -> Vec<(String, Vec<Vec<Data>>)> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let sheets = workbook.worksheets().into_iter();
    sheets.map(|(name, range)| (name, range.rows().map(<[Data]>::to_vec).collect())).collect()
}

#[test]
fn a_table_has_a_line_a_body_and_says_of_what() {
    let units = units(60);
    let rows = read_csv(&published(&units).render(FileFormat::Csv).unwrap());
    let results = results(&units);
    assert_eq!(rows.len(), units.len() + 1);
    let column = |head: &str| rows[0].iter().position(|found| found == head).unwrap();
    let digest = chengping_types::Digest::of(&sealed(&documents("2018-04", &units), 1, None));
    for row in &rows[1..] {
        let body = &results["bodies"][&row[column("单位编号")]];
        assert_eq!(row[column("得分")], body["score"].as_str().unwrap());
        assert_eq!(row[column("名次")], body["rank"].to_string());
        assert_eq!(row[column("等级")], body["grade"].as_str().unwrap());
        assert_eq!(row[column("并列")] == "并列", body["tied"] == true);
        assert_eq!(row[column("摘要")], digest.to_string());
        assert_eq!(row[column("状态")], "正式发布");
        assert!(row[column("核验")].starts_with("chengping verify "));
        let exact = body["streams"]["regular"]["deduction"].as_str().unwrap();
        let (shown, exact): (f64, f64) =
            (row[column("常规案件扣分")].parse().unwrap(), exact.parse().unwrap());
        assert!((shown - exact).abs() < 0.00501, "{shown} {exact}");
    }
    let rows = read_csv(&draft(&units).render(FileFormat::Csv).unwrap());
    assert!(rows[1..].iter().all(|row| row[column("状态")] == "征求意见稿（未发布）"));
}

#[test]
fn formulas_in_names_stay_texts() {
    let mut units = units(6);
    let names = ["=cmd|'/C calc'!A0", "+1", "-1", "@SUM(1+1)", "＝1", "a,\"b\"\r\nc"];
    for (unit, name) in units.iter_mut().zip(names) {
        unit.name = name.to_owned();
    }
    let bulletin = published(&units);
    let rows = read_csv(&bulletin.render(FileFormat::Csv).unwrap());
    assert_eq!(rows.len(), 7, "no name ends a line");
    for row in &rows[1..] {
        assert!(!row[4].starts_with(['=', '+', '-', '@', '＝']), "{}", row[4]);
    }
    // A workbook knows texts from formulas.
    let mut workbook: Xlsx<_> =
        Xlsx::new(Cursor::new(bulletin.render(FileFormat::Xlsx).unwrap())).unwrap();
    for sheet in workbook.sheet_names() {
        let formulas = workbook.worksheet_formula(&sheet).unwrap();
        assert!(formulas.used_cells().all(|(_, _, text)| text.is_empty()), "{sheet}");
    }
}

#[test]
fn a_workbook_has_cover_groups_items_and_method() {
    let units = units(60);
    let sheets = workbook(published(&units).render(FileFormat::Xlsx).unwrap());
    let names: Vec<_> = sheets.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "封面",
        "区、管委会",
        "街道（乡、镇、办）",
        "窗口单位",
        "市直局委",
        "专业职能部门",
        "指标明细",
        "评价办法",
    ];
    assert_eq!(names, expected);
    let cover = format!("{:?}", sheets[0].1);
    let digest = chengping_types::Digest::of(&sealed(&documents("2018-04", &units), 1, None));
    assert!(cover.contains(&digest.to_string()) && cover.contains("chengping verify"), "{cover}");

    let results = results(&units);
    let mut bodies = 0;
    for (_, rows) in &sheets[1..6] {
        let column = |head: &str| rows[0].iter().position(|found| *found == head).unwrap();
        for row in &rows[1..] {
            let body = &results["bodies"][row[column("单位编号")].to_string()];
            let score: f64 = body["score"].as_str().unwrap().parse().unwrap();
            assert_eq!(row[column("得分")], Data::Float(score), "a number");
            assert_eq!(row[column("名次")], Data::Float(body["rank"].as_f64().unwrap()));
            bodies += 1;
        }
    }
    assert_eq!(bodies, units.len());

    let (_, items) = &sheets[6];
    let of_results: usize = results["bodies"]
        .as_object()
        .unwrap()
        .values()
        .map(|body| body["items"].as_object().unwrap().len())
        .sum();
    assert_eq!(items.len() - 1, of_results, "every item of every body");
    let method = format!("{:?}", sheets[7].1);
    for text in ["zz-2018", "30 × (1 − 按期结案数 ÷ 应结案数)", "5.2.1", "暂定，待确认"]
    {
        assert!(method.contains(text), "{text}: {method}");
    }
}
