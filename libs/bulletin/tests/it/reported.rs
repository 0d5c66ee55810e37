//! What districts reported, beside the scores.

use calamine::{Data, DataType as _};
use chengping_bulletin::{Bulletin, FileFormat};
use serde_json::{Value, json};

use crate::month::{documents, units};
use crate::pages;
use crate::sealed::sealed;
use crate::tables::workbook;

/// April with two reports: of a district that publishes itself, and of one that computed otherwise.
fn reported() -> Bulletin {
    let units = units(6);
    let document = sealed(&documents("2018-04", &units), 1, None);
    let mut document: Value = serde_json::from_slice(&document).unwrap();
    let digest = format!("sha256:{}", "ab".repeat(32));
    document["reported"] = json!([
        {
            "district": "b0000",
            "version": {"jurisdiction": "zz-jinshui", "version": 2, "digest": digest},
            "lines": [
                {"body_id": "s01", "score": "97.50", "rank": 1},
                {"body_id": "s02", "score": null, "rank": null},
            ],
        },
        {"district": "zz9", "lines": [{"body_id": "s91", "score": "8.00", "rank": 1}]},
    ]);
    Bulletin::of_sealed(&serde_json::to_vec(&document).unwrap(), Vec::new()).unwrap()
}

#[test]
fn reports_of_districts_stand_in_the_workbook() {
    let sheets = workbook(reported().render(FileFormat::Xlsx).unwrap());
    let (_, rows) = sheets.iter().find(|(name, _)| name == "区级报送").unwrap();
    let rows = &rows[rows.len() - 3..];
    let text = |row: &[Data]| row.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(text(&rows[0])[1..], ["s01", "s01", "97.5", "1", "zz-jinshui 第2版"]);
    assert_eq!(text(&rows[0])[0], units(6)[0].name);
    assert!(rows[1][3].is_empty() && rows[1][4].is_empty(), "{rows:?}");
    assert_eq!(text(&rows[2]), ["zz9", "s91", "s91", "8", "1", "区级自行计算"]);
}

#[test]
fn reports_of_districts_are_printed_and_public() {
    let printed = pages::text(&reported().render(FileFormat::Pdf).unwrap()).concat();
    for shown in ["各区报送的评价结果", "97.50", "zz-jinshui 第2版", "区级自行计算"]
    {
        assert!(printed.contains(shown), "{shown}");
    }
    let public = reported().render(FileFormat::Json).unwrap();
    let public: Value = serde_json::from_slice(&public).unwrap();
    assert_eq!(public["reported"][1]["score"], Value::Null);
    assert_eq!(public["reported"][2]["body_id"], "s91");
    assert_eq!(public["reported"][0]["source_digest"], format!("sha256:{}", "ab".repeat(32)));
}

#[test]
fn without_reports_nothing_is_said_of_them() {
    let units = units(6);
    let published = sealed(&documents("2018-04", &units), 1, None);
    let bulletin = Bulletin::of_sealed(&published, Vec::new()).unwrap();
    let printed = pages::text(&bulletin.render(FileFormat::Pdf).unwrap()).concat();
    assert!(!printed.contains("报送"));
    let public = bulletin.render(FileFormat::Json).unwrap();
    let public: Value = serde_json::from_slice(&public).unwrap();
    assert!(public.get("reported").is_none());
}
