//! A recursive-descent parser with a bounded depth.

use super::{Expression, Name, Operation};

/// Longest expression, in characters.
const LENGTH_MAX: usize = 256;
/// Deepest nesting of parentheses.
const DEPTH_MAX: usize = 16;

/// Why a text is not an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column} of the expression: {problem}")]
pub struct ExpressionError {
    /// Line inside the expression, from 1.
    pub line: usize,
    /// Column inside that line, in characters from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: ExpressionProblem,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionProblem {
    /// A name that means nothing here.
    #[error("`{name}` is not a {what}; write one of those that docs/method.md lists")]
    UnknownName {
        /// The name as written.
        name: String,
        /// What it should have been, for example `base count`.
        what: &'static str,
    },
    /// A character that belongs to no expression.
    #[error("`{0}` does not belong here; write names, whole numbers, + - * / and parentheses")]
    UnexpectedCharacter(char),
    /// Something is missing.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A whole number beyond 2^32 - 1.
    #[error("`{0}` is too large a number; the largest is 4294967295")]
    NumberTooLarge(String),
    /// Too many characters.
    #[error("longer than {LENGTH_MAX} characters; split the indicator")]
    TooLong,
    /// Too many open parentheses.
    #[error("nested deeper than {DEPTH_MAX} parentheses; simplify it")]
    TooDeep,
}

pub(super) fn parse<N: Name>(text: &str) -> Result<Expression<N>, ExpressionError> {
    let mut parser = Parser { characters: text.chars().collect(), next: 0, depth: 0 };
    if parser.characters.len() > LENGTH_MAX {
        return Err(parser.error_at(0, ExpressionProblem::TooLong));
    }
    let expression = parser.sum()?;
    match parser.peek() {
        None => Ok(expression),
        Some(')') => {
            Err(parser.error(ExpressionProblem::Expected("an opening `(` before this `)`")))
        }
        Some(other) if is_operand_start(other) => {
            Err(parser.error(ExpressionProblem::Expected("one of + - * / before this")))
        }
        Some(other) => Err(parser.error(ExpressionProblem::UnexpectedCharacter(other))),
    }
}

const fn is_operand_start(character: char) -> bool {
    character == '(' || character.is_ascii_alphanumeric()
}

struct Parser {
    characters: Vec<char>,
    next: usize,
    depth: usize,
}

impl Parser {
    /// The next character that is not white space.
    fn peek(&mut self) -> Option<char> {
        while self.characters.get(self.next).is_some_and(|c| c.is_whitespace()) {
            self.next += 1;
        }
        self.characters.get(self.next).copied()
    }

    fn sum<N: Name>(&mut self) -> Result<Expression<N>, ExpressionError> {
        let mut left = self.product()?;
        while let Some(operation) = match self.peek() {
            Some('+') => Some(Operation::Add),
            Some('-') => Some(Operation::Subtract),
            _ => None,
        } {
            self.next += 1;
            left = Expression::Operation(operation, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product<N: Name>(&mut self) -> Result<Expression<N>, ExpressionError> {
        let mut left = self.operand()?;
        while let Some(operation) = match self.peek() {
            Some('*') => Some(Operation::Multiply),
            Some('/') => Some(Operation::Divide),
            _ => None,
        } {
            self.next += 1;
            left = Expression::Operation(operation, Box::new(left), Box::new(self.operand()?));
        }
        Ok(left)
    }

    fn operand<N: Name>(&mut self) -> Result<Expression<N>, ExpressionError> {
        match self.peek() {
            Some('(') => self.parenthesised(),
            Some(c) if c.is_ascii_digit() => self.integer(),
            Some(c) if c.is_ascii_alphabetic() => self.name(),
            Some(c) if "+-*/)".contains(c) => {
                Err(self.error(ExpressionProblem::Expected("a name, a whole number or `(`")))
            }
            Some(c) => Err(self.error(ExpressionProblem::UnexpectedCharacter(c))),
            None => Err(self.error(ExpressionProblem::Expected("a name, a whole number or `(`"))),
        }
    }

    fn parenthesised<N: Name>(&mut self) -> Result<Expression<N>, ExpressionError> {
        if self.depth == DEPTH_MAX {
            return Err(self.error(ExpressionProblem::TooDeep));
        }
        self.depth += 1;
        self.next += 1;
        let inner = self.sum()?;
        if self.peek() != Some(')') {
            return Err(self.error(ExpressionProblem::Expected("a closing `)`")));
        }
        self.next += 1;
        self.depth -= 1;
        Ok(inner)
    }

    fn integer<N: Name>(&mut self) -> Result<Expression<N>, ExpressionError> {
        let start = self.next;
        let digits = self.take_while(|c| c.is_ascii_digit());
        match digits.parse() {
            Ok(number) => Ok(Expression::Integer(number)),
            Err(_) => Err(self.error_at(start, ExpressionProblem::NumberTooLarge(digits))),
        }
    }

    fn name<N: Name>(&mut self) -> Result<Expression<N>, ExpressionError> {
        let start = self.next;
        let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        match N::from_name(&name) {
            Some(known) => Ok(Expression::Name(known)),
            None => {
                Err(self.error_at(start, ExpressionProblem::UnknownName { name, what: N::WHAT }))
            }
        }
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let rest = &self.characters[self.next..];
        let taken: String = rest.iter().copied().take_while(|c| belongs(*c)).collect();
        self.next += taken.len();
        taken
    }

    fn error(&self, problem: ExpressionProblem) -> ExpressionError {
        self.error_at(self.next, problem)
    }

    fn error_at(&self, index: usize, problem: ExpressionProblem) -> ExpressionError {
        let before = &self.characters[..index.min(self.characters.len())];
        let line = 1 + before.iter().filter(|c| **c == '\n').count();
        let column = 1 + before.iter().rev().take_while(|c| **c != '\n').count();
        ExpressionError { line, column, problem }
    }
}
