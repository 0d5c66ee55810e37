//! `chengping registry deadline`: when a limit is over, and how that comes about.

use chengping_proto::rules::v1::{
    ComputeDeadlineRequest, CountedInterval, ExplainDeadlineRequest, ExplainDeadlineResponse,
    SkippedDay,
};
use chengping_types::{Date, Instant, LimitUnit, LimitValue, TimeZone};
use clap::{ArgGroup, Args};
use prost_types::Timestamp;
use serde_json::{Value, json};

use super::calendar;
use crate::args::Common;
use crate::clients::Clients;
use crate::convert::{instant, timestamp};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Arguments of `registry deadline`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("of").required(true).args(["limit", "condition"])))]
pub struct DeadlineArgs {
    /// When the clock starts
    #[arg(long, value_name = "RFC3339")]
    start: Instant,
    /// How many units the limit has, such as 4 or 1.5
    #[arg(long, value_name = "N", requires = "unit")]
    limit: Option<LimitValue>,
    /// Unit: urgent_hour, urgent_day, work_hour or work_day
    #[arg(long, value_name = "UNIT", requires = "limit")]
    unit: Option<LimitUnit>,
    /// Filing condition whose limit holds in the month of the start
    #[arg(long, value_name = "ID", requires_all = ["scheme", "code"])]
    condition: Option<String>,
    /// Category scheme of the case
    #[arg(long, value_name = "SCHEME", requires = "condition")]
    scheme: Option<String>,
    /// Category code of the case
    #[arg(long, value_name = "CODE", requires = "condition")]
    code: Option<String>,
    /// Show every interval that counts and every day that does not, and say it in words
    #[arg(long)]
    explain: bool,
}

impl DeadlineArgs {
    fn request(&self, work_calendar: String) -> ComputeDeadlineRequest {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        ComputeDeadlineRequest {
            work_calendar,
            start_time: Some(timestamp(self.start)),
            exact_limit: self.limit.map(|limit| limit.to_string()).unwrap_or_default(),
            unit: self.unit.map(|unit| unit.to_string()).unwrap_or_default(),
            condition_id: text(&self.condition),
            category_scheme: text(&self.scheme),
            category_code: text(&self.code),
            ..ComputeDeadlineRequest::default()
        }
    }
}

/// Asks for the deadline and prints it.
pub(super) async fn run(
    common: &Common,
    args: &DeadlineArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let deadline = Some(args.request(calendar::name(&clients)));
    let answer = clients.rule_packs().explain_deadline(ExplainDeadlineRequest { deadline }).await;
    let answer = answer.doing("compute the deadline")?.into_inner();
    let zone: TimeZone = answer.time_zone.parse().map_err(anyhow::Error::from)?;
    let local = |time: Option<&Timestamp>| {
        time.map(|time| instant(time).to_rfc3339_in(&zone)).unwrap_or_default()
    };
    let mut json = json!({
        "due_at": local(answer.due_time.as_ref()),
        "start": local(answer.start_time.as_ref()),
        "limit": answer.limit,
        "unit": answer.unit,
        "condition": answer.condition_id,
        "time_zone": answer.time_zone,
        "deadline_rules_digest": answer.deadline_rules_digest,
    });
    if args.explain {
        let interval = |interval: &CountedInterval| {
            let (from, to) = (interval.start_time.as_ref(), interval.end_time.as_ref());
            json!({"from": local(from), "to": local(to)})
        };
        let day = |day: &SkippedDay| json!({"date": day.date, "reason": day.reason, "name": day.display_name});
        json["intervals"] = answer.intervals.iter().map(interval).collect::<Vec<_>>().into();
        json["skipped_days"] = answer.skipped_days.iter().map(day).collect::<Vec<_>>().into();
        json["text"] = Value::from(answer.text.as_str());
        out.report(&steps(&answer, &zone), &json)?;
        out.remark(&answer.text)?;
        return Ok(Outcome::Done);
    }
    let mut table = Table::new(&[
        ("due_at", Align::Left),
        ("start", Align::Left),
        ("limit", Align::Right),
        ("unit", Align::Left),
        ("condition", Align::Left),
        ("time_zone", Align::Left),
    ]);
    table.row([
        local(answer.due_time.as_ref()),
        local(answer.start_time.as_ref()),
        answer.limit,
        answer.unit,
        answer.condition_id,
        answer.time_zone,
    ]);
    out.report(&table, &json)?;
    Ok(Outcome::Done)
}

/// What the clock did from the start on: a row an interval and a row a day off, in order.
fn steps(answer: &ExplainDeadlineResponse, zone: &TimeZone) -> Table {
    let mut table = Table::new(&[
        ("date", Align::Left),
        ("counts", Align::Left),
        ("from", Align::Left),
        ("to", Align::Left),
        ("name", Align::Left),
    ]);
    let mut rows: Vec<(String, [String; 4])> = Vec::new();
    for CountedInterval { start_time, end_time } in &answer.intervals {
        let [from, to] =
            [start_time, end_time].map(|time| time.as_ref().map(instant).unwrap_or(Instant::MIN));
        let ends = [from, to].map(|end| end.to_rfc3339_in(zone));
        let [from_text, to_text] = ends;
        rows.push((
            Date::of(from, zone).to_string(),
            ["yes".to_owned(), from_text, to_text, String::new()],
        ));
    }
    for SkippedDay { date, reason, display_name } in &answer.skipped_days {
        let cells = [reason.clone(), String::new(), String::new(), display_name.clone()];
        rows.push((date.clone(), cells));
    }
    // Both are in order, and no day is in both.
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    for (date, [counts, from, to, name]) in rows {
        table.row([date, counts, from, to, name]);
    }
    table
}
