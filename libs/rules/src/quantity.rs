//! What the names in the formulas of items stand for.

use std::borrow::Cow;

use chengping_casework::Base;
use chengping_types::named_enum;

use crate::expression::{Name, Unit};
use crate::family::Counted;

named_enum! {
    /// What the registry knows of a body in a zone (5.2.6), of which an effective size is made.
    pub enum SizeAttribute: "size attribute" {
        /// The number of road sections of the body in the zone.
        RoadSections = 1 => "road_sections",
        /// The approved difficulty coefficient of the body in the zone.
        Difficulty = 2 => "difficulty",
        /// The square kilometres of the body in the zone, or of all of it.
        Area = 3 => "area_km2",
        /// The people of the body in the zone, or of all of it.
        Population = 4 => "population",
        /// The class of the body's grids in the zone, 1 or 2; of all of it 2 where all of it is.
        GridClass = 5 => "grid_class",
    }
}

impl SizeAttribute {
    /// Whether it is known of zones only, and means nothing of a whole body.
    pub const fn is_of_zones(self) -> bool {
        matches!(self, Self::RoadSections | Self::Difficulty)
    }
}

impl Name for SizeAttribute {
    const WHAT: &'static str = "size attribute";

    fn from_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    fn name(&self) -> Cow<'static, str> {
        self.as_str().into()
    }

    fn unit(&self) -> Unit {
        match self {
            Self::RoadSections => Unit::SECTIONS,
            Self::Area => Unit::AREA,
            Self::Population => Unit::PEOPLE,
            Self::Difficulty | Self::GridClass => Unit::PLAIN,
        }
    }
}

/// A name in the formula of an item or figure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// A base count over the cases that the stream of the item counts: `closed_on_time`.
    Count(Base),
    /// A base count over other cases of the same body and part: `public.filed`, `all.filed`.
    CountOf(Counted, Base),
    /// What the registry knows of the body in the part: `road_sections`, `population`.
    Size(SizeAttribute),
    /// What another item deducts in the same part, before redistribution and zone weighting:
    /// `item.N1`.
    Item(String),
}

impl Quantity {
    /// The base count, whatever cases it is over.
    pub const fn base(&self) -> Option<Base> {
        match self {
            Self::Count(base) | Self::CountOf(_, base) => Some(*base),
            Self::Size(_) | Self::Item(_) => None,
        }
    }
}

impl Name for Quantity {
    const WHAT: &'static str = "base count";

    fn from_name(name: &str) -> Option<Self> {
        match name.split_once('.') {
            Some(("item", item)) => Some(Self::Item(item.to_owned()))
                .filter(|_| !item.is_empty() && !item.contains('.')),
            Some((counted, base)) => Some(Self::CountOf(counted.parse().ok()?, base.parse().ok()?)),
            None => {
                let count = name.parse().map(Self::Count);
                count.or_else(|_| name.parse().map(Self::Size)).ok()
            }
        }
    }

    fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Count(base) => base.as_str().into(),
            Self::CountOf(counted, base) => format!("{counted}.{base}").into(),
            Self::Size(attribute) => attribute.as_str().into(),
            Self::Item(item) => format!("item.{item}").into(),
        }
    }

    fn unit(&self) -> Unit {
        match self {
            Self::Count(_) | Self::CountOf(..) => Unit::CASES,
            Self::Size(attribute) => attribute.unit(),
            Self::Item(_) => Unit::POINTS,
        }
    }
}
