//! The one form of path by which places of a pack are named, such as
//! `families.area.streams[regular].items[N1].linear.weight`: keys with dots between, and the elements
//! of lists in brackets, by their identifier where they have one (a change of weights by its day, a
//! stream of posts by `id:kinds`, since streams for different kinds may share an identifier), else
//! by their index from 0.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::document::{Node, Value};
use crate::family::Day;

/// Longest path that is looked at, in bytes.
const LENGTH_MAX: usize = 300;

/// An element of a list, as far as it is named by what it says.
pub(crate) trait Element {
    /// The text under a key.
    fn text_under(&self, key: &str) -> Option<&str>;
    /// The texts of a list under a key.
    fn texts_under(&self, key: &str) -> Vec<&str>;
    /// Whether it has a key.
    fn has(&self, key: &str) -> bool;
}

impl Element for Node {
    fn text_under(&self, key: &str) -> Option<&str> {
        self.text_of(key)
    }

    fn texts_under(&self, key: &str) -> Vec<&str> {
        self.field(key).map_or(&[][..], Self::list).iter().filter_map(Self::text).collect()
    }

    fn has(&self, key: &str) -> bool {
        self.field(key).is_some()
    }
}

impl Element for Json {
    fn text_under(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    fn texts_under(&self, key: &str) -> Vec<&str> {
        let list = self.get(key).and_then(Self::as_array);
        list.into_iter().flatten().filter_map(Self::as_str).collect()
    }

    fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
}

/// How the element at `index` of a list is named, without brackets.
pub(crate) fn called(index: usize, element: &impl Element) -> String {
    let is_plain = |text: &&str| {
        !text.is_empty()
            && text.len() <= 63
            && text.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
    };
    if let Some(id) = element.text_under("id").filter(is_plain) {
        let kinds = if element.has("items") { element.texts_under("kinds") } else { Vec::new() };
        return of_kinds(id, &kinds.into_iter().filter(is_plain).collect::<Vec<_>>());
    }
    let day = element.text_under("from").filter(|from| from.parse::<Day>().is_ok());
    day.map_or_else(|| index.to_string(), str::to_owned)
}

/// The name of a stream that is for some kinds of post, or for all bodies.
pub(crate) fn of_kinds(id: &str, kinds: &[&str]) -> String {
    if kinds.is_empty() { id.to_owned() } else { format!("{id}:{}", kinds.join("+")) }
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value of a key.
    Key(String),
    /// An element of a list.
    Element(String),
}

impl Step {
    /// What is between the dots or brackets.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Key(text) | Self::Element(text) => text,
        }
    }
}

/// The steps of a path; `None` for what is none.
pub(crate) fn steps(path: &str) -> Option<Vec<Step>> {
    if path.is_empty() || path.len() > LENGTH_MAX || path.contains(char::is_control) {
        return None;
    }
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, elements) =
            part.split_once('[').map_or((part, None), |(key, rest)| (key, Some(rest)));
        if key.is_empty() || key.contains(']') {
            return None;
        }
        steps.push(Step::Key(key.to_owned()));
        let Some(elements) = elements else { continue };
        for element in elements.strip_suffix(']')?.split("][") {
            if element.is_empty() || element.contains(['[', ']']) {
                return None;
            }
            steps.push(Step::Element(element.to_owned()));
        }
    }
    Some(steps)
}

/// The path of steps.
pub(crate) fn join(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) if path.is_empty() => path.push_str(key),
            Step::Key(key) => write!(path, ".{key}").expect("a string takes all"),
            Step::Element(name) => write!(path, "[{name}]").expect("a string takes all"),
        }
    }
    path
}

/// Whether somebody who wrote `wanted` may have meant `path`: brackets may be dots, an element may
/// be named by its index, and a stream of posts without its kinds. `names` are the elements' other
/// names, those by index, in the order of the elements of `path`.
pub(crate) fn may_mean(wanted: &[Step], path: &[Step], indices: &[usize]) -> bool {
    if wanted.len() != path.len() {
        return false;
    }
    let mut indices = indices.iter();
    wanted.iter().zip(path).all(|(wanted, step)| {
        let Step::Element(name) = step else { return wanted == step };
        let index = indices.next().map(usize::to_string);
        let of_all_kinds = name.split_once(':').map(|(id, _)| id);
        let text = wanted.text();
        text == name || Some(text) == index.as_deref() || Some(text) == of_all_kinds
    })
}

/// The node at a path.
pub(crate) fn find<'n>(root: &'n Node, steps: &[Step]) -> Option<Found<'n>> {
    let mut found = Found { node: root, indices: Vec::new() };
    for step in steps {
        found.node = match (step, &found.node.value) {
            (Step::Key(key), Value::Map(_)) => found.node.field(key)?,
            (Step::Element(name), Value::List(items)) => {
                let at =
                    items.iter().enumerate().position(|(at, item)| called(at, item) == *name)?;
                found.indices.push(at);
                &items[at]
            }
            _ => return None,
        };
    }
    Some(found)
}

/// As [`find`], to be changed.
pub(crate) fn find_mut<'n>(root: &'n mut Node, steps: &[Step]) -> Option<&'n mut Node> {
    let mut node = root;
    for step in steps {
        node = match (step, &mut node.value) {
            (Step::Element(name), Value::List(items)) => {
                let is_named = |(at, item): (usize, &Node)| called(at, item) == *name;
                let at = items.iter().enumerate().position(is_named)?;
                &mut items[at]
            }
            (Step::Key(key), Value::Map(entries)) => {
                let (_, value) = entries.iter_mut().find(|(known, _)| known.name == *key)?;
                value
            }
            _ => return None,
        };
    }
    Some(node)
}

/// What stands at a path.
#[derive(Debug)]
pub(crate) struct Found<'n> {
    /// The value.
    pub(crate) node: &'n Node,
    /// The indices of the list elements on the way.
    pub(crate) indices: Vec<usize>,
}

/// Follows steps as far as there is something, by whatever names, and gives the proper names of
/// the way with what stands there.
pub(crate) fn resolve<'n>(root: &'n Node, wanted: &[Step]) -> (Vec<Step>, &'n Node) {
    let (mut way, mut node) = (Vec::new(), root);
    for step in wanted {
        let next = match &node.value {
            Value::Map(_) => {
                node.field(step.text()).map(|next| (Step::Key(step.text().to_owned()), next))
            }
            Value::List(items) => {
                element(items, step.text()).map(|(name, next)| (Step::Element(name), next))
            }
            _ => None,
        };
        let Some((name, next)) = next else { break };
        way.push(name);
        node = next;
    }
    (way, node)
}

/// The element of a list that has a name, an index, or a name for some kinds that no other has.
fn element<'n>(items: &'n [Node], wanted: &str) -> Option<(String, &'n Node)> {
    let named: Vec<_> =
        items.iter().enumerate().map(|(index, item)| (called(index, item), item)).collect();
    let by = |means: &dyn Fn(usize, &str) -> bool| {
        let mut meant = named.iter().enumerate().filter(|(index, (name, _))| means(*index, name));
        let first = meant.next().map(|(_, named)| named.clone());
        first.filter(|_| meant.next().is_none())
    };
    by(&|_, name| name == wanted)
        .or_else(|| by(&|index, _| index.to_string() == wanted))
        .or_else(|| by(&|_, name| name.split_once(':').is_some_and(|(id, _)| id == wanted)))
}

/// The names of what a part has.
pub(crate) fn names(node: &Node) -> Vec<String> {
    match &node.value {
        Value::Map(entries) => entries.iter().map(|(key, _)| key.name.clone()).collect(),
        Value::List(items) => items.iter().enumerate().map(|(at, item)| called(at, item)).collect(),
        _ => Vec::new(),
    }
}
