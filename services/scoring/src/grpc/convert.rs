//! Between messages and domain values; the only place that knows both.

use std::collections::HashMap;

use chengping_chassis::error::FieldErrors;
use chengping_proto::scoring::v1 as pb;
use chengping_rules::{Aspect, Indicator};
use chengping_scoring::explain::{ItemExplanation, Language, explain};
use chengping_scoring::{
    FigureValue, Inputs, ItemResult, Part, PartResult, Scorecard, State, StreamResult,
};
use chengping_types::name::{
    EvaluationName, JurisdictionName, RulePackRevisionName, ScorecardName,
};
use chengping_types::{BodyId, Exact, Instant, Month};
use prost_types::Timestamp;
use uuid::Uuid;

use crate::app::{Scored, Selection, Touched};
use crate::domain::{CreateEvaluation, Document, Evaluation};
use crate::error::Error;

mod live;
mod preview;

pub(super) use self::live::{news, watch_live};
pub(super) use self::preview::{month_preview, preview};

const MICROS: i64 = 1_000_000;
/// As many months as the rules look back to.
const CORRECTIONS_MAX: usize = 12;
/// Ten years.
const TRACED_MAX: usize = 120;

fn timestamp(instant: Instant) -> Timestamp {
    let micros = instant.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(MICROS) * 1000).expect("below one second");
    Timestamp { seconds: micros.div_euclid(MICROS), nanos }
}

/// An instant out of an optional field; anything finer than a microsecond, and anything out of the
/// years 1 to 9999, is refused.
fn instant(errors: &mut FieldErrors, field: &str, time: Option<Timestamp>) -> Option<Instant> {
    let time = time?;
    let is_whole = (0..1_000_000_000).contains(&time.nanos) && time.nanos % 1000 == 0;
    let micros = time.seconds.checked_mul(MICROS).filter(|_| is_whole);
    let micros = micros.and_then(|micros| micros.checked_add(i64::from(time.nanos) / 1000));
    let instant = micros.map(Instant::from_micros);
    if instant.map(Instant::as_micros) == micros && instant.is_some() {
        return instant;
    }
    errors.push(field, "must be in whole microseconds, in the years 1 to 9999");
    None
}

pub(super) fn create_evaluation(
    request: pb::CreateEvaluationRequest,
) -> Result<CreateEvaluation, Error> {
    let mut errors = FieldErrors::default();
    let asked = request.evaluation.unwrap_or_default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let month = errors.parse::<Month>("evaluation.month", &asked.month);
    let as_of = instant(&mut errors, "evaluation.as_of", asked.as_of);
    let decided = instant(&mut errors, "evaluation.decided", asked.decided);
    let rule_pack = errors.parse_optional::<RulePackRevisionName>(
        "evaluation.rule_pack_revision",
        &asked.rule_pack_revision,
    );
    let request_id = errors.parse_optional::<Uuid>("request_id", &request.request_id);
    let corrections = names(&mut errors, "corrections", &request.corrections, CORRECTIONS_MAX);
    if let (Some(parent), Some(Some(rule_pack))) = (&parent, &rule_pack)
        && parent.jurisdiction != rule_pack.jurisdiction
    {
        errors.push("evaluation.rule_pack_revision", "belongs to another jurisdiction");
    }
    let (Some(parent), Some(month), Some(rule_pack), Some(request_id)) =
        (parent, month, rule_pack, request_id)
    else {
        return Err(errors.into());
    };
    errors.into_result()?;
    Ok(CreateEvaluation {
        jurisdiction: parent.jurisdiction,
        month,
        as_of,
        decided,
        rule_pack,
        corrections,
        request_id: request_id.map(|id| id.to_string()),
    })
}

/// Evaluations by name, at most `most` of them.
fn names(
    errors: &mut FieldErrors,
    field: &str,
    texts: &[String],
    most: usize,
) -> Vec<EvaluationName> {
    if texts.len() > most {
        errors.push(field, format!("must be at most {most}"));
    }
    let texts = texts.iter().take(most).enumerate();
    texts.filter_map(|(place, text)| errors.parse(format!("{field}[{place}]"), text)).collect()
}

pub(super) fn trace(
    request: &pb::TraceCorrectionRequest,
) -> Result<(EvaluationName, Vec<EvaluationName>), Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("name", &request.name);
    let later = names(&mut errors, "evaluations", &request.evaluations, TRACED_MAX);
    errors.into_result()?;
    Ok((name.expect("no error means a value"), later))
}

pub(super) fn touched(touched: &Touched) -> pb::TouchedEvaluation {
    pb::TouchedEvaluation {
        name: touched.name.to_string(),
        month: touched.month.to_string(),
        body_ids: touched.bodies.iter().map(ToString::to_string).collect(),
        input_count: i32::try_from(touched.inputs).unwrap_or(i32::MAX),
    }
}

/// One field that must parse.
fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: &str,
) -> Result<T, Error> {
    let mut errors = FieldErrors::default();
    errors.parse(field, text).ok_or(Error::Invalid(errors))
}

pub(super) fn name(text: &str) -> Result<EvaluationName, Error> {
    parse("name", text)
}

pub(super) fn parent_evaluation(text: &str) -> Result<EvaluationName, Error> {
    parse("parent", text)
}

pub(super) fn scorecard_name(text: &str) -> Result<ScorecardName, Error> {
    parse("name", text)
}

pub(super) fn evaluation_of(name: &ScorecardName) -> EvaluationName {
    EvaluationName { jurisdiction: name.jurisdiction.clone(), evaluation: name.evaluation.clone() }
}

fn name_of_scorecard(evaluation: &EvaluationName, body: &BodyId) -> ScorecardName {
    ScorecardName {
        jurisdiction: evaluation.jurisdiction.clone(),
        evaluation: evaluation.evaluation.clone(),
        body: body.clone(),
    }
}

pub(super) fn download(
    request: &pb::DownloadEvaluationRequest,
) -> Result<(EvaluationName, Document), Error> {
    use pb::download_evaluation_request::Document as Wanted;

    let mut errors = FieldErrors::default();
    let name = errors.parse("name", &request.name);
    let document = match Wanted::try_from(request.document) {
        Ok(Wanted::Unspecified | Wanted::Results) => Document::Results,
        Ok(Wanted::Input) => Document::Input,
        Err(error) => {
            errors.push("document", error.to_string());
            Document::Results
        }
    };
    let name = name.filter(|_| errors.is_empty());
    name.map(|name| (name, document)).ok_or(Error::Invalid(errors))
}

pub(super) fn selection(request: &pb::ListCountedCasesRequest) -> Result<Selection, Error> {
    let mut errors = FieldErrors::default();
    let scorecard = errors.parse("parent", &request.parent);
    let part = errors.parse("zone", &request.zone);
    for (field, text) in [("item", &request.item), ("input", &request.input)] {
        if text.is_empty() {
            errors.push(field, "is required");
        }
    }
    let (Some(scorecard), Some(part)) = (scorecard, part) else { return Err(errors.into()) };
    errors.into_result()?;
    let (item, input) = (request.item.clone(), request.input.clone());
    Ok(Selection { scorecard, item, part, input })
}

fn int64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn evaluation(evaluation: &Evaluation) -> pb::Evaluation {
    let jurisdiction = &evaluation.name.jurisdiction;
    let registry = evaluation.registry_revision;
    pb::Evaluation {
        name: evaluation.name.to_string(),
        month: evaluation.month.to_string(),
        as_of: Some(timestamp(evaluation.as_of)),
        decided: Some(timestamp(evaluation.decided)),
        rule_pack_revision: evaluation.rule_pack.to_string(),
        rule_pack_digest: evaluation.rule_pack_digest.to_string(),
        registry_revision: format!("jurisdictions/{jurisdiction}/registryRevisions/{registry}"),
        snapshot: evaluation.snapshot.to_string(),
        snapshot_digest: evaluation.snapshot_digest.to_string(),
        watermark: int64(evaluation.watermark),
        engine_version: evaluation.engine_version.clone(),
        digest: evaluation.digest.to_string(),
        state: pb::evaluation::State::Succeeded.into(),
        failure_reason: String::new(),
        body_count: i32::try_from(evaluation.body_count).unwrap_or(i32::MAX),
        create_time: Some(timestamp(evaluation.create_time)),
        end_time: Some(timestamp(evaluation.end_time)),
        open_reject_count: int64(evaluation.open_reject_count),
    }
}

/// A scorecard without its items.
pub(super) fn scorecard(evaluation: &EvaluationName, card: &Scorecard) -> pb::Scorecard {
    let name = name_of_scorecard(evaluation, &card.body_id).to_string();
    pb::Scorecard { name, ..nameless_scorecard(card) }
}

/// A scorecard of no stored evaluation, without its items.
fn nameless_scorecard(card: &Scorecard) -> pb::Scorecard {
    let state = match card.state {
        State::Scored => pb::scorecard::State::Scored,
        State::TooFewCases => pb::scorecard::State::TooFewCases,
        State::NoData => pb::scorecard::State::NoData,
    };
    pb::Scorecard {
        name: String::new(),
        body_id: card.body_id.to_string(),
        display_name: card.name.clone(),
        group: card.group.clone(),
        state: state.into(),
        score: card.score.as_ref().map(|score| score.printed()).unwrap_or_default(),
        exact_score: card.score.as_ref().map(|score| score.exact.to_string()).unwrap_or_default(),
        rank: card.rank.and_then(|rank| i32::try_from(rank).ok()).unwrap_or(0),
        tied: card.tied,
        grade: card.grade.clone().unwrap_or_default(),
        due_count: card.due.map(int64),
        streams: card.streams.iter().map(stream).collect(),
        items: Vec::new(),
        figures: card.figures.iter().map(figure).collect(),
    }
}

/// A scorecard with its items and their words.
pub(super) fn whole_scorecard(
    name: &ScorecardName,
    scored: &Scored,
) -> Result<pb::Scorecard, Error> {
    let card = scored.evaluation.scorecard(&name.body);
    let card = card.ok_or_else(|| Error::ScorecardNotFound(name.to_string()))?;
    let zh = explain(&scored.pack, card, Language::Zh);
    let en = explain(&scored.pack, card, Language::En);
    let words = zh.items.iter().zip(&en.items);
    let items = card.items().zip(words).map(|((stream, result), (zh, en))| pb::ItemDeduction {
        explanation_zh: in_words(zh),
        explanation_en: in_words(en),
        ..item(stream, result)
    });
    Ok(pb::Scorecard { items: items.collect(), ..scorecard(&evaluation_of(name), card) })
}

/// The name, for a post with the aspect, and the formula on the first line, each part on a line of its own, then their weighting.
fn in_words(item: &ItemExplanation) -> String {
    let aspect = item.aspect.as_ref().map(|aspect| format!(" ({aspect})")).unwrap_or_default();
    let mut text = format!("{}{aspect}: {}", item.name, item.formula);
    for part in &item.parts {
        text += &match part.part {
            Part::All => format!("\n{}", part.computation),
            zone => format!("\n{zone}: {}", part.computation),
        };
    }
    if let Some(weighting) = &item.weighting {
        text += &format!("\n{weighting}");
    }
    text
}

fn stream(stream: &StreamResult) -> pb::StreamDeduction {
    pb::StreamDeduction {
        stream: stream.id.clone(),
        cap: stream.cap.to_string(),
        deduction: stream.deduction.to_decimal(4),
        exact: stream.deduction.to_string(),
        uncapped: stream.uncapped.to_string(),
        empty: stream.empty,
    }
}

fn item(stream: &StreamResult, item: &ItemResult) -> pb::ItemDeduction {
    pb::ItemDeduction {
        item: item.id.clone(),
        stream: stream.id.clone(),
        deduction: item.deduction.to_decimal(4),
        exact: item.deduction.to_string(),
        clause: item.clause.clone(),
        provenance: item.provenance.to_string(),
        zones: item.parts.iter().map(|part| zone(part, item.aspect)).collect(),
        explanation_zh: String::new(),
        explanation_en: String::new(),
    }
}

fn zone(part: &PartResult, aspect: Option<Aspect>) -> pb::ZoneDeduction {
    let applied = part.applied.as_ref();
    let limit = part.limit.as_ref().map(|limit| ("limit".to_owned(), limit.to_string()));
    pb::ZoneDeduction {
        zone: part.part.to_string(),
        applicable: applied.is_some(),
        deduction: applied.map(|applied| applied.deduction.to_decimal(4)).unwrap_or_default(),
        exact: applied.map(|applied| applied.deduction.to_string()).unwrap_or_default(),
        factor: applied.map(|applied| applied.factor.to_string()).unwrap_or_default(),
        inputs: inputs(&part.inputs, aspect).into_iter().chain(limit).collect(),
    }
}

/// The inputs by the names of the interchange, for a post with the aspect; one that is not known is
/// left out.
fn inputs(inputs: &Inputs, aspect: Option<Aspect>) -> HashMap<String, String> {
    fn known(number: Option<&Exact>) -> Option<String> {
        number.map(ToString::to_string)
    }
    let named = match inputs {
        Inputs::Rate { num, den } => {
            vec![("num", Some(num.to_string())), ("den", Some(den.to_string()))]
        }
        Inputs::Count { count, grid_class } => vec![
            ("count", Some(count.to_string())),
            ("grid_class", grid_class.map(|class| class.to_string())),
        ],
        Inputs::Band { count, own, reference, size, ratio } => vec![
            ("count", Some(count.to_string())),
            ("own", known(own.as_ref())),
            ("reference", known(reference.as_ref())),
            ("size", known(size.as_ref())),
            ("ratio", known(ratio.as_ref())),
        ],
        Inputs::Increase { now, before, days } => vec![
            ("now", Some(now.to_string())),
            ("before", Some(before.to_string())),
            ("days_now", days.map(|[now, _]| now.to_string())),
            ("days_before", days.map(|[_, before]| before.to_string())),
        ],
        Inputs::Satisfaction { index, visits } => {
            vec![("index", known(index.as_ref())), ("visits", Some(visits.to_string()))]
        }
        Inputs::Orders { first, repeated, weight } => vec![
            ("first", Some(first.to_string())),
            ("repeated", Some(repeated.to_string())),
            ("weight", weight.map(|weight| weight.to_string())),
        ],
        Inputs::Condition { left, right, holds } => vec![
            ("left", known(left.as_ref())),
            ("right", known(right.as_ref())),
            ("holds", holds.map(|holds| holds.to_string())),
        ],
        Inputs::Value { value } => vec![("value", known(value.as_ref()))],
    };
    let aspect = ("aspect", aspect.map(|aspect| aspect.to_string()));
    let present = named
        .into_iter()
        .chain([aspect])
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    present.collect()
}

fn figure(figure: &FigureValue) -> pb::Figure {
    pb::Figure {
        figure: figure.id.clone(),
        display_name: figure.name.en.clone(),
        numerator: figure.num.to_string(),
        denominator: figure.den.to_string(),
        percent: figure.percent().unwrap_or_default(),
    }
}

/// An entry of the catalogue.
pub(super) fn indicator(indicator: &Indicator) -> pb::Indicator {
    pb::Indicator {
        indicator_id: indicator.id.clone(),
        name_zh: indicator.zh.clone(),
        name_en: indicator.en.clone(),
        formula: indicator.formula.to_string(),
        unit: indicator.unit.to_string(),
        clause: indicator.clause.clone(),
        not_derivable_reason: indicator.not_derivable().unwrap_or_default().to_owned(),
        code: indicator.code.clone(),
        definition: indicator.definition.clone(),
        stream: indicator.stream.map(|stream| stream.to_string()).unwrap_or_default(),
        applies_to: indicator.applies.iter().map(ToString::to_string).collect(),
        source: indicator.source.clone(),
    }
}
