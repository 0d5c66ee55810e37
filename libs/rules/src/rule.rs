//! The primitives by which an item deducts points (method, 3.2).
//!
//! Each deducts between zero and its points; a bonus gives back as much. A further primitive is a
//! further variant of [`Rule`] with a key of its own; packs that do not use it read and hash as
//! before.

mod band;
mod case;
mod condition;
mod rate;

use chengping_casework::Base;
use serde::Serialize;

use crate::count::Count;
use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;
use crate::expression::Expression;
use crate::number::Number;
use crate::quantity::Quantity;

pub use band::{Band, BandRelative, MomIncrease, Reference};
pub use case::{PerCase, PerCaseRepeat, RepeatMode};
pub use condition::{Bonus, FlatIf};
pub use rate::{Linear, PerPoint, Satisfaction, Threshold};

/// How an item turns counts into points lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Points in proportion to what a rate lacks to 100 %, or to the rate when it is a bad one.
    Linear(Linear),
    /// Points per percentage point beyond a threshold.
    PerPoint(PerPoint),
    /// Points per case.
    PerCase(PerCase),
    /// Points per supervision order, more for a repeated one (5.2.4).
    PerCaseRepeat(PerCaseRepeat),
    /// A share of the weight by the band into which a count falls.
    Band(Band),
    /// A share of the weight by the band into which a count falls, relative to a reference.
    BandRelative(BandRelative),
    /// Points per percentage point of increase over the month before (5.2.2).
    MomIncrease(MomIncrease),
    /// All points when a condition holds.
    FlatIf(FlatIf),
    /// Points in proportion to what the mean satisfaction lacks to 100 (5.2.3).
    Satisfaction(Satisfaction),
    /// Points given back.
    Bonus(Bonus),
}

impl Rule {
    /// The most that the item can deduct before redistribution, or give back: its weight or its
    /// cap.
    pub const fn points(&self) -> &Number {
        match self {
            Self::Linear(rule) => &rule.weight,
            Self::PerPoint(rule) => &rule.cap,
            Self::PerCase(rule) => &rule.cap,
            Self::PerCaseRepeat(rule) => &rule.cap,
            Self::Band(rule) => &rule.weight,
            Self::BandRelative(rule) => &rule.weight,
            Self::MomIncrease(rule) => &rule.cap,
            Self::FlatIf(rule) => &rule.points,
            Self::Satisfaction(rule) => &rule.weight,
            Self::Bonus(rule) => &rule.cap,
        }
    }

    /// Every number of the rule that does not stand inside a formula.
    pub fn numbers(&self) -> Vec<&Number> {
        self.named_numbers().into_iter().map(|(_, number)| number).collect()
    }

    /// The same, each with the key under which it is written.
    pub fn named_numbers(&self) -> Vec<(&'static str, &Number)> {
        match self {
            Self::Linear(rule) => vec![("weight", &rule.weight)],
            Self::PerPoint(rule) => {
                let threshold = (rule.threshold.key(), rule.threshold.number());
                vec![threshold, ("points", &rule.points), ("cap", &rule.cap)]
            }
            Self::PerCase(rule) => vec![("points", &rule.points), ("cap", &rule.cap)],
            Self::PerCaseRepeat(rule) => {
                vec![("first", &rule.first), ("factor", &rule.factor), ("cap", &rule.cap)]
            }
            Self::Band(rule) => vec![("weight", &rule.weight)],
            Self::BandRelative(rule) => {
                let reference = rule.reference.iter().map(|number| ("reference", number));
                reference.chain([("weight", &rule.weight)]).collect()
            }
            Self::MomIncrease(rule) => vec![("points", &rule.points), ("cap", &rule.cap)],
            Self::FlatIf(rule) => vec![("points", &rule.points)],
            Self::Satisfaction(rule) => vec![
                ("very_satisfied", &rule.very_satisfied),
                ("satisfied", &rule.satisfied),
                ("neutral", &rule.neutral),
                ("dissatisfied", &rule.dissatisfied),
                ("visits_min", &rule.visits_min),
                ("weight", &rule.weight),
            ],
            Self::Bonus(rule) => vec![("points", &rule.points), ("cap", &rule.cap)],
        }
    }

    /// The formulas of the rule; a rate is one, and a condition two.
    pub fn formulas(&self) -> Vec<Count> {
        match self {
            Self::Linear(rule) => vec![rule.rate.to_expression()],
            Self::PerPoint(rule) => vec![rule.rate.to_expression()],
            Self::PerCase(rule) => vec![rule.count.clone()],
            Self::Band(rule) => vec![rule.count.clone()],
            Self::BandRelative(rule) => vec![rule.count.clone()],
            Self::MomIncrease(rule) => vec![rule.count.clone()],
            Self::FlatIf(rule) => vec![rule.condition.left.clone(), rule.condition.right.clone()],
            Self::Bonus(rule) => vec![rule.value.clone()],
            Self::PerCaseRepeat(_) | Self::Satisfaction(_) => Vec::new(),
        }
    }

    /// The key of the rule, such as `linear`.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear",
            Self::PerPoint(_) => "per_point",
            Self::PerCase(_) => "per_case",
            Self::PerCaseRepeat(_) => "per_case_repeat",
            Self::Band(_) => "band",
            Self::BandRelative(_) => "band_relative",
            Self::MomIncrease(_) => "mom_increase",
            Self::FlatIf(_) => "flat_if",
            Self::Satisfaction(_) => "satisfaction",
            Self::Bonus(_) => "bonus",
        }
    }

    /// The names in the formulas of the rule.
    pub fn names(&self) -> Vec<Quantity> {
        let mut names = Vec::new();
        for name in self.formulas().iter().flat_map(Expression::names) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The base counts of the rule, whether its formulas name them or not.
    pub fn bases(&self) -> Vec<Base> {
        match self {
            Self::PerCaseRepeat(rule) => {
                let weighted = rule.mode == RepeatMode::Geometric;
                let weighted = weighted.then_some(Base::OrdersGeometric);
                [Base::OrdersFirst, Base::OrdersRepeated].into_iter().chain(weighted).collect()
            }
            Self::Satisfaction(_) => vec![
                Base::VisitVerySatisfied,
                Base::VisitSatisfied,
                Base::VisitNeutral,
                Base::VisitDissatisfied,
            ],
            rule => rule.names().iter().filter_map(Quantity::base).collect(),
        }
    }

    /// The band tables that the rule names.
    pub fn bands(&self) -> Vec<&str> {
        match self {
            Self::Band(rule) => {
                let of_class_2 = rule.bands_of_class_2.as_deref();
                [rule.bands.as_str()].into_iter().chain(of_class_2).collect()
            }
            Self::BandRelative(rule) => vec![&rule.bands],
            _ => Vec::new(),
        }
    }

    /// Whether the item looks at the month before.
    pub const fn looks_back(&self) -> bool {
        matches!(self, Self::MomIncrease(_))
    }

    /// How many months back the item looks: one, or a whole history of so many; a group that is
    /// too small for a median falls back on histories.
    pub(crate) fn looks_back_months(&self, history: u32) -> u32 {
        match self {
            Self::MomIncrease(_) => 1,
            Self::BandRelative(rule) if rule.against != Reference::Fixed => history,
            _ => 0,
        }
    }

    /// Whether the item gives points back instead of deducting them.
    pub const fn is_bonus(&self) -> bool {
        matches!(self, Self::Bonus(_))
    }
}

/// A rule's key and how its value is read.
type Reading = (&'static str, fn(&Node, &mut Decoder) -> Option<Rule>);

const READINGS: [Reading; 10] = [
    ("linear", |node, decoder| Linear::decode(node, decoder).map(Rule::Linear)),
    ("per_point", |node, decoder| PerPoint::decode(node, decoder).map(Rule::PerPoint)),
    ("per_case", |node, decoder| PerCase::decode(node, decoder).map(Rule::PerCase)),
    ("per_case_repeat", |node, decoder| {
        PerCaseRepeat::decode(node, decoder).map(Rule::PerCaseRepeat)
    }),
    ("band", |node, decoder| Band::decode(node, decoder).map(Rule::Band)),
    ("band_relative", |node, decoder| BandRelative::decode(node, decoder).map(Rule::BandRelative)),
    ("mom_increase", |node, decoder| MomIncrease::decode(node, decoder).map(Rule::MomIncrease)),
    ("flat_if", |node, decoder| FlatIf::decode(node, decoder).map(Rule::FlatIf)),
    ("satisfaction", |node, decoder| Satisfaction::decode(node, decoder).map(Rule::Satisfaction)),
    ("bonus", |node, decoder| Bonus::decode(node, decoder).map(Rule::Bonus)),
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

/// Whether a formula has a name in it: one without always has the same value.
fn varies(formula: &Count) -> bool {
    !formula.names().is_empty()
}

/// For fields that are left out when they are false, so that older packs hash as before.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}
