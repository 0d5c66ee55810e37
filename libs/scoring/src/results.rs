//! The results document: the canonical JSON that is published, hashed and signed.

use std::collections::BTreeMap;

use chengping_rules::Aspect;
use chengping_types::registry::GridClass;
use chengping_types::{Exact, canonical};
use serde_json::{Value, json};

use crate::evaluation::{
    Evaluation, FigureValue, Inputs, ItemResult, PartResult, Scorecard, StreamResult,
};

impl Evaluation {
    /// The results document as canonical JSON (`results.json` of the interchange format): every
    /// deduction as a reduced fraction in `exact` and with four decimals for reading.
    pub fn results_document(&self) -> Vec<u8> {
        let document = self.document();
        canonical::to_vec(&document).expect("a results document holds text, flags and counts only")
    }

    /// The document as a value.
    pub(crate) fn document(&self) -> Value {
        let bodies: BTreeMap<_, _> =
            self.scorecards.iter().map(|card| (card.body_id.as_str(), scorecard(card))).collect();
        json!({
            "jurisdiction": self.jurisdiction,
            "month": self.month,
            "as_of": self.as_of.to_rfc3339_in(&self.time_zone),
            "decided": self.decided.to_rfc3339_in(&self.time_zone),
            "engine": self.engine,
            "rule_pack": self.rule_pack,
            "snapshot": self.snapshot,
            "bodies": bodies,
            "figures": figures(&self.figures),
        })
    }
}

fn scorecard(card: &Scorecard) -> Value {
    let streams: BTreeMap<_, _> =
        card.streams.iter().map(|stream| (stream.id.as_str(), stream_value(stream))).collect();
    let items: BTreeMap<_, _> =
        card.items().map(|(stream, item)| (item.id.as_str(), item_value(stream, item))).collect();
    let mut value = json!({
        "group": card.group,
        "state": card.state,
        "score": card.score.as_ref().map(|score| score.printed()),
        "exact_score": card.score.as_ref().map(|score| &score.exact),
        "rank": card.rank,
        "tied": card.tied,
        "grade": card.grade,
        "due": card.due,
        "streams": streams,
        "items": items,
        "figures": figures(&card.figures),
    });
    extend(&mut value, "scale", card.scale.as_ref().map(Exact::to_string));
    value
}

/// Adds a member that most documents do not have.
fn extend(object: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Value::Object(members), Some(value)) = (object, value) {
        members.insert(name.to_owned(), value.into());
    }
}

fn stream_value(stream: &StreamResult) -> Value {
    json!({
        "cap": stream.cap,
        "deduction": stream.deduction.to_decimal(4),
        "exact": stream.deduction,
        "uncapped": stream.uncapped,
        "empty": stream.empty,
    })
}

fn item_value(stream: &StreamResult, item: &ItemResult) -> Value {
    let zone = |part: &PartResult| (part.part.to_string(), part_value(part, item.aspect));
    let zones: BTreeMap<_, _> = item.parts.iter().map(zone).collect();
    json!({
        "stream": stream.id,
        "deduction": item.deduction.to_decimal(4),
        "exact": item.deduction,
        "clause": item.clause,
        "provenance": item.provenance,
        "zones": zones,
    })
}

fn part_value(part: &PartResult, aspect: Option<Aspect>) -> Value {
    let mut inputs = inputs(&part.inputs);
    if let Some(aspect) = aspect {
        inputs["aspect"] = json!(aspect);
    }
    let mut value = match &part.applied {
        None => json!({ "applicable": false, "inputs": inputs }),
        Some(applied) => json!({
            "applicable": true,
            "deduction": applied.deduction.to_decimal(4),
            "exact": applied.deduction,
            "factor": applied.factor,
            "inputs": inputs,
        }),
    };
    extend(&mut value, "limit", part.limit.as_ref().map(Exact::to_string));
    value
}

fn inputs(inputs: &Inputs) -> Value {
    match inputs {
        Inputs::Rate { num, den } => json!({ "num": count(num), "den": count(den) }),
        Inputs::Count { count: number, grid_class } => {
            let mut value = json!({ "count": count(number) });
            extend(&mut value, "grid_class", grid_class.map(GridClass::code));
            value
        }
        Inputs::Band { count: number, own, reference, size, ratio } => {
            let mut value = json!({
                "count": count(number),
                "own": own,
                "reference": reference,
                "size": size,
            });
            extend(&mut value, "ratio", ratio.as_ref().map(Exact::to_string));
            value
        }
        Inputs::Increase { now, before, days } => {
            let mut value = json!({ "now": count(now), "before": count(before) });
            extend(&mut value, "days_now", days.map(|[now, _]| now));
            extend(&mut value, "days_before", days.map(|[_, before]| before));
            value
        }
        Inputs::Satisfaction { index, visits } => json!({ "index": index, "visits": visits }),
        Inputs::Orders { first, repeated, weight } => {
            let mut value = json!({ "first": first, "repeated": repeated });
            extend(&mut value, "weight", *weight);
            value
        }
        Inputs::Condition { left, right, holds } => {
            json!({ "left": left, "right": right, "holds": holds })
        }
        Inputs::Value { value } => json!({ "value": value }),
    }
}

/// Figures as percentages with two decimals, exact beside.
fn figures(figures: &[FigureValue]) -> Value {
    let figure = |figure: &FigureValue| {
        json!({
            "num": count(&figure.num),
            "den": count(&figure.den),
            "percent": figure.percent(),
            "exact": figure.rate(),
        })
    };
    figures.iter().map(|value| (value.id.clone(), figure(value))).collect()
}

/// A whole number as a number, any other as a fraction.
fn count(number: &Exact) -> Value {
    let text = number.to_string();
    match text.parse::<i64>() {
        Ok(whole) => whole.into(),
        Err(_) => text.into(),
    }
}
