//! The rules of one family of bodies: zones, size, streams and items.

mod order;
mod size;
mod zones;

use chengping_casework::Base;
use chengping_types::{BodyKind, Exact, Family, Stream, named_enum};
use serde::Serialize;

use crate::count::{Count, points};
use crate::decode::{Decode, Decoder, Fields};
use crate::document::{Node, Value};
use crate::identifier;
use crate::number::{Number, positive};
use crate::path::of_kinds;
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

    /// Where it stands in a pack.
    pub(crate) fn path(&self, family: Family) -> String {
        let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.as_str()).collect();
        format!("families.{family}.streams[{}]", of_kinds(&self.id, &kinds))
    }

    /// Where one of its items stands in a pack.
    pub(crate) fn path_of(&self, family: Family, item: &Item) -> String {
        format!("{}.items[{}]", self.path(family), item.id)
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
        /// Cases of long-term governance: those of the stream, or all of the categories, as the
        /// pack says ([`LongTermCount`](crate::LongTermCount)).
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
            Self::LongTerm => matches!(stream, Stream::LongTerm | Stream::PublicLongTerm),
            Self::Public => matches!(stream, Stream::Public | Stream::PublicLongTerm),
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
        let mut fields = Fields::open("family", node, decoder)?;
        let zones: Option<Option<ZoneWeights>> = fields.optional("zones");
        let size: Option<Option<EffectiveSize>> = fields.optional("size");
        let differentiation: Option<Option<Differentiation>> = fields.optional("differentiation");
        let zoned = !matches!(zones, Some(None));
        fields.decoder.zoned = zoned;
        fields.decoder.sized = !matches!(size, Some(None));
        let items = fields.elsewhere("streams").map(|node| items_of(node, zoned));
        let items = items.unwrap_or_default();
        fields.refuse_repeated("item", items.iter().map(|(id, _)| id.as_str()));
        fields.decoder.items = items.into_iter().collect();
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
            post::check_stream_ids(streams, &mut fields);
        }
        let family = assemble(zones, size, differentiation, streams);
        if let Some(family) = &family {
            post::check_named_items(&family.streams, &mut fields);
            check_caps(family, &mut fields);
        }
        if let Some(Err(circle)) = family.as_ref().map(Self::try_order) {
            let circle = circle.join(" → ");
            fields.reject::<()>(format!("the items {circle} go round in a circle; cut it"));
        }
        fields.close();
        family
    }
}

/// Checks what the pack claims: the caps add up to the base. Those of posts do so for each kind,
/// whether or not the pack claims it.
fn check_caps(rules: &FamilyRules, fields: &mut Fields<'_, '_>) {
    let family = fields.decoder.family.filter(|family| *family != Family::Post);
    if let (Some(base), Some(family)) = (fields.decoder.adds_up_to.clone(), family) {
        let caps = rules.caps();
        if caps != base {
            fields.reject::<()>(format!(
                "`adds_up`: the caps of `families.{family}` add up to {caps}, the base is {base}"
            ));
        }
    }
}

/// Checks what the pack claims: the points of a stream add up to its cap.
fn check_points(stream: &StreamRules, fields: &mut Fields<'_, '_>) {
    let Some(family) = fields.decoder.family.filter(|_| fields.decoder.adds_up_to.is_some()) else {
        return;
    };
    let (points, cap, path) = (stream.points(), &stream.cap.value, stream.path(family));
    if points != *cap {
        fields.reject::<()>(format!(
            "`adds_up`: the points of `{path}` add up to {points}, its cap is {cap}"
        ));
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
/// before any of them is read, because a formula may name a later one, and also when one cannot be.
fn items_of(streams: &Node, family_is_zoned: bool) -> Vec<(String, bool)> {
    let of_stream = |stream: &Node| -> Vec<_> {
        let zoned =
            !stream.field("zoned").is_some_and(|node| matches!(node.value, Value::Flag(false)));
        let items = stream.field("items").into_iter().flat_map(Node::list);
        let ids = items.filter_map(|item| item.text_of("id"));
        ids.map(|id| (id.to_owned(), family_is_zoned && zoned)).collect()
    };
    streams.list().iter().flat_map(of_stream).collect()
}

impl Decode for StreamRules {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("stream", node, decoder)?;
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
        let stream = (|| {
            let (id, name, counts, zoned) = (id?, name?, counts?, zoned?.unwrap_or(true));
            let (kinds, cap, source, items) = (kinds?, cap?, source?, items?);
            Some(Self { id, name, kinds, counts, zoned, cap, source, items })
        })();
        if let Some(stream) = &stream {
            check_points(stream, &mut fields);
        }
        fields.close();
        stream
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
        let mut fields = Fields::open("item", node, decoder)?;
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
