//! A mapping file from its YAML, collecting every mistake on the way.
//!
//! A `None` always means that at least one mistake has been noted.

mod settings;

use std::collections::BTreeMap;
use std::str::FromStr;

use chengping_casework::{EventKind, Source};
use serde_json::{Map, Value as Json};

use super::mistakes::{Mistake, Mistakes};
use super::model::{CaseMap, Condition, EventMap, Model, Test, Value};
use super::time::Clock;
use crate::decode::knows_outcome;

/// Reads a mapping.
pub(crate) fn read(yaml: &str) -> Result<Model, Mistakes> {
    let mut reader = Document::default();
    let model = match serde_saphyr::from_str::<Json>(yaml) {
        Ok(root) => reader.model(&root),
        Err(error) => reader.reject("", format!("not valid YAML: {error}")),
    };
    match (model, Mistakes::collect(reader.mistakes)) {
        (Some(model), None) => Ok(Model { places: reader.places, ..model }),
        (_, Some(mistakes)) => Err(mistakes),
        (None, None) => unreachable!("what is not read is a mistake"),
    }
}

#[derive(Default)]
struct Document {
    mistakes: Vec<Mistake>,
    places: Vec<(String, String)>,
}

/// A mapping node whose keys are known.
struct Fields<'a> {
    path: String,
    entries: &'a Map<String, Json>,
}

impl<'a> Fields<'a> {
    fn get(&self, key: &str) -> Option<&'a Json> {
        self.entries.get(key).filter(|value| !value.is_null())
    }

    fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl Document {
    fn reject<T>(&mut self, path: &str, message: impl Into<String>) -> Option<T> {
        self.mistakes.push(Mistake { path: path.to_owned(), message: message.into() });
        None
    }

    /// A mapping node; keys that are not known are mistakes.
    fn fields<'a>(&mut self, node: &'a Json, path: &str, known: &[&str]) -> Option<Fields<'a>> {
        let Json::Object(entries) = node else {
            return self.reject(path, format!("expected a mapping with {}", known.join(", ")));
        };
        let fields = Fields { path: path.to_owned(), entries };
        for key in entries.keys().filter(|key| !known.contains(&key.as_str())) {
            let message = format!("unknown key; known here are {}", known.join(", "));
            self.reject::<()>(&fields.path(key), message);
        }
        Some(fields)
    }

    fn text<'a>(&mut self, node: &'a Json, path: &str) -> Option<&'a str> {
        match node {
            Json::String(text) => Some(text),
            Json::Number(_) | Json::Bool(_) => self.reject(path, "expected text; put it in quotes"),
            _ => self.reject(path, "expected text"),
        }
    }

    fn flag(&mut self, node: &Json, path: &str) -> Option<bool> {
        node.as_bool().or_else(|| self.reject(path, "expected true or false"))
    }

    fn list<'a>(&mut self, node: &'a Json, path: &str) -> Option<&'a [Json]> {
        node.as_array().map(Vec::as_slice).or_else(|| self.reject(path, "expected a list"))
    }

    fn required<'a>(&mut self, fields: &Fields<'a>, key: &str) -> Option<&'a Json> {
        fields.get(key).or_else(|| self.reject(&fields.path(key), "missing; add it"))
    }

    /// A text that must be there and of its form.
    fn parse<T: FromStr<Err: std::fmt::Display>>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
    ) -> Option<T> {
        let path = fields.path(key);
        let text = self.required(fields, key).and_then(|node| self.text(node, &path))?;
        text.parse().map_err(|error: T::Err| self.reject::<()>(&path, error.to_string())).ok()
    }

    /// One of a few words.
    fn choice<T: Copy>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let path = fields.path(key);
        let words = || choices.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        let Some(node) = fields.get(key) else {
            return self.reject(&path, format!("missing; say one of {}", words()));
        };
        let text = self.text(node, &path)?;
        let found = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        found.or_else(|| self.reject(&path, format!("{text:?} is none of {}", words())))
    }

    fn model(&mut self, root: &Json) -> Option<Model> {
        let known = ["mapping", "encoding", "sheet", "records", "time", "rows", "case", "events"];
        let fields = self.fields(root, "", &known)?;
        let name = self.parse::<String>(&fields, "mapping");
        let encoding = self.parse(&fields, "encoding");
        let within = self.within(&fields);
        let clock = self.required(&fields, "time").and_then(|node| self.clock(node));
        let mut rows = self.conditions(fields.get("rows"), "rows");
        let case = self.required(&fields, "case").and_then(|node| self.case(node));
        let mut events = self.required(&fields, "events").and_then(|node| self.events(node));
        // A time range is read by the clock, which may stand below it in the file.
        if let Some(clock) = &clock {
            rows = self.ranges(rows, clock, root.get("rows"), "rows");
            for (index, event) in events.iter_mut().flatten().enumerate() {
                let node = root.get("events").and_then(|list| list.get(index)?.get("when"));
                let when = std::mem::take(&mut event.when);
                let path = format!("events[{index}].when");
                event.when = self.ranges(Some(when), clock, node, &path).unwrap_or_default();
            }
        }
        let places = Vec::new();
        let mut within = within?;
        if let Some(Clock::Local(local)) = &clock {
            within.dates.format = Some(local.format.clone());
        }
        Some(Model {
            name: name?,
            encoding: encoding?,
            within,
            clock: clock?,
            rows: rows?,
            case: case?,
            events: events?,
            places,
        })
    }

    fn case(&mut self, node: &Json) -> Option<CaseMap> {
        let known = [
            "case_no",
            "source",
            "category_scheme",
            "category_code",
            "area_code",
            "collector",
            "title",
            "filing_condition",
        ];
        let fields = self.fields(node, "case", &known)?;
        let case_no = self.value(&fields, "case_no");
        let source = self.value(&fields, "source");
        if let Some(source) = &source {
            self.known_words(source, "case.source", |word| {
                word.parse::<Source>().map(drop).map_err(|error| error.to_string())
            });
        }
        let category_scheme = self.value(&fields, "category_scheme");
        let category_code = self.value(&fields, "category_code");
        let area_code = self.value(&fields, "area_code");
        let collector = self.optional_value(&fields, "collector");
        let title = self.optional_value(&fields, "title");
        let filing_condition = self.optional_value(&fields, "filing_condition");
        Some(CaseMap {
            case_no: case_no?,
            source: source?,
            category_scheme: category_scheme?,
            category_code: category_code?,
            area_code: area_code?,
            collector: collector?,
            title: title?,
            filing_condition: filing_condition?,
        })
    }

    fn events(&mut self, node: &Json) -> Option<Vec<EventMap>> {
        let items = self.list(node, "events")?;
        let events: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.event(item, &format!("events[{index}]")))
            .collect();
        if events.is_empty() {
            return self.reject("events", "empty; a case is what its events say");
        }
        events.into_iter().collect()
    }

    fn event(&mut self, node: &Json, path: &str) -> Option<EventMap> {
        let known = [
            "kind",
            "at",
            "actor",
            "unit",
            "due_at",
            "stage_due_at",
            "outcome",
            "note",
            "when",
            "no_deadline",
        ];
        let fields = self.fields(node, path, &known)?;
        let kind = self.parse::<EventKind>(&fields, "kind");
        let at = self.value(&fields, "at");
        let actor = self.optional_value(&fields, "actor");
        let unit = self.optional_value(&fields, "unit");
        let due_at = self.optional_value(&fields, "due_at");
        let stage_due_at = self.optional_value(&fields, "stage_due_at");
        let outcome = self.optional_value(&fields, "outcome");
        if let (Some(kind), Some(Some(outcome))) = (kind, &outcome) {
            self.known_words(outcome, &fields.path("outcome"), |word| {
                let known = knows_outcome(kind, word);
                known.then_some(()).ok_or_else(|| format!("{word:?} is no outcome of {kind}"))
            });
        }
        let note = self.optional_value(&fields, "note");
        let when = self.conditions(fields.get("when"), &fields.path("when"));
        let no_deadline = match fields.get("no_deadline") {
            None => Some(false),
            Some(_) if kind.is_some_and(|kind| kind != EventKind::Dispatched) => {
                self.reject(&fields.path("no_deadline"), "only a dispatch may lack its deadline")
            }
            Some(_) => {
                self.choice(&fields, "no_deadline", &[("allowed", true), ("refused", false)])
            }
        };
        Some(EventMap {
            kind: kind?,
            at: at?,
            actor: actor?,
            unit: unit?,
            due_at: due_at?,
            stage_due_at: stage_due_at?,
            outcome: outcome?,
            note: note?,
            when: when?,
            no_deadline: no_deadline?,
        })
    }

    /// Checks the texts that a value can give and the file itself says.
    fn known_words(
        &mut self,
        value: &Value,
        path: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) {
        let words: Vec<(String, &str)> = match value {
            Value::Constant(word) => vec![(format!("{path}.constant"), word)],
            Value::Column { map: Some(map), default, .. } => map
                .iter()
                .map(|(key, word)| (format!("{path}.map.{key}"), word.as_str()))
                .chain(default.iter().map(|word| (format!("{path}.default"), word.as_str())))
                .collect(),
            Value::Column { .. } | Value::Concat { .. } => Vec::new(),
        };
        for (path, word) in words {
            if let Err(message) = check(word) {
                self.reject::<()>(&path, message);
            }
        }
    }

    fn value(&mut self, fields: &Fields<'_>, key: &str) -> Option<Value> {
        let node = self.required(fields, key)?;
        self.value_of(node, &fields.path(key))
    }

    fn optional_value(&mut self, fields: &Fields<'_>, key: &str) -> Option<Option<Value>> {
        match fields.get(key) {
            None => Some(None),
            Some(node) => self.value_of(node, &fields.path(key)).map(Some),
        }
    }

    fn value_of(&mut self, node: &Json, path: &str) -> Option<Value> {
        let has = |key| node.get(key).is_some();
        match (has("column"), has("constant"), has("concat")) {
            (true, false, false) => self.column_value(node, path),
            (false, true, false) => {
                let fields = self.fields(node, path, &["constant"])?;
                self.parse::<String>(&fields, "constant").map(Value::Constant)
            }
            (false, false, true) => {
                let fields = self.fields(node, path, &["concat", "separator"])?;
                let list_path = fields.path("concat");
                let items = self.required(&fields, "concat")?;
                let items = self.list(items, &list_path)?;
                let parts: Vec<_> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.value_of(item, &format!("{list_path}[{index}]")))
                    .collect();
                let separator = match fields.get("separator") {
                    None => Some(String::new()),
                    Some(_) => self.parse(&fields, "separator"),
                };
                let parts = parts.into_iter().collect::<Option<Vec<_>>>();
                Some(Value::Concat { parts: parts?, separator: separator? })
            }
            _ => self.reject(path, "expected a mapping with one of column, constant, concat"),
        }
    }

    fn column_value(&mut self, node: &Json, path: &str) -> Option<Value> {
        let fields = self.fields(node, path, &["column", "map", "default", "slug"])?;
        let column = self.column(&fields);
        let map = match fields.get("map") {
            None => Some(None),
            Some(node) => self.map(node, &fields.path("map")).map(Some),
        };
        let default = match fields.get("default") {
            None => Some(None),
            Some(node) => {
                self.text(node, &fields.path("default")).map(|text| Some(text.to_owned()))
            }
        };
        let slug = match fields.get("slug") {
            None => Some(false),
            Some(node) => self.flag(node, &fields.path("slug")),
        };
        Some(Value::Column { column: column?, map: map?, default: default?, slug: slug? })
    }

    fn column(&mut self, fields: &Fields<'_>) -> Option<String> {
        let column = self.parse::<String>(fields, "column")?;
        self.places.push((fields.path("column"), column.clone()));
        Some(column)
    }

    fn map(&mut self, node: &Json, path: &str) -> Option<BTreeMap<String, String>> {
        let Json::Object(entries) = node else {
            return self.reject(path, "expected a mapping of values to values");
        };
        let texts: Vec<_> = entries
            .iter()
            .map(|(key, value)| {
                let text = self.text(value, &format!("{path}.{key}"))?;
                Some((key.clone(), text.to_owned()))
            })
            .collect();
        texts.into_iter().collect()
    }

    fn conditions(&mut self, node: Option<&Json>, path: &str) -> Option<Vec<Condition>> {
        let Some(node) = node else { return Some(Vec::new()) };
        let items = self.list(node, path)?;
        let conditions: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.condition(item, &format!("{path}[{index}]")))
            .collect();
        conditions.into_iter().collect()
    }

    fn condition(&mut self, node: &Json, path: &str) -> Option<Condition> {
        let known = ["column", "equals", "not", "in", "present", "from", "until"];
        let fields = self.fields(node, path, &known)?;
        let column = self.column(&fields);
        let given: Vec<_> =
            known[1..].iter().filter(|key| fields.get(key).is_some()).copied().collect();
        let test = match given.as_slice() {
            ["equals"] => self.parse(&fields, "equals").map(Test::Equals),
            ["not"] => self.parse(&fields, "not").map(Test::Not),
            ["present"] => {
                let node = self.required(&fields, "present")?;
                self.flag(node, &fields.path("present")).map(Test::Present)
            }
            ["in"] => {
                let list_path = fields.path("in");
                let node = self.required(&fields, "in")?;
                let items = self.list(node, &list_path)?;
                let texts: Vec<_> = items.iter().map(|item| self.text(item, &list_path)).collect();
                let texts: Option<Vec<_>> = texts.into_iter().collect();
                texts.map(|texts| Test::In(texts.into_iter().map(str::to_owned).collect()))
            }
            ["from" | "until"] | ["from", "until"] => Some(Test::Between(None, None)),
            _ => self.reject(path, "expected one of equals, not, in, present, or from and until"),
        };
        Some(Condition { column: column?, test: test? })
    }

    /// Fills the time ranges in, now that the clock is known.
    fn ranges(
        &mut self,
        conditions: Option<Vec<Condition>>,
        clock: &Clock,
        node: Option<&Json>,
        path: &str,
    ) -> Option<Vec<Condition>> {
        let mut conditions = conditions?;
        for (index, condition) in conditions.iter_mut().enumerate() {
            if let Test::Between(from, until) = &mut condition.test {
                for (key, bound) in [("from", from), ("until", until)] {
                    let Some(text) = node.and_then(|list| list.get(index)?.get(key)) else {
                        continue;
                    };
                    let path = format!("{path}[{index}].{key}");
                    let Some(text) = self.text(text, &path) else { continue };
                    match clock.instant(text) {
                        Ok(instant) => *bound = Some(instant),
                        Err(fault) => {
                            self.reject::<()>(&path, fault.message);
                        }
                    }
                }
            }
        }
        Some(conditions)
    }
}
