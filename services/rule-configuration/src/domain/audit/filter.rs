//! Filters of the audit log: the part of AIP-160 that the API promises.
//!
//! ```text
//! filter     = either { "AND" either }
//! either     = one { "OR" one }                  -- OR binds tighter, as AIP-160 has it
//! one        = [ "NOT" ] ( "(" filter ")" | comparison )
//! comparison = field ( "=" | "!=" | ":" | "<" | "<=" | ">" | ">=" ) value
//! value      = text without blanks, quotes or parentheses | quoted text
//! ```
//!
//! Every text is either a filter or a mistake with its place; the size of both is bounded.

mod lexer;

use std::str::FromStr;

use chengping_types::{Instant, named_enum};

use self::lexer::{Lexer, Token};

/// Bytes of a filter.
const BYTES_MAX: usize = 4096;
/// Parentheses and `NOT` inside each other.
const DEPTH_MAX: usize = 20;
/// Comparisons of a filter.
const COMPARISONS_MAX: usize = 100;

named_enum! {
    /// A field that holds a text.
    pub(crate) enum TextField: "field of an audit entry" {
        /// Who.
        Actor = 1 => "actor",
        /// What was done.
        Action = 2 => "action",
        /// To what.
        Resource = 3 => "resource",
        /// Why.
        Reason = 4 => "reason",
        /// The digest before.
        DigestBefore = 5 => "digest_before",
        /// The digest after.
        DigestAfter = 6 => "digest_after",
    }
}

/// The field that holds a time.
const CREATE_TIME: &str = "create_time";

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextOperator {
    /// The same.
    Equal,
    /// Another one.
    NotEqual,
    /// Has the value in it.
    Has,
}

/// How a time is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeOperator {
    /// The same instant.
    Equal,
    /// Another one.
    NotEqual,
    /// Before it.
    Before,
    /// Not after it.
    UpTo,
    /// After it.
    After,
    /// Not before it.
    From,
}

/// Which entries are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// All of them.
    And(Vec<Filter>),
    /// One of them at least.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// A text compared.
    Text(TextField, TextOperator, String),
    /// The time compared.
    Time(TimeOperator, Instant),
}

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {position}: {message}")]
pub(crate) struct FilterError {
    /// The place in characters, from 1.
    pub position: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl FilterError {
    fn new(position: usize, message: impl Into<String>) -> Self {
        Self { position, message: message.into() }
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        if text.len() > BYTES_MAX {
            let message = format!("it has more than {BYTES_MAX} bytes; ask for less at a time");
            let fits = &text[..text.floor_char_boundary(BYTES_MAX)];
            return Err(FilterError::new(fits.chars().count() + 1, message));
        }
        let mut parser = Parser { lexer: Lexer::new(text), comparisons: 0 };
        let filter = parser.all(0)?;
        match parser.lexer.next()? {
            (_, Token::End) => Ok(filter),
            (position, Token::Close) => {
                Err(FilterError::new(position, "a parenthesis closes that was not opened"))
            }
            (position, _) => Err(FilterError::new(
                position,
                "expected AND, OR or the end; write comparisons as in actor = \"wang\" AND \
                 reason : \"2018\"",
            )),
        }
    }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    comparisons: usize,
}

impl Parser<'_> {
    fn all(&mut self, depth: usize) -> Result<Filter, FilterError> {
        self.joined("AND", Filter::And, |parser| {
            parser.joined("OR", Filter::Or, |parser| parser.one(depth))
        })
    }

    /// One or more parts with a word between them.
    fn joined(
        &mut self,
        word: &str,
        join: fn(Vec<Filter>) -> Filter,
        mut part: impl FnMut(&mut Self) -> Result<Filter, FilterError>,
    ) -> Result<Filter, FilterError> {
        let first = part(self)?;
        let mut parts = vec![first];
        while self.lexer.take_word(word)? {
            parts.push(part(self)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { join(parts) })
    }

    fn one(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let (position, token) = self.lexer.next()?;
        if depth > DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} parentheses and NOT inside each other");
            return Err(FilterError::new(position, message));
        }
        match token {
            Token::Open => {
                let inner = self.all(depth + 1)?;
                match self.lexer.next()? {
                    (_, Token::Close) => Ok(inner),
                    (end, _) => {
                        let message = format!("expected ) for the ( at character {position}");
                        Err(FilterError::new(end, message))
                    }
                }
            }
            Token::Word("NOT") => Ok(Filter::Not(Box::new(self.one(depth + 1)?))),
            Token::Word(field) => self.comparison(position, field),
            Token::End => Err(FilterError::new(position, "expected a comparison, found the end")),
            _ => Err(FilterError::new(position, "expected a field, NOT or (")),
        }
    }

    fn comparison(&mut self, position: usize, field: &str) -> Result<Filter, FilterError> {
        self.comparisons += 1;
        if self.comparisons > COMPARISONS_MAX {
            let message =
                format!("more than {COMPARISONS_MAX} comparisons; ask for less at a time");
            return Err(FilterError::new(position, message));
        }
        let text_field = field.parse::<TextField>().ok();
        if text_field.is_none() && field != CREATE_TIME {
            let fields = TextField::NAMES.join(", ");
            let message = format!("{field:?} is no field; use one of {fields}, {CREATE_TIME}");
            return Err(FilterError::new(position, message));
        }
        let (place, token) = self.lexer.next()?;
        let Token::Operator(operator) = token else {
            let message = format!("expected =, != or another comparison after {field}");
            return Err(FilterError::new(place, message));
        };
        let operator = (place, operator);
        match text_field {
            Some(field) => {
                let how = text_operator(operator, field)?;
                Ok(Filter::Text(field, how, self.lexer.value()?.1))
            }
            None => {
                let how = time_operator(operator)?;
                let (place, value) = self.lexer.value()?;
                let time = value.parse::<Instant>();
                let time = time.map_err(|error| FilterError::new(place, error.to_string()))?;
                Ok(Filter::Time(how, time))
            }
        }
    }
}

fn text_operator(
    (position, operator): (usize, &str),
    field: TextField,
) -> Result<TextOperator, FilterError> {
    match operator {
        "=" => Ok(TextOperator::Equal),
        "!=" => Ok(TextOperator::NotEqual),
        ":" => Ok(TextOperator::Has),
        _ => {
            let message = format!("{field} is a text and has =, != and : only, not {operator}");
            Err(FilterError::new(position, message))
        }
    }
}

fn time_operator((position, operator): (usize, &str)) -> Result<TimeOperator, FilterError> {
    match operator {
        "=" => Ok(TimeOperator::Equal),
        "!=" => Ok(TimeOperator::NotEqual),
        "<" => Ok(TimeOperator::Before),
        "<=" => Ok(TimeOperator::UpTo),
        ">" => Ok(TimeOperator::After),
        ">=" => Ok(TimeOperator::From),
        _ => Err(FilterError::new(
            position,
            format!("{CREATE_TIME} is a time and has =, !=, <, <=, > and >= only, not {operator}"),
        )),
    }
}

#[cfg(test)]
mod tests;
