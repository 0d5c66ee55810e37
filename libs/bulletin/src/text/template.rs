//! Texts with places to be filled in.
//!
//! - `{name}`: the text of that name.
//! - `{?name}` to `{/name}`: only where the text is not empty, or the list has an element.
//! - `{#name}` to `{/name}`: once for each element of the list, whose texts go before those outside.
//!
//! A line with nothing but one such sign is no line of the text. Braces are for these places alone,
//! and what is filled in is never looked at again.

use std::collections::BTreeMap;

/// Why a template cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace that is not closed, or a part that does not end or begin.
    #[error("{0:?} is not closed, or closes nothing")]
    Unbalanced(String),
    /// A name that is not known.
    #[error("there is no {0:?} to be filled in")]
    Unknown(String),
}

/// What is filled in.
#[derive(Debug, Default)]
pub(super) struct Values {
    texts: BTreeMap<&'static str, String>,
    lists: BTreeMap<&'static str, Vec<Values>>,
}

impl Values {
    pub(super) fn text(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.texts.insert(name, text.into());
        self
    }

    pub(super) fn list(
        mut self,
        name: &'static str,
        elements: impl IntoIterator<Item = Self>,
    ) -> Self {
        self.lists.insert(name, elements.into_iter().collect());
        self
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Name(String),
    If(String, Vec<Piece>),
    Each(String, Vec<Piece>),
}

/// A template that was read.
#[derive(Debug)]
pub(super) struct Template(Vec<Piece>);

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// [`TemplateError::Unbalanced`].
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        // What is open, from the outside in: the sign that opened it and what stands before.
        let mut open: Vec<(char, String, Vec<Piece>)> = Vec::new();
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find('{') {
            pieces.push(Piece::Text(rest[..start].to_owned()));
            let unbalanced = || TemplateError::Unbalanced(rest[start..].chars().take(20).collect());
            let end = start + rest[start..].find('}').ok_or_else(unbalanced)?;
            let sign = &rest[start + 1..end];
            let before = &text[..text.len() - rest.len() + start];
            let alone = sign.starts_with(['?', '#', '/'])
                && (before.is_empty() || before.ends_with('\n'))
                && rest[end + 1..].starts_with('\n');
            rest = &rest[end + 1 + usize::from(alone)..];
            if let Some(name) = sign.strip_prefix(['?', '#']) {
                let kind = if sign.starts_with('?') { '?' } else { '#' };
                open.push((kind, name.to_owned(), std::mem::take(&mut pieces)));
            } else if let Some(name) = sign.strip_prefix('/') {
                let closed = open.pop().filter(|(_, opened, _)| opened == name);
                let (kind, name, before) =
                    closed.ok_or_else(|| TemplateError::Unbalanced(name.to_owned()))?;
                let inside = std::mem::replace(&mut pieces, before);
                pieces.push(match kind {
                    '?' => Piece::If(name, inside),
                    _ => Piece::Each(name, inside),
                });
            } else {
                pieces.push(Piece::Name(sign.to_owned()));
            }
        }
        pieces.push(Piece::Text(rest.to_owned()));
        match open.pop() {
            Some((_, name, _)) => Err(TemplateError::Unbalanced(name)),
            None => Ok(Self(pieces)),
        }
    }

    /// The text with everything filled in.
    ///
    /// # Errors
    ///
    /// [`TemplateError::Unknown`].
    pub(super) fn fill(&self, values: &Values) -> Result<String, TemplateError> {
        let mut text = String::new();
        fill(&self.0, &[values], &mut text)?;
        Ok(text)
    }
}

fn fill(pieces: &[Piece], scopes: &[&Values], text: &mut String) -> Result<(), TemplateError> {
    let unknown = |name: &str| TemplateError::Unknown(name.to_owned());
    let find_text = |name: &str| scopes.iter().rev().find_map(|scope| scope.texts.get(name));
    let find_list = |name: &str| scopes.iter().rev().find_map(|scope| scope.lists.get(name));
    for piece in pieces {
        match piece {
            Piece::Text(piece) => *text += piece,
            Piece::Name(name) => *text += find_text(name).ok_or_else(|| unknown(name))?,
            Piece::If(name, inside) => {
                let holds = match (find_text(name), find_list(name)) {
                    (Some(text), _) => !text.is_empty(),
                    (None, Some(list)) => !list.is_empty(),
                    (None, None) => return Err(unknown(name)),
                };
                if holds {
                    fill(inside, scopes, text)?;
                }
            }
            Piece::Each(name, inside) => {
                for element in find_list(name).ok_or_else(|| unknown(name))? {
                    fill(inside, &[scopes, &[element]].concat(), text)?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> Result<String, TemplateError> {
        let element = |name| Values::default().text("name", name);
        let values = Values::default()
            .text("name", "外")
            .text("braces", "{name}")
            .text("empty", "")
            .list("all", [element("甲"), element("乙")])
            .list("none", []);
        Template::parse(template)?.fill(&values)
    }

    #[test]
    fn places_are_filled_in_once() {
        assert_eq!(filled("a{name}b{braces}").unwrap(), "a外b{name}");
        assert_eq!(filled("{#all}{name}、{/all}{name}").unwrap(), "甲、乙、外");
        assert_eq!(filled("{?empty}{name}{/empty}{?none}x{/none}{?all}y{/all}").unwrap(), "y");
        assert_eq!(filled("一\n{#all}\n{name}\n{/all}\n二\n").unwrap(), "一\n甲\n乙\n二\n");
    }

    #[test]
    fn what_is_wrong_with_a_template_is_said() {
        for wrong in ["{name", "{?name}", "{/name}", "{?name}{/empty}", "{#all}{/none}"] {
            assert!(matches!(filled(wrong), Err(TemplateError::Unbalanced(_))), "{wrong}");
        }
        for unknown in ["{nome}", "{?nome}{/nome}", "{#name}{/name}"] {
            assert!(matches!(filled(unknown), Err(TemplateError::Unknown(_))), "{unknown}");
        }
    }
}
