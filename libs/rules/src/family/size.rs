//! The size of a body, and how it makes bodies comparable (5.2.6).

use chengping_types::{Exact, named_enum};
use serde::Serialize;

use crate::count::Size;
use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;
use crate::number::{Number, positive};
use crate::source::Source;

/// What the effective size of a body in a zone is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EffectiveSize {
    /// The formula over registry attributes.
    pub formula: Size,
    /// Where it comes from.
    #[serde(flatten)]
    pub source: Source,
}

/// How the size of a body plays a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differentiation {
    /// Where it plays a part.
    pub mode: DifferentiationMode,
    /// The least that the ratio of a body's size to its group's mean counts for.
    pub at_least: Number,
    /// The most that the ratio counts for.
    pub at_most: Number,
    /// Where it comes from.
    #[serde(flatten)]
    pub source: Source,
}

named_enum! {
    /// Where the size of a body plays a part.
    pub enum DifferentiationMode: "differentiation" {
        /// Items with `by_size` compare count ÷ size. The mode of a family that names none.
        Density = 1 => "density",
        /// Items with `by_size` compare counts, and their deduction is divided by the body's ratio
        /// in the zone: its size ÷ the mean size of its group.
        DivideDeduction = 2 => "divide_deduction",
        /// Items with `by_size` compare counts, and the score is multiplied by the ratio of the
        /// whole body, never above the base.
        ScaleScore = 3 => "scale_score",
        /// Nowhere.
        None = 4 => "none",
    }
}

impl Differentiation {
    /// What the ratio of a body's size to its group's mean counts for.
    pub fn bounded(&self, ratio: Exact) -> Exact {
        ratio.min(self.at_most.value.clone()).max(self.at_least.value.clone())
    }
}

impl Decode for EffectiveSize {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("size", node, decoder)?;
        let formula = fields.required("formula");
        let source = Source::from_fields(&mut fields);
        fields.close();
        Some(Self { formula: formula?, source: source? })
    }
}

impl Decode for Differentiation {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("differentiation", node, decoder)?;
        let mode = fields.required("mode");
        let at_least: Option<Option<Number>> = fields.optional_with("at_least", positive);
        let at_most: Option<Option<Number>> = fields.optional_with("at_most", positive);
        let source = Source::from_fields(&mut fields);
        fields.close();
        let half = Exact::ratio(1, 2).unwrap_or_default();
        let at_least = at_least?.unwrap_or_else(|| Number::plain(half));
        let at_most = at_most?.unwrap_or_else(|| Number::plain(Exact::integer(2)));
        if at_least.value > at_most.value {
            return decoder.reject(node, "`at_least` is above `at_most`; exchange them");
        }
        Some(Self { mode: mode?, at_least, at_most, source: source? })
    }
}
