//! The rule pack: everything that turns a month's counts into scores.

mod numbers;
mod read;

use std::collections::BTreeMap;

use chengping_casework::Lifecycle;
use chengping_types::{BodyKind, Digest, Exact, Family, PackId, TimeZone, canonical, named_enum};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::annual::Annual;
use crate::count::Rate;
use crate::decode::{Decode, Decoder};
use crate::document::{self, Node};
use crate::family::{FamilyRules, Item};
use crate::mistakes::Mistakes;
use crate::number::Number;
use crate::publication::Publication;
use crate::source::{Names, Source};

pub(crate) use numbers::decimal;
pub use numbers::{PackNumber, Weight};

/// One revision's worth of rules for a jurisdiction.
///
/// The canonical JSON of a pack reads back as an equal pack, and equal packs have one digest,
/// whatever their YAML looked like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulePack {
    /// Identifier; revisions are numbered by whoever keeps them.
    pub pack: PackId,
    /// Title for readers.
    pub title: Names,
    /// Zone of month boundaries and freezes.
    pub time_zone: TimeZone,
    /// When a month's data are frozen.
    pub freeze: Freeze,
    /// How cases become facts.
    pub lifecycle: Lifecycle,
    /// Which case belongs to which stream (4.1).
    pub selection: Selection,
    /// Settings of the score itself.
    pub scoring: Scoring,
    /// Grades beside the score.
    pub grades: Grades,
    /// Named band tables.
    pub bands: BTreeMap<String, BandTable>,
    /// Groups inside which bodies are ranked, in the order of a bulletin.
    pub groups: Vec<Group>,
    /// The rules of each family of bodies.
    pub families: BTreeMap<Family, FamilyRules>,
    /// Rates published beside the scores, never scored.
    pub figures: Vec<Figure>,
    /// How the months of a year become one score; absent for [the usual way](Annual::default).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annual: Option<Annual>,
    /// How results are decided on; absent for [the usual way](Publication::default).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publication: Option<Publication>,
}

impl RulePack {
    /// Reads a pack from YAML, or from its canonical JSON.
    ///
    /// # Errors
    /// All mistakes at once, each with its path, its place and what to do about it.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        Self::of_tree(&document::read(text).map_err(Mistakes::one)?)
    }

    /// Reads a pack from the tree of its text.
    pub(crate) fn of_tree(root: &Node) -> Result<Self, Mistakes> {
        let mut decoder = Decoder::default();
        let pack = Self::decode(root, &mut decoder);
        match (Mistakes::collect(decoder.into_mistakes()), pack) {
            (None, Some(pack)) => Ok(pack),
            (Some(mistakes), _) => Err(mistakes),
            (None, None) => unreachable!("nothing is left unread without a mistake"),
        }
    }

    /// The tree of the canonical JSON.
    pub(crate) fn tree(&self) -> Node {
        let json = serde_json::to_value(self);
        json.expect("a pack holds text, whole numbers and flags only").into()
    }

    /// The canonical JSON: what is stored, hashed and served.
    pub fn canonical(&self) -> Vec<u8> {
        canonical::to_vec(self).expect("a pack holds text, whole numbers and flags only")
    }

    /// The digest of the canonical JSON.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical())
    }

    /// How the months of a year become one score.
    pub fn annual(&self) -> Annual {
        self.annual.clone().unwrap_or_default()
    }

    /// How many months before the evaluated one its items look at.
    pub fn looks_back(&self) -> u32 {
        let items = self.families.values().flat_map(FamilyRules::items);
        let months =
            items.map(|(_, item)| item.rule.looks_back_months(self.scoring.history_months));
        months.max().unwrap_or(0)
    }

    /// The group of bodies of a kind; `None` when the pack does not evaluate them.
    pub fn group_of(&self, kind: BodyKind) -> Option<&Group> {
        let group = self.groups.iter().find(|group| group.kinds.contains(&kind))?;
        self.families.contains_key(&kind.family()).then_some(group)
    }
}

impl<'de> Deserialize<'de> for RulePack {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = serde_json::Value::deserialize(deserializer)?;
        Self::parse(&json.to_string()).map_err(D::Error::custom)
    }
}

/// The freeze of a month: the named day of the next month at 24:00.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Freeze {
    /// Day of the next month, 1 to 27.
    pub day: u8,
    /// Where it comes from.
    #[serde(flatten)]
    pub source: Source,
}

/// How a case finds its stream: the first of `order` that it meets, or else `regular`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// The tests in their order.
    pub order: Vec<SelectionTest>,
    /// Categories of long-term governance, beside those of the registry (4.1.2).
    pub long_term: Vec<LongTermCategory>,
    /// Where it comes from.
    #[serde(flatten)]
    pub source: Source,
}

named_enum! {
    /// A test of the stream selection.
    pub enum SelectionTest: "stream test" {
        /// Reported by the public, through a channel of 4.1.3.
        Public = 1 => "public",
        /// Of a category on the long-term list at filing.
        LongTerm = 2 => "long_term",
    }
}

/// Categories of long-term governance in one scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LongTermCategory {
    /// Category scheme with its version.
    pub scheme: String,
    /// Category codes; each is a prefix.
    pub codes: Vec<String>,
}

/// Settings of the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scoring {
    /// Points to deduct from (5.1).
    pub base: Number,
    /// Lowest score.
    pub floor: Number,
    /// Fewest due cases for a rank.
    pub cases_min: Number,
    /// What happens below `cases_min`.
    pub too_few_cases: TooFewCases,
    /// Where the points of items that do not apply go.
    pub redistribution: Redistribution,
    /// Which cases a stream of long-term cases counts.
    #[serde(skip_serializing_if = "LongTermCount::is_first")]
    pub long_term: LongTermCount,
    /// Fewest bodies with data for a group median.
    pub reference_min: Number,
    /// Length of a body's own history, in months.
    pub history_months: u32,
    /// Share of an item's points beyond which a body is warned.
    pub warning_share: Number,
    /// Decimals of the stored score: 0 or 2.
    #[serde(skip_serializing_if = "is_two")]
    pub decimals: u32,
    /// Whether bonuses may lift a score above the base.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub above_base: bool,
    /// Whether the pack claims that the caps of every family add up to the base, and the points of
    /// every stream's items to its cap. Reading it checks that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adds_up: bool,
    /// Where the settings come from.
    #[serde(flatten)]
    pub source: Source,
}

impl Scoring {
    /// Whether a body is warned of what an item costs it: more than the warning share of the item's
    /// points (decisions.md 38).
    pub fn warns(&self, item: &Item, deduction: &Exact) -> bool {
        *deduction > &self.warning_share.value * &item.rule.points().value
    }
}

/// The usual decimals are left out, so that older packs hash as before.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_two(decimals: &u32) -> bool {
    *decimals == 2
}

named_enum! {
    /// What happens to a body with too few due cases.
    pub enum TooFewCases: "rule for too few cases" {
        /// Scored, shown and flagged, but not ranked.
        Unranked = 1 => "unranked",
        /// Ranked like all others.
        Ranked = 2 => "ranked",
    }
}

named_enum! {
    /// Which cases a stream of long-term cases counts (decisions.md 17).
    pub enum LongTermCount: "long-term count" {
        /// Those of the stream; public reports of such categories are not among them.
        Stream = 1 => "stream",
        /// All of the listed categories, public ones too; these stay public ones as well.
        Category = 2 => "category",
    }
}

impl LongTermCount {
    /// The first value is left out, so that older packs hash as before.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_first(&self) -> bool {
        *self == Self::Stream
    }
}

named_enum! {
    /// Where the points of items that do not apply go, inside a stream and zone.
    pub enum Redistribution: "redistribution" {
        /// To the others in proportion, but none weighs more than twice its points.
        AtMostDouble = 1 => "at_most_double",
        /// To the others in proportion, without a limit.
        ProRata = 2 => "pro_rata",
        /// Nowhere.
        None = 3 => "none",
    }
}

/// Grades by score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grades {
    /// From the best down; the last begins at the floor.
    pub steps: Vec<Grade>,
    /// Where they come from.
    #[serde(flatten)]
    pub source: Source,
}

/// One grade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grade {
    /// As printed.
    pub grade: String,
    /// Lowest score of the grade.
    pub from: Number,
}

impl Grades {
    /// The grade of a score.
    pub fn of(&self, score: &Exact) -> Option<&str> {
        let step = self.steps.iter().find(|step| *score >= step.from.value)?;
        Some(&step.grade)
    }
}

/// Shares of the points by a count, or by the quotient of own count and reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BandTable {
    /// From the lowest value up; the last has no upper bound. The shares rise, or fall.
    pub steps: Vec<BandStep>,
    /// Where the table comes from.
    #[serde(flatten)]
    pub source: Source,
}

/// One band.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BandStep {
    /// Largest value of the band; absent in the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Number>,
    /// Share of the points lost in the band.
    pub share: Number,
}

impl BandTable {
    /// The share of the points lost at a value.
    pub fn share_of(&self, value: &Exact) -> &Exact {
        let in_band =
            |band: &&BandStep| band.up_to.as_ref().is_none_or(|bound| *value <= bound.value);
        let band = self.steps.iter().find(in_band).expect("the last band has no upper bound");
        &band.share.value
    }

    /// Whether a greater value never costs less.
    pub fn rises(&self) -> bool {
        self.steps.is_sorted_by(|lower, higher| lower.share.value <= higher.share.value)
    }
}

/// Bodies that are ranked among each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Identifier, `[a-z0-9_]{1,63}`.
    pub id: String,
    /// Kinds of bodies in the group, all of one family.
    pub kinds: Vec<BodyKind>,
    /// Name for readers.
    pub name: Names,
}

/// A rate that is published for every body and for the whole jurisdiction, and never scored. It
/// counts all streams and zones together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// Identifier, `[A-Za-z0-9_]{1,16}`.
    pub id: String,
    /// Name for readers.
    pub name: Names,
    /// What is divided by what.
    pub rate: Rate,
    /// Where the definition comes from.
    #[serde(flatten)]
    pub source: Source,
}
