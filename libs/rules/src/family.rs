//! The rules of one family of bodies: zones, size, streams and items.

use chengping_types::{Exact, Stream, Zone, named_enum};
use serde::Serialize;

use crate::count::Size;
use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;
use crate::identifier;
use crate::number::{Number, positive};
use crate::rule::Rule;
use crate::source::{Names, Source};

/// The rules of a family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FamilyRules {
    /// Weights of the zones (5.2.5); absent when zones play no part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zones: Option<ZoneWeights>,
    /// The effective size of a body in a zone (5.2.6); absent when size plays no part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<EffectiveSize>,
    /// The streams in the order of a bulletin.
    pub streams: Vec<StreamRules>,
}

impl FamilyRules {
    /// Every item with its stream.
    pub fn items(&self) -> impl Iterator<Item = (&StreamRules, &Item)> {
        self.streams.iter().flat_map(|stream| stream.items.iter().map(move |item| (stream, item)))
    }
}

/// The weights of the two kinds of zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ZoneWeights {
    /// Weight of key management zones.
    pub key: Number,
    /// Weight of general management zones.
    pub general: Number,
    /// Where they come from.
    #[serde(flatten)]
    pub source: Source,
}

impl ZoneWeights {
    /// The weight of a zone.
    pub const fn of(&self, zone: Zone) -> &Exact {
        match zone {
            Zone::Key => &self.key.value,
            Zone::General => &self.general.value,
        }
    }
}

/// What the effective size of a body in a zone is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EffectiveSize {
    /// The formula over registry attributes.
    pub formula: Size,
    /// Where it comes from.
    #[serde(flatten)]
    pub source: Source,
}

/// A stream: items that share a cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamRules {
    /// Identifier, `[a-z0-9_]{1,63}`.
    pub id: String,
    /// Name for readers.
    pub name: Names,
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
    /// The sum of the points of its items.
    pub fn points(&self) -> Exact {
        self.items.iter().fold(Exact::ZERO, |sum, item| sum + &item.rule.points().value)
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
    /// How it deducts.
    #[serde(flatten)]
    pub rule: Rule,
    /// Where its numbers come from, unless a number says otherwise.
    #[serde(flatten)]
    pub source: Source,
}

impl Decode for FamilyRules {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let zones: Option<Option<ZoneWeights>> = fields.optional("zones");
        let size: Option<Option<EffectiveSize>> = fields.optional("size");
        fields.decoder.sized = !matches!(size, Some(None));
        let streams: Option<Vec<StreamRules>> = fields.required("streams");
        if let (Some(None), Some(Some(_))) = (&zones, &size) {
            fields.reject::<()>("`size` is per zone; add `zones` or drop it");
        }
        if let Some(streams) = &streams {
            let items = streams.iter().flat_map(|stream| &stream.items);
            fields.refuse_repeated("stream", streams.iter().map(|stream| stream.id.as_str()));
            fields.refuse_repeated("item", items.map(|item| item.id.as_str()));
        }
        fields.close();
        Some(Self { zones: zones?, size: size?, streams: streams? })
    }
}

impl Decode for ZoneWeights {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let key = fields.required_with("key", positive);
        let general = fields.required_with("general", positive);
        let source = Source::from_fields(&mut fields);
        fields.close();
        Some(Self { key: key?, general: general?, source: source? })
    }
}

impl Decode for EffectiveSize {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let formula = fields.required("formula");
        let source = Source::from_fields(&mut fields);
        fields.close();
        Some(Self { formula: formula?, source: source? })
    }
}

impl Decode for StreamRules {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let id = fields.required_with("id", identifier::lower);
        let name = fields.required("name");
        let counts = fields.required("counts");
        let zoned = fields.optional("zoned");
        let cap = fields.required_with("cap", positive);
        let source = Source::from_fields(&mut fields);
        // Size is known by zone, so only items of a zoned stream can divide by it.
        let sized = fields.decoder.sized;
        fields.decoder.sized = sized && !matches!(zoned, Some(Some(false)));
        let items: Option<Vec<Item>> = fields.required("items");
        fields.decoder.sized = sized;
        if items.as_ref().is_some_and(Vec::is_empty) {
            fields.reject::<()>("a stream without items; add one or drop the stream");
        }
        fields.close();
        let (id, name, counts, zoned) = (id?, name?, counts?, zoned?.unwrap_or(true));
        Some(Self { id, name, counts, zoned, cap: cap?, source: source?, items: items? })
    }
}

impl Decode for Item {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let id = fields.required_with("id", identifier::mixed);
        let name = fields.required("name");
        let rule = Rule::from_fields(&mut fields);
        let source = Source::from_fields(&mut fields);
        fields.close();
        Some(Self { id: id?, name: name?, rule: rule?, source: source? })
    }
}
