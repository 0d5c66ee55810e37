//! Previews of other rules.

use chengping_chassis::error::FieldErrors;
use chengping_proto::scoring::v1 as pb;
use chengping_rules::RulePack;
use chengping_scoring::{Score, Scorecard};
use chengping_types::name::JurisdictionName;
use chengping_types::{Exact, Month};

use super::timestamp;
use crate::app::{MonthPreview, Preview};
use crate::domain::{Difference, differences};
use crate::error::Error;

/// Months of one call: three years.
const MONTHS_MAX: usize = 36;

/// Every mistake of the rules is one of the field `source`.
pub(in crate::grpc) fn preview(request: &pb::PreviewRulePackRequest) -> Result<Preview, Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    if request.months.is_empty() || request.months.len() > MONTHS_MAX {
        errors.push("months", format!("must be 1 to {MONTHS_MAX} months"));
    }
    let mut months: Vec<Month> = Vec::new();
    for (index, text) in request.months.iter().take(MONTHS_MAX).enumerate() {
        let field = format!("months[{index}]");
        match errors.parse(field.clone(), text) {
            Some(month) if months.contains(&month) => errors.push(field, "is asked for twice"),
            Some(month) => months.push(month),
            None => {}
        }
    }
    let pack = RulePack::parse(&request.source);
    if let Err(mistakes) = &pack {
        mistakes.iter().for_each(|mistake| errors.push("source", mistake.to_string()));
    }
    errors.into_result()?;
    let (Some(parent), Ok(pack)) = (parent, pack) else { unreachable!("without a mistake") };
    Ok(Preview { jurisdiction: parent.jurisdiction, months, pack })
}

pub(in crate::grpc) fn month_preview(
    pack: &RulePack,
    scored: &MonthPreview,
) -> pb::PreviewRulePackResponse {
    let (differences, unchanged) = differences(&scored.before, &scored.after);
    pb::PreviewRulePackResponse {
        month: scored.after.month.to_string(),
        differences: differences.iter().map(difference).collect(),
        unchanged_count: i32::try_from(unchanged).unwrap_or(i32::MAX),
        as_of: Some(timestamp(scored.as_of)),
        rule_pack_revision: scored.in_force.to_string(),
        digest: pack.digest().to_string(),
        ..pb::PreviewRulePackResponse::default()
    }
}

fn difference(difference: &Difference<'_>) -> pb::ScoreDifference {
    let score = |card: Option<&Scorecard>| {
        card.and_then(|card| card.score.as_ref()).map(Score::printed).unwrap_or_default()
    };
    let rank = |card: Option<&Scorecard>| {
        let rank = card.and_then(|card| card.rank).unwrap_or_default();
        i32::try_from(rank).unwrap_or(i32::MAX)
    };
    let grade =
        |card: Option<&Scorecard>| card.and_then(|card| card.grade.clone()).unwrap_or_default();
    let Difference { before, after } = *difference;
    let newer = difference.newer();
    pb::ScoreDifference {
        body_id: newer.body_id.to_string(),
        score_before: score(before),
        score_after: score(after),
        rank_before: rank(before),
        rank_after: rank(after),
        display_name: newer.name.clone(),
        group: newer.group.clone(),
        grade_before: grade(before),
        grade_after: grade(after),
        difference: difference.more().as_ref().map(signed).unwrap_or_default(),
    }
}

/// Two decimals, and a sign in any case.
fn signed(more: &Exact) -> String {
    let text = more.to_decimal(2);
    if more.is_negative() { text } else { format!("+{text}") }
}
