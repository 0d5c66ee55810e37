//! A YAML or JSON text as a tree whose every node knows its place.
//!
//! The tree is untyped on purpose: typed deserialisation stops at the first mistake, and a pack's
//! author wants to see all of them.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

use crate::mistakes::{Mistake, Position};

/// Largest text of a pack, in bytes.
const SIZE_MAX: usize = 256 * 1024;
/// Most nodes of a pack, aliases expanded.
const NODES_MAX: usize = 20_000;
/// Deepest nesting.
const DEPTH_MAX: usize = 24;

/// A value and its place in the text, if it comes from one.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) position: Option<Position>,
    /// The bytes of a scalar, or the first of a list or mapping, behind tags and anchors.
    pub(crate) bytes: Option<Range<usize>>,
    /// The bytes of what it repeats, when it is an alias.
    pub(crate) alias_of: Option<Range<usize>>,
}

impl Node {
    /// The items of a list; none of anything else.
    pub(crate) fn list(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The keys of a mapping; none of anything else.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let entries = match &self.value {
            Value::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().map(|(key, _)| key.name.as_str())
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a key of a mapping.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.field(name)?.text()
    }

    /// The value of a key of a mapping, to be changed.
    pub(crate) fn field_mut(&mut self, name: &str) -> Option<&mut Self> {
        let Value::Map(entries) = &mut self.value else { return None };
        entries.iter_mut().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// Gives a key of a mapping a value, in place of the one that it has; nothing else has keys.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Self>) {
        if let Some(field) = self.field_mut(name) {
            *field = value.into();
        } else if let Value::Map(entries) = &mut self.value {
            let key = Key { name: name.to_owned(), position: None, bytes: None };
            entries.push((key, value.into()));
        }
    }

    /// Takes a key out of a mapping.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Value::Map(entries) = &mut self.value {
            entries.retain(|(key, _)| key.name != name);
        }
    }

    /// The value of a key of a mapping.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Empty,
    Flag(bool),
    Integer(i64),
    /// An unquoted number that is no integer: a float by the time we see it, hence never used.
    Float,
    Text(String),
    List(Vec<Node>),
    /// Entries in the order of the text, duplicate keys included.
    Map(Vec<(Key, Node)>),
}

/// A key and its place in the text.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) position: Option<Position>,
    /// Its bytes, quotes included.
    pub(crate) bytes: Option<Range<usize>>,
}

impl From<serde_json::Value> for Node {
    fn from(json: serde_json::Value) -> Self {
        use serde_json::Value as Json;

        let value = match json {
            Json::Null => Value::Empty,
            Json::Bool(flag) => Value::Flag(flag),
            Json::Number(number) => number.as_i64().map_or(Value::Float, Value::Integer),
            Json::String(text) => Value::Text(text),
            Json::Array(items) => Value::List(items.into_iter().map(Self::from).collect()),
            Json::Object(entries) => {
                let keyed =
                    |(name, value)| (Key { name, position: None, bytes: None }, Self::from(value));
                Value::Map(entries.into_iter().map(keyed).collect())
            }
        };
        Self { value, position: None, bytes: None, alias_of: None }
    }
}

/// Reads one document.
pub(crate) fn read(text: &str) -> Result<Node, Mistake> {
    if text.len() > SIZE_MAX {
        let message = format!("the pack is larger than {SIZE_MAX} bytes; shorten its notes");
        return Err(Mistake { path: String::new(), position: None, message });
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_nodes: NODES_MAX, max_depth: DEPTH_MAX },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 2 * NODES_MAX, max_replay_stack_depth: 4
        },
        strict_booleans: true,
        with_snippet: false,
    };
    let tree: Spanned<Raw> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let position = error.location().and_then(position);
            Mistake { path: String::new(), position, message: format!("not valid YAML: {error}") }
        })?;
    Ok(Node::from(tree))
}

fn position(location: serde_saphyr::Location) -> Option<Position> {
    let position = Position { line: location.line(), column: location.column() };
    (position.line > 0).then_some(position)
}

fn bytes(location: serde_saphyr::Location) -> Option<Range<usize>> {
    let start = usize::try_from(location.span().byte_offset()?).ok()?;
    let length = usize::try_from(location.span().byte_len()?).ok()?;
    Some(start..start + length)
}

impl From<Spanned<Raw>> for Node {
    fn from(spanned: Spanned<Raw>) -> Self {
        let value = match spanned.value {
            Raw::Scalar(value) => value,
            Raw::List(items) => Value::List(items.into_iter().map(Self::from).collect()),
            Raw::Map(entries) => {
                let keyed = |(key, node): (Spanned<String>, _)| {
                    let (position, bytes) = (position(key.referenced), bytes(key.referenced));
                    (Key { name: key.value, position, bytes }, Self::from(node))
                };
                Value::Map(entries.into_iter().map(keyed).collect())
            }
        };
        Self {
            value,
            position: position(spanned.referenced),
            bytes: bytes(spanned.referenced),
            alias_of: (spanned.referenced != spanned.defined)
                .then(|| bytes(spanned.defined))
                .flatten(),
        }
    }
}

/// A node on its way out of the YAML parser, which knows the place only from the outside.
enum Raw {
    Scalar(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a whole number, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Empty))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Empty))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Flag(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Integer(number)))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Raw, E> {
        let number = i64::try_from(number)
            .map_err(|_| E::custom(format!("{number} is too large a number")))?;
        Ok(Raw::Scalar(Value::Integer(number)))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Float))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key()? {
            map.push((key, entries.next_value()?));
            if map.len() > NODES_MAX {
                return Err(A::Error::custom("too many entries"));
            }
        }
        Ok(Raw::Map(map))
    }
}
