//! The scores in words: every deduction as its formula, with the numbers put in.
//!
//! Nothing is computed anew. The formulas come from the pack, the numbers from the evaluation;
//! what is printed is rounded for reading to at most four decimals.

mod formula;
mod words;

use chengping_rules::{Aspect, FamilyRules, Item, RulePack};
use chengping_types::Exact;

use self::formula::Wording;
use crate::attribution::Part;
use crate::evaluation::{ItemResult, PartResult, Scorecard, StreamResult};

/// The language of an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Language {
    const fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// A scorecard in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// How the score comes about: `100 − 6.5246 − 4.0526 − 2.6558 − 0 = 86.77`; absent without a
    /// score.
    pub total: Option<String>,
    /// Its items in the order of the pack.
    pub items: Vec<ItemExplanation>,
}

/// An item in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemExplanation {
    /// Identifier of the item.
    pub id: String,
    /// Identifier of its stream.
    pub stream: String,
    /// Name of the item.
    pub name: String,
    /// What it judges a post by (4.2).
    pub aspect: Option<String>,
    /// The formula over the names of the counts: `30 × (1 − closed on time ÷ closure due)`.
    pub formula: String,
    /// The formula with the numbers of each part.
    pub parts: Vec<PartExplanation>,
    /// How the parts make up the deduction: `0.6 × 1.0714 + 0.4 × 6.4865 = 3.2375`; absent where
    /// there is only one.
    pub weighting: Option<String>,
    /// The clause it carries out.
    pub clause: String,
    /// The authority of its numbers.
    pub provenance: String,
}

/// An item in one part, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartExplanation {
    /// The part.
    pub part: Part,
    /// `30 × (1 − 27 ÷ 28) = 1.0714`, or why the item does not apply.
    pub computation: String,
}

/// Explains a scorecard of an evaluation by `pack`, the pack that it was scored with.
pub fn explain(pack: &RulePack, card: &Scorecard, language: Language) -> Explanation {
    let rules = pack.families.get(&card.kind.family());
    let item_of = |stream: &StreamResult, item: &ItemResult| {
        let mut items = rules.into_iter().flat_map(|rules| rules.items());
        let (_, rule) = items.find(|(of, rule)| of.id == stream.id && rule.id == item.id)?;
        let mode = rules?.differentiation_mode();
        Some(explain_item(&Wording { item: rule, mode, language }, stream, item))
    };
    Explanation {
        total: total(pack, card),
        items: card.items().filter_map(|(stream, item)| item_of(stream, item)).collect(),
    }
}

/// The formula of an item over the names of what it counts, as [`ItemExplanation::formula`]; `rules`
/// is the family that it belongs to.
pub fn formula(rules: &FamilyRules, item: &Item, language: Language) -> String {
    let wording = Wording { item, mode: rules.differentiation_mode(), language };
    wording.formula() + whose(item, language)
}

fn explain_item(
    wording: &Wording<'_>,
    stream: &StreamResult,
    item: &ItemResult,
) -> ItemExplanation {
    let language = wording.language;
    let part = |part: &PartResult| PartExplanation {
        part: part.part,
        computation: computation(wording, part),
    };
    ItemExplanation {
        id: item.id.clone(),
        stream: stream.id.clone(),
        name: language.pick(&item.name.zh, &item.name.en).to_owned(),
        aspect: item.aspect.map(|aspect| aspect_in_words(aspect, language).to_owned()),
        formula: wording.formula() + whose(wording.item, language),
        parts: item.parts.iter().map(part).collect(),
        weighting: weighting(item),
        clause: item.clause.clone(),
        provenance: item.provenance.to_string(),
    }
}

fn aspect_in_words(aspect: Aspect, language: Language) -> &'static str {
    match aspect {
        Aspect::Completion => language.pick("工作完成度", "completion"),
        Aspect::Timeliness => language.pick("按时程度", "timeliness"),
        Aspect::Accuracy => language.pick("工作准确度", "accuracy"),
    }
}

/// Whose work the formula counts, where it is not the body's own (decisions.md 28).
fn whose(item: &Item, language: Language) -> &'static str {
    match item.is_pooled() {
        true => {
            language.pick("（各班组合计，含无人经手的案件）", ", of all teams and untouched cases")
        }
        false => "",
    }
}

fn computation(wording: &Wording<'_>, part: &PartResult) -> String {
    let Some(applied) = &part.applied else {
        let reason = wording.obstacle(part);
        return wording.language.pick("不适用：", "not applicable: ").to_owned() + &reason;
    };
    let mut text = wording.substituted(part);
    if applied.factor != Exact::ONE {
        text = format!("{text} × {}", readable(&applied.factor));
    }
    format!("{text} = {}", readable(&applied.deduction))
}

fn weighting(item: &ItemResult) -> Option<String> {
    if item.parts.len() < 2 {
        return None;
    }
    let weighted = item.parts.iter().filter(|part| !part.share.is_zero()).map(|part| {
        let deduction = part.applied.as_ref().map(|applied| readable(&applied.deduction));
        format!("{} × {}", readable(&part.share), deduction.as_deref().unwrap_or("0"))
    });
    let weighted: Vec<_> = weighted.collect();
    let sum = if weighted.is_empty() { "0".to_owned() } else { weighted.join(" + ") };
    Some(format!("{sum} = {}", readable(&item.deduction)))
}

fn total(pack: &RulePack, card: &Scorecard) -> Option<String> {
    let score = card.score.as_ref()?;
    let (base, floor) = (&pack.scoring.base.value, &pack.scoring.floor.value);
    let (mut text, mut sum) = (readable(base), base.clone());
    for stream in &card.streams {
        text += &stream_terms(stream);
        sum -= &stream.deduction;
    }
    if let Some(scale) = &card.scale {
        text = format!("({text}) × {}", readable(scale));
        sum = sum * scale;
    }
    let may_exceed = pack.scoring.above_base && card.scale.is_none();
    if sum > *base && !may_exceed {
        text = format!("min({}, {text})", readable(base));
    }
    if sum < *floor {
        text = format!("max({}, {text})", readable(floor));
    }
    Some(format!("{text} = {}", score.printed()))
}

/// What a stream takes from the score, and what its bonuses give back.
fn stream_terms(stream: &StreamResult) -> String {
    let of_items = stream.items.iter().map(|item| &item.deduction);
    let (given, lost): (Vec<_>, Vec<_>) = of_items.partition(|points| points.is_negative());
    let (given, lost): (Exact, Exact) = (given.into_iter().sum(), lost.into_iter().sum());
    let mut text = if lost > stream.cap {
        format!(" − min({}, {})", readable(&stream.cap), readable(&lost))
    } else {
        format!(" − {}", readable(&lost))
    };
    if given.is_negative() {
        text += &format!(" + {}", readable(&-given));
    }
    text
}

/// The shortest decimal that is exact within four places, or else four places.
pub fn readable(number: &Exact) -> String {
    let rounded = number.to_decimal(4);
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    let text = if short.parse().as_ref() == Ok(number) { short } else { &rounded };
    text.replacen('-', "−", 1)
}
