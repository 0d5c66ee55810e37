//! The words of a filter.

use super::FilterError;

/// A word of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `=` and the like.
    Operator(&'static str),
    /// A field, or one of `AND`, `OR` and `NOT`.
    Word(&'t str),
    /// A text in quotes, which no field can be.
    Quoted,
    /// Nothing follows.
    End,
}

/// Longer ones first.
const OPERATORS: [&str; 7] = ["!=", "<=", ">=", "=", ":", "<", ">"];

/// Reads a filter from left to right.
pub(super) struct Lexer<'t> {
    rest: &'t str,
    /// The place of `rest` in characters, from 1.
    position: usize,
}

impl<'t> Lexer<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { rest: text, position: 1 }
    }

    fn advance(&mut self, bytes: usize) -> &'t str {
        let (passed, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        self.position += passed.chars().count();
        passed
    }

    fn skip_blanks(&mut self) {
        self.advance(self.rest.len() - self.rest.trim_start().len());
    }

    /// The next word and its place.
    pub(super) fn next(&mut self) -> Result<(usize, Token<'t>), FilterError> {
        self.skip_blanks();
        let position = self.position;
        let Some(first) = self.rest.chars().next() else { return Ok((position, Token::End)) };
        let token = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '"' | '\'' => Some(Token::Quoted),
            _ => None,
        };
        if let Some(token) = token {
            self.advance(1);
            return Ok((position, token));
        }
        if let Some(operator) = OPERATORS.into_iter().find(|one| self.rest.starts_with(one)) {
            self.advance(operator.len());
            return Ok((position, Token::Operator(operator)));
        }
        let length = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let word = self.advance(length.unwrap_or(self.rest.len()));
        if word.is_empty() {
            let message = format!("{first:?} has no meaning here; texts of that kind need quotes");
            return Err(FilterError::new(position, message));
        }
        Ok((position, Token::Word(word)))
    }

    /// Takes the next word if it is this one.
    pub(super) fn take_word(&mut self, word: &str) -> Result<bool, FilterError> {
        let before = (self.rest, self.position);
        // What is no word here is told of by whoever expects one.
        let found = self.next().is_ok_and(|(_, token)| token == Token::Word(word));
        if !found {
            (self.rest, self.position) = before;
        }
        Ok(found)
    }

    /// The value after an operator, and its place.
    pub(super) fn value(&mut self) -> Result<(usize, String), FilterError> {
        self.skip_blanks();
        let position = self.position;
        let value = match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            _ => {
                let is_end = |c: char| c.is_whitespace() || "()\"'".contains(c);
                let length = self.rest.find(is_end).unwrap_or(self.rest.len());
                self.advance(length).to_owned()
            }
        };
        if value.is_empty() && self.position == position {
            return Err(FilterError::new(position, "expected a value; an empty text is \"\""));
        }
        // PostgreSQL has no text with a NUL in it, so that no entry has one either.
        if value.contains('\0') {
            return Err(FilterError::new(position, "must not hold a NUL character"));
        }
        Ok((position, value))
    }

    /// A text in quotes; a backslash stands before a quote or a backslash in it.
    fn quoted(&mut self, quote: char) -> Result<String, FilterError> {
        let start = self.position;
        let mut value = String::new();
        let mut is_escaped = false;
        for (index, c) in self.rest.char_indices().skip(1) {
            if is_escaped {
                if c != quote && c != '\\' {
                    let position = start + self.rest[..index].chars().count();
                    let message = format!("\\{c} has no meaning; only \\\\ and \\{quote} have");
                    return Err(FilterError::new(position, message));
                }
                value.push(c);
                is_escaped = false;
            } else if c == '\\' {
                is_escaped = true;
            } else if c == quote {
                self.advance(index + 1);
                return Ok(value);
            } else {
                value.push(c);
            }
        }
        Err(FilterError::new(start, format!("the quote {quote} is never closed")))
    }
}
