//! The expression form of indicators: small, typed and total.
//!
//! An expression is built from names, numbers, `+ - * /`, parentheses, `min`, `max`, `clamp`,
//! `floor` and `if` with comparisons. It cannot loop or call anything else, and has a value unless
//! something is divided by zero or a name has none, which makes an indicator *not applicable*
//! rather than zero. Every expression has a unit, and what does not fit together is refused.

mod choice;
mod parse;
mod print;
mod unit;

use std::borrow::Cow;
use std::fmt;

use chengping_types::{Exact, named_enum};
use serde::{Serialize, Serializer};

pub use choice::Test;
pub use parse::{ExpressionError, ExpressionProblem};
pub use unit::Unit;

/// What the names of an expression may stand for.
pub trait Name: Clone + Eq {
    /// What such a name is called in an error message, for example `base count`.
    const WHAT: &'static str;

    /// The meaning of a written name.
    fn from_name(name: &str) -> Option<Self>;

    /// The name as written.
    fn name(&self) -> Cow<'static, str>;

    /// What its value is measured in.
    fn unit(&self) -> Unit;
}

/// One of the four operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`, not applicable when `b` is zero
    Divide,
}

impl Operation {
    fn apply(self, left: &Exact, right: &Exact) -> Option<Exact> {
        match self {
            Self::Add => Some(left + right),
            Self::Subtract => Some(left - right),
            Self::Multiply => Some(left * right),
            Self::Divide => left.checked_div(right),
        }
    }
}

named_enum! {
    /// A function of an expression.
    pub enum Function: "function" {
        /// The least of two or more.
        Min = 1 => "min",
        /// The greatest of two or more.
        Max = 2 => "max",
        /// `clamp(x, low, high)`: `x`, but at least `low` and at most `high`; `low` above `high`
        /// gives `low`.
        Clamp = 3 => "clamp",
        /// The largest whole number that is not greater.
        Floor = 4 => "floor",
    }
}

impl Function {
    fn apply(self, arguments: Vec<Exact>) -> Option<Exact> {
        match self {
            Self::Min => arguments.into_iter().min(),
            Self::Max => arguments.into_iter().max(),
            Self::Clamp => {
                let [value, low, high] = <[Exact; 3]>::try_from(arguments).ok()?;
                Some(value.min(high).max(low))
            }
            Self::Floor => arguments.first().map(Exact::floor),
        }
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `a < b`
    Less,
    /// `a <= b`
    AtMost,
    /// `a > b`
    Greater,
    /// `a >= b`
    AtLeast,
    /// `a = b`
    Equal,
    /// `a != b`
    Unequal,
}

impl Comparison {
    fn holds(self, left: &Exact, right: &Exact) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
            Self::Equal => left == right,
            Self::Unequal => left != right,
        }
    }
}

/// A comparison of two expressions of the same unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition<N> {
    /// The left side.
    pub left: Expression<N>,
    /// How they are compared.
    pub comparison: Comparison,
    /// The right side.
    pub right: Expression<N>,
}

/// A parsed expression over names of type `N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression<N> {
    /// A whole number.
    Integer(u32),
    /// A decimal that is no whole number.
    Decimal(Exact),
    /// A name, given its value at evaluation.
    Name(N),
    /// An operation on two expressions.
    Operation(Operation, Box<Expression<N>>, Box<Expression<N>>),
    /// A function of expressions.
    Call(Function, Vec<Expression<N>>),
    /// The first expression where the test holds, else the second; the other one is not looked at.
    If(Box<Test<N>>, Box<Expression<N>>, Box<Expression<N>>),
}

impl<N: Name> Expression<N> {
    /// Reads an expression of any unit.
    ///
    /// # Errors
    /// The first mistake with its line and column: an unknown name, a unit that does not fit, a
    /// character that belongs to no expression, an unfinished or too deeply nested expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Self::parse_within(text, &from_name, &[])
    }

    /// Reads an expression over the names that `resolve` knows, measured in one of `units`; in any
    /// unit when there is none. Bare numbers fit every unit.
    pub(crate) fn parse_within(
        text: &str,
        resolve: &dyn Fn(&str) -> Result<N, ExpressionProblem>,
        units: &[Unit],
    ) -> Result<Self, ExpressionError> {
        parse::expression(text, resolve, units)
    }

    /// The value with `value_of` for the names; `None` when something is divided by zero or a
    /// name that matters has no value.
    pub fn evaluate(&self, value_of: &impl Fn(&N) -> Option<Exact>) -> Option<Exact> {
        match self {
            Self::Integer(number) => Some(Exact::from(*number)),
            Self::Decimal(number) => Some(number.clone()),
            Self::Name(name) => value_of(name),
            Self::Operation(operation, left, right) => {
                let (left, right) = (left.evaluate(value_of)?, right.evaluate(value_of)?);
                operation.apply(&left, &right)
            }
            Self::Call(function, arguments) => {
                let values = arguments.iter().map(|argument| argument.evaluate(value_of));
                function.apply(values.collect::<Option<_>>()?)
            }
            Self::If(test, then, otherwise) => {
                let chosen = if test.holds(value_of)? { then } else { otherwise };
                chosen.evaluate(value_of)
            }
        }
    }

    /// The names in the order in which they first occur.
    pub fn names(&self) -> Vec<N> {
        let mut names = Vec::new();
        self.collect_names(&mut names);
        names
    }

    /// The numbers that are written in it, from left to right.
    pub fn numbers(&self) -> Vec<Exact> {
        match self {
            Self::Integer(number) => vec![Exact::from(*number)],
            Self::Decimal(number) => vec![number.clone()],
            Self::Name(_) => Vec::new(),
            Self::Operation(_, left, right) => [left, right].map(|side| side.numbers()).concat(),
            Self::Call(_, arguments) => arguments.iter().flat_map(Self::numbers).collect(),
            Self::If(test, then, otherwise) => {
                let tested = test.comparisons().into_iter();
                let tested = tested.flat_map(|one| [&one.left, &one.right].map(Self::numbers));
                let sides = [then.numbers(), otherwise.numbers()];
                tested.chain(sides).flatten().collect()
            }
        }
    }

    fn collect_names(&self, names: &mut Vec<N>) {
        match self {
            Self::Integer(_) | Self::Decimal(_) => {}
            Self::Name(name) if names.contains(name) => {}
            Self::Name(name) => names.push(name.clone()),
            Self::Operation(_, left, right) => {
                left.collect_names(names);
                right.collect_names(names);
            }
            Self::Call(_, arguments) => {
                arguments.iter().for_each(|argument| argument.collect_names(names));
            }
            Self::If(test, then, otherwise) => {
                test.comparisons().iter().for_each(|one| one.collect_names(names));
                then.collect_names(names);
                otherwise.collect_names(names);
            }
        }
    }
}

impl<N: Name> Condition<N> {
    /// Reads a comparison.
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Self::parse_within(text, &from_name)
    }

    /// Reads a comparison over the names that `resolve` knows.
    pub(crate) fn parse_within(
        text: &str,
        resolve: &dyn Fn(&str) -> Result<N, ExpressionProblem>,
    ) -> Result<Self, ExpressionError> {
        parse::condition(text, resolve)
    }

    /// Whether it holds; `None` when a side has no value.
    pub fn holds(&self, value_of: &impl Fn(&N) -> Option<Exact>) -> Option<bool> {
        let (left, right) = (self.left.evaluate(value_of)?, self.right.evaluate(value_of)?);
        Some(self.comparison.holds(&left, &right))
    }

    /// The names in the order in which they first occur.
    pub fn names(&self) -> Vec<N> {
        let mut names = Vec::new();
        self.collect_names(&mut names);
        names
    }

    fn collect_names(&self, names: &mut Vec<N>) {
        self.left.collect_names(names);
        self.right.collect_names(names);
    }
}

/// The meaning of a name wherever all names of a type will do.
pub(crate) fn from_name<N: Name>(name: &str) -> Result<N, ExpressionProblem> {
    let unknown = || ExpressionProblem::UnknownName { name: name.to_owned(), what: N::WHAT };
    N::from_name(name).ok_or_else(unknown)
}

/// Prints the normal form: single spaces, no needless parentheses. It reads back as the same
/// expression.
impl<N: Name> fmt::Display for Expression<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.normal_form())
    }
}

/// Prints the normal form, which reads back as the same condition.
impl<N: Name> fmt::Display for Condition<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.normal_form())
    }
}

impl<N: Name> Serialize for Expression<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<N: Name> Serialize for Condition<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
