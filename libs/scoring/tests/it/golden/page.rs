//! `docs/golden.md`: what the golden cases cover.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::coverage::{Group, Named};
use super::format::Entries;

const HEAD: &str = "\
# Golden evaluations

Made from the files in [`tests/golden`](../tests/golden/README.md) by `make docs`; a test fails when it is out of date, and when something below has no case. Every case says what it is given, what must
come out, and why, with clause, decision or source.
";

/// How many cases a row names.
const SHOWN: usize = 4;

pub(crate) fn page(
    groups: &[Group],
    covered: &BTreeMap<String, Vec<Named>>,
    without: &Entries<String>,
) -> String {
    let mut page = HEAD.to_owned();
    let cases: BTreeSet<&Named> = covered.values().flatten().collect();
    let files: BTreeSet<&str> = cases.iter().map(|case| case.file.as_str()).collect();
    let _ = writeln!(page, "\n{} cases in {} files.", cases.len(), files.len());
    for group in groups {
        let _ =
            writeln!(page, "\n## {}\n\n| name | what it is | cases |\n|---|---|---|", group.title);
        for (name, about) in &group.targets {
            let key = format!("{}/{name}", group.prefix);
            let cases = match (covered.get(&key), without.get(&key)) {
                (Some(cases), _) => listed(cases),
                (None, Some(reason)) => format!("none: {reason}"),
                (None, None) => "**none**".to_owned(),
            };
            let _ = writeln!(page, "| `{name}` | {about} | {cases} |");
        }
    }
    page
}

fn listed(cases: &[Named]) -> String {
    let link = |case: &Named| format!("[{}](../tests/golden/{})", case.id, case.file);
    let shown: Vec<_> = cases.iter().take(SHOWN).map(link).collect();
    let more = cases.len().saturating_sub(SHOWN);
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    shown.join(", ") + &rest
}
