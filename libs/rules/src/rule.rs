//! The primitives by which an item deducts points (method, 3.2).
//!
//! Each deducts between zero and its points. A further primitive is a further variant of [`Rule`]
//! with a key of its own; packs that do not use it read and hash as before.

use chengping_types::{Exact, named_enum};
use serde::Serialize;

use crate::count::{Count, Rate};
use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;
use crate::number::{Number, positive};

/// How an item turns counts into points lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Points in proportion to what a rate lacks to 100 %.
    Linear(Linear),
    /// Points per percentage point beyond a threshold.
    PerPoint(PerPoint),
    /// A share of the weight by the band into which a count falls, relative to a reference.
    BandRelative(BandRelative),
    /// Points per percentage point of increase over the month before (5.2.2).
    MomIncrease(MomIncrease),
    /// Points per supervision order, more for a repeated one (5.2.4).
    PerCaseRepeat(PerCaseRepeat),
    /// Points in proportion to what the mean satisfaction lacks to 100 (5.2.3).
    Satisfaction(Satisfaction),
}

impl Rule {
    /// The most that the item can deduct before redistribution: its weight or its cap.
    pub const fn points(&self) -> &Number {
        match self {
            Self::Linear(rule) => &rule.weight,
            Self::PerPoint(rule) => &rule.cap,
            Self::BandRelative(rule) => &rule.weight,
            Self::MomIncrease(rule) => &rule.cap,
            Self::PerCaseRepeat(rule) => &rule.cap,
            Self::Satisfaction(rule) => &rule.weight,
        }
    }

    /// Every number of the rule.
    pub fn numbers(&self) -> Vec<&Number> {
        match self {
            Self::Linear(rule) => vec![&rule.weight],
            Self::PerPoint(rule) => vec![rule.threshold.number(), &rule.points, &rule.cap],
            Self::BandRelative(rule) => vec![&rule.weight],
            Self::MomIncrease(rule) => vec![&rule.points, &rule.cap],
            Self::PerCaseRepeat(rule) => vec![&rule.first, &rule.factor, &rule.cap],
            Self::Satisfaction(rule) => vec![
                &rule.very_satisfied,
                &rule.satisfied,
                &rule.neutral,
                &rule.dissatisfied,
                &rule.visits_min,
                &rule.weight,
            ],
        }
    }

    /// Whether the item judges how cases are handled, rather than how many there are.
    pub const fn judges_handling(&self) -> bool {
        matches!(self, Self::Linear(_) | Self::PerPoint(_))
    }

    /// Whether the item looks at the month before.
    pub const fn looks_back(&self) -> bool {
        matches!(self, Self::MomIncrease(_))
    }
}

/// `weight × (1 − rate)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Linear {
    /// The rate, which is good when high.
    pub rate: Rate,
    /// Points lost at a rate of zero.
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
    /// The threshold itself, in percent.
    pub const fn number(&self) -> &Number {
        match self {
            Self::Above(number) | Self::Below(number) => number,
        }
    }
}

/// `weight × share of the band of own ÷ reference`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BandRelative {
    /// What is counted.
    pub count: Count,
    /// Whether the count is divided by the effective size of the body first (5.2.6).
    #[serde(skip_serializing_if = "is_false")]
    pub by_size: bool,
    /// What the body is compared with.
    pub against: Reference,
    /// Name of the band table of the pack.
    pub bands: String,
    /// Points lost in the worst band.
    pub weight: Number,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

named_enum! {
    /// What a count is compared with.
    pub enum Reference: "reference" {
        /// The median of the group in the same month; in a group that is too small, the body's
        /// own history.
        GroupMedian = 1 => "group_median",
        /// The median of the body's own trailing months.
        OwnHistory = 2 => "own_history",
    }
}

/// `min(cap, points × percentage points of increase)`; a decrease costs nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MomIncrease {
    /// What is counted, this month and last.
    pub count: Count,
    /// Points per percentage point, pro rata.
    pub points: Number,
    /// The most that can be lost.
    pub cap: Number,
}

/// `min(cap, first × first orders + first × factor × repeated orders)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PerCaseRepeat {
    /// Points for the first order on a case.
    pub first: Number,
    /// By how much a repeated order costs more; the regulation doubles it.
    pub factor: Number,
    /// The most that can be lost.
    pub cap: Number,
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

/// A rule's key and how its value is read.
type Reading = (&'static str, fn(&Node, &mut Decoder) -> Option<Rule>);

const READINGS: [Reading; 6] = [
    ("linear", |node, decoder| Linear::decode(node, decoder).map(Rule::Linear)),
    ("per_point", |node, decoder| PerPoint::decode(node, decoder).map(Rule::PerPoint)),
    ("band_relative", |node, decoder| BandRelative::decode(node, decoder).map(Rule::BandRelative)),
    ("mom_increase", |node, decoder| MomIncrease::decode(node, decoder).map(Rule::MomIncrease)),
    ("per_case_repeat", |node, decoder| {
        PerCaseRepeat::decode(node, decoder).map(Rule::PerCaseRepeat)
    }),
    ("satisfaction", |node, decoder| Satisfaction::decode(node, decoder).map(Rule::Satisfaction)),
];

impl Rule {
    /// Reads the one rule of an item out of the item's fields.
    pub(crate) fn from_fields(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let mut given = Vec::new();
        for (name, read) in READINGS {
            if let Some(node) = fields.node(name) {
                given.push((name, fields.decoder.within(name, |inner| read(node, inner))));
            }
        }
        let names = given.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" and ");
        match given.len() {
            1 => given.pop().and_then(|(_, rule)| rule),
            0 => {
                let known = READINGS.map(|(name, _)| name).join(", ");
                fields.reject(format!("the item has no rule; add one of {known}"))
            }
            _ => fields.reject(format!("the item has {names}; keep one")),
        }
    }
}

impl Decode for Linear {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let rate = fields.required("rate");
        let weight = fields.required_with("weight", positive);
        fields.close();
        Some(Self { rate: rate?, weight: weight? })
    }
}

impl Decode for PerPoint {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let rate = fields.required("rate");
        let (above, below) = (fields.optional("above"), fields.optional("below"));
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

impl Decode for BandRelative {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let count = fields.required("count");
        let by_size = fields.optional_with("by_size", by_size);
        let against = fields.required("against");
        let bands = fields.required_with("bands", band_table_name);
        let weight = fields.required_with("weight", positive);
        fields.close();
        let (count, by_size, against) = (count?, by_size?.unwrap_or(false), against?);
        Some(Self { count, by_size, against, bands: bands?, weight: weight? })
    }
}

fn by_size(node: &Node, decoder: &mut Decoder) -> Option<bool> {
    let by_size = bool::decode(node, decoder)?;
    if by_size && !decoder.sized {
        return decoder.reject(
            node,
            "there is no effective size: the family has no `size`, or the stream is not zoned",
        );
    }
    Some(by_size)
}

fn band_table_name(node: &Node, decoder: &mut Decoder) -> Option<String> {
    let name = String::decode(node, decoder)?;
    if decoder.bands.contains(&name) {
        return Some(name);
    }
    let known = decoder.bands.join(", ");
    decoder.reject(node, format!("no band table is called `{name}`; `bands` has: {known}"))
}

impl Decode for MomIncrease {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let count = fields.required("count");
        let points = fields.required_with("points", positive);
        let cap = fields.required_with("cap", positive);
        fields.close();
        Some(Self { count: count?, points: points?, cap: cap? })
    }
}

impl Decode for PerCaseRepeat {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let first = fields.required_with("first", positive);
        let factor = fields.required_with("factor", positive);
        let cap = fields.required_with("cap", positive);
        fields.close();
        Some(Self { first: first?, factor: factor?, cap: cap? })
    }
}

impl Decode for Satisfaction {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
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
