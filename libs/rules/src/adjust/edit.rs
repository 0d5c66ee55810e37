//! Edits of a text in YAML, which leave what is around them as it is.

use std::ops::Range;

use chengping_types::Exact;

use crate::document::{Key, Node, Value};
use crate::pack::decimal;
use crate::source::Source;

/// Edits of one text.
pub(crate) struct Edits<'s> {
    source: &'s str,
    /// Whether the text is JSON, and is to stay that.
    is_json: bool,
    edits: Vec<(Range<usize>, String)>,
}

impl<'s> Edits<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(source).is_ok();
        Self { source, is_json, edits: Vec::new() }
    }

    /// The text with all edits.
    pub(crate) fn apply(mut self) -> String {
        self.edits.sort_by_key(|(range, _)| range.start);
        let mut text = String::with_capacity(self.source.len() + 64 * self.edits.len());
        let mut done = 0;
        for (range, new) in &self.edits {
            text.push_str(&self.source[done..range.start.max(done)]);
            text.push_str(new);
            done = range.end.max(done);
        }
        text + &self.source[done..]
    }

    pub(crate) fn replace_range(&mut self, range: Range<usize>, new: String) {
        self.edits.push((range, new));
    }

    /// Puts something in the place of a scalar, or of an alias.
    pub(crate) fn replace(&mut self, node: &Node, new: &str) -> Result<(), String> {
        let range = node.bytes.clone().filter(|range| {
            let text = self.source.get(range.clone()).unwrap_or_default();
            node.alias_of.is_some() && text.starts_with('*') || is_as_written(node, text)
        });
        let range = range.ok_or("is written in an unusual way; change it by hand")?;
        self.replace_range(range, new.to_owned());
        Ok(())
    }

    /// A number as it is written where nothing stands.
    pub(crate) fn number(&self, value: &Exact) -> String {
        whole(value).unwrap_or_else(|| quoted(&decimal(value)))
    }

    /// A number as it is written in the place of another, with its quotes.
    pub(crate) fn number_like(&self, node: &Node, value: &Exact) -> String {
        let stands =
            node.bytes.clone().and_then(|range| self.source.get(range)).unwrap_or_default();
        match stands.chars().next() {
            Some('\'') => format!("'{}'", decimal(value)),
            Some('"') => quoted(&decimal(value)),
            _ => self.number(value),
        }
    }

    /// A number with a source of its own, in one line.
    pub(crate) fn sourced(&self, value: &str, source: &Source) -> String {
        let mut text = format!(
            "{{{}: {value}, {}: {}, {}: {}",
            self.key("value"),
            self.key("clause"),
            quoted(&source.clause),
            self.key("provenance"),
            self.provenance(source),
        );
        if let Some(note) = &source.note {
            text += &format!(", {}: {}", self.key("note"), quoted(note));
        }
        text + "}"
    }

    /// Changes the source that a mapping says.
    pub(crate) fn source(
        &mut self,
        node: &Node,
        stands: &Source,
        new: &Source,
    ) -> Result<(), String> {
        let field = |key| node.field(key).ok_or_else(|| format!("its part has no `{key}`"));
        if new.clause != stands.clause {
            self.replace(field("clause")?, &quoted(&new.clause))?;
        }
        if new.provenance != stands.provenance {
            self.replace(field("provenance")?, &self.provenance(new))?;
        }
        match (node.field("note"), &new.note) {
            _ if new.note == stands.note => Ok(()),
            (Some(note), Some(new)) => self.replace(note, &quoted(new)),
            (None, Some(new)) => self.insert_before_provenance(node, "note", &quoted(new)),
            (_, None) => Err("its note stands by itself; remove it by hand".to_owned()),
        }
    }

    /// Adds an entry to a mapping that has a source.
    pub(crate) fn insert_before_provenance(
        &mut self,
        node: &Node,
        key: &str,
        value: &str,
    ) -> Result<(), String> {
        let unusual = || "its part is written in an unusual way; change it by hand".to_owned();
        let (at, column) = place_of_key(node, "provenance").ok_or_else(unusual)?;
        let is_flow =
            node.bytes.as_ref().is_some_and(|range| self.source[range.start..].starts_with('{'));
        let key = self.key(key);
        let entry = if is_flow {
            format!("{key}: {value}, ")
        } else {
            let ends = if self.source.contains("\r\n") { "\r\n" } else { "\n" };
            format!("{key}: {value}{ends}{}", " ".repeat(column))
        };
        self.replace_range(at..at, entry);
        Ok(())
    }

    /// Where a mapping in braces stands that is in one line.
    pub(crate) fn one_line(&self, node: &Node) -> Option<Range<usize>> {
        let Value::Map(entries) = &node.value else { return None };
        let start = node.bytes.as_ref()?.start;
        let is_simple = |(_, value): &(Key, Node)| {
            let text = value.bytes.clone().and_then(|range| self.source.get(range));
            text.is_some_and(|text| is_as_written(value, text))
        };
        let ends = entries.iter().map(|(_, value)| value.bytes.as_ref().map(|range| range.end));
        let last = ends.max().flatten().filter(|_| entries.iter().all(is_simple))?;
        let rest = self.source.get(last..)?;
        let close = last + (rest.len() - rest.trim_start_matches([' ', ',']).len());
        let whole = self.source.get(start..=close)?;
        let is_one_line =
            whole.starts_with('{') && whole.ends_with('}') && !whole.contains(['\n', '\r']);
        is_one_line.then_some(start..close + 1)
    }

    fn key(&self, key: &str) -> String {
        if self.is_json { quoted(key) } else { key.to_owned() }
    }

    fn provenance(&self, source: &Source) -> String {
        let text = source.provenance.to_string();
        let is_word = text.bytes().all(|byte| byte.is_ascii_lowercase());
        if is_word && !self.is_json { text } else { quoted(&text) }
    }
}

/// A whole number as YAML reads one.
pub(crate) fn whole(value: &Exact) -> Option<String> {
    Some(value.to_string()).filter(|text| text.parse::<i64>().is_ok())
}

/// Text in quotes. What JSON writes is what YAML reads.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether the text of a scalar is its value, in quotes or without.
fn is_as_written(node: &Node, text: &str) -> bool {
    match &node.value {
        Value::Integer(number) => text == number.to_string(),
        Value::Text(_) if text.starts_with(['"', '\'']) => {
            text.len() >= 2 && text.ends_with(text.chars().next().unwrap_or('"'))
        }
        Value::Text(value) => text == value,
        _ => false,
    }
}

/// Where a key of a mapping starts: the byte, and how many characters stand before it.
fn place_of_key(node: &Node, key: &str) -> Option<(usize, usize)> {
    let Value::Map(entries) = &node.value else { return None };
    let (key, _) = entries.iter().find(|(known, _)| known.name == key)?;
    let column = usize::try_from(key.position?.column).ok()?;
    Some((key.bytes.as_ref()?.start, column.saturating_sub(1)))
}
