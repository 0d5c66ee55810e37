//! Primitives that cost points by the case.

use chengping_types::{Exact, named_enum};
use serde::Serialize;

use super::varies;
use crate::count::Count;
use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;
use crate::number::{Number, positive};

/// `min(cap, points × count)`. A number of cases is never not applicable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PerCase {
    /// What is counted.
    pub count: Count,
    /// Points per case.
    pub points: Number,
    /// The most that can be lost.
    pub cap: Number,
}

/// Points by the supervision order, at most `cap`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PerCaseRepeat {
    /// Points for the first order on a case.
    pub first: Number,
    /// By how much a repeated order costs more; the regulation doubles it.
    pub factor: Number,
    /// Whether the factor is applied once or with every further order.
    #[serde(skip_serializing_if = "RepeatMode::is_flat")]
    pub mode: RepeatMode,
    /// The most that can be lost.
    pub cap: Number,
}

named_enum! {
    /// How repeated orders on one case cost more.
    pub enum RepeatMode: "repeat mode" {
        /// `first × (first orders + factor × repeated orders)`.
        Flat = 1 => "flat",
        /// The n-th order costs `first × 2ⁿ⁻¹`.
        Geometric = 2 => "geometric",
    }
}

impl RepeatMode {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    const fn is_flat(&self) -> bool {
        matches!(self, Self::Flat)
    }
}

impl Decode for PerCase {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("per_case", node, decoder)?;
        let count: Option<Count> = fields.required("count");
        let points = fields.required_with("points", positive);
        let cap = fields.required_with("cap", positive);
        if count.as_ref().is_some_and(|count| !varies(count)) {
            fields.reject::<()>("`count` counts nothing; name a base count in it");
        }
        fields.close();
        Some(Self { count: count?, points: points?, cap: cap? })
    }
}

impl Decode for PerCaseRepeat {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("per_case_repeat", node, decoder)?;
        let first = fields.required_with("first", positive);
        let factor: Option<Number> = fields.required_with("factor", positive);
        let mode = fields.optional("mode");
        let cap = fields.required_with("cap", positive);
        let doubled = factor.as_ref().is_none_or(|factor| factor.value == Exact::integer(2));
        if mode == Some(Some(RepeatMode::Geometric)) && !doubled {
            fields.reject::<()>("geometric orders double from one to the next; write `factor: 2`");
        }
        fields.close();
        let mode = mode?.unwrap_or(RepeatMode::Flat);
        Some(Self { first: first?, factor: factor?, mode, cap: cap? })
    }
}
