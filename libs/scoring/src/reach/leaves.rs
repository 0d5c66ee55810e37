//! Where two documents differ.

use std::collections::BTreeSet;

use serde_json::Value;

/// A member that is no object and differs.
pub(super) struct Leaf {
    pub(super) path: Vec<String>,
    pub(super) was: Value,
    pub(super) now: Value,
}

/// Every leaf in which two values differ; null stands for what is absent.
pub(super) fn leaves(was: &Value, now: &Value) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(&mut Vec::new(), was, now, &mut found);
    found
}

fn collect(path: &mut Vec<String>, was: &Value, now: &Value, found: &mut Vec<Leaf>) {
    if was == now {
        return;
    }
    if !was.is_object() && !now.is_object() {
        found.push(Leaf { path: path.clone(), was: was.clone(), now: now.clone() });
        return;
    }
    for (name, was, now) in members(was, now) {
        path.push(name.to_owned());
        collect(path, was, now, found);
        path.pop();
    }
}

/// The members of two objects side by side.
pub(super) fn members<'v>(was: &'v Value, now: &'v Value) -> Vec<(&'v str, &'v Value, &'v Value)> {
    let names = |value: &'v Value| value.as_object().into_iter().flat_map(|object| object.keys());
    let names: BTreeSet<_> = names(was).chain(names(now)).collect();
    names.into_iter().map(|name| (name.as_str(), &was[name], &now[name])).collect()
}
