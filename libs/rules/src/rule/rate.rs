//! Primitives that judge a rate or an index.

use chengping_types::Exact;
use serde::Serialize;

use super::is_false;
use crate::count::Rate;
use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;
use crate::number::{Number, positive};

/// `weight × (1 − rate)`; of a bad rate `weight × rate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Linear {
    /// The rate.
    pub rate: Rate,
    /// Whether the rate is bad when high, such as a rework rate.
    #[serde(skip_serializing_if = "is_false")]
    pub bad: bool,
    /// Points lost at a rate of zero; of a bad rate, at 100 %.
    pub weight: Number,
}

/// `min(cap, points × percentage points beyond the threshold)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PerPoint {
    /// The rate.
    pub rate: Rate,
    /// From where on, and in which direction, points are lost.
    #[serde(flatten)]
    pub threshold: Threshold,
    /// Points per percentage point, pro rata.
    pub points: Number,
    /// The most that can be lost.
    pub cap: Number,
}

/// From where on a rate costs points, in percent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// A bad rate: what lies above costs.
    Above(Number),
    /// A good rate: what lacks below costs.
    Below(Number),
}

impl Threshold {
    /// The key under which it is written.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Above(_) => "above",
            Self::Below(_) => "below",
        }
    }

    /// The threshold itself, in percent.
    pub const fn number(&self) -> &Number {
        match self {
            Self::Above(number) | Self::Below(number) => number,
        }
    }
}

/// `weight × (1 − index ÷ 100)` with the index as the mean value of the answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Satisfaction {
    /// Value of the answer "very satisfied", 0 to 100.
    pub very_satisfied: Number,
    /// Value of the answer "satisfied".
    pub satisfied: Number,
    /// Value of the answer "neutral".
    pub neutral: Number,
    /// Value of the answer "dissatisfied".
    pub dissatisfied: Number,
    /// Fewest answered visits for the item to apply.
    pub visits_min: Number,
    /// Points lost at an index of zero.
    pub weight: Number,
}

impl Decode for Linear {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("linear", node, decoder)?;
        let rate = fields.required("rate");
        let bad = fields.optional("bad");
        let weight = fields.required_with("weight", positive);
        fields.close();
        Some(Self { rate: rate?, bad: bad?.unwrap_or(false), weight: weight? })
    }
}

impl Decode for PerPoint {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("per_point", node, decoder)?;
        let rate = fields.required("rate");
        let (above, below) = (fields.optional("above"), fields.optional_with("below", below));
        let threshold = match (above, below) {
            (Some(Some(above)), Some(None)) => Some(Threshold::Above(above)),
            (Some(None), Some(Some(below))) => Some(Threshold::Below(below)),
            (None, _) | (_, None) => None,
            _ => fields.reject("write either `above` (a bad rate) or `below` (a good one)"),
        };
        let points = fields.required_with("points", positive);
        let cap = fields.required_with("cap", positive);
        fields.close();
        Some(Self { rate: rate?, threshold: threshold?, points: points?, cap: cap? })
    }
}

fn below(node: &Node, decoder: &mut Decoder) -> Option<Number> {
    let number = Number::decode(node, decoder)?;
    if number.value.is_zero() {
        return decoder.reject(node, "no rate is below 0 %, so the item never deducts; raise it");
    }
    Some(number)
}

impl Decode for Satisfaction {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("satisfaction", node, decoder)?;
        let very_satisfied = fields.required_with("very_satisfied", answer_value);
        let satisfied = fields.required_with("satisfied", answer_value);
        let neutral = fields.required_with("neutral", answer_value);
        let dissatisfied = fields.required_with("dissatisfied", answer_value);
        let visits_min = fields.required_with("visits_min", positive);
        let weight = fields.required_with("weight", positive);
        fields.close();
        Some(Self {
            very_satisfied: very_satisfied?,
            satisfied: satisfied?,
            neutral: neutral?,
            dissatisfied: dissatisfied?,
            visits_min: visits_min?,
            weight: weight?,
        })
    }
}

fn answer_value(node: &Node, decoder: &mut Decoder) -> Option<Number> {
    let number = Number::decode(node, decoder)?;
    if number.value > Exact::integer(100) {
        return decoder.reject(node, "above 100; the best answer is worth 100");
    }
    Some(number)
}
