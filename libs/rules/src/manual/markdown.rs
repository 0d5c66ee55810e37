//! `docs/packs.md`.

use super::{Example, Key, PARTS, Part, shipped};

const HEAD: &str = include_str!("../../manual/head.md");
const SKELETON: &str = include_str!("../../manual/skeleton.yaml");

const SOURCE: &str = "\
| key | type | default | meaning |
|---|---|---|---|
| `clause` | text | must be given | The clause of the paper that the part carries out, such as `\"5.2.1\"`, in quotes. |
| `provenance` | one of `regulation`, `standard`, `city:<name>`, `assumption` | must be given | On whose authority its numbers stand. |
| `note` | text | none | The nearest real source, or why this choice was made. |
";

/// The page of the documentation on rule packs: how one is written, and what meets which clause in
/// each of those that come with the product.
pub fn packs_markdown() -> String {
    let mut page = format!("{HEAD}{SKELETON}```\n");
    page += "\n## Every key\n\nA key without a default must be given; unknown keys are refused. Where a part says *with source*, it also has:\n\n";
    page += SOURCE;
    let (primitives, parts): (Vec<_>, Vec<_>) =
        PARTS.iter().partition(|part| part.formula.is_some());
    parts.into_iter().for_each(|part| page += &described(part));
    page += "\n## Primitives\n\nThe rule of an item is one of these. The points of an item are its `weight` or `cap`.\n";
    primitives.into_iter().for_each(|part| page += &described(part));
    page + &shipped::pages()
}

fn described(part: &Part) -> String {
    let source = if part.source { " *(with source)*" } else { "" };
    let mut text = format!("\n### {}{source}\n\n", part.title);
    if !part.about.is_empty() {
        text += &format!("{}\n\n", part.about);
    }
    if let Some(formula) = &part.formula {
        text += &format!("Deducts {formula}\n\n");
    }
    text += "| key | type | unit | default | meaning |\n|---|---|---|---|---|\n";
    part.keys.iter().for_each(|key| text += &row(key));
    if let Some(example) = &part.example {
        text += &worked(example);
    }
    text
}

fn row(key: &Key) -> String {
    let Key { key: name, kind, default, unit, is, alternatives } = key;
    let default = default.as_deref().unwrap_or("must be given");
    let unit = unit.as_deref().unwrap_or("");
    let mut meaning = is.clone();
    for (index, alternative) in alternatives.iter().enumerate() {
        let sign = if index == 0 { " " } else { "; " };
        meaning += &format!("{sign}`{}`: {}", alternative.name, alternative.means);
    }
    if !alternatives.is_empty() {
        meaning += ".";
    }
    format!("| `{name}` | {kind} | {unit} | {default} | {meaning} |\n")
}

fn worked(example: &Example) -> String {
    let Example { rule, counts, before, tables, work, deducts } = example;
    let mut text = format!("\n`{rule}` with `{counts}`");
    if !before.is_empty() {
        text += &format!(", the month before `{before}`");
    }
    if !tables.is_empty() {
        text += &format!(" ({tables})");
    }
    text + &format!(": {work} = **{deducts}**.\n")
}
