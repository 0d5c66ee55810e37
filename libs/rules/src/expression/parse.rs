//! A recursive-descent parser with a bounded depth, which also checks units.

use chengping_types::Exact;

use super::{Comparison, Condition, Expression, Function, Name, Operation, Test, Unit};

/// Longest expression, in characters.
const LENGTH_MAX: usize = 256;
/// Deepest nesting of parentheses and functions.
const DEPTH_MAX: usize = 16;
/// Most decimals of a number.
pub(super) const PLACES_MAX: u32 = 6;
/// What may stand where a value is wanted.
const OPERAND: &str = "a name, a number, a function or `(`";

/// Why a text is not an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}column {column} of the expression: {problem}", line_of(*.line))]
pub struct ExpressionError {
    /// Line inside the expression, from 1.
    pub line: usize,
    /// Column inside that line, in characters from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: ExpressionProblem,
}

/// The line, where there is more than one.
fn line_of(line: usize) -> String {
    if line > 1 { format!("line {line}, ") } else { String::new() }
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionProblem {
    /// A name that means nothing here.
    #[error("`{name}` is not a {what}; write one of those that docs/rule-language.md lists")]
    UnknownName {
        /// The name as written.
        name: String,
        /// What it should have been, for example `base count`.
        what: &'static str,
    },
    /// A name that means something, but not here.
    #[error("`{name}` cannot stand here: {why}")]
    NotHere {
        /// The name as written.
        name: String,
        /// Why, and what to do.
        why: String,
    },
    /// A name before `(` that is no function.
    #[error("`{0}` is not a function; there are min, max, clamp, floor and if")]
    UnknownFunction(String),
    /// Too few or too many arguments.
    #[error("{function} takes {wanted}")]
    Arguments {
        /// The function.
        function: Function,
        /// What it takes.
        wanted: &'static str,
    },
    /// A character that belongs to no expression.
    #[error("`{0}` does not belong here; write names, numbers, + - * /, functions and parentheses")]
    UnexpectedCharacter(char),
    /// Something is missing.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A whole number beyond 2^32 - 1.
    #[error("`{0}` is too large a number; the largest is 4294967295")]
    NumberTooLarge(String),
    /// A decimal with too many places.
    #[error("`{0}` has more than {PLACES_MAX} decimals; write a quotient")]
    TooManyDecimals(String),
    /// Two sides that cannot be added or compared.
    #[error(
        "this is {right}, what stands before it is {left}; only equal units can be added or compared"
    )]
    UnitMismatch {
        /// What stands on the left.
        left: Unit,
        /// What stands here.
        right: Unit,
    },
    /// An expression of a unit that does not fit its place.
    #[error("the formula is {found}, wanted is {wanted}")]
    WrongUnit {
        /// What it is.
        found: Unit,
        /// What would do.
        wanted: Unit,
    },
    /// Too many characters.
    #[error("longer than {LENGTH_MAX} characters; split the indicator")]
    TooLong,
    /// Too many open parentheses.
    #[error("nested deeper than {DEPTH_MAX} parentheses; simplify it")]
    TooDeep,
}

type Resolve<'r, N> = &'r dyn Fn(&str) -> Result<N, ExpressionProblem>;
type Join<N> = fn(Box<Test<N>>, Box<Test<N>>) -> Test<N>;
type Parsed<T> = Result<T, ExpressionError>;

pub(super) fn expression<N: Name>(
    text: &str,
    resolve: Resolve<'_, N>,
    units: &[Unit],
) -> Parsed<Expression<N>> {
    let mut parser = Parser::new(text, resolve)?;
    let Typed { expression, unit } = parser.sum()?;
    parser.end()?;
    match (unit, units.first()) {
        (Some(found), Some(wanted)) if !units.contains(&found) => {
            Err(parser.error_at(0, ExpressionProblem::WrongUnit { found, wanted: *wanted }))
        }
        _ => Ok(expression),
    }
}

pub(super) fn condition<N: Name>(text: &str, resolve: Resolve<'_, N>) -> Parsed<Condition<N>> {
    let mut parser = Parser::new(text, resolve)?;
    let condition = parser.condition()?;
    parser.end()?;
    Ok(condition)
}

/// Whether a character belongs to a name or function.
const fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

/// An expression and its unit; bare numbers have none and fit every one.
struct Typed<N> {
    expression: Expression<N>,
    unit: Option<Unit>,
}

impl<N> Typed<N> {
    const fn number(expression: Expression<N>) -> Self {
        Self { expression, unit: None }
    }
}

struct Parser<'r, N> {
    characters: Vec<char>,
    next: usize,
    depth: usize,
    resolve: Resolve<'r, N>,
}

impl<'r, N: Name> Parser<'r, N> {
    fn new(text: &str, resolve: Resolve<'r, N>) -> Parsed<Self> {
        let parser = Self { characters: text.chars().collect(), next: 0, depth: 0, resolve };
        if parser.characters.len() > LENGTH_MAX {
            return Err(parser.error_at(0, ExpressionProblem::TooLong));
        }
        Ok(parser)
    }

    fn end(&mut self) -> Parsed<()> {
        let problem = match self.peek() {
            None => return Ok(()),
            Some(')') => ExpressionProblem::Expected("an opening `(` before this `)`"),
            Some(other) if other == '(' || other.is_ascii_alphanumeric() => {
                ExpressionProblem::Expected("one of + - * / before this")
            }
            Some(other) => ExpressionProblem::UnexpectedCharacter(other),
        };
        Err(self.error(problem))
    }

    /// The next character that is not white space.
    fn peek(&mut self) -> Option<char> {
        while self.characters.get(self.next).is_some_and(|c| c.is_whitespace()) {
            self.next += 1;
        }
        self.characters.get(self.next).copied()
    }

    fn sum(&mut self) -> Parsed<Typed<N>> {
        let mut left = self.product()?;
        while let Some(operation) = match self.peek() {
            Some('+') => Some(Operation::Add),
            Some('-') => Some(Operation::Subtract),
            _ => None,
        } {
            self.next += 1;
            let (right, start) = self.at_start(Self::product)?;
            let unit = self.join(left.unit, right.unit, start)?;
            left = Typed { unit, ..operate(operation, left, right) };
        }
        Ok(left)
    }

    fn product(&mut self) -> Parsed<Typed<N>> {
        let mut left = self.operand()?;
        while let Some(operation) = match self.peek() {
            Some('*') => Some(Operation::Multiply),
            Some('/') => Some(Operation::Divide),
            _ => None,
        } {
            self.next += 1;
            let right = self.operand()?;
            left = operate(operation, left, right);
        }
        Ok(left)
    }

    fn operand(&mut self) -> Parsed<Typed<N>> {
        match self.peek() {
            Some('(') => self.inside(Self::sum),
            Some(c) if c.is_ascii_digit() => self.number().map(Typed::number),
            Some(c) if c.is_ascii_alphabetic() => self.word(),
            Some(c) if "+-*/),<>=!".contains(c) => {
                Err(self.error(ExpressionProblem::Expected(OPERAND)))
            }
            Some(c) => Err(self.error(ExpressionProblem::UnexpectedCharacter(c))),
            None => Err(self.error(ExpressionProblem::Expected(OPERAND))),
        }
    }

    /// What `inner` reads between an opening parenthesis, which is next, and its closing one.
    fn inside<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH_MAX {
            return Err(self.error(ExpressionProblem::TooDeep));
        }
        self.depth += 1;
        self.next += 1;
        let inside = inner(self)?;
        self.expect(')', "a closing `)`")?;
        self.depth -= 1;
        Ok(inside)
    }

    fn expect(&mut self, character: char, what: &'static str) -> Parsed<()> {
        if self.peek() != Some(character) {
            return Err(self.error(ExpressionProblem::Expected(what)));
        }
        self.next += 1;
        Ok(())
    }

    /// What `read` reads, and where it starts.
    fn at_start<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<(T, usize)> {
        self.peek();
        let start = self.next;
        read(self).map(|read| (read, start))
    }

    fn number(&mut self) -> Parsed<Expression<N>> {
        let start = self.next;
        let mut digits = self.take_while(|c| c.is_ascii_digit());
        if self.characters.get(self.next) == Some(&'.') {
            self.next += 1;
            digits = format!("{digits}.{}", self.take_while(|c| c.is_ascii_digit()));
        }
        let places = digits.split_once('.').map(|(_, places)| places.len());
        match (digits.parse::<u32>(), digits.parse::<Exact>(), places) {
            (Ok(whole), ..) => Ok(Expression::Integer(whole)),
            (_, _, Some(0)) => Err(self.error(ExpressionProblem::Expected("a digit"))),
            (_, _, Some(places)) if places > PLACES_MAX as usize => {
                Err(self.error_at(start, ExpressionProblem::TooManyDecimals(digits)))
            }
            (_, Ok(number), Some(_)) if number <= Exact::from(u32::MAX) => {
                let whole = number.to_string().parse().map(Expression::Integer);
                Ok(whole.unwrap_or(Expression::Decimal(number)))
            }
            _ => Err(self.error_at(start, ExpressionProblem::NumberTooLarge(digits))),
        }
    }

    /// A name, or a function with its arguments.
    fn word(&mut self) -> Parsed<Typed<N>> {
        let start = self.next;
        let word = self.take_while(is_of_word);
        if self.peek() == Some('(') {
            if word == "if" {
                return self.inside(Self::choice);
            }
            let unknown =
                |_| self.error_at(start, ExpressionProblem::UnknownFunction(word.clone()));
            let function: Function = word.parse().map_err(unknown)?;
            return self.call(function, start);
        }
        match (self.resolve)(&word) {
            Ok(name) => Ok(Typed { unit: Some(name.unit()), expression: Expression::Name(name) }),
            Err(problem) => Err(self.error_at(start, problem)),
        }
    }

    fn call(&mut self, function: Function, start: usize) -> Parsed<Typed<N>> {
        let (arguments, unit) = self.inside(|inner| {
            let first = inner.sum()?;
            let (mut arguments, mut unit) = (vec![first.expression], first.unit);
            while inner.peek() == Some(',') {
                inner.next += 1;
                let (argument, start) = inner.at_start(Self::sum)?;
                unit = inner.join(unit, argument.unit, start)?;
                arguments.push(argument.expression);
            }
            Ok((arguments, unit))
        })?;
        let (fits, wanted) = match function {
            Function::Min | Function::Max => (arguments.len() >= 2, "two or more values"),
            Function::Clamp => (arguments.len() == 3, "a value, the least and the most"),
            Function::Floor => (arguments.len() == 1, "one value"),
        };
        if !fits {
            return Err(self.error_at(start, ExpressionProblem::Arguments { function, wanted }));
        }
        Ok(Typed { expression: Expression::Call(function, arguments), unit })
    }

    /// The three parts of an `if`.
    fn choice(&mut self) -> Parsed<Typed<N>> {
        let test = self.test()?;
        self.expect(',', "a `,` and what holds then")?;
        let then = self.sum()?;
        self.expect(',', "a `,` and what holds otherwise")?;
        let (otherwise, start) = self.at_start(Self::sum)?;
        let unit = self.join(then.unit, otherwise.unit, start)?;
        let (then, otherwise) = (Box::new(then.expression), Box::new(otherwise.expression));
        Ok(Typed { expression: Expression::If(Box::new(test), then, otherwise), unit })
    }

    /// Comparisons combined: `or` binds least, `not` most.
    fn test(&mut self) -> Parsed<Test<N>> {
        self.joined("or", Test::Or, |parser| parser.joined("and", Test::And, Self::denied))
    }

    fn joined(
        &mut self,
        word: &str,
        join: Join<N>,
        operand: impl Fn(&mut Self) -> Parsed<Test<N>>,
    ) -> Parsed<Test<N>> {
        let mut left = operand(self)?;
        while self.takes(word) {
            left = join(Box::new(left), Box::new(operand(self)?));
        }
        Ok(left)
    }

    /// A comparison, a test in parentheses, or `not` before either.
    fn denied(&mut self) -> Parsed<Test<N>> {
        if self.takes("not") {
            return self.denied().map(|test| Test::Not(Box::new(test)));
        }
        if self.opens_a_test() {
            return self.inside(Self::test);
        }
        self.condition().map(Test::Comparison)
    }

    /// Takes a word when it comes next and is not the beginning of a longer one.
    fn takes(&mut self, word: &str) -> bool {
        self.peek();
        let end = self.next + word.len();
        let comes =
            self.characters.get(self.next..end).is_some_and(|c| c.iter().copied().eq(word.chars()));
        let goes_on = self.characters.get(end).is_some_and(|c| is_of_word(*c));
        if comes && !goes_on {
            self.next = end;
        }
        comes && !goes_on
    }

    /// Whether the parenthesis that comes next holds a whole test rather than the beginning of a
    /// comparison: after its closing one no sign goes on.
    fn opens_a_test(&mut self) -> bool {
        if self.peek() != Some('(') {
            return false;
        }
        let mut open = 0_usize;
        let close = self.characters[self.next..].iter().position(|c| {
            open = match c {
                '(' => open + 1,
                ')' => open - 1,
                _ => open,
            };
            open == 0
        });
        let Some(close) = close else { return false };
        let mut after = self.characters[self.next + close + 1..].iter();
        !after.find(|c| !c.is_whitespace()).is_some_and(|c| "+-*/<>=!".contains(*c))
    }

    fn condition(&mut self) -> Parsed<Condition<N>> {
        let left = self.sum()?;
        self.peek();
        let place = self.next;
        let signs = self.take_while(|c| "<>=!".contains(c));
        let comparison = match signs.as_str() {
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            ">" => Comparison::Greater,
            ">=" => Comparison::AtLeast,
            "=" => Comparison::Equal,
            "!=" => Comparison::Unequal,
            _ => {
                let wanted = ExpressionProblem::Expected("one of < <= > >= = !=");
                return Err(self.error_at(place, wanted));
            }
        };
        let (right, start) = self.at_start(Self::sum)?;
        self.join(left.unit, right.unit, start)?;
        Ok(Condition { left: left.expression, comparison, right: right.expression })
    }

    /// The unit of two values of which neither may be more than a bare number unless they agree.
    fn join(&self, left: Option<Unit>, right: Option<Unit>, place: usize) -> Parsed<Option<Unit>> {
        match (left, right) {
            (Some(left), Some(right)) if left != right => {
                Err(self.error_at(place, ExpressionProblem::UnitMismatch { left, right }))
            }
            _ => Ok(left.or(right)),
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

/// The operation on two values, with the unit of a product or quotient.
fn operate<N>(operation: Operation, left: Typed<N>, right: Typed<N>) -> Typed<N> {
    let unit = match (operation, left.unit, right.unit) {
        (_, None, None) => None,
        (Operation::Divide, left, right) => {
            Some(left.unwrap_or(Unit::PLAIN).per(right.unwrap_or(Unit::PLAIN)))
        }
        (_, left, right) => Some(left.unwrap_or(Unit::PLAIN).times(right.unwrap_or(Unit::PLAIN))),
    };
    let (left, right) = (Box::new(left.expression), Box::new(right.expression));
    Typed { expression: Expression::Operation(operation, left, right), unit }
}
