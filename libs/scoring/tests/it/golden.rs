//! Golden evaluations: cases that a domain expert can read and change (`tests/golden`).

mod compare;
mod format;
mod month;
mod story;
mod town;

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
