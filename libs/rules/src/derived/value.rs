//! What an override puts in a place: any part of a pack, as it would stand there.

use serde_json::{Map, Value as Json};

use crate::decode::{Decode, Decoder};
use crate::document::{Node, Value};

/// A value of an override.
#[derive(Debug)]
pub(super) struct Given {
    /// The value, as canonical JSON would have it but for the forms of numbers.
    pub json: Json,
}

impl Given {
    /// The text of a plain number, or whatever else stands alone.
    pub(super) fn scalar(&self) -> Option<String> {
        match &self.json {
            Json::Number(number) => Some(number.to_string()),
            Json::String(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl Decode for Given {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        json(node, decoder).map(|json| Self { json })
    }
}

fn json(node: &Node, decoder: &mut Decoder) -> Option<Json> {
    match &node.value {
        Value::Empty => decoder.reject(node, "empty; write a value, or `remove` the place"),
        Value::Flag(flag) => Some(Json::Bool(*flag)),
        Value::Integer(number) => Some(Json::from(*number)),
        Value::Float => decoder.reject(
            node,
            "an unquoted decimal would become a binary fraction; put it in quotes, like \"0.6\"",
        ),
        Value::Text(text) => Some(Json::from(text.as_str())),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| json(item, decoder)).collect();
            items.into_iter().collect::<Option<Vec<_>>>().map(Json::Array)
        }
        Value::Map(_) => {
            let entries = decoder
                .entries(node, |key, value, inner| Some((key.name.clone(), json(value, inner)?)))?;
            Some(Json::Object(Map::from_iter(entries)))
        }
    }
}
