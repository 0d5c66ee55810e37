//! Years.

use chengping_chassis::error::FieldErrors;
use chengping_proto::publication::v1 as pb;
use chengping_types::name::AnnualResultName;

use super::CHECKED;
use crate::domain::year::{PublishedMonth, Year, YearLine, YearScores};
use crate::error::Error;

pub(in crate::grpc) fn name(text: &str) -> Result<AnnualResultName, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse::<AnnualResultName>("name", text);
    if name.as_ref().is_some_and(|name| !(1000..=9999).contains(&name.year)) {
        errors.push("name", "must end in a year of four digits");
    }
    errors.into_result()?;
    Ok(name.expect(CHECKED))
}

pub(in crate::grpc) fn year(year: &Year, scores: Option<YearScores>) -> pb::AnnualResult {
    let name = AnnualResultName { jurisdiction: year.jurisdiction.clone(), year: year.year };
    let digest = scores.as_ref().map(|scores| scores.digest().to_string()).unwrap_or_default();
    let (lines, document) =
        scores.map(|scores| (scores.lines, scores.document)).unwrap_or_default();
    pb::AnnualResult {
        name: name.to_string(),
        year: year.year.into(),
        months: year.months.iter().map(month).collect(),
        missing_months: year.missing.iter().map(ToString::to_string).collect(),
        annual_lines: lines.into_iter().map(line).collect(),
        digest,
        document,
    }
}

fn month(month: &PublishedMonth) -> pb::AnnualMonth {
    pb::AnnualMonth {
        month: month.name.month.to_string(),
        bulletin_version: month.name.to_string(),
        digest: month.digest.to_string(),
        results_digest: month.results_digest.to_string(),
    }
}

fn line(line: YearLine) -> pb::AnnualLine {
    pb::AnnualLine {
        body_id: line.body_id,
        assessment_code: line.assessment_code.unwrap_or_default(),
        group: line.group,
        score: line.score.unwrap_or_default(),
        exact_score: line.exact_score.unwrap_or_default(),
        rank: line.rank.map_or(0, super::int32),
        tied: line.tied,
        grade: line.grade.unwrap_or_default(),
        not_rated_reason: line.not_rated_reason.unwrap_or_default().to_owned(),
        counted_months: line.counted.iter().map(ToString::to_string).collect(),
    }
}
