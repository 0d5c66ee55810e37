//! Primitives over formulas of the pack's own: a penalty on a condition, and a bonus.

use serde::Serialize;

use super::varies;
use crate::count::{Count, value};
use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;
use crate::expression::Condition;
use crate::number::{Number, positive};
use crate::quantity::Quantity;

/// `points` when the condition holds, else nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlatIf {
    /// The condition; with a side that divides by zero the item is not applicable.
    pub condition: Condition<Quantity>,
    /// Points lost.
    pub points: Number,
}

/// `min(cap, points × value)`, given back. The regulation knows none (5.1): pure deduction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bonus {
    /// What earns points: a number of cases, or a plain number such as percentage points; below
    /// zero it earns nothing.
    pub value: Count,
    /// Points for one.
    pub points: Number,
    /// The most that can be earned.
    pub cap: Number,
}

impl Decode for FlatIf {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("flat_if", node, decoder)?;
        let condition: Option<Condition<Quantity>> = fields.required("condition");
        let points = fields.required_with("points", positive);
        if condition.as_ref().is_some_and(|condition| condition.names().is_empty()) {
            fields.reject::<()>("the condition is always the same; name a base count in it");
        }
        fields.close();
        Some(Self { condition: condition?, points: points? })
    }
}

impl Decode for Bonus {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("bonus", node, decoder)?;
        let value: Option<Count> = fields.required_with("value", value);
        let points = fields.required_with("points", positive);
        let cap = fields.required_with("cap", positive);
        if value.as_ref().is_some_and(|value| !varies(value)) {
            fields.reject::<()>("the value is always the same; name a base count in it");
        }
        fields.close();
        Some(Self { value: value?, points: points?, cap: cap? })
    }
}
