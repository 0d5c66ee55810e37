//! The rules of one family of bodies: zones, size, streams and items.

mod order;
mod size;
mod zones;

use std::collections::BTreeMap;

use chengping_casework::Base;
use chengping_types::{BodyKind, Exact, Family, Stream, named_enum};
use serde::Serialize;

use crate::count::{Count, points};
use crate::decode::{Decode, Decoder, Fields};
use crate::document::{Node, Value};
use crate::identifier;
use crate::number::{Number, positive};
use crate::post::{self, Aspect, Completion};
use crate::quantity::Quantity;
use crate::rule::Rule;
use crate::source::{Names, Source};

pub use order::ItemPlace;
pub use size::{Differentiation, DifferentiationMode, EffectiveSize};
pub use zones::{Day, DayError, MidMonth, MonthWeights, ZoneChange, ZoneWeights};

/// The rules of a family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FamilyRules {
    /// Weights of the zones (5.2.5); absent when zones play no part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zones: Option<ZoneWeights>,
    /// The effective size of a body in a zone (5.2.6); absent when size plays no part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<EffectiveSize>,
    /// How size plays a part; absent for density.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differentiation: Option<Differentiation>,
    /// The streams in the order of a bulletin.
    pub streams: Vec<StreamRules>,
}

impl FamilyRules {
    /// Every item with its stream.
    pub fn items(&self) -> impl Iterator<Item = (&StreamRules, &Item)> {
        self.streams.iter().flat_map(|stream| stream.items.iter().map(move |item| (stream, item)))
    }

    /// The streams by which bodies of a kind are judged.
    pub fn streams_of(&self, kind: BodyKind) -> impl Iterator<Item = &StreamRules> {
        self.streams.iter().filter(move |stream| stream.is_for(kind))
    }

    /// The sum of the caps of its streams.
    pub fn caps(&self) -> Exact {
        self.streams.iter().fold(Exact::ZERO, |sum, stream| sum + &stream.cap.value)
    }

    /// Whether a stream is computed zone by zone.
    pub const fn is_zoned(&self, stream: &StreamRules) -> bool {
        self.zones.is_some() && stream.zoned
    }

    /// Where size plays a part.
    pub fn differentiation_mode(&self) -> DifferentiationMode {
        self.differentiation.as_ref().map_or(DifferentiationMode::Density, |how| how.mode)
    }
}

/// A stream: items that share a cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamRules {
    /// Identifier, `[a-z0-9_]{1,63}`.
    pub id: String,
    /// Name for readers.
    pub name: Names,
    /// The kinds of post that it is for; empty outside the post family, whose streams are for all
    /// bodies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<BodyKind>,
    /// Which cases its items count.
    pub counts: Counted,
    /// Whether it is computed zone by zone, where the family has zones.
    pub zoned: bool,
    /// The most that the stream deducts.
    pub cap: Number,
    /// Where the cap comes from.
    #[serde(flatten)]
    pub source: Source,
    /// Its items.
    pub items: Vec<Item>,
}

impl StreamRules {
    /// The sum of the points that its items can deduct.
    pub fn points(&self) -> Exact {
        let deducting = self.items.iter().filter(|item| !item.rule.is_bonus());
        deducting.fold(Exact::ZERO, |sum, item| sum + &item.rule.points().value)
    }

    /// Whether bodies of a kind are judged by it.
    pub fn is_for(&self, kind: BodyKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Where it stands in a pack, for readers: with the kinds that it is for, because streams for
    /// different kinds may have one name.
    pub(crate) fn path(&self, family: Family) -> String {
        let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.as_str()).collect();
        match kinds.as_slice() {
            [] => format!("families.{family}.streams.{}", self.id),
            kinds => format!("families.{family}.{}.streams.{}", kinds.join("+"), self.id),
        }
    }

    /// Whether an item compares this month with the one before, so that the counts of both
    /// decide whether there is anything to judge.
    pub fn looks_back(&self) -> bool {
        self.items.iter().any(|item| item.rule.looks_back())
    }
}

named_enum! {
    /// The cases that the items of a stream count.
    pub enum Counted: "selection of cases" {
        /// Regular cases.
        Regular = 1 => "regular",
        /// Cases of long-term governance.
        LongTerm = 2 => "long_term",
        /// Cases reported by the public.
        Public = 3 => "public",
        /// Every case.
        All = 4 => "all",
    }
}

impl Counted {
    /// Whether cases of a stream are counted.
    pub const fn includes(self, stream: Stream) -> bool {
        match self {
            Self::All => true,
            Self::Regular => matches!(stream, Stream::Regular),
            Self::LongTerm => matches!(stream, Stream::LongTerm),
            Self::Public => matches!(stream, Stream::Public),
        }
    }
}

/// One judged item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Identifier, `[A-Za-z0-9_]{1,16}`.
    pub id: String,
    /// Name for readers.
    pub name: Names,
    /// What it judges a post by (4.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect: Option<Aspect>,
    /// Whose work its formulas count; absent for the body's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<Completion>,
    /// How it deducts.
    #[serde(flatten)]
    pub rule: Rule,
    /// A further cap, such as half of what another item deducts; where it has no value it limits
    /// nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Count>,
    /// Where its numbers come from, unless a number says otherwise.
    #[serde(flatten)]
    pub source: Source,
}

impl Item {
    /// The base counts of its rule and its limit.
    pub(crate) fn bases(&self) -> Vec<Base> {
        let limit = self.limit.iter().flat_map(Count::names);
        let of_limit = limit.filter_map(|name| name.base());
        self.rule.bases().into_iter().chain(of_limit).collect()
    }

    /// The names in the formulas of its rule and its limit.
    pub fn names(&self) -> Vec<Quantity> {
        let limit = self.limit.iter().flat_map(Count::names);
        self.rule.names().into_iter().chain(limit).collect()
    }

    /// Whether it counts the work of all teams together (decisions.md 28).
    pub fn is_pooled(&self) -> bool {
        self.completion == Some(Completion::Pool)
    }
}

impl Decode for FamilyRules {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let zones: Option<Option<ZoneWeights>> = fields.optional("zones");
        let size: Option<Option<EffectiveSize>> = fields.optional("size");
        let differentiation: Option<Option<Differentiation>> = fields.optional("differentiation");
        let zoned = !matches!(zones, Some(None));
        fields.decoder.zoned = zoned;
        fields.decoder.sized = !matches!(size, Some(None));
        fields.decoder.items =
            fields.node("streams").map(|node| items_of(node, zoned)).unwrap_or_default();
        let streams: Option<Vec<StreamRules>> = fields.required("streams");
        if let (Some(None), Some(Some(_))) = (&zones, &size) {
            fields.reject::<()>("`size` is per zone; add `zones` or drop it");
        }
        if let (Some(None), Some(Some(_))) = (&size, &differentiation) {
            fields.reject::<()>("`differentiation` needs sizes; add `size` or drop it");
        }
        if fields.decoder.family == Some(Family::Post) && !matches!(zones, Some(None)) {
            fields.reject::<()>("posts have no zones; drop `zones`");
        }
        if let Some(streams) = &streams {
            let items = streams.iter().flat_map(|stream| &stream.items);
            post::check_stream_ids(streams, &mut fields);
            fields.refuse_repeated("item", items.map(|item| item.id.as_str()));
        }
        let family = assemble(zones, size, differentiation, streams);
        if let Some(family) = &family {
            post::check_named_items(&family.streams, &mut fields);
        }
        if let Some(Err(circle)) = family.as_ref().map(Self::try_order) {
            let circle = circle.join(" → ");
            fields.reject::<()>(format!("the items {circle} go round in a circle; cut it"));
        }
        fields.close();
        family
    }
}

fn assemble(
    zones: Option<Option<ZoneWeights>>,
    size: Option<Option<EffectiveSize>>,
    differentiation: Option<Option<Differentiation>>,
    streams: Option<Vec<StreamRules>>,
) -> Option<FamilyRules> {
    let (zones, size, differentiation) = (zones?, size?, differentiation?);
    Some(FamilyRules { zones, size, differentiation, streams: streams? })
}

/// The items in the text of a family's streams, and whether each is computed zone by zone: known
/// before any of them is read, because a formula may name a later one.
fn items_of(streams: &Node, family_is_zoned: bool) -> BTreeMap<String, bool> {
    let mut items = BTreeMap::new();
    for stream in streams.list() {
        let zoned =
            !stream.field("zoned").is_some_and(|node| matches!(node.value, Value::Flag(false)));
        for item in stream.field("items").into_iter().flat_map(Node::list) {
            if let Some(Value::Text(id)) = item.field("id").map(|node| &node.value) {
                items.insert(id.clone(), family_is_zoned && zoned);
            }
        }
    }
    items
}

impl Decode for StreamRules {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let id = fields.required_with("id", identifier::lower);
        let name = fields.required("name");
        let kinds = post::kinds(&mut fields);
        let counts = fields.required_with("counts", reachable);
        let zoned = fields.optional("zoned");
        let cap = fields.required_with("cap", positive);
        let source = Source::from_fields(&mut fields);
        // Size is known by zone, so only items of a zoned stream can divide by it.
        let is_zoned = !matches!(zoned, Some(Some(false)));
        let (zones, sizes) = (fields.decoder.zoned, fields.decoder.sized);
        (fields.decoder.zoned, fields.decoder.sized) = (zones && is_zoned, sizes && is_zoned);
        let items: Option<Vec<Item>> = fields.required("items");
        (fields.decoder.zoned, fields.decoder.sized) = (zones, sizes);
        if items.as_ref().is_some_and(Vec::is_empty) {
            fields.reject::<()>("a stream without items; add one or drop the stream");
        }
        if let Some(items) = &items {
            post::check_counts(items, &mut fields);
        }
        fields.close();
        let (id, name, counts, zoned) = (id?, name?, counts?, zoned?.unwrap_or(true));
        let (kinds, cap, source, items) = (kinds?, cap?, source?, items?);
        Some(Self { id, name, kinds, counts, zoned, cap, source, items })
    }
}

/// A selection that can hold a case.
fn reachable(node: &Node, decoder: &mut Decoder) -> Option<Counted> {
    let counted = Counted::decode(node, decoder)?;
    if decoder.is_reachable(counted) {
        return Some(counted);
    }
    decoder.reject(
        node,
        format!("no case is ever `{counted}`; add the test to `selection.order`, or count others"),
    )
}

impl Decode for Item {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let id = fields.required_with("id", identifier::mixed);
        let name = fields.required("name");
        let aspect = post::of_posts(&mut fields, "aspect");
        let completion = post::of_posts(&mut fields, "completion");
        let rule = Rule::from_fields(&mut fields);
        let limit = fields.optional_with("limit", points);
        let source = Source::from_fields(&mut fields);
        fields.close();
        let (aspect, completion) = (aspect?, completion?);
        let (id, name, limit) = (id?, name?, limit?);
        Some(Self { id, name, aspect, completion, rule: rule?, limit, source: source? })
    }
}
