//! The architecture as a test: who may import whom, what may stand where, and how long it may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What each of our crates may import of ours outside of tests; `ARCHITECTURE.md` says why.
const LAYERS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("casework", &["types"]),
    ("rules", &["types", "casework"]),
    ("ledger", &["types"]),
    ("bulletin", &["types", "casework", "rules", "scoring", "ledger"]),
    ("interchange", &["types", "casework"]),
    ("scoring", &["types", "casework", "rules"]),
    ("proto", &[]),
    ("chassis", &[]),
    ("access", &["types", "proto", "chassis"]),
    ("testing", &["chassis"]),
    ("case-ingestion", &["types", "casework", "proto", "chassis", "access"]),
    ("rule-configuration", &["types", "casework", "rules", "proto", "chassis"]),
    ("scoring-service", &["types", "casework", "rules", "scoring", "proto", "chassis", "access"]),
    (
        "result-publication",
        &["types", "rules", "scoring", "ledger", "bulletin", "proto", "chassis", "access"],
    ),
    ("verify", &["types", "casework", "scoring", "ledger"]),
    (
        "suite",
        &[
            "types",
            "casework",
            "rules",
            "ledger",
            "bulletin",
            "interchange",
            "proto",
            "chassis",
            "case-ingestion",
            "rule-configuration",
            "scoring-service",
            "result-publication",
            "verify",
        ],
    ),
    ("tests", &[]),
    ("fuzz", &["types", "casework", "interchange", "proto", "testing", "case-ingestion"]),
    (
        "bench",
        &[
            "types",
            "casework",
            "rules",
            "scoring",
            "interchange",
            "proto",
            "chassis",
            "testing",
            "rule-configuration",
            "result-publication",
            "ledger",
        ],
    ),
];

/// Crates that see neither the network nor a database, a clock or a runtime.
const PURE: &[&str] =
    &["types", "casework", "rules", "scoring", "ledger", "bulletin", "interchange", "verify"];

/// What a pure crate must not import.
const IMPURE: &[&str] = &[
    "tokio",
    "tonic",
    "prost",
    "sqlx",
    "redis",
    "tracing",
    "opentelemetry",
    "hyper",
    "hyper-util",
    "http",
    "http-body",
    "tower",
    "tokio-rustls",
    "rustls",
    "webpki-roots",
    "ring",
];

/// The crates between an event and a score, with what must not appear in their code.
const EXACT: &[&str] = &["libs/types", "libs/casework", "libs/rules", "libs/scoring"];
const INEXACT: &[&str] =
    &["f32", "f64", "HashMap", "HashSet", "SystemTime", "Timestamp::now", "Zoned::now", "rand::"];

const SERVICES: &[&str] =
    &["case-ingestion", "rule-configuration", "scoring", "result-publication"];

/// What stands in which rooms of a service alone.
type Rooms = &'static [(&'static str, &'static [&'static str])];

const ROOMS: Rooms = &[
    ("sqlx::query", &["store"]),
    ("chengping_proto", &["grpc", "peers", "lib"]),
    ("tonic::", &["grpc", "peers", "error", "lib"]),
];

/// The same of `libs/access`, which is called over gRPC in `service` and calls in `registry`.
const ACCESS_ROOMS: Rooms = &[
    ("sqlx::query", &["store"]),
    ("chengping_proto", &["service", "registry"]),
    ("tonic::", &["service", "registry", "error"]),
];

/// No source file is longer.
const LINES_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn metadata() -> serde_json::Value {
    let output = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The dependencies that each of our crates has outside of tests, ours without their prefix.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let short = |name: &str| name.strip_prefix("chengping-").unwrap_or(name).to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let names = dependencies
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned());
            (short(package["name"].as_str().unwrap()), names.collect())
        })
        .collect()
}

/// Every Rust file below `folder`, with its path from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The code of a file without comments, documentation and test modules.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..tests]
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.split("//").next().unwrap_or("")))
}

fn assert_none(what: &str, findings: &str) {
    assert!(findings.is_empty(), "{what}:\n{findings}");
}

#[test]
fn every_crate_imports_only_what_its_layer_allows() {
    let dependencies = dependencies();
    let known: BTreeSet<_> = LAYERS.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<_> = dependencies.keys().map(String::as_str).collect();
    assert_eq!(known, found, "a crate came or went: say in LAYERS what it may import");

    let mut findings = String::new();
    for (name, allowed) in LAYERS {
        for dependency in &dependencies[*name] {
            if let Some(ours) = dependency.strip_prefix("chengping-")
                && !allowed.contains(&ours)
            {
                writeln!(findings, "{name} must not import {ours}").unwrap();
            }
        }
    }
    assert_none("the layering is broken", &findings);
}

#[test]
fn pure_crates_see_no_runtime_network_or_database() {
    let dependencies = dependencies();
    let mut findings = String::new();
    for name in PURE {
        for dependency in IMPURE {
            if dependencies[*name].contains(*dependency) {
                writeln!(findings, "{name} must not import {dependency}").unwrap();
            }
        }
    }
    assert_none("a pure crate is not pure", &findings);
}

#[test]
fn nothing_inexact_stands_between_an_event_and_a_score() {
    let mut findings = String::new();
    for folder in EXACT {
        for (file, text) in sources(&format!("{folder}/src")) {
            for (line, code) in code(&text) {
                // How a float is met where data are read: to be refused.
                if code.contains("fn visit_f64<E>(self, _: f64)") {
                    continue;
                }
                let words: Vec<_> =
                    code.split(|c: char| !c.is_alphanumeric() && c != ':').collect();
                for word in INEXACT {
                    let hit =
                        if word.contains(':') { code.contains(word) } else { words.contains(word) };
                    if hit {
                        writeln!(findings, "{file}:{line}: {word}").unwrap();
                    }
                }
            }
        }
    }
    assert_none("floats, hash order, clocks and chance have no place here", &findings);
}

#[test]
fn sql_stands_in_the_store_and_grpc_in_its_coat() {
    let mut findings = String::new();
    let services = SERVICES.iter().map(|service| (format!("services/{service}/src/"), ROOMS));
    for (source, rules) in services.chain([("libs/access/src/".to_owned(), ACCESS_ROOMS)]) {
        for (file, text) in sources(&source) {
            let place = file.strip_prefix(&source).unwrap();
            let in_room = |rooms: &[&str]| {
                rooms.iter().any(|room| {
                    place == format!("{room}.rs") || place.starts_with(&format!("{room}/"))
                })
            };
            for (line, code) in code(&text) {
                for (pattern, rooms) in rules {
                    if code.contains(pattern) && !in_room(rooms) {
                        writeln!(findings, "{file}:{line}: `{pattern}` belongs in {rooms:?}")
                            .unwrap();
                    }
                }
            }
        }
    }
    assert_none("something stands in the wrong room", &findings);
}

#[test]
fn main_files_are_short_and_no_file_is_long() {
    let mut findings = String::new();
    for folder in ["libs", "services", "tests"] {
        for (file, text) in sources(folder) {
            let lines = text.lines().count();
            let main = file.starts_with("services/") && file.ends_with("src/main.rs");
            let lines_max = if main { 40 } else { LINES_MAX };
            if lines > lines_max {
                writeln!(findings, "{file} has {lines} lines; the most is {lines_max}").unwrap();
            }
        }
    }
    assert_none("a file is too long to be read at once", &findings);
}

#[test]
fn every_migration_says_why_and_keeps_the_jurisdiction_in_its_keys() {
    let mut findings = String::new();
    for service in SERVICES {
        for entry in fs::read_dir(root().join(format!("services/{service}/migrations"))).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            if !text.trim_start().starts_with("--") {
                writeln!(findings, "{}: begin with a comment that says why", path.display())
                    .unwrap();
            }
            for line in text.lines().map(|line| line.split("--").next().unwrap_or("")) {
                let upper = line.to_uppercase();
                let key = upper.contains("PRIMARY KEY") || upper.contains("UNIQUE");
                if key && !line.contains("jurisdiction") {
                    writeln!(findings, "{}: a key without jurisdiction: {line}", path.display())
                        .unwrap();
                }
            }
        }
    }
    assert_none("the schema would not distribute", &findings);
}
