//! `chengping results`: what an evaluation says.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chengping_proto::scoring::v1::download_evaluation_request::Document as Wanted;
use chengping_proto::scoring::v1::{DownloadEvaluationRequest, Scorecard};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use tonic::Status;

use crate::args::{Common, Format};
use crate::clients::Clients;
use crate::commands::evaluate::{scorecards, state_text};
use crate::convert::time_text;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};
use crate::selection::{self, Selection};

/// Flags of `results`.
#[derive(Debug, Args)]
pub struct ResultsArgs {
    #[command(flatten)]
    selection: Selection,
    /// The version that is published, in place of the newest evaluation
    #[arg(long, conflicts_with = "evaluation")]
    published: bool,
    /// Only this group (table and csv)
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
}

/// Prints the results document as it is hashed, or a ranking of each group.
pub async fn run(
    common: &Common,
    args: &ResultsArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    if out.format() == Format::Json && args.group.is_some() {
        return Err(Failure::usage(
            "--group does not go with --format json, which is the whole document that is hashed",
        ));
    }
    let clients = Clients::connect(common).await?;
    let evaluation = if args.published {
        selection::published(&clients, common.required_month()?).await?
    } else {
        selection::evaluation(&clients, common, &args.selection).await?
    };
    let document = download(&clients, &evaluation.name).await;
    let document = document.doing("download the results")?;
    if out.format() == Format::Json {
        out.raw(&document)?;
        out.raw(b"\n")?;
        return Ok(Outcome::Done);
    }
    let cards = scorecards(&clients, &evaluation.name, args.group.as_deref()).await;
    let cards = cards.doing("read the scorecards")?;
    if let Some(group) = args.group.as_ref().filter(|_| cards.is_empty()) {
        return Err(Failure::other(format!("no body is ranked in the group {group}")));
    }
    if out.format() == Format::Csv {
        out.raw(&table(cards.iter()).to_csv())?;
        return Ok(Outcome::Done);
    }
    let as_of = time_text(evaluation.as_of.as_ref());
    out.text(&format!("{}  as of {as_of}  {}", evaluation.month, evaluation.digest))?;
    print_groups(&cards, out)?;
    print_figures(&document, &cards, out)?;
    Ok(Outcome::Done)
}

/// The bytes of the results document.
async fn download(clients: &Clients, evaluation: &str) -> Result<Vec<u8>, Status> {
    let name = evaluation.to_owned();
    let request = DownloadEvaluationRequest { name, document: Wanted::Results.into() };
    let mut parts = clients.evaluations().download_evaluation(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await? {
        bytes.extend_from_slice(&part.data);
    }
    Ok(bytes)
}

fn print_groups(cards: &[Scorecard], out: &mut Output) -> Result<(), Failure> {
    for group in cards.chunk_by(|one, next| one.group == next.group) {
        out.text(&format!("\n{}", group[0].group))?;
        out.text(&table(group.iter()).to_string())?;
    }
    Ok(())
}

/// Prints the rates of the whole jurisdiction that are published beside the scores.
fn print_figures(document: &[u8], cards: &[Scorecard], out: &mut Output) -> Result<(), Failure> {
    let document: Document = serde_json::from_slice(document).context("not a results document")?;
    let names: BTreeMap<_, _> = cards
        .iter()
        .flat_map(|card| &card.figures)
        .map(|figure| (figure.figure.as_str(), figure.display_name.as_str()))
        .collect();
    if !document.figures.is_empty() {
        out.text("")?;
    }
    for (id, Figure { num, den, percent }) in &document.figures {
        let name = names.get(id.as_str()).copied().unwrap_or_default();
        let percent = percent.as_deref().map_or("–".to_owned(), |percent| format!("{percent} %"));
        out.text(&format!("{id}  {percent:>9}  = {num} / {den}  {name}"))?;
    }
    Ok(())
}

/// The part of a results document that no scorecard has.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    figures: BTreeMap<String, Figure>,
}

/// A rate; its numbers are whole, or texts where they are fractions.
#[derive(Deserialize)]
struct Figure {
    num: Value,
    den: Value,
    percent: Option<String>,
}

fn table<'a>(cards: impl Iterator<Item = &'a Scorecard>) -> Table {
    let mut table = Table::new(&[
        ("group", Align::Left),
        ("rank", Align::Right),
        ("body", Align::Left),
        ("name", Align::Left),
        ("score", Align::Right),
        ("grade", Align::Left),
        ("state", Align::Left),
        ("due", Align::Right),
    ]);
    for card in cards {
        let rank = match card.rank {
            0 => String::new(),
            rank => rank.to_string(),
        };
        table.row([
            card.group.clone(),
            rank,
            card.body_id.clone(),
            card.display_name.clone(),
            card.score.clone(),
            card.grade.clone(),
            state_text(card.state()),
            card.due_count.map(|due| due.to_string()).unwrap_or_default(),
        ]);
    }
    table
}
