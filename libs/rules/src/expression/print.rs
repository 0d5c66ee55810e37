//! Expressions as text: the normal form, and words and signs for a reader.

use super::{Comparison, Condition, Expression, Function, Name, Operation, Test};

/// How names, signs and functions are written.
struct Style<'w, N> {
    word: &'w dyn Fn(&N) -> String,
    for_readers: bool,
}

/// A function binds as tightly as a name.
const TIGHTEST: u8 = 3;

impl Operation {
    const fn binds(self) -> u8 {
        match self {
            Self::Add | Self::Subtract => 1,
            Self::Multiply | Self::Divide => 2,
        }
    }

    const fn sign(self, for_readers: bool) -> &'static str {
        match (self, for_readers) {
            (Self::Add, _) => "+",
            (Self::Subtract, false) => "-",
            (Self::Subtract, true) => "−",
            (Self::Multiply, false) => "*",
            (Self::Multiply, true) => "×",
            (Self::Divide, false) => "/",
            (Self::Divide, true) => "÷",
        }
    }
}

impl Comparison {
    /// The sign that a reader expects in print.
    pub const fn for_readers(self) -> &'static str {
        self.sign(true)
    }

    const fn sign(self, for_readers: bool) -> &'static str {
        match (self, for_readers) {
            (Self::Less, _) => "<",
            (Self::Greater, _) => ">",
            (Self::Equal, _) => "=",
            (Self::AtMost, false) => "<=",
            (Self::AtMost, true) => "≤",
            (Self::AtLeast, false) => ">=",
            (Self::AtLeast, true) => "≥",
            (Self::Unequal, false) => "!=",
            (Self::Unequal, true) => "≠",
        }
    }
}

impl<N: Name> Expression<N> {
    /// The expression for a reader, with `word_of` for the names and `− × ÷ ≤ ≥ ≠` for the signs.
    pub fn in_words(&self, word_of: &impl Fn(&N) -> String) -> String {
        self.print(&Style { word: word_of, for_readers: true })
    }

    pub(super) fn normal_form(&self) -> String {
        self.print(&Style { word: &|name: &N| name.name().into_owned(), for_readers: false })
    }

    const fn binds(&self) -> u8 {
        match self {
            Self::Operation(operation, ..) => operation.binds(),
            _ => TIGHTEST,
        }
    }

    fn print(&self, style: &Style<'_, N>) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Decimal(number) => crate::pack::decimal(number),
            Self::Name(name) => (style.word)(name),
            Self::Operation(operation, left, right) => {
                let sign = operation.sign(style.for_readers);
                let left = left.print_operand(operation.binds(), style);
                // Everything associates to the left: an equal one on the right needs parentheses.
                let right = right.print_operand(operation.binds() + 1, style);
                format!("{left} {sign} {right}")
            }
            Self::Call(function, arguments) => {
                let arguments: Vec<_> = arguments.iter().map(|one| one.print(style)).collect();
                let arguments = arguments.join(", ");
                match function {
                    Function::Floor if style.for_readers => format!("⌊{arguments}⌋"),
                    _ => format!("{function}({arguments})"),
                }
            }
            Self::If(test, then, otherwise) => {
                let (then, otherwise) = (then.print(style), otherwise.print(style));
                format!("if({}, {then}, {otherwise})", test.print(style))
            }
        }
    }

    fn print_operand(&self, at_least: u8, style: &Style<'_, N>) -> String {
        let text = self.print(style);
        if self.binds() < at_least { format!("({text})") } else { text }
    }
}

impl<N: Name> Condition<N> {
    /// The condition for a reader, as [`Expression::in_words`].
    pub fn in_words(&self, word_of: &impl Fn(&N) -> String) -> String {
        self.print(&Style { word: word_of, for_readers: true })
    }

    pub(super) fn normal_form(&self) -> String {
        self.print(&Style { word: &|name: &N| name.name().into_owned(), for_readers: false })
    }

    fn print(&self, style: &Style<'_, N>) -> String {
        let sign = self.comparison.sign(style.for_readers);
        format!("{} {sign} {}", self.left.print(style), self.right.print(style))
    }
}

impl<N: Name> Test<N> {
    /// `or` binds least, then `and`; what `not` denies stands in parentheses.
    const fn binds(&self) -> u8 {
        match self {
            Self::Or(..) => 1,
            Self::And(..) => 2,
            Self::Not(_) | Self::Comparison(_) => TIGHTEST,
        }
    }

    fn print(&self, style: &Style<'_, N>) -> String {
        let (word, left, right) = match self {
            Self::Comparison(condition) => return condition.print(style),
            Self::Not(test) => return format!("not ({})", test.print(style)),
            Self::And(left, right) => ("and", left, right),
            Self::Or(left, right) => ("or", left, right),
        };
        let operand = |test: &Self, at_least| {
            let text = test.print(style);
            if test.binds() < at_least { format!("({text})") } else { text }
        };
        let binds = self.binds();
        format!("{} {word} {}", operand(left, binds), operand(right, binds + 1))
    }
}
