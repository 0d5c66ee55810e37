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
        match self {
            Self::Linear(rule) => vec![&rule.weight],
            Self::PerPoint(rule) => vec![rule.threshold.number(), &rule.points, &rule.cap],
            Self::PerCase(rule) => vec![&rule.points, &rule.cap],
            Self::PerCaseRepeat(rule) => vec![&rule.first, &rule.factor, &rule.cap],
            Self::Band(rule) => vec![&rule.weight],
            Self::BandRelative(rule) => rule.reference.iter().chain([&rule.weight]).collect(),
            Self::MomIncrease(rule) => vec![&rule.points, &rule.cap],
            Self::FlatIf(rule) => vec![&rule.points],
            Self::Satisfaction(rule) => vec![
                &rule.very_satisfied,
                &rule.satisfied,
                &rule.neutral,
                &rule.dissatisfied,
                &rule.visits_min,
                &rule.weight,
            ],
            Self::Bonus(rule) => vec![&rule.points, &rule.cap],
        }
    }

    /// The names in the formulas of the rule.
    pub fn names(&self) -> Vec<Quantity> {
        match self {
            Self::Linear(rule) => rule.rate.to_expression().names(),
            Self::PerPoint(rule) => rule.rate.to_expression().names(),
            Self::PerCase(rule) => rule.count.names(),
            Self::Band(rule) => rule.count.names(),
            Self::BandRelative(rule) => rule.count.names(),
            Self::MomIncrease(rule) => rule.count.names(),
            Self::FlatIf(rule) => rule.condition.names(),
            Self::Bonus(rule) => rule.value.names(),
            Self::PerCaseRepeat(_) | Self::Satisfaction(_) => Vec::new(),
        }
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
