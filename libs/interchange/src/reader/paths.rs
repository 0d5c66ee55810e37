//! Values out of an object by their paths, such as `address.street` or `photos[0].url`.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The values of an object, as they are written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

/// Why a row has no fields.
pub(super) enum PathError {
    /// It is no object.
    Json(serde_json::Error),
    /// What a name leads to is no single value.
    Nested(String),
}

/// The texts of `names`, in their order; empty where there is nothing, or null.
///
/// A name that is a key as a whole is that key, else its parts lead down. Numbers stay as they are
/// written, true and false are words.
pub(super) fn texts(line: &str, names: &[String]) -> Result<Vec<String>, PathError> {
    let root: Members<'_> = serde_json::from_str(line).map_err(PathError::Json)?;
    names.iter().map(|name| root.text(name)).collect()
}

impl<'a> Members<'a> {
    fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }

    fn text(&self, name: &str) -> Result<String, PathError> {
        let mut value = self.get(name);
        if value.is_none() {
            let mut steps = steps(name);
            value = steps.next().and_then(|key| self.get(key));
            for step in steps {
                let Some(raw) = value else { break };
                value = inside(raw, step).map_err(PathError::Json)?;
            }
        }
        let Some(raw) = value else { return Ok(String::new()) };
        match raw.get().as_bytes().first() {
            Some(b'{' | b'[') => Err(PathError::Nested(name.to_owned())),
            Some(b'"') => serde_json::from_str(raw.get()).map_err(PathError::Json),
            _ if raw.get() == "null" => Ok(String::new()),
            _ => Ok(raw.get().to_owned()),
        }
    }
}

fn steps(name: &str) -> impl Iterator<Item = &str> {
    name.split(['.', '[']).map(|step| step.strip_suffix(']').unwrap_or(step))
}

/// The member or element that a step leads to.
fn inside<'a>(raw: &'a RawValue, step: &str) -> serde_json::Result<Option<&'a RawValue>> {
    match raw.get().as_bytes().first() {
        Some(b'{') => Ok(serde_json::from_str::<Members<'_>>(raw.get())?.get(step)),
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(raw.get())?;
            Ok(step.parse::<usize>().ok().and_then(|index| elements.get(index).copied()))
        }
        _ => Ok(None),
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries: Vec<(String, &'de RawValue)> = Vec::new();
                let mut seen = std::collections::BTreeSet::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if !seen.insert(name.clone()) {
                        return Err(A::Error::custom(format!("{name:?} is there twice")));
                    }
                    entries.push((name, value));
                }
                Ok(Members(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(line: &str, name: &str) -> Result<String, &'static str> {
        texts(line, &[name.to_owned()]).map(|mut texts| texts.remove(0)).map_err(
            |error| match error {
                PathError::Json(_) => "json",
                PathError::Nested(_) => "nested",
            },
        )
    }

    #[test]
    fn names_lead_to_values() {
        let line = r#"{"a":1.50,"b":{"c":"x","d":[{"e":true},null]},"f.g":"dotted","h":null}"#;
        for (name, expected) in [
            ("a", Ok("1.50")),
            ("b.c", Ok("x")),
            ("b.d[0].e", Ok("true")),
            ("b.d.1", Ok("")),
            ("b.d[7].e", Ok("")),
            ("f.g", Ok("dotted")),
            ("h", Ok("")),
            ("a.b.c", Ok("")),
            ("b", Err("nested")),
            ("b.d", Err("nested")),
            ("", Ok("")),
        ] {
            assert_eq!(one(line, name).as_deref(), expected.as_deref(), "{name}");
        }
        assert_eq!(one(r#"{"a":1,"a":2}"#, "a"), Err("json"));
        assert_eq!(one("[1]", "a"), Err("json"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(line in ".{0,60}|[\\[\\]{}\":,a1]{0,60}", name in "[a.\\[\\]0]{0,8}") {
            let _ = one(&line, &name);
        }
    }
}
