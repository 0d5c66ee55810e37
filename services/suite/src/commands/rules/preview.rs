//! `chengping rules preview`: what other rules would have given.

use chengping_proto::scoring::v1::{
    PreviewRulePackRequest, PreviewRulePackResponse, ScoreDifference,
};
use chengping_types::Month;
use serde_json::{Value, json};

use super::source;
use crate::args::{Common, Format};
use crate::clients::Clients;
use crate::convert::time_text;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Scores the months under other rules, and prints what is different, month by month.
pub(super) async fn run(
    common: &Common,
    text: &str,
    through: Option<Month>,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    source::parse(text)?;
    let first = common.required_month()?;
    let last = through.unwrap_or(first);
    if last < first {
        return Err(Failure::usage("--through lies before --month; exchange them"));
    }
    let months = (0..=last.since(first)).map(|after| first.plus(after).to_string()).collect();
    let clients = Clients::connect(common).await?;
    let request = PreviewRulePackRequest {
        parent: clients.parent(),
        months,
        source: text.to_owned(),
        ..Default::default()
    };
    let answer = clients.evaluations().preview_rule_pack(request).await;
    let mut answers = answer.doing("preview the rules")?.into_inner();
    let (mut all, mut documents) = (table(), Vec::new());
    while let Some(month) = answers.message().await.doing("preview the rules")? {
        match out.format() {
            Format::Table => print(&month, out)?,
            Format::Csv => add(&mut all, &month),
            Format::Json => documents.push(document(&month)),
        }
    }
    match out.format() {
        Format::Table => {}
        Format::Csv => out.raw(&all.to_csv())?,
        Format::Json => out.json(&Value::from(documents))?,
    }
    Ok(Outcome::Done)
}

fn print(month: &PreviewRulePackResponse, out: &mut Output) -> Result<(), Failure> {
    let as_of = time_text(month.as_of.as_ref());
    out.text(&format!("{}  as of {as_of}  instead of {}", month.month, month.rule_pack_revision))?;
    let mut table = table();
    add(&mut table, month);
    if !month.differences.is_empty() {
        out.text(&table.to_string())?;
    }
    let (different, same) = (month.differences.len(), month.unchanged_count);
    out.text(&format!("{different} bodies differ, {same} do not\n"))
}

fn table() -> Table {
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

fn add(table: &mut Table, month: &PreviewRulePackResponse) {
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

fn document(month: &PreviewRulePackResponse) -> Value {
    let one = |one: &ScoreDifference| {
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
    };
    json!({
        "month": month.month,
        "as_of": time_text(month.as_of.as_ref()),
        "rule_pack_revision": month.rule_pack_revision,
        "digest": month.digest,
        "differences": month.differences.iter().map(one).collect::<Vec<_>>(),
        "unchanged_count": month.unchanged_count,
    })
}
