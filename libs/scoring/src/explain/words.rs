//! Formulas of the pack with words for their names.

use chengping_rules::{Condition, Count, Counted, Quantity, SizeAttribute};

use super::Language;

/// A formula in words.
pub(super) fn in_words(formula: &Count, language: Language) -> String {
    formula.in_words(&|name| word(name, language))
}

/// A formula in words as the operand of a product or quotient.
pub(super) fn operand(formula: &Count, language: Language) -> String {
    let text = in_words(formula, language);
    match formula {
        Count::Operation(..) => format!("({text})"),
        _ => text,
    }
}

/// A condition in words.
pub(super) fn condition_in_words(condition: &Condition<Quantity>, language: Language) -> String {
    condition.in_words(&|name| word(name, language))
}

fn word(name: &Quantity, language: Language) -> String {
    match name {
        Quantity::Count(base) => language.pick(base.zh(), base.en()).to_owned(),
        Quantity::CountOf(counted, base) => match language {
            Language::Zh => format!("{}{}", stream(*counted, language), base.zh()),
            Language::En => format!("{} ({})", base.en(), stream(*counted, language)),
        },
        Quantity::Size(SizeAttribute::RoadSections) => {
            language.pick("路段数", "road sections").to_owned()
        }
        Quantity::Size(SizeAttribute::Difficulty) => {
            language.pick("难度系数", "difficulty").to_owned()
        }
        Quantity::Size(SizeAttribute::Area) => {
            language.pick("面积（平方公里）", "square kilometres").to_owned()
        }
        Quantity::Size(SizeAttribute::Population) => language.pick("人口", "population").to_owned(),
        Quantity::Size(SizeAttribute::GridClass) => {
            language.pick("网格类别", "grid class").to_owned()
        }
        Quantity::Item(item) => match language {
            Language::Zh => format!("{item} 扣分"),
            Language::En => format!("deduction of {item}"),
        },
    }
}

const fn stream(counted: Counted, language: Language) -> &'static str {
    match counted {
        Counted::Regular => language.pick("常规", "regular"),
        Counted::LongTerm => language.pick("长效治理", "long-term"),
        Counted::Public => language.pick("公众上报", "public"),
        Counted::All => language.pick("全部", "all"),
    }
}
