//! The golden files: what is given, what happened, and what must come out. tests/golden/README.md
//! describes the form for those who write them.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, de::DeserializeOwned};

/// A file of `tests/golden`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) about: String,
    #[serde(default)]
    pub(crate) given: Given,
    pub(crate) cases: Vec<Golden>,
}

/// One golden case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Golden {
    pub(crate) id: String,
    /// One sentence with the clause, decision or source that the expected values follow from.
    pub(crate) why: String,
    /// What it covers beside what is seen by itself.
    #[serde(default)]
    pub(crate) covers: Vec<String>,
    #[serde(default)]
    pub(crate) given: Given,
    /// What happened to one case, after what the file's `begin` says.
    #[serde(default)]
    pub(crate) story: Vec<String>,
    /// What happened to several cases, by name.
    #[serde(default)]
    pub(crate) stories: Entries<Story>,
    /// Counts of the month, by body and by stream and zone.
    #[serde(default)]
    pub(crate) counts: Cells,
    /// Counts of earlier months.
    #[serde(default)]
    pub(crate) earlier: Entries<Cells>,
    /// Counts and indicators by month, body, zone and stream.
    #[serde(default)]
    pub(crate) expect: Entries<Value>,
    /// Scores of the month by body.
    #[serde(default)]
    pub(crate) scores: Entries<ExpectedScore>,
}

pub(crate) type Cells = Entries<Entries<Entries<u64>>>;

/// What a case finds. A case has what its file gives, and its own on top.
#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Given {
    /// A built-in pack.
    pub(crate) pack: Option<String>,
    /// The only item, `X`, of a small pack.
    pub(crate) rule: Option<String>,
    /// A small pack.
    pub(crate) rules: Option<SmallPack>,
    /// Settings of the pack written otherwise.
    pub(crate) set: Entries<String>,
    pub(crate) month: Option<String>,
    pub(crate) as_of: Option<String>,
    pub(crate) decided: Option<String>,
    #[serde(rename = "case")]
    pub(crate) of_case: OfCase,
    /// How every story begins.
    pub(crate) begin: Option<Vec<String>>,
    pub(crate) bodies: Entries<OneOrMore>,
    pub(crate) areas: Entries<OneOrMore>,
    pub(crate) sizes: Entries<Entries<OneOrMore>>,
    pub(crate) long_term: Vec<String>,
    /// Filing conditions with their limits.
    pub(crate) limits: Entries<String>,
    /// Working hours, by the day from which they hold.
    pub(crate) hours: Entries<String>,
    /// Days that are holidays or workdays.
    pub(crate) calendar: Entries<String>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SmallPack {
    pub(crate) scoring: String,
    /// Settings of the areas.
    pub(crate) family: String,
    pub(crate) streams: Entries<SmallStream>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct SmallStream {
    /// Its settings, such as `counts: all, cap: 100`.
    pub(crate) with: String,
    pub(crate) items: Entries<String>,
}

/// What `cases.csv` has of a case.
#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OfCase {
    pub(crate) source: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) area: Option<String>,
    pub(crate) grid: Option<String>,
    pub(crate) condition: Option<String>,
}

/// One of several cases of a story.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    #[serde(default, rename = "case")]
    pub(crate) of_case: OfCase,
    pub(crate) begin: Option<Vec<String>>,
    /// How many cases went alike.
    pub(crate) times: Option<u32>,
    #[serde(default)]
    pub(crate) story: Vec<String>,
}

/// A word or number as it is written, or a mapping of them: `nothing` or counts, of an item as a
/// whole or zone by zone.
pub(crate) enum Value {
    Text(String),
    Map(Entries<String>),
}

/// What a scorecard must say; what is left out is not asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedScore {
    pub(crate) score: Option<String>,
    pub(crate) exact: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) rank: Option<String>,
    pub(crate) tied: Option<bool>,
    pub(crate) grade: Option<String>,
    #[serde(default)]
    pub(crate) streams: Entries<String>,
    #[serde(default)]
    pub(crate) items: Entries<Value>,
    /// By how much items count more, because others do not apply.
    #[serde(default)]
    pub(crate) factors: Entries<Value>,
    /// The items that warn, all of them.
    pub(crate) warned: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) figures: Entries<String>,
}

#[derive(Deserialize, Clone)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(crate) fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

/// A mapping in the order of the file, each key once.
#[derive(Clone)]
pub(crate) struct Entries<V>(pub(crate) Vec<(String, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Entries<V> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
    }
}

impl<V: Clone> Entries<V> {
    /// These, and those of `top` in their place or after them.
    fn with(&self, top: &Self) -> Self {
        let mut all = self.0.clone();
        for (key, value) in &top.0 {
            match all.iter_mut().find(|(other, _)| other == key) {
                Some(found) => found.1 = value.clone(),
                None => all.push((key.clone(), value.clone())),
            }
        }
        Self(all)
    }
}

struct VisitEntries<V>(PhantomData<V>);

impl<'de, V: DeserializeOwned> Visitor<'de> for VisitEntries<V> {
    type Value = Entries<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all: Vec<(String, V)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, V>()? {
            if all.iter().any(|(other, _)| *other == key) {
                return Err(A::Error::custom(format!("`{key}` stands twice")));
            }
            all.push((key, value));
        }
        Ok(Entries(all))
    }
}

impl<'de, V: DeserializeOwned> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(VisitEntries(PhantomData))
    }
}

struct VisitValue;

impl<'de> Visitor<'de> for VisitValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word, a number or a mapping")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        VisitEntries(PhantomData).visit_map(map).map(Value::Map)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VisitValue)
    }
}

impl OfCase {
    pub(crate) fn with(&self, top: &Self) -> Self {
        let or = |top: &Option<String>, below: &Option<String>| top.clone().or(below.clone());
        Self {
            source: or(&top.source, &self.source),
            category: or(&top.category, &self.category),
            area: or(&top.area, &self.area),
            grid: or(&top.grid, &self.grid),
            condition: or(&top.condition, &self.condition),
        }
    }
}

impl Given {
    /// What `top` says, and else what this says. A rule, or a pack, replaces the other.
    pub(crate) fn with(&self, top: &Self) -> Self {
        let names_rules = top.pack.is_some() || top.rule.is_some() || top.rules.is_some();
        let rules = if names_rules { top } else { self };
        Self {
            pack: rules.pack.clone(),
            rule: rules.rule.clone(),
            rules: rules.rules.clone(),
            set: self.set.with(&top.set),
            month: top.month.clone().or_else(|| self.month.clone()),
            as_of: top.as_of.clone().or_else(|| self.as_of.clone()),
            decided: top.decided.clone().or_else(|| self.decided.clone()),
            of_case: self.of_case.with(&top.of_case),
            begin: top.begin.clone().or_else(|| self.begin.clone()),
            bodies: self.bodies.with(&top.bodies),
            areas: self.areas.with(&top.areas),
            sizes: self.sizes.with(&top.sizes),
            long_term: [&self.long_term[..], &top.long_term].concat(),
            limits: self.limits.with(&top.limits),
            hours: self.hours.with(&top.hours),
            calendar: self.calendar.with(&top.calendar),
        }
    }
}

/// Where the golden files are.
pub(crate) fn root() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../tests/golden"].iter().collect()
}

/// What every golden case finds: bodies, areas and how a case usually is.
pub(crate) fn town() -> Given {
    read(&root().join("town.yaml"))
}

/// The files of a folder by name, such as `lifecycle/rework.yaml`.
pub(crate) fn files(folder: &str) -> Vec<(String, File)> {
    let listed = std::fs::read_dir(root().join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &Path| format!("{folder}/{}", path.file_name().unwrap().display());
    paths.iter().map(|path| (name(path), read(path))).collect()
}

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
