//! What districts reported of their own bodies (6.4), beside the scores of the office.

use std::collections::BTreeMap;

use chengping_ledger::reported::{Reported, ReportedLine};
use chengping_types::BodyId;
use chengping_types::registry::Body;
use serde_json::{Value, json};

use crate::words::clean;

/// The heads of its columns, in tables and sheets.
pub(crate) const HEADS: [&str; 6] = ["区", "单位编号", "单位", "得分", "名次", "来源"];

/// A body, as its district reported it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    district_id: BodyId,
    pub(crate) district: String,
    pub(crate) body_id: BodyId,
    /// The ID, where the registry of the office does not have the body.
    pub(crate) body: String,
    /// With two decimals; absent when not rated.
    pub(crate) score: Option<String>,
    pub(crate) rank: Option<u32>,
    /// Where it was published, or that the district computed it.
    pub(crate) source: String,
    digest: Option<String>,
}

/// A row for each body that was reported, in the order of districts and of their reports.
pub(crate) fn rows(reports: Vec<Reported>, bodies: &BTreeMap<&BodyId, &Body>) -> Vec<Row> {
    let name =
        |id: &BodyId| bodies.get(id).map_or_else(|| id.to_string(), |body| clean(&body.name));
    let of_report = |report: Reported| {
        let source = report.version.as_ref().map_or_else(
            || "区级自行计算".to_owned(),
            |from| format!("{} 第{}版", from.jurisdiction, from.version),
        );
        let digest = report.version.as_ref().map(|from| from.digest.to_string());
        let (district, district_id) = (name(&report.district), report.district);
        let row = move |line: ReportedLine| Row {
            district_id: district_id.clone(),
            district: district.clone(),
            body: name(&line.body_id),
            body_id: line.body_id,
            score: line.score,
            rank: line.rank,
            source: source.clone(),
            digest: digest.clone(),
        };
        report.lines.into_iter().map(row).collect::<Vec<_>>()
    };
    reports.into_iter().flat_map(of_report).collect()
}

/// The row in the public document.
pub(crate) fn public(row: &Row) -> Value {
    json!({
        "district": row.district_id,
        "name": row.district,
        "body_id": row.body_id,
        "body_name": row.body,
        "score": row.score,
        "rank": row.rank,
        "source": row.source,
        "source_digest": row.digest,
    })
}
