//! Where two documents differ, for people who must find the spot.

use std::collections::BTreeSet;

use serde_json::Value;

/// Longest excerpt of a value in a message, in characters.
const EXCERPT_MAX: usize = 80;

/// The first place, in canonical order, at which two JSON values differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// RFC 6901 pointer, empty for the whole document.
    pub pointer: String,
    /// What was expected there, shortened, or nothing.
    pub expected: Option<String>,
    /// What was found there, shortened, or nothing.
    pub found: Option<String>,
}

/// The first place at which `found` differs from `expected`, if any.
#[must_use]
pub fn first_difference(expected: &Value, found: &Value) -> Option<Difference> {
    let mut pointer = String::new();
    compare(Some(expected), Some(found), &mut pointer)
}

/// The offset of the first byte at which the two differ; the shorter's length if one is a prefix.
#[must_use]
pub fn first_differing_byte(expected: &[u8], found: &[u8]) -> Option<usize> {
    let common = expected.iter().zip(found).take_while(|(expected, found)| expected == found);
    let common = common.count();
    (common < expected.len().max(found.len())).then_some(common)
}

fn compare(
    expected: Option<&Value>,
    found: Option<&Value>,
    pointer: &mut String,
) -> Option<Difference> {
    match (expected, found) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let keys: BTreeSet<_> = left.keys().chain(right.keys()).collect();
            keys.into_iter().find_map(|key| {
                step(pointer, &escape(key), |pointer| {
                    compare(left.get(key), right.get(key), pointer)
                })
            })
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => (0..left.len().max(right.len()))
            .find_map(|index| {
                step(pointer, &index.to_string(), |pointer| {
                    compare(left.get(index), right.get(index), pointer)
                })
            }),
        (expected, found) => (expected != found).then(|| Difference {
            pointer: pointer.clone(),
            expected: expected.map(excerpt),
            found: found.map(excerpt),
        }),
    }
}

/// Runs `compare` one level down and comes back.
fn step<T>(pointer: &mut String, key: &str, compare: impl FnOnce(&mut String) -> T) -> T {
    let above = pointer.len();
    pointer.push('/');
    pointer.push_str(key);
    let outcome = compare(pointer);
    pointer.truncate(above);
    outcome
}

/// RFC 6901, section 3.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn excerpt(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(EXCERPT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named_by_its_pointer() {
        let expected = json!({"bodies": {"b/1": {"rank": 1}, "b2": [1, 2]}, "month": "2018-04"});
        assert_eq!(first_difference(&expected, &expected), None);

        let mut found = expected.clone();
        found["bodies"]["b/1"]["rank"] = json!(2);
        found["month"] = json!("2018-05");
        let difference = first_difference(&expected, &found).unwrap();
        assert_eq!(difference.pointer, "/bodies/b~11/rank");
        assert_eq!(difference.expected.as_deref(), Some("1"));
        assert_eq!(difference.found.as_deref(), Some("2"));
    }

    #[test]
    fn what_is_missing_differs_from_null() {
        let expected = json!({"a": [1, null]});
        let difference = first_difference(&expected, &json!({"a": [1]})).unwrap();
        assert_eq!(difference.pointer, "/a/1");
        assert_eq!(difference.expected.as_deref(), Some("null"));
        assert_eq!(difference.found, None);
    }

    #[test]
    fn long_values_are_shortened_between_characters() {
        let found = json!("分".repeat(200));
        let difference = first_difference(&json!(1), &found).unwrap();
        assert_eq!(difference.found.unwrap().chars().count(), EXCERPT_MAX + 1);
    }

    #[test]
    fn a_prefix_differs_where_it_ends() {
        assert_eq!(first_differing_byte(b"abc", b"abc"), None);
        assert_eq!(first_differing_byte(b"abc", b"axc"), Some(1));
        assert_eq!(first_differing_byte(b"abc", b"ab"), Some(2));
    }
}
