//! The documents that are contracts: reasons, and methods that are not built yet.

use std::collections::BTreeSet;
use std::fs;

use crate::support::root;

fn sources() -> String {
    let mut text = String::new();
    let mut folders =
        ["services", "libs/chassis", "libs/access"].map(|it| root().join(it)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let file = fs::read_to_string(path).unwrap();
                text += file.split("#[cfg(test)]").next().unwrap();
            }
        }
    }
    text
}

/// The words of a text that look like a reason: `UPPER_SNAKE_CASE` in quotes.
fn quoted_reasons(text: &str) -> BTreeSet<String> {
    let mut reasons = BTreeSet::new();
    for (_, function) in text.match_indices("fn reason(&self)").map(|(at, _)| text.split_at(at)) {
        let end = function.find("\n    }\n").unwrap_or(function.len());
        for word in function[..end].split('"').skip(1).step_by(2) {
            let is_reason = word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            if is_reason && !word.is_empty() {
                reasons.insert(word.to_owned());
            }
        }
    }
    reasons
}

#[test]
fn every_reason_is_documented_and_every_documented_reason_is_used() {
    let sources = sources();
    let document = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let rows = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once('`'))
        .map(|(word, _)| word.to_owned())
        .filter(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    let mut documented = BTreeSet::new();
    for word in rows {
        assert!(documented.insert(word.clone()), "docs/errors.md says twice what {word} is");
    }
    let used = quoted_reasons(&sources);
    let missing: Vec<_> = used.difference(&documented).collect();
    assert!(missing.is_empty(), "docs/errors.md does not say what to do about {missing:?}");
    let stale: Vec<_> =
        documented.iter().filter(|word| !sources.contains(&format!("\"{word}\""))).collect();
    assert!(stale.is_empty(), "docs/errors.md speaks of {stale:?}, which nothing says");
}

#[test]
fn every_method_of_the_api_is_built() {
    let sources = sources();
    for word in ["Status::unimplemented(", "not_built", "NotBuilt"] {
        assert!(!sources.contains(word), "a service says {word}");
    }
}
