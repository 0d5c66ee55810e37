//! What an evaluation says: scores, and everything they follow from.

use std::collections::BTreeMap;

use chengping_rules::{Aspect, Names, Provenance};
use chengping_types::registry::GridClass;
use chengping_types::{
    BodyId, BodyKind, Digest, Exact, Instant, JurisdictionId, Month, PackId, TimeZone, named_enum,
};
use serde::{Deserialize, Serialize};

use crate::attribution::Part;
use crate::input::Snapshot;

/// The scores of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Whose evaluation it is.
    pub jurisdiction: JurisdictionId,
    /// The evaluated month.
    pub month: Month,
    /// Events from here on were not seen.
    pub as_of: Instant,
    /// Decisions on objections from here on were not seen.
    pub decided: Instant,
    /// The zone in which instants are printed.
    pub time_zone: TimeZone,
    /// The engine that computed it.
    pub engine: String,
    /// The rules it follows.
    pub rule_pack: PackReference,
    /// The data it follows from.
    pub snapshot: Snapshot,
    /// One scorecard a body, in registry order.
    pub scorecards: Vec<Scorecard>,
    /// The pack's figures for the whole jurisdiction.
    pub figures: Vec<FigureValue>,
}

/// The name of a pack's revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackReference {
    /// Name of the pack.
    pub name: PackId,
    /// Number of the revision.
    pub revision: u64,
    /// Digest of its canonical JSON.
    pub digest: Digest,
}

named_enum! {
    /// Whether a body has a score and takes part in the ranking (decisions.md 32).
    pub enum State: "state" {
        /// Scored and ranked.
        Scored = 1 => "scored",
        /// Scored and shown, but with too few cases for a rank.
        TooFewCases = 2 => "too_few_cases",
        /// Nothing was counted, so nothing is scored.
        NoData = 3 => "no_data",
    }
}

/// The result of one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scorecard {
    /// The body.
    pub body_id: BodyId,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: BodyKind,
    /// Identifier of its group.
    pub group: String,
    /// Whether it is scored and ranked.
    pub state: State,
    /// Its score; absent without data.
    pub score: Option<Score>,
    /// Its grade; absent without data.
    pub grade: Option<String>,
    /// Its rank inside the group, from 1; absent unless ranked.
    pub rank: Option<u32>,
    /// Whether another body of the group has the same rank.
    pub tied: bool,
    /// Due cases over all streams; posts have none of their own.
    pub due: Option<u64>,
    /// What its score was multiplied by, where the pack scales scores by size (5.2.6).
    pub scale: Option<Exact>,
    /// Its streams in the order of the pack.
    pub streams: Vec<StreamResult>,
    /// The pack's figures for this body; posts have none.
    pub figures: Vec<FigureValue>,
}

/// A score, exact and as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// The exact score.
    pub exact: Exact,
    /// The exact score rounded once, half up. Grade and rank follow from this.
    pub stored: Exact,
    /// To how many decimals: 2 unless the pack says 0.
    pub decimals: u32,
}

impl Score {
    /// Rounds an exact score to two decimals.
    pub fn new(exact: Exact) -> Self {
        Self::rounded(exact, 2)
    }

    /// Rounds an exact score once.
    pub fn rounded(exact: Exact, decimals: u32) -> Self {
        let stored = exact.to_decimal(decimals).parse().expect("a printed decimal reads back");
        Self { exact, stored, decimals }
    }

    /// The stored score with its decimals.
    pub fn printed(&self) -> String {
        self.stored.to_decimal(self.decimals)
    }
}

/// What a stream deducts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamResult {
    /// Identifier of the stream.
    pub id: String,
    /// The most it may deduct.
    pub cap: Exact,
    /// The sum of its items; a bonus counts against the others.
    pub uncapped: Exact,
    /// What the score loses: what its items deduct, or the cap when that is less, without what its
    /// bonuses give back; below zero when they give back more.
    pub deduction: Exact,
    /// Whether none of its items had anything to judge.
    pub empty: bool,
    /// Its items in the order of the pack.
    pub items: Vec<ItemResult>,
}

/// What an item deducts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemResult {
    /// Identifier of the item.
    pub id: String,
    /// Name of the item.
    pub name: Names,
    /// What it judges a post by (4.2).
    pub aspect: Option<Aspect>,
    /// The clause it carries out.
    pub clause: String,
    /// The authority of its numbers.
    pub provenance: Provenance,
    /// What it deducts after zone weighting; below zero for a bonus.
    pub deduction: Exact,
    /// Whether that is more than the warning share of its points (decisions.md 38).
    pub warned: bool,
    /// Its parts: the two zones, or the whole.
    pub parts: Vec<PartResult>,
}

/// What an item deducts in one zone, or in the whole body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartResult {
    /// The part.
    pub part: Part,
    /// The part's share in the item's deduction: its zone weight over that of the zones with
    /// data; zero without data.
    pub share: Exact,
    /// What it deducts; absent when the item does not apply there.
    pub applied: Option<Applied>,
    /// What it was computed from.
    pub inputs: Inputs,
    /// The value of the item's limit in this part, where it has one.
    pub limit: Option<Exact>,
}

/// The deduction of an item that applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The item's own deduction, capped, times the factor.
    pub deduction: Exact,
    /// By how much the item counts more because others of its stream do not apply (settled
    /// question 19).
    pub factor: Exact,
}

/// What an item was computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inputs {
    /// A rate.
    Rate {
        /// What was counted.
        num: Exact,
        /// Out of what; zero makes the item not applicable.
        den: Exact,
    },
    /// A number of cases.
    Count {
        /// The number.
        count: Exact,
        /// The class of the body's grids, where it is judged by another table than that of class 1.
        grid_class: Option<GridClass>,
    },
    /// A count relative to a reference.
    Band {
        /// The count.
        count: Exact,
        /// What is compared: the count, or the count over the size.
        own: Option<Exact>,
        /// What it is compared with.
        reference: Option<Exact>,
        /// The effective size, where size plays a part and is known.
        size: Option<Exact>,
        /// What the deduction is divided by: the size over the mean of the group, bounded.
        ratio: Option<Exact>,
    },
    /// A count of this month and of the one before.
    Increase {
        /// This month.
        now: Exact,
        /// The month before, as it was frozen.
        before: Exact,
        /// The lengths of the two months, where counts a day are compared.
        days: Option<[u8; 2]>,
    },
    /// Answers of return visits.
    Satisfaction {
        /// Mean value of the answers; absent without one.
        index: Option<Exact>,
        /// Number of answers.
        visits: u64,
    },
    /// Supervision orders.
    Orders {
        /// First orders on a case.
        first: u64,
        /// Repeated ones.
        repeated: u64,
        /// The sum of 2ⁿ⁻¹ over all of them, where the pack doubles from order to order.
        weight: Option<u64>,
    },
    /// A condition.
    Condition {
        /// The value of the left side.
        left: Option<Exact>,
        /// The value of the right side.
        right: Option<Exact>,
        /// Whether it holds; absent when a side has no value.
        holds: Option<bool>,
    },
    /// What earns a bonus.
    Value {
        /// The value; absent when something is divided by zero.
        value: Option<Exact>,
    },
}

impl Inputs {
    /// Whether there is nothing to judge although the item applies.
    pub fn is_idle(&self) -> bool {
        match self {
            Self::Orders { first, repeated, .. } => *first == 0 && *repeated == 0,
            Self::Count { count, .. } => count.is_zero(),
            Self::Value { value } => value.as_ref().is_none_or(|value| *value <= Exact::ZERO),
            _ => false,
        }
    }
}

/// A rate that is published and not scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureValue {
    /// Identifier of the figure.
    pub id: String,
    /// Name of the figure.
    pub name: Names,
    /// What was counted.
    pub num: Exact,
    /// Out of what.
    pub den: Exact,
}

impl FigureValue {
    /// The rate; absent when nothing is there to be counted out of.
    pub fn rate(&self) -> Option<Exact> {
        self.num.checked_div(&self.den)
    }

    /// The rate in percent with two decimals, rounded once.
    pub fn percent(&self) -> Option<String> {
        self.rate().map(|rate| (rate * Exact::integer(100)).to_decimal(2))
    }
}

impl Evaluation {
    /// The scorecard of a body.
    pub fn scorecard(&self, body: &BodyId) -> Option<&Scorecard> {
        self.scorecards.iter().find(|card| card.body_id == *body)
    }

    /// The items that apply to fewer than half of the bodies with data of a group, where the
    /// points of an item mostly go to others. The office should know before it approves a pack.
    pub fn seldom_applicable(&self) -> Vec<Applicability> {
        let mut all: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
        for card in self.scorecards.iter().filter(|card| card.state != State::NoData) {
            for (_, item) in card.items() {
                let (applicable, bodies) = all.entry((&card.group, &item.id)).or_default();
                *applicable += usize::from(item.parts.iter().any(|part| part.applied.is_some()));
                *bodies += 1;
            }
        }
        let seldom = all.into_iter().filter(|(_, (applicable, bodies))| applicable * 2 < *bodies);
        seldom
            .map(|((group, item), (applicable, bodies))| Applicability {
                group: group.to_owned(),
                item: item.to_owned(),
                applicable,
                bodies,
            })
            .collect()
    }
}

/// To how many bodies of a group an item applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicability {
    /// Identifier of the group.
    pub group: String,
    /// Identifier of the item.
    pub item: String,
    /// Bodies to which it applies in at least one part.
    pub applicable: usize,
    /// Bodies with data.
    pub bodies: usize,
}

impl Scorecard {
    /// Every item with its stream.
    pub fn items(&self) -> impl Iterator<Item = (&StreamResult, &ItemResult)> {
        self.streams.iter().flat_map(|stream| stream.items.iter().map(move |item| (stream, item)))
    }
}
