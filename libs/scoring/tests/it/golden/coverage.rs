//! What must have a golden case, and which cases are examples of it.

use std::collections::{BTreeMap, BTreeSet};

use chengping_casework::{
    AccurateDispatch, EventKind, ExemptLate, ExtensionWhenOverdue, LateCorrection, MissedOver,
    NoDeadline, OnTimeClosing, PeriodBasis, RedispatchDeadline, ReworkRule, Source, SuspendedCases,
    SuspensionWhenOverdue, ValidReport,
};
use chengping_rules::{
    Completion, DifferentiationMode, Item, LongTermCount, MidMonth, Redistribution, Reference,
    RepeatMode, Rule, Threshold, TooFewCases, builtin_names, catalogue,
};
use serde::Deserialize;

use super::format::{self, Given, Golden, Value};
use super::town;

/// A table of the page.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    /// What its rows begin with in `covers`.
    pub(crate) prefix: &'static str,
    /// Names, and what they are for a reader.
    pub(crate) targets: Vec<(String, String)>,
}

/// A golden case by name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    pub(crate) file: String,
    pub(crate) id: String,
}

/// What needs no case, with the reason (`tests/golden/coverage.yaml`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exceptions {
    pub(crate) without: format::Entries<String>,
}

pub(crate) fn exceptions() -> Exceptions {
    format::read(&format::root().join("coverage.yaml"))
}

/// Everything that must be covered, by table.
pub(crate) fn groups() -> Vec<Group> {
    let group = |title, prefix, targets| Group { title, prefix, targets };
    vec![
        group("Indicators", "indicator", indicators()),
        group("Kinds of deduction", "primitive", plain(primitives())),
        group("Settings and their values", "setting", plain(settings())),
        group("Items of the built-in packs", "item", plain(items_of_packs())),
        group("Sources", "source", plain(Source::ALL.iter().map(|one| one.to_string()).collect())),
        group("Events", "event", plain(EventKind::ALL.iter().map(|one| one.to_string()).collect())),
        group("Outcomes", "outcome", plain(outcomes())),
        group("Steps of the closed loop (method e.2)", "e2", rows_of_method("### e.2", 1)),
        group("Derivation and edge cases (method e.5)", "e5", rows_of_method("### e.5", 0)),
        group("Decisions", "decision", decisions()),
        group(
            "Vectors of the method",
            "vector",
            plain(["3.3", "c.8", "d"].map(str::to_owned).into()),
        ),
    ]
}

fn plain(names: Vec<String>) -> Vec<(String, String)> {
    names.into_iter().map(|name| (name, String::new())).collect()
}

fn indicators() -> Vec<(String, String)> {
    let derivable = catalogue().iter().filter(|one| one.not_derivable().is_none());
    derivable.map(|one| (one.code.clone(), format!("{} {}", one.id, one.zh))).collect()
}

/// Every kind of rule with what can be chosen in it.
fn primitives() -> Vec<String> {
    let mut all = vec!["linear", "linear bad", "per_point above", "per_point below", "per_case"];
    all.extend(["per_case_repeat flat", "per_case_repeat geometric", "band"]);
    all.extend([
        "mom_increase",
        "mom_increase per_day",
        "flat_if",
        "satisfaction",
        "bonus",
        "limit",
    ]);
    let relative = Reference::ALL.iter().map(|against| format!("band_relative {against}"));
    all.into_iter().map(str::to_owned).chain(relative).collect()
}

fn primitives_of(item: &Item) -> Vec<String> {
    let of_rule = match &item.rule {
        Rule::Linear(rule) if rule.bad => "linear bad".to_owned(),
        Rule::Linear(_) => "linear".to_owned(),
        Rule::PerPoint(rule) => match rule.threshold {
            Threshold::Above(_) => "per_point above".to_owned(),
            Threshold::Below(_) => "per_point below".to_owned(),
        },
        Rule::PerCase(_) => "per_case".to_owned(),
        Rule::PerCaseRepeat(rule) => match rule.mode {
            RepeatMode::Flat => "per_case_repeat flat".to_owned(),
            RepeatMode::Geometric => "per_case_repeat geometric".to_owned(),
        },
        Rule::Band(_) => "band".to_owned(),
        Rule::BandRelative(rule) => format!("band_relative {}", rule.against),
        Rule::MomIncrease(rule) if rule.per_day => "mom_increase per_day".to_owned(),
        Rule::MomIncrease(_) => "mom_increase".to_owned(),
        Rule::FlatIf(_) => "flat_if".to_owned(),
        Rule::Satisfaction(_) => "satisfaction".to_owned(),
        Rule::Bonus(_) => "bonus".to_owned(),
    };
    let limit = item.limit.as_ref().map(|_| "limit".to_owned());
    [of_rule].into_iter().chain(limit).collect()
}

macro_rules! settings {
    ($($name:literal: $values:ty),+ $(,)?) => {
        [$(<$values>::ALL.iter().map(|value| format!("{}={value}", $name)).collect::<Vec<_>>()),+]
            .concat()
    };
}

fn settings() -> Vec<String> {
    let named = settings! {
        "period_basis": PeriodBasis,
        "late_correction": LateCorrection,
        "redispatch_deadline": RedispatchDeadline,
        "suspension_when_overdue": SuspensionWhenOverdue,
        "extension_when_overdue": ExtensionWhenOverdue,
        "on_time_closing": OnTimeClosing,
        "rework": ReworkRule,
        "exempt_late": ExemptLate,
        "no_deadline": NoDeadline,
        "valid_report": ValidReport,
        "missed_over": MissedOver,
        "accurate_dispatch": AccurateDispatch,
        "suspended": SuspendedCases,
        "redistribution": Redistribution,
        "long_term": LongTermCount,
        "too_few_cases": TooFewCases,
        "mode": DifferentiationMode,
        "midmonth": MidMonth,
        "completion": Completion,
    };
    let others = ["decimals=2", "decimals=0", "above_base=false", "above_base=true"];
    let more = ["per_day=false", "per_day=true"];
    let orders = ["order=[public, long_term]", "order=[long_term, public]", "order=[]"];
    let others = others.into_iter().chain(more).chain(orders).map(str::to_owned);
    named.into_iter().chain(others).collect()
}

fn items_of_packs() -> Vec<String> {
    let mut all = BTreeSet::new();
    for name in builtin_names() {
        let given = Given { pack: Some(name.to_owned()), ..Given::default() };
        for (family, rules) in &town::pack(&given).families {
            all.extend(rules.items().map(|(_, item)| format!("{name} {family} {}", item.id)));
        }
    }
    all.into_iter().collect()
}

/// The outcomes of `events.csv` (docs/interchange.md).
fn outcomes() -> Vec<String> {
    let of = |kind: &str, words: &str| -> Vec<String> {
        words.split(' ').map(|word| format!("{kind} {word}")).collect()
    };
    [
        of("verified", "confirmed not_confirmed"),
        of("declined", "invalid duplicate"),
        of("returned", "upheld refused"),
        of("closed", "normal forced"),
        of("visited", "very_satisfied satisfied neutral dissatisfied unreachable"),
        of("exempted", "late rework all"),
    ]
    .concat()
}

/// The rows of a table of the method, named by one of their columns.
fn rows_of_method(heading: &str, column: usize) -> Vec<(String, String)> {
    let text = docs("method.md");
    let section = text.split(heading).nth(1).unwrap().split("\n#").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cell = |row: &str| row.split('|').nth(column + 1).unwrap().trim().to_owned();
    rows.map(|row| (slug(&cell(row)), cell(row))).collect()
}

fn slug(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_lowercase()
}

/// The numbered decisions, with what they are about.
fn decisions() -> Vec<(String, String)> {
    let text = docs("decisions.md");
    let decision = |line: &str| {
        let (number, rest) = line.split_once(". ")?;
        number.parse::<u16>().ok()?;
        let about = rest.split("**").nth(1).unwrap_or_default();
        Some((number.to_owned(), about.to_owned()))
    };
    text.lines().filter_map(decision).collect()
}

fn docs(name: &str) -> String {
    let path = format::root().join("../../docs").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The cases by what they are examples of, such as `indicator/due`.
pub(crate) fn covered(folders: &[&str]) -> BTreeMap<String, Vec<Named>> {
    let town = format::town();
    let mut all: BTreeMap<String, Vec<Named>> = BTreeMap::new();
    for (file, read) in folders.iter().flat_map(|folder| format::files(folder)) {
        let of_file = town.with(&read.given);
        for golden in &read.cases {
            let named = Named { file: file.clone(), id: golden.id.clone() };
            for name in covers(&of_file.with(&golden.given), golden) {
                all.entry(name).or_default().push(named.clone());
            }
        }
    }
    all
}

/// What a case says it covers, and what can be seen in it.
fn covers(given: &Given, golden: &Golden) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = golden.covers.iter().cloned().collect();
    for (_, expected) in golden.expect.iter() {
        let Value::Map(values) = expected else { continue };
        let says = |value: &str| !matches!(value, "0" | "0.00" | "n/a");
        let named = values.iter().filter(|(_, value)| says(value));
        all.extend(named.map(|(code, _)| format!("indicator/{code}")));
    }
    let known = settings();
    let set = given.set.iter().map(|(setting, value)| format!("{setting}={value}"));
    all.extend(set.filter(|set| known.contains(set)).map(|set| format!("setting/{set}")));
    seen_in_stories(given, golden, &mut all);
    seen_in_scores(given, golden, &mut all);
    all
}

fn seen_in_stories(given: &Given, golden: &Golden, all: &mut BTreeSet<String>) {
    for (case, events) in super::story::cases(given, &golden.story, &golden.stories.0) {
        all.insert(format!("source/{}", case.source));
        for event in events {
            all.insert(format!("event/{}", event.kind));
            let outcome = event.outcome.filter(|_| event.kind != EventKind::Ordered);
            all.extend(outcome.map(|word| format!("outcome/{} {word}", event.kind)));
        }
    }
}

/// The items that deduct something, or could.
fn seen_in_scores(given: &Given, golden: &Golden, all: &mut BTreeSet<String>) {
    let ids: BTreeSet<&str> =
        golden.scores.iter().flat_map(|(_, score)| score.items.iter().map(|(id, _)| id)).collect();
    if ids.is_empty() {
        return;
    }
    let registry = town::registry(given);
    let pack = town::pack(given);
    for (body, expected) in golden.scores.iter() {
        let kind =
            registry.bodies.iter().find(|known| known.body_id.as_str() == body).unwrap().kind;
        let Some(rules) = pack.families.get(&kind.family()) else { continue };
        for (stream, item) in rules.items() {
            let value = expected.items.get(&item.id);
            let applies =
                value.is_some_and(|value| !matches!(value, Value::Text(text) if text == "n/a"));
            if !applies || !stream.is_for(kind) {
                continue;
            }
            let named = primitives_of(item).into_iter().map(|name| format!("primitive/{name}"));
            all.extend(named);
            if let Some(name) = &given.pack {
                all.insert(format!("item/{name} {} {}", kind.family(), item.id));
            }
        }
    }
}
