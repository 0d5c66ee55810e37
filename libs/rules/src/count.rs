//! What indicators count: formulas over the base counts of a body, and quotients of two such.

use serde::{Serialize, Serializer};

use crate::decode::{Decode, Decoder};
use crate::document::{Node, Value};
use crate::expression::{Condition, Expression, ExpressionError, ExpressionProblem, Operation};
use crate::expression::{Name as _, Unit, from_name};
use crate::mistakes::Position;
use crate::quantity::{Quantity, SizeAttribute};

/// A formula of an item or figure, such as `overdue_open + carried_open`.
pub type Count = Expression<Quantity>;

/// A formula over size attributes, such as `road_sections * difficulty`.
pub type Size = Expression<SizeAttribute>;

/// A quotient of two formulas, such as `closed_on_time / due`. With a denominator of zero it is not
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

impl Decode for Size {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let text = decoder.text(node, "a formula over size attributes")?;
        let size = Self::parse_within(text, &from_name, &[]);
        decoder.place(node, size)
    }
}

/// A formula that counts cases, or orders, visits, times or seconds, as they are or over a size of
/// the body.
impl Decode for Count {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        decoder.formula(node, &Unit::counts())
    }
}

impl Decode for Rate {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        if let Expression::Operation(Operation::Divide, ..) = decoder.formula(node, &[])?
            && let Expression::Operation(_, numerator, denominator) =
                decoder.formula(node, &rate_units())?
        {
            return Some(Self { numerator: *numerator, denominator: *denominator });
        }
        decoder.reject(node, "a rate is a quotient; write it as `count / count`")
    }
}

/// What a rate may be: a plain number, or so many of one kind for each of another, such as orders a
/// case. Seconds make no percentage.
fn rate_units() -> Vec<Unit> {
    let whole = || Unit::COUNTED.into_iter().filter(|unit| *unit != Unit::SECONDS);
    let quotients = whole().flat_map(|above| whole().map(move |below| above.per(below)));
    std::iter::once(Unit::PLAIN).chain(quotients).collect()
}

impl Decode for Condition<Quantity> {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let text = decoder.text(node, "a comparison of two formulas")?;
        let condition = Self::parse_within(text, &|name| decoder.resolve(name));
        decoder.place(node, condition)
    }
}

/// Reads a count that is also taken of other months and bodies, where no item has deducted
/// anything.
pub(crate) fn comparable(node: &Node, decoder: &mut Decoder) -> Option<Count> {
    let count = Count::decode(node, decoder)?;
    match count.names().iter().find(|name| matches!(name, Quantity::Item(_))) {
        Some(item) => {
            let name = item.name();
            decoder.reject(node, format!("`{name}` has no value in other months; count cases"))
        }
        None => Some(count),
    }
}

/// Reads a formula that yields points.
pub(crate) fn points(node: &Node, decoder: &mut Decoder) -> Option<Count> {
    decoder.formula(node, &[Unit::POINTS, Unit::PLAIN])
}

/// Reads a formula of which each unit is worth points: what is counted, or a plain number.
pub(crate) fn value(node: &Node, decoder: &mut Decoder) -> Option<Count> {
    let units: Vec<_> = std::iter::once(Unit::PLAIN).chain(Unit::counts()).collect();
    decoder.formula(node, &units)
}

impl Decoder {
    fn formula(&mut self, node: &Node, units: &[Unit]) -> Option<Count> {
        let text = self.text(node, "a formula over base counts")?;
        let formula = Count::parse_within(text, &|name| self.resolve(name), units);
        self.place(node, formula)
    }

    /// The meaning of a name where we are.
    fn resolve(&self, name: &str) -> Result<Quantity, ExpressionProblem> {
        let quantity: Quantity = from_name(name)?;
        let not_here = |why: &str| {
            Err(ExpressionProblem::NotHere { name: name.to_owned(), why: why.to_owned() })
        };
        match &quantity {
            Quantity::Size(_) if self.over_all => {
                not_here("figures are over all bodies, too; name it in an item")
            }
            Quantity::Size(attribute) if attribute.is_of_zones() && !self.zoned => {
                not_here("the registry knows sizes by zone; use it where zones are told apart")
            }
            Quantity::CountOf(counted, _) if !self.is_reachable(*counted) => {
                not_here("no case is ever in that stream; add its test to `selection.order`")
            }
            Quantity::Item(item) => match self.items.get(item) {
                None => {
                    let known = self.items.keys().cloned().collect::<Vec<_>>().join(", ");
                    not_here(&format!("no item of this family is called so; there are {known}"))
                }
                Some(zoned) if *zoned != self.zoned => {
                    not_here("of the two items only one is computed zone by zone")
                }
                Some(_) => Ok(quantity),
            },
            _ => Ok(quantity),
        }
    }

    /// Notes a mistake inside the expression at `node`. In a plain scalar the place is exact; in
    /// a quoted or folded one the column inside the expression, which the message gives, counts.
    fn place<T>(&mut self, node: &Node, parsed: Result<T, ExpressionError>) -> Option<T> {
        let error = match parsed {
            Ok(parsed) => return Some(parsed),
            Err(error) => error,
        };
        let place = node.position.map(|start| Position {
            line: start.line,
            column: start.column + error.column as u64 - 1,
        });
        let exact = Node { value: Value::Empty, position: place, bytes: None, alias_of: None };
        self.reject(if error.line == 1 { &exact } else { node }, error.to_string())
    }
}
