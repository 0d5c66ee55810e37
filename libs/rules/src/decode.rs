//! From nodes to typed values, collecting every mistake on the way.
//!
//! A `None` always means that at least one mistake has been noted.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use chengping_types::{Exact, Family};

use crate::document::{Key, Node, Value};
use crate::family::Counted;
use crate::mistakes::{Mistake, Position};
use crate::pack::SelectionTest;
use crate::path::called;

/// A value that can be read from a node.
pub(crate) trait Decode: Sized {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self>;
}

/// Where we are, what is wrong so far, and what later parts may refer to.
#[derive(Default)]
pub(crate) struct Decoder {
    path: String,
    mistakes: Vec<Mistake>,
    /// Names of the band tables of this pack, and whether their shares rise.
    pub(crate) bands: BTreeMap<String, bool>,
    /// The tests that tell streams apart; absent when they could not be read.
    pub(crate) tests: Option<Vec<SelectionTest>>,
    /// The items of the family being read, and whether each is computed zone by zone.
    pub(crate) items: BTreeMap<String, bool>,
    /// Whether the items being read are computed zone by zone.
    pub(crate) zoned: bool,
    /// Whether the items being read can divide by an effective size.
    pub(crate) sized: bool,
    /// Whether the formulas being read are over all bodies together, too.
    pub(crate) over_all: bool,
    /// The family whose rules are being read.
    pub(crate) family: Option<Family>,
    /// The base to which caps must add up, and points to their caps; absent where the pack claims
    /// nothing.
    pub(crate) adds_up_to: Option<Exact>,
    /// What was asked for so far: part, key, and whether it must be there.
    asked: BTreeSet<(&'static str, &'static str, bool)>,
}

impl Decoder {
    /// The keys that the reader has asked for, by part, and whether each must be there.
    #[cfg(test)]
    pub(crate) const fn asked(&self) -> &BTreeSet<(&'static str, &'static str, bool)> {
        &self.asked
    }

    pub(crate) fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes
    }

    /// Whether a case can ever be among those counted.
    pub(crate) fn is_reachable(&self, counted: Counted) -> bool {
        let told_apart = |test| self.tests.as_ref().is_none_or(|tests| tests.contains(&test));
        match counted {
            Counted::Public => told_apart(SelectionTest::Public),
            Counted::LongTerm => told_apart(SelectionTest::LongTerm),
            Counted::Regular | Counted::All => true,
        }
    }

    /// Notes a mistake at `node`.
    pub(crate) fn reject<T>(&mut self, node: &Node, message: impl Into<String>) -> Option<T> {
        self.note(node.position, message.into());
        None
    }

    fn note(&mut self, position: Option<Position>, message: String) {
        self.mistakes.push(Mistake { path: self.path.clone(), position, message });
    }

    /// Runs `inner` with `segment` appended to the path.
    pub(crate) fn within<T>(&mut self, segment: &str, inner: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 && !segment.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(segment);
        let result = inner(self);
        self.path.truncate(length);
        result
    }

    /// Reads text through its `FromStr`.
    pub(crate) fn parse<T>(&mut self, node: &Node, wanted: &str) -> Option<T>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let text = self.text(node, wanted)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => self.reject(node, error.to_string()),
        }
    }

    /// Reads text that is not empty.
    pub(crate) fn text<'n>(&mut self, node: &'n Node, wanted: &str) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => Some(text),
            Value::Text(_) | Value::Empty => self.reject(node, format!("empty; write {wanted}")),
            Value::Integer(_) | Value::Float => self.reject(
                node,
                format!("expected {wanted}; put text that looks like a number in quotes"),
            ),
            _ => self.reject(node, format!("expected {wanted}, found {}", node.kind())),
        }
    }

    /// Reads every entry of a mapping with free keys.
    pub(crate) fn entries<T>(
        &mut self,
        node: &Node,
        mut decode: impl FnMut(&Key, &Node, &mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Map(entries) = &node.value else {
            return self.reject(node, format!("expected a mapping, found {}", node.kind()));
        };
        self.refuse_duplicates(entries);
        let decoded: Vec<_> = entries
            .iter()
            .map(|(key, value)| self.within(&key.name, |inner| decode(key, value, inner)))
            .collect();
        decoded.into_iter().collect()
    }

    fn refuse_duplicates(&mut self, entries: &[(Key, Node)]) {
        for (index, (key, _)) in entries.iter().enumerate() {
            if entries[..index].iter().any(|(earlier, _)| earlier.name == key.name) {
                let message = format!("`{}` is given twice; keep one", key.name);
                self.note(key.position, message);
            }
        }
    }
}

impl Node {
    pub(crate) const fn kind(&self) -> &'static str {
        match self.value {
            Value::Empty => "nothing",
            Value::Flag(_) => "true or false",
            Value::Integer(_) => "a number",
            Value::Float => "an unquoted decimal",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// The fields of a mapping with known keys.
pub(crate) struct Fields<'n, 'd> {
    /// What it is part of, as manual/keys.yaml calls it.
    part: &'static str,
    node: &'n Node,
    entries: &'n [(Key, Node)],
    known: Vec<&'static str>,
    pub(crate) decoder: &'d mut Decoder,
}

impl<'n, 'd> Fields<'n, 'd> {
    /// Opens a mapping of a kind of part.
    pub(crate) fn open(
        part: &'static str,
        node: &'n Node,
        decoder: &'d mut Decoder,
    ) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return decoder.reject(node, format!("expected a mapping, found {}", node.kind()));
        };
        decoder.refuse_duplicates(entries);
        Some(Self { part, node, entries, known: Vec::new(), decoder })
    }

    /// The node of a key, which thereby becomes a known one.
    pub(crate) fn node(&mut self, name: &'static str) -> Option<&'n Node> {
        self.asked(name, false)
    }

    fn asked(&mut self, name: &'static str, required: bool) -> Option<&'n Node> {
        self.known.push(name);
        self.decoder.asked.insert((self.part, name, required));
        self.elsewhere(name)
    }

    /// The node of a key that is read elsewhere.
    pub(crate) fn elsewhere(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// A field that must be there.
    pub(crate) fn required<T: Decode>(&mut self, name: &'static str) -> Option<T> {
        self.required_with(name, T::decode)
    }

    /// A field that must be there, read by `decode`.
    pub(crate) fn required_with<T>(
        &mut self,
        name: &'static str,
        decode: impl FnOnce(&'n Node, &mut Decoder) -> Option<T>,
    ) -> Option<T> {
        match self.asked(name, true) {
            Some(node) => self.decoder.within(name, |inner| decode(node, inner)),
            None => self.decoder.reject(self.node, format!("`{name}` is missing; add it")),
        }
    }

    /// A field that may be left out. The outer `None` is a mistake, the inner one an absence.
    pub(crate) fn optional<T: Decode>(&mut self, name: &'static str) -> Option<Option<T>> {
        self.optional_with(name, T::decode)
    }

    /// A field that may be left out, read by `decode`.
    pub(crate) fn optional_with<T>(
        &mut self,
        name: &'static str,
        decode: impl FnOnce(&'n Node, &mut Decoder) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.node(name) {
            Some(node) => self.decoder.within(name, |inner| decode(node, inner)).map(Some),
            None => Some(None),
        }
    }

    /// Notes a mistake at the mapping itself.
    pub(crate) fn reject<T>(&mut self, message: impl Into<String>) -> Option<T> {
        self.decoder.reject(self.node, message)
    }

    /// Refuses identifiers that occur twice.
    pub(crate) fn refuse_repeated<'a>(&mut self, what: &str, ids: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for id in ids {
            if !seen.insert(id) {
                self.reject::<()>(format!("the {what} `{id}` is there twice; rename one"));
            }
        }
    }

    /// Refuses the keys that nobody asked for.
    pub(crate) fn close(self) {
        for (key, _) in self.entries {
            if !self.known.contains(&key.name.as_str()) {
                let known = self.known.join(", ");
                let message = format!("`{}` is unknown here; known are {known}", key.name);
                self.decoder.within(&key.name, |inner| inner.note(key.position, message));
            }
        }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let Value::List(items) = &node.value else {
            return decoder.reject(node, format!("expected a list, found {}", node.kind()));
        };
        let decoded: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                decoder.within(&format!("[{}]", called(index, item)), |d| T::decode(item, d))
            })
            .collect();
        decoded.into_iter().collect()
    }
}

impl Decode for String {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        decoder.text(node, "text").map(str::to_owned)
    }
}

impl Decode for bool {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match node.value {
            Value::Flag(flag) => Some(flag),
            _ => decoder.reject(node, format!("expected true or false, found {}", node.kind())),
        }
    }
}

impl Decode for u32 {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        match node.value {
            Value::Integer(number) if Self::try_from(number).is_ok() => Self::try_from(number).ok(),
            Value::Integer(_) => decoder.reject(node, "expected a whole number from 0"),
            _ => decoder.reject(node, format!("expected a whole number, found {}", node.kind())),
        }
    }
}

/// Reads values that have a text form.
macro_rules! decode_by_text {
    ($($type:ty: $wanted:literal),+ $(,)?) => {
        $(impl Decode for $type {
            fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
                decoder.parse(node, $wanted)
            }
        })+
    };
}

decode_by_text! {
    chengping_types::PackId: "a pack name",
    chengping_types::TimeZone: "an IANA time zone",
    chengping_types::BodyKind: "a body kind",
    Counted: "a selection of cases",
    crate::annual::FewCases: "what months with too few cases are",
    crate::annual::ScoreForm: "a form of a score",
    crate::family::DifferentiationMode: "a way of differentiation",
    crate::family::MidMonth: "a rule for changes inside a month",
    crate::pack::Redistribution: "a redistribution",
    SelectionTest: "a selection test",
    crate::pack::LongTermCount: "which cases are long-term",
    crate::pack::TooFewCases: "what happens with too few cases",
    crate::post::Aspect: "an aspect",
    crate::post::Completion: "whose work is counted",
    crate::publication::DistrictReports: "what becomes of the reports of districts",
    crate::rule::Reference: "a reference",
    crate::rule::RepeatMode: "a way in which repeated orders cost more",
    crate::source::Provenance: "a provenance",
}
