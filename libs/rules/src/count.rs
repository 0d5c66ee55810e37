//! What indicators count: expressions over the base counts of a body, and quotients of two such.

use chengping_casework::Base;
use chengping_types::named_enum;
use serde::{Serialize, Serializer};

use crate::decode::{Decode, Decoder};
use crate::document::Node;
use crate::expression::{Expression, ExpressionError, Name, Operation};
use crate::mistakes::Position;

impl Name for Base {
    const WHAT: &'static str = "base count";

    fn from_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    fn name(self) -> &'static str {
        self.as_str()
    }
}

/// An expression over base counts, such as `overdue_open + carried_open`.
pub type Count = Expression<Base>;

named_enum! {
    /// What an effective size is made of (5.2.6).
    pub enum SizeAttribute: "size attribute" {
        /// The number of road sections of the body in the zone.
        RoadSections = 1 => "road_sections",
        /// The approved difficulty coefficient of the body in the zone.
        Difficulty = 2 => "difficulty",
    }
}

impl Name for SizeAttribute {
    const WHAT: &'static str = "size attribute (road_sections or difficulty)";

    fn from_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    fn name(self) -> &'static str {
        self.as_str()
    }
}

/// An expression over size attributes, such as `road_sections * difficulty`.
pub type Size = Expression<SizeAttribute>;

/// A quotient of two counts, such as `closed_on_time / due`. With a denominator of zero it is not
/// applicable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// What is counted.
    pub numerator: Count,
    /// Out of what.
    pub denominator: Count,
}

impl Rate {
    /// The quotient as one expression.
    pub fn to_expression(&self) -> Count {
        let (numerator, denominator) = (self.numerator.clone(), self.denominator.clone());
        Expression::Operation(Operation::Divide, Box::new(numerator), Box::new(denominator))
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_expression().serialize(serializer)
    }
}

impl<N: Name> Decode for Expression<N> {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let text = decoder.text(node, "an expression over names")?;
        match Self::parse(text) {
            Ok(expression) => Some(expression),
            Err(error) => decoder.reject_inside(node, &error),
        }
    }
}

impl Decode for Rate {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match Count::decode(node, decoder)? {
            Expression::Operation(Operation::Divide, numerator, denominator) => {
                Some(Self { numerator: *numerator, denominator: *denominator })
            }
            _ => decoder.reject(node, "a rate is a quotient; write it as `count / count`"),
        }
    }
}

impl Decoder {
    /// Notes a mistake inside the expression at `node`. In a plain scalar the place is exact; in
    /// a quoted or folded one the column inside the expression, which the message gives, counts.
    fn reject_inside<T>(&mut self, node: &Node, error: &ExpressionError) -> Option<T> {
        let place = node.position.map(|start| Position {
            line: start.line,
            column: start.column + error.column as u64 - 1,
        });
        let exact = Node { value: crate::document::Value::Empty, position: place };
        self.reject(if error.line == 1 { &exact } else { node }, error.to_string())
    }
}
