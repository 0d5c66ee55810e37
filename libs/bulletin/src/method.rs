//! The method behind the scores, as the rules say it: what is judged, for how many points, by which
//! formula and clause.

use chengping_rules::{FamilyRules, Item, StreamRules};
use chengping_scoring::explain::{Language, formula, readable};

use crate::Bulletin;
use crate::words::clean;

/// What is judged, in the order of the pack.
pub(crate) struct Judged {
    /// The groups judged so.
    pub(crate) groups: String,
    pub(crate) streams: Vec<JudgedStream>,
}

pub(crate) struct JudgedStream {
    pub(crate) name: String,
    /// The most that it deducts.
    pub(crate) cap: String,
    pub(crate) clause: String,
    pub(crate) items: Vec<JudgedItem>,
}

pub(crate) struct JudgedItem {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) points: String,
    pub(crate) formula: String,
    pub(crate) clause: String,
    pub(crate) provenance: String,
}

/// The method of every family that has bodies.
pub(crate) fn judged(bulletin: &Bulletin) -> Vec<Judged> {
    let of_family = |(family, rules): (&_, &FamilyRules)| {
        let groups = bulletin.groups.iter().filter(|group| group.family == *family);
        let groups: Vec<_> = groups.map(|group| group.name.as_str()).collect();
        let streams = rules.streams.iter().map(|one| stream(rules, one)).collect();
        (!groups.is_empty()).then(|| Judged { groups: groups.join("、"), streams })
    };
    bulletin.rules.families.iter().filter_map(of_family).collect()
}

fn stream(rules: &FamilyRules, stream: &StreamRules) -> JudgedStream {
    let item = |item: &Item| JudgedItem {
        id: item.id.clone(),
        name: clean(&item.name.zh),
        points: readable(&item.rule.points().value),
        formula: formula(rules, item, Language::Zh),
        clause: clean(&item.source.clause),
        provenance: provenance(&item.source.provenance),
    };
    JudgedStream {
        name: clean(&stream.name.zh),
        cap: readable(&stream.cap.value),
        clause: clean(&stream.source.clause),
        items: stream.items.iter().map(item).collect(),
    }
}

fn provenance(provenance: &chengping_rules::Provenance) -> String {
    use chengping_rules::Provenance::{Assumption, City, Regulation, Standard};
    match provenance {
        Regulation => "本市办法".to_owned(),
        Standard => "国家或行业标准".to_owned(),
        City(city) => format!("参照 {}", clean(city)),
        Assumption => "暂定，待确认".to_owned(),
    }
}

/// The settings that hold for every score, each with its value.
pub(crate) fn settings(bulletin: &Bulletin) -> Vec<(&'static str, String)> {
    let scoring = &bulletin.rules.scoring;
    let grades = bulletin.rules.grades.steps.iter();
    let grades =
        grades.map(|step| format!("{} ≥ {}", clean(&step.grade), readable(&step.from.value)));
    vec![
        ("基准分", readable(&scoring.base.value)),
        ("最低分", readable(&scoring.floor.value)),
        ("列名次所需应结案数", readable(&scoring.cases_min.value)),
        ("预警线（占该项分值）", readable(&scoring.warning_share.value)),
        ("得分小数位", scoring.decimals.to_string()),
        ("等级", grades.collect::<Vec<_>>().join("；")),
    ]
}
