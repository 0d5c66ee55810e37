//! The registry and the rules that a golden case gives.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chengping_rules::{RulePack, builtin};
use chengping_types::registry::{Area, AreaKind, Body, Coefficient, LongTermEntry, Registry};
use chengping_types::{BodyKind, Month};

use super::format::Given;
use crate::lab::Lab;

/// The first month of everything that names none.
const ALWAYS: &str = "2016-01";

/// `district from 2018-05 to 2018-06` as `district` and its months.
struct Dated {
    words: Vec<String>,
    from: Month,
    to: Option<Month>,
}

impl Dated {
    fn read(text: &str) -> Self {
        let text = text.replace(',', " ");
        let mut dated = Self { words: Vec::new(), from: ALWAYS.parse().unwrap(), to: None };
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            let mut month = || words.next().and_then(|month| month.parse().ok());
            match word {
                "from" => dated.from = month().unwrap_or_else(|| panic!("`{text}`: from when?")),
                "to" => dated.to = Some(month().unwrap_or_else(|| panic!("`{text}`: to when?"))),
                "of" | "and" | "in" | "x" => {}
                word => dated.words.push(word.to_owned()),
            }
        }
        dated
    }
}

pub(crate) fn registry(given: &Given) -> Registry {
    let bodies: Vec<Body> = given
        .bodies
        .iter()
        .flat_map(|(id, rows)| rows.all().iter().map(move |row| body(id, row)))
        .collect();
    let areas = given.areas.iter().flat_map(|(code, rows)| {
        let bodies = &bodies;
        rows.all().iter().map(move |row| area(code, row, bodies))
    });
    let sizes = given.sizes.iter().flat_map(|(id, zones)| {
        let of_zone = move |(zone, rows): (&str, &super::format::OneOrMore)| {
            rows.all().iter().map(|row| size(id, zone, row)).collect::<Vec<_>>()
        };
        zones.iter().flat_map(of_zone).collect::<Vec<_>>()
    });
    Registry {
        areas: areas.collect(),
        coefficients: sizes.collect(),
        long_term: given.long_term.iter().map(|row| long_term(row)).collect(),
        bodies,
    }
}

fn body(id: &str, text: &str) -> Body {
    let Dated { words, from, to } = Dated::read(text);
    Body {
        body_id: id.parse().unwrap(),
        kind: words[0].parse().unwrap(),
        name: id.to_owned(),
        parent: words.get(1).map(|parent| parent.parse().unwrap()),
        valid_from: from,
        valid_to: to,
        assessment_code: None,
    }
}

fn area(code: &str, text: &str, bodies: &[Body]) -> Area {
    let Dated { words, from, to } = Dated::read(text);
    let (zone, managers) = words.split_first().unwrap();
    let of_kind = |kind| {
        let is = |id: &&String| {
            let known = bodies.iter().find(|body| body.body_id.as_str() == id.as_str());
            known.unwrap_or_else(|| panic!("`{text}`: no body {id}")).kind == kind
        };
        managers.iter().find(is).map(|id| id.parse().unwrap())
    };
    Area {
        area_code: code.to_owned(),
        kind: AreaKind::RoadSection,
        name: code.to_owned(),
        district: of_kind(BodyKind::District),
        subdistrict: of_kind(BodyKind::Subdistrict),
        window: of_kind(BodyKind::Window),
        zone: zone.parse().unwrap(),
        valid_from: from,
        valid_to: to,
    }
}

fn size(id: &str, zone: &str, text: &str) -> Coefficient {
    let Dated { words, from, .. } = Dated::read(text);
    let [road_sections, difficulty, attributes @ ..] = &words[..] else {
        panic!("`{text}`: write `10 x 1.20`")
    };
    let mut coefficient = Coefficient {
        body_id: id.parse().unwrap(),
        zone: zone.parse().unwrap(),
        road_sections: road_sections.parse().unwrap(),
        difficulty: difficulty.parse().unwrap(),
        valid_from: from,
        approved_by: String::new(),
        reason: String::new(),
        area_km2: None,
        population: None,
        grid_class: None,
    };
    for pair in attributes.chunks(2) {
        match [pair[0].as_str(), pair.get(1).map_or("", String::as_str)] {
            [number, "km2"] => coefficient.area_km2 = number.parse().ok(),
            [number, "people"] => coefficient.population = number.parse().ok(),
            ["class", class] => coefficient.grid_class = class.parse().ok(),
            _ => panic!("`{text}`: write `83.1 km2`, `1000 people` or `class 2`"),
        }
    }
    coefficient
}

fn long_term(text: &str) -> LongTermEntry {
    let Dated { words, from, to } = Dated::read(text);
    LongTermEntry {
        category_scheme: format!("gbt-30428.2-2013-{}", words[0]),
        category_code: words[1].clone(),
        valid_from: from,
        valid_to: to,
        area_code: words.get(2).cloned(),
    }
}

/// The pack by name, or the small one of the rules that are given, with its settings.
pub(crate) fn pack(given: &Given) -> RulePack {
    let small = given.rules.clone().unwrap_or_default();
    let mut text = match (&given.pack, &given.rule, &given.rules) {
        (None, Some(rule), None) => Lab::item(rule).text(),
        (None, None, Some(_)) => {
            let comma = if small.scoring.is_empty() { "" } else { ", " };
            let scoring = format!("{}{comma}", small.scoring);
            let lab = Lab::new().scoring(&scoring).family(&small.family);
            let with = |lab: Lab, (id, stream): (&str, &super::format::SmallStream)| {
                let items: Vec<_> =
                    stream.items.iter().map(|(id, rule)| (id, rule.as_str())).collect();
                lab.stream(id, &stream.with, &items)
            };
            small.streams.iter().fold(lab, with).text()
        }
        (Some(name), None, None) => {
            builtin(name).unwrap_or_else(|| panic!("no pack {name}")).to_owned()
        }
        _ => panic!("give one of pack, rule and rules"),
    };
    for (setting, value) in given.set.iter() {
        text = rewrite(&text, setting, value);
    }
    parsed(text)
}

/// Many cases have the same pack, and reading one takes longer than scoring by it.
fn parsed(text: String) -> RulePack {
    static PACKS: Mutex<BTreeMap<String, RulePack>> = Mutex::new(BTreeMap::new());
    let known = PACKS.lock().unwrap().get(&text).cloned();
    known.unwrap_or_else(|| {
        let pack = RulePack::parse(&text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        PACKS.lock().unwrap().insert(text, pack.clone());
        pack
    })
}

/// Writes another value wherever the pack gives the setting one; of `N1/weight` only in the first
/// item N1.
fn rewrite(text: &str, setting: &str, value: &str) -> String {
    let Some((item, setting)) = setting.split_once('/') else {
        return rewrite_all(text, setting, value);
    };
    let at = text.find(&format!("id: {item}\n")).unwrap_or_else(|| panic!("no item {item}"));
    let (before, from) = text.split_at(at);
    let end = from[1..].find("id: ").map_or(from.len(), |end| end + 1);
    let (of_item, after) = from.split_at(end);
    [before, &rewrite_all(of_item, setting, value), after].concat()
}

fn rewrite_all(text: &str, setting: &str, value: &str) -> String {
    let key = format!("{setting}: ");
    let (mut rest, mut written, mut found) = (text, String::new(), false);
    while let Some(at) = rest.find(&key) {
        let (before, after) = rest.split_at(at);
        let (head, old) = after.split_at(key.len());
        written += before;
        written += head;
        rest = old;
        if before.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
            continue;
        }
        let is_end =
            |depth: i32, found: char| found == '\n' || depth == 0 && matches!(found, ',' | '}');
        let (mut depth, mut end) = (0, old.len());
        for (index, next) in old.char_indices() {
            if is_end(depth, next) {
                end = index;
                break;
            }
            depth += i32::from(matches!(next, '{' | '[')) - i32::from(matches!(next, '}' | ']'));
        }
        written += value;
        rest = &old[end..];
        found = true;
    }
    assert!(found, "the pack writes no `{setting}`");
    written + rest
}
