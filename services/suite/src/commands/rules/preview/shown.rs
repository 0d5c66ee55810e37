//! Previews for readers and programs.

use chengping_proto::scoring::v1::{
    PreviewRulePackResponse, RankShift, ScoreDifference, WeightSensitivity,
};
use serde_json::{Value, json};

use crate::convert::time_text;
use crate::failure::Failure;
use crate::output::{Align, Output, Table};

pub(super) fn print(
    month: &PreviewRulePackResponse,
    sensitivity: bool,
    out: &mut Output,
) -> Result<(), Failure> {
    let as_of = time_text(month.as_of.as_ref());
    let of = match month.total_month_count {
        0 | 1 => String::new(),
        total => format!("  {} of {total} months", month.done_month_count),
    };
    let instead = &month.rule_pack_revision;
    out.text(&format!("{}  as of {as_of}  instead of {instead}{of}", month.month))?;
    let mut table = differences();
    add_differences(&mut table, month);
    if !month.differences.is_empty() {
        out.text(&table.to_string())?;
    }
    let (different, same) = (month.differences.len(), month.unchanged_count);
    out.text(&format!("{different} bodies differ, {same} do not\n"))?;
    if !sensitivity {
        return Ok(());
    }
    if month.sensitivities.is_empty() {
        return out.text("no weight alone changes a rank or a score\n");
    }
    out.text("what ranks depend on: one weight alone, smaller and larger\n")?;
    let mut table = sensitivities();
    add_sensitivities(&mut table, month);
    out.text(&format!("{table}\n"))
}

/// The table of bodies.
pub(super) fn differences() -> Table {
    Table::new(&[
        ("month", Align::Left),
        ("group", Align::Left),
        ("body", Align::Left),
        ("name", Align::Left),
        ("before", Align::Right),
        ("after", Align::Right),
        ("difference", Align::Right),
        ("rank_before", Align::Right),
        ("rank_after", Align::Right),
        ("grade_before", Align::Left),
        ("grade_after", Align::Left),
    ])
}

pub(super) fn add_differences(table: &mut Table, month: &PreviewRulePackResponse) {
    let rank = |rank: i32| if rank == 0 { String::new() } else { rank.to_string() };
    for one in month.differences.clone() {
        table.row([
            month.month.clone(),
            one.group,
            one.body_id,
            one.display_name,
            one.score_before,
            one.score_after,
            one.difference,
            rank(one.rank_before),
            rank(one.rank_after),
            one.grade_before,
            one.grade_after,
        ]);
    }
}

/// The table of weights, a row a direction.
pub(super) fn sensitivities() -> Table {
    Table::new(&[
        ("month", Align::Left),
        ("group", Align::Left),
        ("weight", Align::Left),
        ("value", Align::Right),
        ("tried", Align::Right),
        ("other_ranks", Align::Right),
        ("largest_shift", Align::Right),
        ("body", Align::Left),
        ("largest_score_change", Align::Right),
    ])
}

pub(super) fn add_sensitivities(table: &mut Table, month: &PreviewRulePackResponse) {
    for one in &month.sensitivities {
        for shift in [&one.smaller, &one.larger].into_iter().flatten() {
            table.row([
                month.month.clone(),
                one.group.clone(),
                one.path.clone(),
                one.value.clone(),
                shift.value.clone(),
                shift.changed_rank_count.to_string(),
                shift.largest_shift.to_string(),
                shift.body_id.clone(),
                shift.largest_score_change.clone(),
            ]);
        }
    }
}

pub(super) fn document(month: &PreviewRulePackResponse, sensitivity: bool) -> Value {
    let mut value = json!({
        "month": month.month,
        "as_of": time_text(month.as_of.as_ref()),
        "rule_pack_revision": month.rule_pack_revision,
        "digest": month.digest,
        "differences": month.differences.iter().map(difference).collect::<Vec<_>>(),
        "unchanged_count": month.unchanged_count,
    });
    if sensitivity {
        value["sensitivities"] = month.sensitivities.iter().map(weight).collect();
    }
    value
}

fn difference(one: &ScoreDifference) -> Value {
    json!({
        "body": one.body_id,
        "name": one.display_name,
        "group": one.group,
        "score_before": one.score_before,
        "score_after": one.score_after,
        "difference": one.difference,
        "rank_before": one.rank_before,
        "rank_after": one.rank_after,
        "grade_before": one.grade_before,
        "grade_after": one.grade_after,
    })
}

fn weight(one: &WeightSensitivity) -> Value {
    let shift = |shift: &RankShift| {
        json!({
            "value": shift.value,
            "changed_rank_count": shift.changed_rank_count,
            "largest_shift": shift.largest_shift,
            "body": shift.body_id,
            "largest_score_change": shift.largest_score_change,
        })
    };
    json!({
        "weight": one.path,
        "value": one.value,
        "group": one.group,
        "smaller": one.smaller.as_ref().map(shift),
        "larger": one.larger.as_ref().map(shift),
    })
}
