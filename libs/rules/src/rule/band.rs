//! Primitives that judge a number of cases: by bands, or against the month before.

use chengping_types::named_enum;
use chengping_types::registry::GridClass;
use serde::Serialize;

use super::is_false;
use crate::count::{Count, comparable};
use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;
use crate::number::{Number, positive};

/// `weight × share of the band of the count`. A band is never not applicable (decisions.md 31).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Band {
    /// What is counted.
    pub count: Count,
    /// Name of the band table of the pack.
    pub bands: String,
    /// Name of the table for bodies whose grids are of class 2 (decisions.md 31); absent where
    /// classes are not told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bands_of_class_2: Option<String>,
    /// Points lost in the worst band.
    pub weight: Number,
}

impl Band {
    /// The name of the table for bodies whose grids are of a class.
    pub fn bands_of(&self, class: GridClass) -> &str {
        match (class, &self.bands_of_class_2) {
            (GridClass::Two, Some(table)) => table,
            _ => &self.bands,
        }
    }
}

/// `weight × share of the band of own ÷ reference`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BandRelative {
    /// What is counted.
    pub count: Count,
    /// Whether the size of the body plays a part (5.2.6), as the family's differentiation says.
    #[serde(skip_serializing_if = "is_false")]
    pub by_size: bool,
    /// What the body is compared with.
    pub against: Reference,
    /// The fixed reference; absent when it is a median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Number>,
    /// Name of the band table of the pack.
    pub bands: String,
    /// Points lost in the worst band.
    pub weight: Number,
}

named_enum! {
    /// What a count is compared with.
    pub enum Reference: "reference" {
        /// The median of the group in the same month; in a group that is too small, the body's
        /// own history.
        GroupMedian = 1 => "group_median",
        /// The median of the body's own trailing months.
        OwnHistory = 2 => "own_history",
        /// A number of the pack.
        Fixed = 3 => "fixed",
    }
}

/// `min(cap, points × percentage points of increase)`; a decrease costs nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MomIncrease {
    /// What is counted, this month and last.
    pub count: Count,
    /// Whether counts a day are compared, since months differ in length.
    #[serde(skip_serializing_if = "is_false")]
    pub per_day: bool,
    /// Points per percentage point, pro rata.
    pub points: Number,
    /// The most that can be lost.
    pub cap: Number,
}

impl Decode for Band {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let count = fields.required("count");
        let bands = fields.required_with("bands", band_table_name);
        let bands_of_class_2 = fields.optional_with("bands_of_class_2", band_table_name);
        let weight = fields.required_with("weight", positive);
        fields.close();
        let bands_of_class_2 = bands_of_class_2?;
        Some(Self { count: count?, bands: bands?, bands_of_class_2, weight: weight? })
    }
}

impl Decode for BandRelative {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let count = fields.required_with("count", comparable);
        let by_size = fields.optional_with("by_size", by_size);
        let against = fields.required("against");
        let reference = fields.optional_with("reference", positive);
        let bands = fields.required_with("bands", rising_table_name);
        let weight = fields.required_with("weight", positive);
        match (against, &reference) {
            (Some(Reference::Fixed), Some(None)) => {
                fields.reject::<()>("`against: fixed` needs a number; add `reference`");
            }
            (Some(Reference::GroupMedian | Reference::OwnHistory), Some(Some(_))) => {
                fields.reject::<()>("a `reference` of its own goes with `against: fixed`");
            }
            _ => {}
        }
        fields.close();
        Some(Self {
            count: count?,
            by_size: by_size?.unwrap_or(false),
            against: against?,
            reference: reference?,
            bands: bands?,
            weight: weight?,
        })
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
    if decoder.bands.contains_key(&name) {
        return Some(name);
    }
    let known = decoder.bands.keys().cloned().collect::<Vec<_>>().join(", ");
    decoder.reject(node, format!("no band table is called `{name}`; `bands` has: {known}"))
}

/// A table by which more cases than others never cost less.
fn rising_table_name(node: &Node, decoder: &mut Decoder) -> Option<String> {
    let name = band_table_name(node, decoder)?;
    if decoder.bands.get(&name) == Some(&false) {
        return decoder
            .reject(node, "the shares of this table fall; a comparison needs rising ones");
    }
    Some(name)
}

impl Decode for MomIncrease {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let count = fields.required_with("count", comparable);
        let per_day = fields.optional("per_day");
        let points = fields.required_with("points", positive);
        let cap = fields.required_with("cap", positive);
        fields.close();
        let per_day = per_day?.unwrap_or(false);
        Some(Self { count: count?, per_day, points: points?, cap: cap? })
    }
}
