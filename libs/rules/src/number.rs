//! Numbers that know where they come from.

use chengping_types::Exact;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::decode::{Decode, Decoder, Fields};
use crate::document::{Node, Value};
use crate::source::Source;

/// Longest written number, in characters.
const DIGITS_MAX: usize = 20;

/// A number of a pack: exact, and with a source of its own when it differs from the source of
/// the part it stands in.
///
/// Written as a whole number (`30`), as a decimal or fraction in quotes (`"0.6"`, `"2/3"`), or as
/// `{value: "0.6", clause: "5.2.5", provenance: regulation, note: …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The value.
    pub value: Exact,
    /// Its own source; `None` when the surrounding part's source holds.
    pub source: Option<Box<Source>>,
}

impl Number {
    /// A number without a source of its own.
    pub const fn plain(value: Exact) -> Self {
        Self { value, source: None }
    }

    /// The number's own source, or else `part`'s.
    pub fn source_within<'a>(&'a self, part: &'a Source) -> &'a Source {
        self.source.as_deref().unwrap_or(part)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(source) = &self.source else {
            return serializer.collect_str(&self.value);
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("value", &self.value.to_string())?;
        map.serialize_entry("clause", &source.clause)?;
        map.serialize_entry("provenance", &source.provenance)?;
        if let Some(note) = &source.note {
            map.serialize_entry("note", note)?;
        }
        map.end()
    }
}

impl Decode for Number {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return exact(node, decoder).map(Self::plain);
        }
        let mut fields = Fields::open("number", node, decoder)?;
        let value = fields.required_with("value", exact);
        let source = Source::from_fields(&mut fields);
        fields.close();
        Some(Self { value: value?, source: Some(Box::new(source?)) })
    }
}

/// Reads a number that is not negative.
pub(crate) fn exact(node: &Node, decoder: &mut Decoder) -> Option<Exact> {
    let value = match &node.value {
        Value::Integer(number) => Some(Exact::from(*number)),
        Value::Text(text) if text.chars().count() > DIGITS_MAX => {
            decoder.reject(node, format!("longer than {DIGITS_MAX} characters; shorten the number"))
        }
        Value::Text(_) => decoder.parse(node, "a number"),
        Value::Float => decoder.reject(
            node,
            "an unquoted decimal would become a binary fraction; put it in quotes, like \"0.6\"",
        ),
        _ => decoder.reject(node, format!("expected a number, found {}", node.kind())),
    }?;
    if value.is_negative() {
        return decoder.reject(node, "negative; a deduction is written as a positive number");
    }
    Some(value)
}

/// Reads a number above zero.
pub(crate) fn positive(node: &Node, decoder: &mut Decoder) -> Option<Number> {
    let number = Number::decode(node, decoder)?;
    if number.value.is_zero() {
        return decoder.reject(node, "zero; write a number above zero, or leave the part out");
    }
    Some(number)
}

/// Reads a share between zero and one.
pub(crate) fn share(node: &Node, decoder: &mut Decoder) -> Option<Number> {
    let number = Number::decode(node, decoder)?;
    if number.value > Exact::ONE {
        return decoder.reject(node, "above 1; write a share between \"0\" and \"1\"");
    }
    Some(number)
}
