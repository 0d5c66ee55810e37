//! The formula of each primitive, once over names and once over numbers.

use chengping_casework::Base;
use chengping_rules::{Count, Rate, Reference, Rule, Threshold};
use chengping_types::Exact;

use super::{Language, readable};
use crate::evaluation::{Inputs, PartResult};

/// What stands at the variable places of a formula: names or numbers.
struct Terms {
    first: String,
    second: String,
}

/// The formula over the names of what is counted.
pub(super) fn formula(rule: &Rule, language: Language) -> String {
    let word = |zh: &str, en: &str| language.pick(zh, en).to_owned();
    let terms = match rule {
        Rule::Linear(rule) => rate_in_words(&rule.rate, language),
        Rule::PerPoint(rule) => rate_in_words(&rule.rate, language),
        Rule::BandRelative(rule) => {
            let own = operand_in_words(&rule.count, language);
            let size = if rule.by_size {
                word(" ÷ 有效规模", " ÷ effective size")
            } else {
                String::new()
            };
            let second = match rule.against {
                Reference::GroupMedian => word("同组中位数", "median of the group"),
                Reference::OwnHistory => word("本单位历史中位数", "median of its own months"),
            };
            Terms { first: own + &size, second }
        }
        Rule::MomIncrease(_) => {
            Terms { first: word("本月", "this month"), second: word("上月", "last month") }
        }
        Rule::PerCaseRepeat(_) => Terms {
            first: word("督办数", "first orders"),
            second: word("再次督办数", "repeated orders"),
        },
        Rule::Satisfaction(_) => {
            Terms { first: word("满意度指数", "satisfaction index"), second: String::new() }
        }
    };
    render(rule, &terms, language)
}

/// The formula over the numbers of one part.
pub(super) fn substituted(rule: &Rule, inputs: &Inputs, language: Language) -> String {
    let or_dash = |number: &Option<Exact>| number.as_ref().map_or("–".to_owned(), readable);
    let terms = match inputs {
        Inputs::Rate { num, den } => Terms { first: readable(num), second: readable(den) },
        Inputs::Band { own, reference, .. } => {
            Terms { first: or_dash(own), second: or_dash(reference) }
        }
        Inputs::Increase { now, before } => {
            Terms { first: readable(now), second: readable(before) }
        }
        Inputs::Satisfaction { index, .. } => {
            Terms { first: or_dash(index), second: String::new() }
        }
        Inputs::Orders { first, repeated } => {
            Terms { first: first.to_string(), second: repeated.to_string() }
        }
    };
    render(rule, &terms, language)
}

fn render(rule: &Rule, Terms { first, second }: &Terms, language: Language) -> String {
    match rule {
        Rule::Linear(rule) => {
            format!("{} × (1 − {first} ÷ {second})", readable(&rule.weight.value))
        }
        Rule::PerPoint(rule) => {
            let (points, cap) = (readable(&rule.points.value), readable(&rule.cap.value));
            let percent = format!("100 × {first} ÷ {second}");
            match &rule.threshold {
                Threshold::Above(zero) if zero.value.is_zero() => {
                    format!("min({cap}, {points} × {percent})")
                }
                Threshold::Above(from) => {
                    let from = readable(&from.value);
                    format!("min({cap}, {points} × max(0, {percent} − {from}))")
                }
                Threshold::Below(from) => {
                    let from = readable(&from.value);
                    format!("min({cap}, {points} × max(0, {from} − {percent}))")
                }
            }
        }
        Rule::BandRelative(rule) => {
            let band = language.pick("分档比例", "share of the band");
            format!("{} × {band}({first} ÷ {second})", readable(&rule.weight.value))
        }
        Rule::MomIncrease(rule) => {
            let (points, cap) = (readable(&rule.points.value), readable(&rule.cap.value));
            format!("min({cap}, {points} × 100 × max(0, {first} − {second}) ÷ {second})")
        }
        Rule::PerCaseRepeat(rule) => {
            let (points, cap) = (readable(&rule.first.value), readable(&rule.cap.value));
            let factor = readable(&rule.factor.value);
            format!("min({cap}, {points} × ({first} + {factor} × {second}))")
        }
        Rule::Satisfaction(rule) => {
            format!("{} × (1 − {first} ÷ 100)", readable(&rule.weight.value))
        }
    }
}

/// Why an item does not apply in a part.
pub(super) fn obstacle(rule: &Rule, part: &PartResult, language: Language) -> String {
    if part.share.is_zero() {
        return language.pick("无数据", "no data").to_owned();
    }
    let word = |zh: &str, en: &str| language.pick(zh, en).to_owned();
    match &part.inputs {
        Inputs::Rate { .. } => word("分母为 0", "there is nothing in the denominator"),
        Inputs::Band { own: None, .. } => word("无有效规模", "no effective size is registered"),
        Inputs::Band { reference: None, .. } => {
            word("无可比对象", "there is nothing to compare with")
        }
        Inputs::Band { .. } => word("比较基准为 0", "what it is compared with is 0"),
        Inputs::Increase { .. } => word("上月为 0，新增", "there was none last month"),
        Inputs::Satisfaction { visits, .. } => {
            let least = match rule {
                Rule::Satisfaction(rule) => readable(&rule.visits_min.value),
                _ => String::new(),
            };
            match language {
                Language::Zh => format!("有效回访 {visits} 件，少于 {least} 件"),
                Language::En => format!("{visits} answered visits, at least {least} are needed"),
            }
        }
        Inputs::Orders { .. } => word("无督办", "no orders"),
    }
}

fn rate_in_words(rate: &Rate, language: Language) -> Terms {
    Terms {
        first: operand_in_words(&rate.numerator, language),
        second: operand_in_words(&rate.denominator, language),
    }
}

/// A count as the operand of a division.
fn operand_in_words(count: &Count, language: Language) -> String {
    let text = count.in_words(&|base: Base| language.pick(base.zh(), base.en()).to_owned());
    match count {
        Count::Operation(..) => format!("({text})"),
        _ => text,
    }
}
