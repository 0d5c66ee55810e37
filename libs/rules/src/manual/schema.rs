//! The JSON Schema of rule packs: the shape that an editor can check. What hangs together across parts
//! is for the reader.

use serde_json::{Map, Value, json};

use super::{Key, PARTS, Part};

/// The schema, draft 2020-12.
pub fn pack_schema() -> Value {
    let parts = PARTS.iter().map(|part| (part.part.clone(), of_part(part)));
    let mut definitions: Map<String, Value> = parts.collect();
    let plain = json!([
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+|/[0-9]*[1-9][0-9]*)?$"},
    ]);
    if let Some(number) = definitions.remove("number") {
        let mut number = number;
        number["properties"]["value"] = json!({ "oneOf": plain });
        let mut forms = plain.as_array().cloned().unwrap_or_default();
        forms.push(number);
        definitions.insert("number".to_owned(), json!({ "oneOf": forms }));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Chengping rule pack",
        "oneOf": [{"$ref": "#/$defs/pack"}, {"$ref": "#/$defs/derived"}],
        "$defs": definitions,
    })
}

fn of_part(part: &Part) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<&str> = Vec::new();
    for key in &part.keys {
        properties.insert(key.key.clone(), of_key(key));
        if key.default.is_none() {
            required.push(&key.key);
        }
    }
    if part.source {
        let provenance = "^(regulation|standard|assumption|city:.*[^ ].*)$";
        properties.insert("clause".to_owned(), of_kind("text"));
        properties.insert("note".to_owned(), of_kind("text"));
        properties
            .insert("provenance".to_owned(), json!({"type": "string", "pattern": provenance}));
        required.extend(["clause", "provenance"]);
    }
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": required,
    });
    let one_of: Vec<_> = part
        .keys
        .iter()
        .filter(|key| key.default.as_deref() == Some("one rule"))
        .map(|key| json!({"required": [key.key]}))
        .collect();
    if !one_of.is_empty() {
        schema["oneOf"] = one_of.into();
    }
    schema
}

fn of_key(key: &Key) -> Value {
    let names: Vec<_> = key.alternatives.iter().map(|one| one.name.as_str()).collect();
    let mut schema = match key.kind.as_str() {
        "one of" => json!({ "enum": names }),
        "list of one of" => json!({"type": "array", "items": {"enum": names}}),
        kind => of_kind(kind),
    };
    schema["description"] = key.is.clone().into();
    schema
}

fn of_kind(kind: &str) -> Value {
    if let Some(of) = kind.strip_prefix("list of ") {
        return json!({"type": "array", "items": of_kind(of)});
    }
    if let Some(of) = kind.strip_prefix("map of ") {
        return json!({"type": "object", "additionalProperties": of_kind(of)});
    }
    if let Some((least, most)) =
        kind.strip_prefix("whole ").and_then(|range| range.split_once(".."))
    {
        let bound = |text: &str| text.parse::<i64>().unwrap_or_default();
        return json!({"type": "integer", "minimum": bound(least), "maximum": bound(most)});
    }
    match kind {
        "flag" => json!({"type": "boolean"}),
        "any" => json!({}),
        "text or nothing" => json!({"type": "string"}),
        "digest" => json!({"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}),
        "pack name" => json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9.-]{0,62}$"}),
        "identifier" => json!({"type": "string", "pattern": "^[a-z0-9_]{1,63}$"}),
        "code" => json!({"type": "string", "pattern": "^[A-Za-z0-9_]{1,16}$"}),
        "day" => json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
        "text" | "time zone" | "formula" | "rate" | "condition" | "table" => {
            json!({"type": "string", "pattern": "[^ \\t\\r\\n]"})
        }
        "number" | "positive" | "share" | "score" => json!({"$ref": "#/$defs/number"}),
        part => json!({"$ref": format!("#/$defs/{part}")}),
    }
}
