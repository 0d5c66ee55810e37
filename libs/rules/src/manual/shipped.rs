//! What each shipped pack judges, which clause is met by what, and what an office must confirm.

use std::collections::BTreeMap;

use chengping_casework::Lifecycle;
use serde::Deserialize;

use crate::builtin::{builtin, builtin_names};
use crate::family::{FamilyRules, Item};
use crate::pack::{PackNumber, RulePack, decimal};
use crate::rule::Rule;
use crate::source::Source;
use crate::warning::WarningKind;

/// What meets a clause of the regulation beside the pack.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clause {
    pub(super) clause: String,
    system: String,
    #[serde(default)]
    open: String,
}

/// The clauses of the regulation behind `zz-2018`, in its order.
pub(super) fn clauses() -> Vec<Clause> {
    serde_saphyr::from_str(include_str!("../../manual/zz-2018.yaml"))
        .unwrap_or_else(|error| panic!("manual/zz-2018.yaml: {error}"))
}

/// The part of the page on the shipped packs.
pub(super) fn pages() -> String {
    let mut page = "\n# The packs that come with the product\n".to_owned();
    for name in builtin_names() {
        let text = builtin(name).unwrap_or_default();
        let pack = RulePack::parse(text).unwrap_or_else(|mistakes| panic!("{name}: {mistakes}"));
        page += &pack_page(name, &pack);
    }
    page
}

fn pack_page(name: &str, pack: &RulePack) -> String {
    let mut page = format!("\n## {name}: {} ({})\n\n", pack.title.zh, pack.title.en);
    let groups: Vec<_> = pack.groups.iter().map(|group| group.name.zh.as_str()).collect();
    let scoring = &pack.scoring;
    page += &format!(
        "Base {}, floor {}, {} decimals; groups {}; switches of the lifecycle {}. [The pack](../libs/rules/packs/{name}.yaml).\n\n",
        decimal(&scoring.base.value),
        decimal(&scoring.floor.value),
        scoring.decimals,
        groups.join("、"),
        switches(pack),
    );
    page += "| item | judges | by | numbers | clause | provenance | note |\n|---|---|---|---|---|---|---|\n";
    for (family, rules) in &pack.families {
        for stream in &rules.streams {
            let (path, cap) = (stream.path(*family), decimal(&stream.cap.value));
            let path = path.trim_start_matches("families.");
            page += &format!(
                "| **{path}** | {} {} | | cap {cap} | {} |\n",
                stream.name.zh,
                stream.name.en,
                sourced(&stream.source),
            );
            stream.items.iter().for_each(|item| page += &item_row(item));
        }
    }
    page += &match name {
        "zz-2018" => regulation(pack),
        _ => by_clause(pack),
    };
    page + &to_confirm(pack) + &warned(pack)
}

/// The switches of the lifecycle that are not at their first value.
fn switches(pack: &RulePack) -> String {
    let shown = |lifecycle: &Lifecycle| -> BTreeMap<String, String> {
        let json = serde_json::to_value(lifecycle).unwrap_or_default();
        serde_json::from_value(json).unwrap_or_default()
    };
    let first = shown(&Lifecycle::default());
    let own = shown(&pack.lifecycle);
    let set: Vec<_> = own
        .into_iter()
        .filter(|(switch, value)| first.get(switch) != Some(value))
        .map(|(switch, value)| format!("`{switch}: {value}`"))
        .collect();
    if set.is_empty() { "all at their first values".to_owned() } else { set.join(", ") }
}

/// What its check warns of, beside the assumed numbers.
fn warned(pack: &RulePack) -> String {
    let mut text = format!("\n### {}: what its check warns of\n\n", pack.pack);
    let warnings = pack.warnings().into_iter();
    for warning in warnings.filter(|warning| !matches!(warning.kind, WarningKind::Assumed { .. })) {
        let said = warning.to_string();
        let said = said.strip_prefix(&format!("{}: ", warning.path)).unwrap_or(&said).to_owned();
        text += &format!("- {}: {said}\n", listed([warning.path.as_str()].into_iter()));
    }
    text
}

fn item_row(item: &Item) -> String {
    let formulas: Vec<_> =
        item.rule.formulas().iter().map(|formula| format!("`{formula}`")).collect();
    let sign = match &item.rule {
        Rule::FlatIf(rule) => format!(" {} ", rule.condition.comparison.for_readers()),
        _ => ", ".to_owned(),
    };
    let mut by = format!("`{}` {}", item.rule.key(), formulas.join(&sign));
    if let Rule::BandRelative(rule) = &item.rule {
        let size = if rule.by_size { " by size" } else { "" };
        by += &format!("{size} against `{}`", rule.against);
    }
    for (place, table) in item.rule.bands().into_iter().enumerate() {
        let of = if place == 0 { "" } else { " for grid class 2" };
        by += &format!(" in `{table}`{of}");
    }
    for word in item
        .aspect
        .map(|one| one.as_str())
        .into_iter()
        .chain(item.completion.map(|one| one.as_str()))
    {
        by += &format!("; {word}");
    }
    if let Some(limit) = &item.limit {
        by += &format!(", at most `{limit}`");
    }
    let numbers: Vec<_> = item
        .rule
        .named_numbers()
        .into_iter()
        .map(|(role, number)| {
            let own = number.source.as_ref();
            let own = own.map(|source| format!(" ({})", source.provenance)).unwrap_or_default();
            format!("{} {}{own}", role.replace('_', " "), decimal(&number.value))
        })
        .collect();
    let (names, numbers, source) = (&item.name, numbers.join(", "), sourced(&item.source));
    format!("| {} | {} {} | {by} | {numbers} | {source} |\n", item.id, names.zh, names.en)
}

/// Clause, provenance and note as the last cells of a row.
fn sourced(source: &Source) -> String {
    let note = source.note.as_deref().unwrap_or("");
    format!("{} | {} | {note}", source.clause, source.provenance)
}

/// The parts of a pack with the clause that each carries out.
fn parts(pack: &RulePack) -> Vec<(String, &Source)> {
    let mut parts = vec![
        ("freeze".to_owned(), &pack.freeze.source),
        ("selection".to_owned(), &pack.selection.source),
        ("scoring".to_owned(), &pack.scoring.source),
        ("grades".to_owned(), &pack.grades.source),
    ];
    let tables = pack.bands.iter().map(|(name, table)| (format!("bands.{name}"), &table.source));
    parts.extend(tables);
    for (family, rules) in &pack.families {
        parts.extend(family_parts(family.as_str(), rules));
        for stream in &rules.streams {
            let path = stream.path(*family);
            let items =
                stream.items.iter().map(|item| (stream.path_of(*family, item), &item.source));
            parts.push((path.clone(), &stream.source));
            parts.extend(items);
        }
    }
    parts.extend(pack.figures.iter().map(|one| (format!("figures[{}]", one.id), &one.source)));
    let strange = pack.numbers().into_iter().filter(|number| {
        let within = parts.iter().find(|(path, _)| *path == number.path);
        within.is_some_and(|(_, source)| source.clause != number.source.clause)
    });
    let strange: Vec<_> = strange.map(|number| (number.place(), number.source)).collect();
    parts.extend(strange);
    parts
}

fn family_parts<'a>(family: &str, rules: &'a FamilyRules) -> Vec<(String, &'a Source)> {
    let zones = rules.zones.iter().map(|zones| ("zones", &zones.source));
    let size = rules.size.iter().map(|size| ("size", &size.source));
    let how = rules.differentiation.iter().map(|how| ("differentiation", &how.source));
    zones
        .chain(size)
        .chain(how)
        .map(|(part, source)| (format!("families.{family}.{part}"), source))
        .collect()
}

fn listed<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let parts: Vec<_> =
        parts.map(|path| format!("`{}`", path.trim_start_matches("families."))).collect();
    parts.join(", ")
}

fn by_clause(pack: &RulePack) -> String {
    let mut by_clause = BTreeMap::<&str, Vec<String>>::new();
    let parts = parts(pack);
    for (path, source) in &parts {
        by_clause.entry(&source.clause).or_default().push(path.clone());
    }
    let mut text = "\nClauses, numbered as in the regulation of Zhengzhou:\n\n| clause | met by |\n|---|---|\n".to_owned();
    for (clause, paths) in by_clause {
        text += &format!("| {clause} | {} |\n", listed(paths.iter().map(String::as_str)));
    }
    text
}

/// Every clause of the regulation, with what meets it in the pack and in the system.
fn regulation(pack: &RulePack) -> String {
    let parts = parts(pack);
    let mut text = "\n### Clause by clause\n\nThe text of each clause is in [regulation-zhengzhou-2018.md](regulation-zhengzhou-2018.md).\n\n| clause | in the pack | in the system | open |\n|---|---|---|---|\n".to_owned();
    for Clause { clause, system, open } in clauses() {
        let meets = |source: &Source| {
            let rest = clause.strip_prefix(source.clause.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let met =
            listed(parts.iter().filter(|(_, source)| meets(source)).map(|(path, _)| path.as_str()));
        text += &format!("| {clause} | {met} | {system} | {open} |\n");
    }
    text
}

/// The assumed numbers, with the nearest source of each.
fn to_confirm(pack: &RulePack) -> String {
    let numbers = pack.numbers();
    let mut by_part = BTreeMap::<(&str, &str), Vec<String>>::new();
    for number in numbers.iter().filter(|number| number.is_assumed()) {
        let note = number.source.note.as_deref().unwrap_or("");
        let shown = format!("{} {}", number.role.replace('_', " "), number.decimal());
        by_part.entry((&number.path, note)).or_default().push(shown);
    }
    let assumed = numbers.iter().filter(|number| number.is_assumed()).count();
    let mut text = format!(
        "\n### {}: what an office must confirm\n\n{assumed} of {} numbers are assumptions.\n\n",
        pack.pack,
        numbers.len()
    );
    text += "| part | numbers | nearest source, or why |\n|---|---|---|\n";
    for ((path, note), shown) in by_part {
        text += &format!("| {} | {} | {note} |\n", listed([path].into_iter()), shown.join(", "));
    }
    text + &by_authority(&numbers)
}

/// How many numbers rest on which authority.
fn by_authority(numbers: &[PackNumber<'_>]) -> String {
    let mut by_authority = BTreeMap::<String, usize>::new();
    for number in numbers {
        *by_authority.entry(number.source.provenance.to_string()).or_default() += 1;
    }
    let counts: Vec<_> =
        by_authority.iter().map(|(authority, count)| format!("{authority} {count}")).collect();
    format!("\nNumbers by authority: {}.\n", counts.join(", "))
}
