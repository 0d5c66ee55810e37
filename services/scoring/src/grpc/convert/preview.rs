//! Previews of other rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use chengping_chassis::error::FieldErrors;
use chengping_proto::rules::v1 as rules;
use chengping_proto::scoring::v1 as pb;
use chengping_rules::{Adjustment, Provenance, RulePack};
use chengping_scoring::{PackRevision, RankShift, Score, Scorecard, Sensitivity};
use chengping_types::name::{JurisdictionName, RulePackRevisionName};
use chengping_types::{Exact, Month};

use super::timestamp;
use crate::app::{MonthPreview, OtherRules, Preview};
use crate::domain::{Difference, differences};
use crate::error::Error;

/// Months of one call: three years.
const MONTHS_MAX: usize = 36;
/// Adjustments of one call.
const ADJUSTMENTS_MAX: usize = 100;
/// Decimals of a number for readers, where it has no short decimal of its own.
const DECIMALS_MAX: u32 = 6;

/// Every mistake of a text is one of the field `source`. A text may be long: call it off the
/// runtime's threads.
pub(in crate::grpc) fn preview(request: pb::PreviewRulePackRequest) -> Result<Preview, Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let months = months(&request.months, &mut errors);
    let step = step(&request, &mut errors);
    let rules = other_rules(request, parent.as_ref(), &mut errors);
    errors.into_result()?;
    let (Some(parent), Some(rules)) = (parent, rules) else { unreachable!("without a mistake") };
    Ok(Preview { jurisdiction: parent.jurisdiction, months, rules, step })
}

fn months(texts: &[String], errors: &mut FieldErrors) -> Vec<Month> {
    if texts.is_empty() || texts.len() > MONTHS_MAX {
        errors.push("months", format!("must be 1 to {MONTHS_MAX} months"));
    }
    let mut months: Vec<Month> = Vec::new();
    for (index, text) in texts.iter().take(MONTHS_MAX).enumerate() {
        let field = format!("months[{index}]");
        match errors.parse(field.clone(), text) {
            Some(month) if months.contains(&month) => errors.push(field, "is asked for twice"),
            Some(month) => months.push(month),
            None => {}
        }
    }
    months
}

/// By which share weights are changed; none when nobody asks for that.
fn step(request: &pb::PreviewRulePackRequest, errors: &mut FieldErrors) -> Option<Exact> {
    const FIELD: &str = "sensitivity_step";
    let text = match request.sensitivity_step.as_str() {
        "" => "0.1",
        _ if !request.sensitivity => {
            errors.push(FIELD, "goes with `sensitivity`; set that, or leave this out");
            return None;
        }
        text => text,
    };
    let step: Exact = errors.parse(FIELD, text)?;
    let bounds = [(1, 100), (1, 2)].map(|(num, den)| Exact::ratio(num, den).unwrap_or_default());
    if step < bounds[0] || step > bounds[1] {
        errors.push(FIELD, "must be from 0.01 to 0.5");
    }
    request.sensitivity.then_some(step)
}

fn other_rules(
    request: pb::PreviewRulePackRequest,
    parent: Option<&JurisdictionName>,
    errors: &mut FieldErrors,
) -> Option<OtherRules> {
    let pb::PreviewRulePackRequest { source, revision, adjustments, .. } = request;
    let given = [
        ("source", !source.is_empty()),
        ("revision", !revision.is_empty()),
        ("adjustments", !adjustments.is_empty()),
    ];
    let mut given = given.into_iter().filter(|(_, is_given)| *is_given).map(|(field, _)| field);
    let only = "give exactly one of `source`, `revision` and `adjustments`";
    let Some(one) = given.next() else {
        errors.push("source", only);
        return None;
    };
    let others: Vec<_> = given.collect();
    if !others.is_empty() {
        others.into_iter().for_each(|field| errors.push(field, only));
        return None;
    }
    match one {
        "source" => match RulePack::parse(&source) {
            Ok(pack) => Some(OtherRules::Text(Arc::new(PackRevision::new(0, pack)))),
            Err(mistakes) => {
                mistakes.iter().for_each(|mistake| errors.push("source", mistake.to_string()));
                None
            }
        },
        "revision" => {
            let name: RulePackRevisionName = errors.parse("revision", &revision)?;
            if parent.is_some_and(|parent| parent.jurisdiction != name.jurisdiction) {
                errors.push("revision", "belongs to another jurisdiction");
            }
            Some(OtherRules::Revision(name))
        }
        _ => Some(OtherRules::Adjusted(self::adjustments(adjustments, errors))),
    }
}

/// What can be said of adjustments before the rules that they change are known.
fn adjustments(given: Vec<rules::Adjustment>, errors: &mut FieldErrors) -> Vec<Adjustment> {
    if given.len() > ADJUSTMENTS_MAX {
        errors.push("adjustments", format!("must be at most {ADJUSTMENTS_MAX}"));
    }
    let mut paths = BTreeSet::new();
    let mut read = Vec::new();
    for (index, one) in given.into_iter().take(ADJUSTMENTS_MAX).enumerate() {
        let field = |name: &str| format!("adjustments[{index}].{name}");
        if one.path.is_empty() {
            errors.push(field("path"), "is required");
        } else if !paths.insert(one.path.clone()) {
            errors.push(field("path"), "is given twice");
        }
        errors.parse::<Exact>(field("value"), &one.value);
        errors.parse::<Provenance>(field("provenance"), &one.provenance);
        let kept = |text: String| Some(text).filter(|text| !text.is_empty());
        read.push(Adjustment {
            path: one.path,
            value: one.value,
            provenance: one.provenance,
            clause: kept(one.clause),
            note: kept(one.note),
        });
    }
    read
}

pub(in crate::grpc) fn month_preview(scored: &MonthPreview) -> pb::PreviewRulePackResponse {
    let (differences, unchanged) = differences(scored.before(), &scored.after);
    let (done, total) = scored.done;
    pb::PreviewRulePackResponse {
        month: scored.after.month.to_string(),
        differences: differences.iter().map(difference).collect(),
        unchanged_count: count(unchanged),
        as_of: Some(timestamp(scored.as_of)),
        rule_pack_revision: scored.in_force.to_string(),
        digest: scored.digest.to_string(),
        sensitivities: scored.sensitivities.iter().map(sensitivity).collect(),
        done_month_count: count(done),
        total_month_count: count(total),
    }
}

fn count<N: TryInto<i32>>(number: N) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

fn difference(difference: &Difference<'_>) -> pb::ScoreDifference {
    let score = |card: Option<&Scorecard>| {
        card.and_then(|card| card.score.as_ref()).map(Score::printed).unwrap_or_default()
    };
    let rank =
        |card: Option<&Scorecard>| count(card.and_then(|card| card.rank).unwrap_or_default());
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

fn sensitivity(one: &Sensitivity) -> pb::WeightSensitivity {
    let shift = |shift: &RankShift| pb::RankShift {
        value: readable(&shift.value),
        changed_rank_count: count(shift.changed_ranks),
        largest_shift: count(shift.largest),
        body_id: shift.body.as_ref().map(ToString::to_string).unwrap_or_default(),
        largest_score_change: readable(&shift.largest_score_change),
    };
    pb::WeightSensitivity {
        path: one.path.clone(),
        value: readable(&one.value),
        group: one.group.clone(),
        smaller: one.smaller.as_ref().map(shift),
        larger: one.larger.as_ref().map(shift),
    }
}

/// The shortest exact decimal, or the fraction.
fn readable(number: &Exact) -> String {
    let decimals = (0..=DECIMALS_MAX).map(|places| number.to_decimal(places));
    let mut exact = decimals.filter(|text| text.parse().as_ref() == Ok(number));
    exact.next().unwrap_or_else(|| number.to_string())
}
