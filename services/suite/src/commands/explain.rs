//! `chengping explain`: how the score of a body came about, down to case numbers.

mod text;

use chengping_proto::scoring::v1::{
    CountedCase, Figure, GetScorecardRequest, ItemDeduction, ListCountedCasesRequest, Scorecard,
    StreamDeduction, ZoneDeduction,
};
use chengping_types::BodyId;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use tonic::{Code, Status};

use crate::args::{Common, Format};
use crate::clients::{Clients, PAGE_SIZE};
use crate::commands::evaluate::state_text;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::Output;
use crate::selection::{self, Selection};

/// Flags of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Body whose score is explained
    #[arg(long, value_name = "BODY")]
    body: BodyId,
    #[command(flatten)]
    selection: Selection,
    /// Only this item
    #[arg(long, value_name = "ITEM")]
    item: Option<String>,
    /// Language of the words
    #[arg(long, value_enum, default_value_t = Language::Zh)]
    lang: Language,
    /// List the cases that each input counts
    #[arg(long)]
    cases: bool,
}

/// The languages that a pack speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

/// The cases that one input of an item counts in a zone.
struct CountedInput {
    item: String,
    zone: String,
    input: String,
    cases: Vec<CountedCase>,
    /// The sum of all counts: the input itself.
    total: i64,
}

/// Prints the scorecard in words, or as JSON.
pub async fn run(
    common: &Common,
    args: &ExplainArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    if out.format() == Format::Csv {
        return Err(Failure::usage("an explanation has no csv form; use table or json"));
    }
    let clients = Clients::connect(common).await?;
    let evaluation = selection::evaluation(&clients, common, &args.selection).await?;
    let name = format!("{}/scorecards/{}", evaluation.name, args.body);
    let card = clients.evaluations().get_scorecard(GetScorecardRequest { name }).await;
    let mut card = card.doing(format!("explain {}", args.body))?.into_inner();
    if let Some(item) = &args.item {
        keep_item(&mut card, item)?;
    }
    let counted = if args.cases { counted_inputs(&clients, &card).await? } else { Vec::new() };
    if out.format() == Format::Json {
        out.json(&card_json(&card, &evaluation.name, args.cases.then_some(&counted)))?;
    } else {
        out.text(&text::explanation(&card, &evaluation, args.lang, &counted))?;
    }
    Ok(Outcome::Done)
}

fn keep_item(card: &mut Scorecard, item: &str) -> Result<(), Failure> {
    let known: Vec<_> = card.items.iter().map(|item| item.item.clone()).collect();
    card.items.retain(|candidate| candidate.item == item);
    if card.items.is_empty() {
        let known = known.join(", ");
        return Err(Failure::usage(format!("there is no item {item}; there are {known}")));
    }
    let stream = &card.items[0].stream;
    card.streams.retain(|candidate| candidate.stream == *stream);
    card.figures.clear();
    Ok(())
}

/// The cases behind every whole number that was counted.
async fn counted_inputs(clients: &Clients, card: &Scorecard) -> Result<Vec<CountedInput>, Failure> {
    let mut counted = Vec::new();
    for item in &card.items {
        for zone in &item.zones {
            let mut names: Vec<_> = zone.inputs.keys().collect();
            names.sort();
            for input in names {
                counted.extend(counted_cases(clients, card, item, zone, input).await?);
            }
        }
    }
    Ok(counted)
}

/// `None` for an input that is no count of cases, such as a size.
async fn counted_cases(
    clients: &Clients,
    card: &Scorecard,
    item: &ItemDeduction,
    zone: &ZoneDeduction,
    input: &str,
) -> Result<Option<CountedInput>, Failure> {
    let mut request = ListCountedCasesRequest {
        parent: card.name.clone(),
        item: item.item.clone(),
        zone: zone.zone.clone(),
        input: input.to_owned(),
        page_size: PAGE_SIZE,
        ..ListCountedCasesRequest::default()
    };
    let mut cases = Vec::new();
    loop {
        let page = match clients.evaluations().list_counted_cases(request.clone()).await {
            Ok(page) => page.into_inner(),
            Err(status) if is_no_count(&status) => return Ok(None),
            Err(status) => {
                return Err(status).doing(format!("list the cases of {} {input}", item.item));
            }
        };
        cases.extend(page.counted_cases);
        if page.next_page_token.is_empty() {
            return Ok(Some(CountedInput {
                item: item.item.clone(),
                zone: zone.zone.clone(),
                input: input.to_owned(),
                cases,
                total: page.total_count,
            }));
        }
        request.page_token = page.next_page_token;
    }
}

fn is_no_count(status: &Status) -> bool {
    matches!(status.code(), Code::InvalidArgument | Code::FailedPrecondition | Code::NotFound)
}

fn card_json(card: &Scorecard, evaluation: &str, counted: Option<&Vec<CountedInput>>) -> Value {
    let mut value = json!({
        "evaluation": evaluation,
        "body": card.body_id,
        "name": card.display_name,
        "group": card.group,
        "state": state_text(card.state()),
        "score": given(&card.score),
        "exact_score": given(&card.exact_score),
        "rank": (card.rank > 0).then_some(card.rank),
        "tied": card.tied,
        "grade": given(&card.grade),
        "due": card.due_count,
        "streams": card.streams.iter().map(stream_json).collect::<Vec<_>>(),
        "items": card.items.iter().map(item_json).collect::<Vec<_>>(),
        "figures": card.figures.iter().map(figure_json).collect::<Vec<_>>(),
    });
    if let Some(counted) = counted {
        value["counted"] = counted.iter().map(counted_json).collect();
    }
    value
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn stream_json(stream: &StreamDeduction) -> Value {
    json!({
        "stream": stream.stream,
        "cap": stream.cap,
        "deduction": stream.deduction,
        "exact": stream.exact,
        "uncapped": stream.uncapped,
        "empty": stream.empty,
    })
}

fn item_json(item: &ItemDeduction) -> Value {
    let zones: Map<_, _> =
        item.zones.iter().map(|zone| (zone.zone.clone(), zone_json(zone))).collect();
    json!({
        "item": item.item,
        "stream": item.stream,
        "deduction": item.deduction,
        "exact": item.exact,
        "clause": item.clause,
        "provenance": item.provenance,
        "zones": zones,
        "explanation": {"zh": item.explanation_zh, "en": item.explanation_en},
    })
}

fn zone_json(zone: &ZoneDeduction) -> Value {
    let inputs: Map<_, _> = zone
        .inputs
        .iter()
        .map(|(name, number)| (name.clone(), Value::from(number.as_str())))
        .collect();
    json!({
        "applicable": zone.applicable,
        "deduction": given(&zone.deduction),
        "exact": given(&zone.exact),
        "factor": given(&zone.factor),
        "inputs": inputs,
    })
}

fn figure_json(figure: &Figure) -> Value {
    json!({
        "figure": figure.figure,
        "name": figure.display_name,
        "num": figure.numerator,
        "den": figure.denominator,
        "percent": given(&figure.percent),
    })
}

fn counted_json(counted: &CountedInput) -> Value {
    let case = |case: &CountedCase| {
        json!({
            "case_no": case.case_no,
            "count": case.count,
            "base_indicators": case.base_indicators,
        })
    };
    json!({
        "item": counted.item,
        "zone": counted.zone,
        "input": counted.input,
        "counted_cases": counted.cases.iter().map(case).collect::<Vec<_>>(),
        "total_count": counted.total,
    })
}
