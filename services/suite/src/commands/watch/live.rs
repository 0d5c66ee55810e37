//! `chengping watch --live`: follows the provisional scores of the month that runs.

use std::collections::BTreeMap;

use chengping_proto::scoring::v1::{
    LiveWarning, Scorecard, WatchLiveScoresRequest, WatchLiveScoresResponse,
};
use serde_json::{Value, json};
use tonic::Code;

use super::{PAUSE, WatchArgs};
use crate::args::{Common, Format};
use crate::clients::Clients;
use crate::commands::evaluate::state_text;
use crate::convert::{last_part, second_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome, transport_lost};
use crate::output::{Output, say};

/// Prints a line for each score that changed and each warning that begins or ends; as JSON an object
/// on a line for each message. Goes on after a break, from all scores.
pub(super) async fn run(
    common: &Common,
    args: &WatchArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let mut watch = LiveWatch { clients, args, seen: 0, scores: BTreeMap::new() };
    loop {
        match watch.follow(out).await {
            Ok(()) => {}
            Err(Failure::Rpc { status, .. }) if status.code() == Code::Unavailable => {
                say(format_args!("the server is gone ({}); trying again", status.message()));
            }
            Err(failure) => return Err(failure),
        }
        if watch.is_done() {
            return Ok(Outcome::Done);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

struct LiveWatch<'a> {
    clients: Clients,
    args: &'a WatchArgs,
    seen: u64,
    /// The scores that were printed last, by body.
    scores: BTreeMap<String, String>,
}

impl LiveWatch<'_> {
    fn is_done(&self) -> bool {
        self.args.until.is_some_and(|until| self.seen >= until)
    }

    async fn follow(&mut self, out: &mut Output) -> Result<(), Failure> {
        let request = WatchLiveScoresRequest {
            parent: self.clients.parent(),
            body_ids: self.args.bodies.clone(),
        };
        let doing = "watch live scores";
        let mut evaluations = self.clients.evaluations();
        let answer = evaluations.watch_live_scores(request).await.doing(doing)?;
        let mut stream = answer.into_inner();
        while let Some(message) = stream.message().await.map_err(transport_lost).doing(doing)? {
            self.print(&message, out)?;
            self.seen += 1;
            if self.is_done() {
                break;
            }
        }
        Ok(())
    }

    fn print(
        &mut self,
        message: &WatchLiveScoresResponse,
        out: &mut Output,
    ) -> Result<(), Failure> {
        if out.format() == Format::Json {
            return out.json_line(&json(message));
        }
        let is_csv = out.format() == Format::Csv;
        if message.is_whole && !is_csv {
            let as_of = time_text(message.as_of.as_ref());
            let rules = last_part(&message.rule_pack_revision);
            out.text(&format!("{}  as of {as_of}  revision {rules} of the rules", message.month))?;
            out.text(&line(&COLUMNS.map(str::to_owned)))?;
        }
        for card in &message.scorecards {
            let cells = self.cells(message, card);
            out.text(&if is_csv { cells.join(",") } else { line(&cells) })?;
        }
        for warning in message.warnings.iter().filter(|_| !is_csv) {
            out.text(&warning_text(warning))?;
        }
        Ok(())
    }

    fn cells(&mut self, message: &WatchLiveScoresResponse, card: &Scorecard) -> [String; 8] {
        let score =
            if card.score.is_empty() { state_text(card.state()) } else { card.score.clone() };
        let before = self.scores.insert(card.body_id.clone(), score.clone());
        [
            second_text(message.compute_time.as_ref()),
            message.watermark.to_string(),
            card.body_id.clone(),
            card.group.clone(),
            score.clone(),
            before.filter(|before| *before != score).unwrap_or_default(),
            if card.rank == 0 { String::new() } else { card.rank.to_string() },
            card.grade.clone(),
        ]
    }
}

const COLUMNS: [&str; 8] =
    ["computed", "records", "body", "group", "score", "before", "rank", "grade"];
const WIDTHS: [usize; 8] = [25, 10, 12, 12, 8, 8, 5, 6];

fn line(cells: &[String; 8]) -> String {
    let cells = cells.iter().zip(WIDTHS);
    let text: Vec<_> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
    text.join(" ").trim_end().to_owned()
}

fn warning_text(warning: &LiveWarning) -> String {
    let LiveWarning { body_id, item, display_name, deduction, points, share_percent, .. } = warning;
    let since = second_text(warning.start_time.as_ref());
    if warning.is_over {
        format!("warning over: {body_id} on {item} {display_name}, which stood since {since}")
    } else {
        format!(
            "warning: {body_id} loses {deduction} of {points} points on {item} {display_name} \
             ({share_percent} %), since {since}"
        )
    }
}

fn json(message: &WatchLiveScoresResponse) -> Value {
    json!({
        "month": message.month,
        "watermark": message.watermark,
        "as_of": time_text(message.as_of.as_ref()),
        "compute_time": time_text(message.compute_time.as_ref()),
        "is_whole": message.is_whole,
        "rule_pack_revision": message.rule_pack_revision,
        "registry_revision": message.registry_revision,
        "scorecards": message.scorecards.iter().map(card_json).collect::<Vec<_>>(),
        "warnings": message.warnings.iter().map(warning_json).collect::<Vec<_>>(),
    })
}

fn card_json(card: &Scorecard) -> Value {
    json!({
        "body": card.body_id,
        "name": card.display_name,
        "group": card.group,
        "state": state_text(card.state()),
        "score": card.score,
        "exact_score": card.exact_score,
        "rank": card.rank,
        "tied": card.tied,
        "grade": card.grade,
        "due": card.due_count,
    })
}

fn warning_json(warning: &LiveWarning) -> Value {
    json!({
        "body": warning.body_id,
        "stream": warning.stream,
        "item": warning.item,
        "name": warning.display_name,
        "deduction": warning.deduction,
        "points": warning.points,
        "share_percent": warning.share_percent,
        "since": time_text(warning.start_time.as_ref()),
        "is_over": warning.is_over,
    })
}
