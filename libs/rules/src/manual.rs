//! The manual of rule packs: every key with its meaning, as data (`manual/keys.yaml`). The page of the
//! documentation and the JSON Schema are made of it, and a test holds it against the reader.

mod markdown;
mod schema;
mod shipped;

use std::sync::LazyLock;

use serde::Deserialize;

pub use markdown::packs_markdown;
pub use schema::pack_schema;

static PARTS: LazyLock<Vec<Part>> = LazyLock::new(|| {
    serde_saphyr::from_str(include_str!("../manual/keys.yaml"))
        .unwrap_or_else(|error| panic!("manual/keys.yaml: {error}"))
});

/// A kind of mapping in a pack.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    part: String,
    title: String,
    #[serde(default)]
    about: String,
    /// What a primitive deducts.
    formula: Option<String>,
    example: Option<Example>,
    /// Whether it has a source: clause, provenance and note.
    #[serde(default)]
    source: bool,
    keys: Vec<Key>,
}

/// A key of a part.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: String,
    #[serde(rename = "type")]
    kind: String,
    /// What holds when it is left out; absent when it must be given.
    default: Option<String>,
    unit: Option<String>,
    is: String,
    #[serde(default)]
    alternatives: Vec<Alternative>,
}

/// One of the values of a key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Alternative {
    name: String,
    means: String,
}

/// A worked example of a primitive: an item of a pack, the counts of a body, and what it deducts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The rule in YAML.
    pub rule: String,
    /// Counts of this month, such as `due=200 closed=190`.
    pub counts: String,
    /// Counts of the month before.
    #[serde(default)]
    pub before: String,
    /// The band tables that it names, in words.
    #[serde(default)]
    pub tables: String,
    /// The calculation.
    pub work: String,
    /// The points deducted, as a decimal; below zero for a bonus.
    pub deducts: String,
}

/// The worked examples of the manual, one of every primitive.
pub fn worked_examples() -> impl Iterator<Item = &'static Example> {
    PARTS.iter().filter_map(|part| part.example.as_ref())
}

#[cfg(test)]
mod tests;
