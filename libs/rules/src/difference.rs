//! What is different between two packs, number by number.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use chengping_types::Exact;
use serde_json::Value;

use crate::RulePack;
use crate::pack::decimal;
use crate::path::called;

/// One place in which two packs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackDifference {
    /// Where, such as `families.area.streams[regular].items[N1].linear.weight`, in the one form of
    /// path of this crate.
    pub path: String,
    /// What the one pack has; nothing where it does not have the place.
    pub before: Option<String>,
    /// What the other pack has.
    pub after: Option<String>,
}

impl Display for PackDifference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "(nothing)".to_owned());
        write!(f, "{}: {} → {}", self.path, shown(&self.before), shown(&self.after))
    }
}

/// What is different, in the order of the paths. Packs of one digest have no difference; comments
/// and the form of the YAML are none.
#[must_use]
pub fn differences(before: &RulePack, after: &RulePack) -> Vec<PackDifference> {
    let tree = |pack: &RulePack| {
        serde_json::from_slice::<Value>(&pack.canonical()).expect("canonical JSON is JSON")
    };
    let mut found = Vec::new();
    compare(String::new(), Some(&tree(before)), Some(&tree(after)), &mut found);
    found
}

fn compare(
    path: String,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<PackDifference>,
) {
    if before == after {
        return;
    }
    // A number with a source of its own is told from its value alone by what the source says.
    let is_sourced = |side: Option<&Value>| side.is_some_and(is_sourced_number);
    let members = if is_sourced(before) || is_sourced(after) {
        [before, after].map(|side| side.and_then(number_members))
    } else {
        [before, after].map(|side| side.and_then(members))
    };
    if let [Some(before), Some(after)] = &members {
        let keys: Vec<_> = before.iter().chain(after).map(|(key, _)| key).collect();
        let mut seen = BTreeSet::new();
        for key in keys.into_iter().filter(|key| seen.insert((*key).clone())) {
            let side = |members: &[(String, &'_ Value)]| {
                members.iter().position(|(known, _)| known == key)
            };
            let (old, new) = (
                side(before).map(|place| before[place].1),
                side(after).map(|place| after[place].1),
            );
            let path = if key.starts_with('[') || path.is_empty() || key.is_empty() {
                format!("{path}{key}")
            } else {
                format!("{path}.{key}")
            };
            compare(path, old, new, found);
        }
        return;
    }
    let [before, after] = [before, after].map(|side| side.map(shown));
    found.push(PackDifference { path, before, after });
}

fn is_sourced_number(value: &Value) -> bool {
    value.get("value").is_some_and(Value::is_string) && value.get("provenance").is_some()
}

/// The value of a number, which has the path of the number itself, and what its own source says.
fn number_members(value: &Value) -> Option<Vec<(String, &Value)>> {
    match value {
        Value::String(_) => Some(vec![(String::new(), value)]),
        Value::Object(object) => {
            let called = |key: &String| if key == "value" { String::new() } else { key.clone() };
            Some(object.iter().map(|(key, value)| (called(key), value)).collect())
        }
        _ => None,
    }
}

/// The parts of what has parts, each with how it is called.
fn members(value: &Value) -> Option<Vec<(String, &Value)>> {
    match value {
        Value::Object(object) => {
            Some(object.iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            let named = |(at, item)| (format!("[{}]", called(at, item)), item);
            Some(list.iter().enumerate().map(named).collect())
        }
        _ => None,
    }
}

/// The value for reading: a number as a decimal where one is exact.
fn shown(value: &Value) -> String {
    let Some(text) = value.as_str() else { return value.to_string() };
    let number = text.contains('/').then(|| text.parse::<Exact>().ok()).flatten();
    number.as_ref().map_or_else(|| text.to_owned(), decimal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;

    fn told(change: impl Fn(&str) -> String) -> Vec<String> {
        let text = builtin("zz-2018").unwrap();
        let [before, after] =
            [text.to_owned(), change(text)].map(|text| RulePack::parse(&text).unwrap());
        differences(&before, &after).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_changes_no_digest_is_no_difference() {
        assert!(told(|text| format!("# another comment\n{text}")).is_empty());
    }

    #[test]
    fn a_number_is_named_by_its_place() {
        let found = told(|text| {
            let text = text.replacen("weight: 30", "weight: 20", 1);
            text.replacen("weight: 15", "weight: 25", 1).replacen("key: \"0.6\"", "key: \"0.7\"", 1)
        });
        let expected = [
            "families.area.streams[regular].items[N1].linear.weight: 30 → 20",
            "families.area.streams[regular].items[N2].linear.weight: 15 → 25",
            "families.area.zones.key: 0.6 → 0.7",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn streams_of_one_name_for_different_posts_are_told_apart() {
        let found = told(|text| {
            text.replace("first_dispatches, weight: 40", "first_dispatches, weight: 30")
                .replace("dispatched_limited, weight: 40", "dispatched_limited, weight: 50")
        });
        assert_eq!(
            found,
            [
                "families.post.streams[post:command_desk].items[R21].linear.weight: 40 → 50",
                "families.post.streams[post:command_desk].items[R22].linear.weight: 40 → 30",
            ]
        );
    }

    #[test]
    fn a_number_that_gets_a_source_of_its_own_keeps_its_place() {
        let own = "{value: \"0.6\", clause: \"5.2.5\", provenance: regulation}";
        let found = told(|text| text.replacen("key: \"0.6\"", &format!("key: {own}"), 1));
        assert_eq!(
            found,
            [
                "families.area.zones.key.clause: (nothing) → 5.2.5",
                "families.area.zones.key.provenance: (nothing) → regulation",
            ]
        );
    }

    #[test]
    fn what_is_there_once_only_is_told() {
        let found = told(|text| text.replace("\"0505\", ", ""));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("selection.long_term[0].codes: "), "{found:?}");
    }
}
