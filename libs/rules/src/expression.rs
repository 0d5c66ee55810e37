//! The expression form of indicators: small, typed and total.
//!
//! An expression is built from names, whole numbers, `+ - * /` and parentheses. It cannot loop,
//! call anything or fail in any other way than by a division by zero, which makes an indicator
//! *not applicable* rather than zero.

mod parse;

use std::fmt;

use chengping_types::Exact;
use serde::{Serialize, Serializer};

pub use parse::{ExpressionError, ExpressionProblem};

/// What the names of an expression may stand for.
pub trait Name: Copy + Eq {
    /// What such a name is called in an error message, for example `base count`.
    const WHAT: &'static str;

    /// The meaning of a written name.
    fn from_name(name: &str) -> Option<Self>;

    /// The name as written.
    fn name(self) -> &'static str;
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
    const fn binds(self) -> u8 {
        match self {
            Self::Add | Self::Subtract => 1,
            Self::Multiply | Self::Divide => 2,
        }
    }

    const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }

    /// The sign a reader expects in print.
    const fn printed(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "−",
            Self::Multiply => "×",
            Self::Divide => "÷",
        }
    }

    fn apply(self, left: &Exact, right: &Exact) -> Option<Exact> {
        match self {
            Self::Add => Some(left + right),
            Self::Subtract => Some(left - right),
            Self::Multiply => Some(left * right),
            Self::Divide => left.checked_div(right),
        }
    }
}

/// A parsed expression over names of type `N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression<N> {
    /// A whole number.
    Integer(u32),
    /// A name, given its value at evaluation.
    Name(N),
    /// An operation on two expressions.
    Operation(Operation, Box<Expression<N>>, Box<Expression<N>>),
}

impl<N: Name> Expression<N> {
    /// Reads an expression.
    ///
    /// # Errors
    /// The first mistake with its column: an unknown name, a character that belongs to no
    /// expression, an unfinished or too deeply nested expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        parse::parse(text)
    }

    /// The value with `value_of` for the names; `None` when something is divided by zero.
    pub fn evaluate(&self, value_of: &impl Fn(N) -> Exact) -> Option<Exact> {
        match self {
            Self::Integer(number) => Some(Exact::from(i64::from(*number))),
            Self::Name(name) => Some(value_of(*name)),
            Self::Operation(operation, left, right) => {
                let (left, right) = (left.evaluate(value_of)?, right.evaluate(value_of)?);
                operation.apply(&left, &right)
            }
        }
    }

    /// The names in the order in which they first occur.
    pub fn names(&self) -> Vec<N> {
        let mut names = Vec::new();
        self.collect_names(&mut names);
        names
    }

    fn collect_names(&self, names: &mut Vec<N>) {
        match self {
            Self::Integer(_) => {}
            Self::Name(name) if names.contains(name) => {}
            Self::Name(name) => names.push(*name),
            Self::Operation(_, left, right) => {
                left.collect_names(names);
                right.collect_names(names);
            }
        }
    }

    /// The expression for a reader, with `word_of` for the names and `− × ÷` for the signs.
    pub fn in_words(&self, word_of: &impl Fn(N) -> String) -> String {
        self.print(&Operation::printed, word_of)
    }

    fn print(
        &self,
        sign: &impl Fn(Operation) -> &'static str,
        word: &impl Fn(N) -> String,
    ) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Name(name) => word(*name),
            Self::Operation(operation, left, right) => {
                let left = left.print_operand(operation.binds(), sign, word);
                // Everything associates to the left: an equal one on the right needs parentheses.
                let right = right.print_operand(operation.binds() + 1, sign, word);
                format!("{left} {} {right}", sign(*operation))
            }
        }
    }

    fn print_operand(
        &self,
        at_least: u8,
        sign: &impl Fn(Operation) -> &'static str,
        word: &impl Fn(N) -> String,
    ) -> String {
        let text = self.print(sign, word);
        match self {
            Self::Operation(operation, ..) if operation.binds() < at_least => format!("({text})"),
            _ => text,
        }
    }
}

/// Prints the normal form: single spaces, no needless parentheses. It reads back as the same
/// expression.
impl<N: Name> fmt::Display for Expression<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.print(&Operation::symbol, &|name| name.name().to_owned()))
    }
}

impl<N: Name> Serialize for Expression<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
