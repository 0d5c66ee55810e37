//! The county of docs/new-city.md: the files of the walk-through give the numbers that it computes by
//! hand.

use std::fs;

use chengping_casework::{Deriver, Question};
use chengping_rules::{RulePack, WarningKind};
use chengping_scoring::explain::{Language, explain};
use chengping_scoring::{
    Attributor, ENGINE, EvaluatedPart, Evaluation, Input, PackRevision, Snapshot, score, tally,
};
use chengping_types::{Digest, Exact, Month};

use crate::files::Folder;

fn folder() -> Folder {
    Folder::new("docs/examples/county")
}

fn pack() -> RulePack {
    let text = fs::read_to_string(folder().path("pack.yaml")).unwrap();
    RulePack::parse(&text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn evaluation() -> Evaluation {
    let (pack, registry) = (pack(), folder().registry());
    let month: Month = "2024-05".parse().unwrap();
    let RulePack { time_zone, freeze, lifecycle, .. } = &pack;
    let question = Question::at_freeze(month, time_zone.clone(), freeze.day, *lifecycle);
    let deriver = Deriver::new(&question);
    let cases = folder().cases();
    let facts: Vec<_> =
        cases.iter().filter_map(|(case, events)| deriver.derive(case, events)).collect();
    assert_eq!(facts.len(), 37);
    let as_of = month.freeze(freeze.day, time_zone);
    let EvaluatedPart { bodies, former_periods, coefficients } =
        EvaluatedPart::new(&pack, &registry, month);
    let tallies = tally(&facts, &Attributor::new(&pack, &registry, month));
    score(&Input {
        jurisdiction: "shili".parse().unwrap(),
        month,
        as_of,
        decided: as_of,
        engine: ENGINE.to_owned(),
        rule_pack: PackRevision::new(1, pack),
        snapshot: Snapshot { watermark: 0, digest: Digest::of(b"") },
        bodies,
        former_periods,
        coefficients,
        tallies,
        earlier: [].into(),
    })
}

fn page() -> String {
    fs::read_to_string(Folder::new("docs").path("new-city.md")).unwrap()
}

/// The cells of the rows of the page's table under a heading, without the header.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = page();
    let (_, rest) = page.split_once(&format!("### {heading}\n")).unwrap();
    let rows = rest.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| -> Vec<String> {
        row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn the_pack_of_the_county_is_warned_of_what_the_page_says() {
    let warnings = pack().warnings();
    let said: Vec<_> = warnings
        .iter()
        .filter(|warning| !matches!(warning.kind, WarningKind::Assumed { .. }))
        .map(ToString::to_string)
        .collect();
    let page = page();
    let assumed: Vec<_> =
        pack().numbers().into_iter().filter(|one| one.is_assumed()).map(|one| one.path).collect();
    assert_eq!(assumed, ["scoring"]);
    for warning in &warnings {
        assert!(page.contains(&format!("\nwarning: {warning}\n")), "{warning}");
    }
    let on_page = page.lines().filter(|line| line.starts_with("warning: ")).count();
    assert_eq!(on_page, warnings.len(), "{said:#?}");
}

#[test]
fn the_slips_of_the_page_are_told_as_it_prints_them() {
    let mut text = fs::read_to_string(folder().path("pack.yaml")).unwrap();
    for (piece, other) in [
        ("overdue_open / 2", "overdue / 2"),
        ("bands: rework,", "bands: reworks,"),
        ("grade: 良好, from: 96", "grade: 良好, from: 110"),
    ] {
        assert!(text.contains(piece), "{piece}");
        text = text.replacen(piece, other, 1);
    }
    let mistakes = RulePack::parse(&text).unwrap_err();
    assert_eq!(mistakes.iter().count(), 3);
    assert!(page().contains(&format!("```\n{mistakes}\n```")), "{mistakes}");
}

#[test]
fn the_ranking_is_the_one_that_the_page_prints() {
    let evaluation = evaluation();
    let rows = table("The ranking");
    assert_eq!(rows.len(), evaluation.scorecards.len());
    for row in rows {
        let [group, rank, body, number, grade] = row.try_into().unwrap();
        let card = evaluation.scorecard(&body.parse().unwrap()).unwrap();
        assert_eq!(card.rank.unwrap().to_string(), rank, "{body}");
        assert_eq!(card.score.as_ref().unwrap().printed(), number, "{body}");
        assert_eq!(
            (card.group.as_str(), card.grade.as_deref()),
            (group.as_str(), Some(grade.as_str()))
        );
    }
}

#[test]
fn every_deduction_is_the_one_that_the_page_computes_by_hand() {
    let evaluation = evaluation();
    for heading in ["By hand: the towns", "By hand: the offices"] {
        for row in table(heading) {
            let [body, item, zone, _, points] = row.try_into().unwrap();
            let card = evaluation.scorecard(&body.parse().unwrap()).unwrap();
            let (_, result) = card.items().find(|(_, result)| result.id == item).unwrap();
            let part = result.parts.iter().find(|part| part.part.as_str() == zone).unwrap();
            let deduction = part.applied.as_ref().map(|applied| applied.deduction.clone());
            let expected: Exact = points.parse().unwrap();
            assert_eq!(deduction, Some(expected), "{body} {item} {zone}");
        }
    }
}

#[test]
fn the_explanation_is_the_one_that_the_page_prints() {
    let evaluation = evaluation();
    let card = evaluation.scorecard(&"chengguan".parse().unwrap()).unwrap();
    let explanation = explain(&pack(), card, Language::En);
    let page = page();
    let total = explanation.total.unwrap();
    assert!(page.contains(&total), "{total}");
    let item = explanation.items.iter().find(|item| item.id == "A2").unwrap();
    let words = item.parts.iter().map(|part| &part.computation).chain([&item.formula]);
    for text in words.chain(&item.weighting) {
        assert!(page.contains(text), "{text}");
    }
}
