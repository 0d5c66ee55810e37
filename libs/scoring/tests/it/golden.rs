//! Golden evaluations: cases that a domain expert can read and change (`tests/golden`).

mod compare;
mod coverage;
mod format;
mod month;
mod page;
mod story;
mod town;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use self::format::{Given, Golden};
use self::month::World;

/// Every case of a folder; all differences at once.
fn check(folder: &str) {
    let town = format::town();
    let mut wrong = Vec::new();
    for (name, file) in format::files(folder) {
        let given = town.with(&file.given);
        for golden in &file.cases {
            let lines = differences(&given, golden);
            if !lines.is_empty() {
                let id = &golden.id;
                wrong.push(format!("tests/golden/{name}: {id}\n  {}", lines.join("\n  ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} golden cases differ:\n\n{}\n", wrong.len(), wrong.join("\n"));
}

/// What differs, or why the case could not be read.
fn differences(given: &Given, golden: &Golden) -> Vec<String> {
    let run = || {
        let world = World::new(&given.with(&golden.given), golden);
        compare::differences(&world, golden).0
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        vec![
            text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default(),
        ]
    })
}

macro_rules! folders {
    ($($folder:ident),+ $(,)?) => {
        /// The folders of `tests/golden`, a test each.
        const FOLDERS: &[&str] = &[$(stringify!($folder)),+];

        $(
            #[test]
            fn $folder() {
                check(stringify!($folder));
            }
        )+
    };
}

folders!(lifecycle, indicators, primitives, settings, posts, packs, edges);

#[test]
fn every_folder_is_read() {
    let entries = std::fs::read_dir(format::root()).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    let mut known = FOLDERS.to_vec();
    known.sort_unstable();
    assert_eq!(names, known);
}

#[test]
fn every_case_has_a_name_of_its_own_and_a_reason() {
    let mut ids = BTreeSet::new();
    let mut wrong = String::new();
    for (name, file) in FOLDERS.iter().flat_map(|folder| format::files(folder)) {
        assert!(!file.about.is_empty() && !file.cases.is_empty(), "{name}");
        for golden in file.cases {
            if !ids.insert(golden.id.clone()) {
                let _ = writeln!(wrong, "{name}: {} stands twice", golden.id);
            }
            let asks = !golden.expect.is_empty() || !golden.scores.is_empty();
            if golden.why.len() < 20 || !asks {
                let _ = writeln!(wrong, "{name}: {} asks nothing or says no reason", golden.id);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(ids.len() >= 160, "{} cases", ids.len());
}

#[test]
fn nothing_is_uncovered() {
    let (groups, covered) = (coverage::groups(), coverage::covered(FOLDERS));
    let without = coverage::exceptions().without;
    let names = groups
        .iter()
        .flat_map(|group| group.targets.iter().map(|(name, _)| format!("{}/{name}", group.prefix)));
    let names: BTreeSet<String> = names.collect();
    let mut wrong = String::new();
    for name in &names {
        match (covered.contains_key(name), without.get(name)) {
            (false, None) => writeln!(wrong, "{name} has no golden case").unwrap(),
            (true, Some(_)) => writeln!(wrong, "{name} has a case: no exception").unwrap(),
            _ => {}
        }
    }
    let unknown = |name: &&str| !names.contains(*name);
    for name in covered.keys().map(String::as_str).filter(unknown) {
        let _ = writeln!(wrong, "{name} is nothing that can be covered");
    }
    for name in without.iter().map(|(name, _)| name).filter(unknown) {
        let _ = writeln!(wrong, "{name} in coverage.yaml is nothing that can be covered");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// `make docs` writes the page by this test.
#[test]
fn the_page_says_what_the_cases_cover() {
    let covered = coverage::covered(FOLDERS);
    let page = page::page(&coverage::groups(), &covered, &coverage::exceptions().without);
    let path = format::root().join("../../docs/golden.md");
    if std::env::var_os("CHENGPING_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "docs/golden.md is out of date: run `make docs`");
}

/// A file with one case that is right, but for what `change` makes of its text.
fn told(change: impl Fn(&str) -> String) -> Result<String, String> {
    let text = "
about: one case
cases:
  - id: one
    why: filed and handled in time
    story:
      - 04-20 09:00 filed by desk
      - 04-20 10:00 dispatched to parks due 04-28 10:00
      - 04-22 08:00 handled
    expect: {2018-04 parks: {due: 1, handled: 1, on_time: 1, handling_rate: 100.00}}
    scores: {parks: {state: too_few_cases, items: {N1: 0}}}
";
    let file: format::File =
        serde_saphyr::from_str(&change(text)).map_err(|error| error.to_string())?;
    Ok(differences(&format::town(), &file.cases[0]).join("\n"))
}

#[test]
fn what_differs_is_told_in_the_words_of_the_file() {
    assert_eq!(told(str::to_owned), Ok(String::new()));
    for (right, wrong, expected) in [
        ("due: 1", "due: 2", "2018-04 parks: due: expected 2, found 1"),
        (", on_time: 1", "", "2018-04 parks: on_time: not named, so expected 0, found 1"),
        ("100.00", "99.99", "2018-04 parks: handling_rate: expected 99.99, found 100.00"),
        ("04-22", "05-22", "2018-04 parks: overdue_open: not named, so expected 0, found 1"),
        (
            "2018-04 parks: {due: 1, handled: 1, on_time: 1, handling_rate: 100.00}",
            "2018-04 parks: nothing",
            "2018-04 parks: expected nothing",
        ),
        ("too_few_cases", "scored", "parks: state: expected scored, found too_few_cases"),
        ("N1: 0", "N1: 1.5", "parks: N1: expected 1.5, found 0"),
        ("N1", "N9", "parks: N9: no such item"),
        ("due: 1", "duo: 1", "duo is no indicator"),
        ("handled\n", "handed\n", "`04-22 08:00 handed`: no such event"),
        ("2018-04 parks", "2018-04 park", "park is no body, zone or stream"),
    ] {
        let found = told(|text| text.replacen(right, wrong, 1)).unwrap();
        assert!(found.contains(expected), "{wrong}: {found}");
    }
}

#[test]
fn unknown_and_repeated_keys_are_refused() {
    for (right, wrong, expected) in [
        ("why:", "reason:", "reason"),
        ("scores:", "score:", "score"),
        ("state:", "status:", "status"),
        ("about:", "given: {colour: red}\nabout:", "colour"),
        ("due: 1,", "due: 1, due: 1,", "due"),
    ] {
        let refused = told(|text| text.replacen(right, wrong, 1)).unwrap_err();
        assert!(refused.contains(expected), "{wrong}: {refused}");
    }
}
