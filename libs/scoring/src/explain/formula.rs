//! The formula of each primitive, once over names and once over numbers.

use chengping_rules::{
    BandRelative, Count, DifferentiationMode, Item, Quantity, Rate, Reference, RepeatMode, Rule,
    Threshold,
};
use chengping_types::Exact;
use chengping_types::registry::GridClass;

use super::words::{condition_in_words, in_words, operand};
use super::{Language, readable};
use crate::evaluation::{Inputs, PartResult};

/// How one item is put into words.
pub(super) struct Wording<'a> {
    pub(super) item: &'a Item,
    /// Where the size of a body plays a part in its family.
    pub(super) mode: DifferentiationMode,
    pub(super) language: Language,
}

/// What stands at the variable places of a formula: names or numbers.
#[derive(Default)]
struct Terms {
    first: String,
    second: String,
    /// By what the whole is divided.
    divisor: Option<String>,
    limit: Option<String>,
}

impl Terms {
    fn one(first: String) -> Self {
        Self { first, ..Self::default() }
    }

    fn two(first: String, second: String) -> Self {
        Self { first, second, ..Self::default() }
    }
}

impl Wording<'_> {
    fn word(&self, zh: &str, en: &str) -> String {
        self.language.pick(zh, en).to_owned()
    }

    /// The formula over the names of what is counted.
    pub(super) fn formula(&self) -> String {
        let terms = match &self.item.rule {
            Rule::Linear(rule) => self.rate(&rule.rate),
            Rule::PerPoint(rule) => self.rate(&rule.rate),
            Rule::PerCase(rule) => Terms::one(operand(&rule.count, self.language)),
            Rule::Band(rule) => Terms::one(in_words(&rule.count, self.language)),
            Rule::BandRelative(rule) => self.comparison(rule),
            Rule::MomIncrease(rule) if rule.per_day => Terms::two(
                self.word("本月日均", "this month a day"),
                self.word("上月日均", "last month a day"),
            ),
            Rule::MomIncrease(_) => {
                Terms::two(self.word("本月", "this month"), self.word("上月", "last month"))
            }
            Rule::PerCaseRepeat(rule) if rule.mode == RepeatMode::Geometric => {
                Terms::one(self.word("督办加权数", "orders, each twice the one before"))
            }
            Rule::PerCaseRepeat(_) => Terms::two(
                self.word("督办数", "first orders"),
                self.word("再次督办数", "repeated orders"),
            ),
            Rule::FlatIf(rule) => Terms::one(condition_in_words(&rule.condition, self.language)),
            Rule::Satisfaction(_) => Terms::one(self.word("满意度指数", "satisfaction index")),
            Rule::Bonus(rule) => Terms::one(in_words(&rule.value, self.language)),
        };
        let limit = self.item.limit.as_ref().map(|limit| in_words(limit, self.language));
        self.render(&Terms { limit, ..terms })
    }

    fn comparison(&self, rule: &BandRelative) -> Terms {
        let own = operand(&rule.count, self.language);
        let sized = |mode| rule.by_size && self.mode == mode;
        let size = if sized(DifferentiationMode::Density) {
            self.word(" ÷ 有效规模", " ÷ effective size")
        } else {
            String::new()
        };
        let second = match (rule.against, &rule.reference) {
            (Reference::GroupMedian, _) => self.word("同组中位数", "median of the group"),
            (Reference::OwnHistory, _) => self.word("本单位历史中位数", "median of its own months"),
            (Reference::Fixed, number) => {
                number.as_ref().map(|number| readable(&number.value)).unwrap_or_default()
            }
        };
        let divides = sized(DifferentiationMode::DivideDeduction);
        let divisor = divides.then(|| self.word("规模比", "size ratio"));
        Terms { divisor, ..Terms::two(own + &size, second) }
    }

    /// The formula over the numbers of one part.
    pub(super) fn substituted(&self, part: &PartResult) -> String {
        let or_dash = |number: &Option<Exact>| number.as_ref().map_or("–".to_owned(), readable);
        let a_day = |count: &Exact, days: u8| format!("({} ÷ {days})", readable(count));
        let terms = match &part.inputs {
            Inputs::Rate { num, den } => Terms::two(readable(num), readable(den)),
            Inputs::Count { count, grid_class } => {
                Terms::one(readable(count) + &self.of_class(*grid_class))
            }
            Inputs::Band { own, reference, ratio, .. } => Terms {
                divisor: ratio.as_ref().map(readable),
                ..Terms::two(or_dash(own), or_dash(reference))
            },
            Inputs::Increase { now, before, days: None } => {
                Terms::two(readable(now), readable(before))
            }
            Inputs::Increase { now, before, days: Some([own, last]) } => {
                Terms::two(a_day(now, *own), a_day(before, *last))
            }
            Inputs::Satisfaction { index, .. } => Terms::one(or_dash(index)),
            Inputs::Orders { weight: Some(weight), .. } => Terms::one(weight.to_string()),
            Inputs::Orders { first, repeated, weight: None } => {
                Terms::two(first.to_string(), repeated.to_string())
            }
            Inputs::Condition { left, right, .. } => {
                let sign = match &self.item.rule {
                    Rule::FlatIf(rule) => rule.condition.comparison.for_readers(),
                    _ => "",
                };
                Terms::one(format!("{} {sign} {}", or_dash(left), or_dash(right)))
            }
            Inputs::Value { value } => Terms::one(or_dash(value)),
        };
        self.render(&Terms { limit: part.limit.as_ref().map(readable), ..terms })
    }

    fn render(&self, terms: &Terms) -> String {
        let mut text = self.render_rule(terms);
        if let Some(divisor) = &terms.divisor {
            text = format!("{text} ÷ {divisor}");
        }
        match &terms.limit {
            Some(limit) if self.item.rule.is_bonus() => format!("max({text}, −({limit}))"),
            Some(limit) => format!("min({text}, {limit})"),
            None => text,
        }
    }

    fn render_rule(&self, Terms { first, second, .. }: &Terms) -> String {
        match &self.item.rule {
            Rule::Linear(rule) if rule.bad => {
                format!("{} × {first} ÷ {second}", readable(&rule.weight.value))
            }
            Rule::Linear(rule) => {
                format!("{} × (1 − {first} ÷ {second})", readable(&rule.weight.value))
            }
            Rule::PerPoint(rule) => {
                let (points, cap) = (readable(&rule.points.value), readable(&rule.cap.value));
                format!("min({cap}, {points} × {})", beyond(&rule.threshold, first, second))
            }
            Rule::PerCase(rule) => {
                let (points, cap) = (readable(&rule.points.value), readable(&rule.cap.value));
                format!("min({cap}, {points} × {first})")
            }
            Rule::PerCaseRepeat(rule) => {
                let (points, cap) = (readable(&rule.first.value), readable(&rule.cap.value));
                let factor = readable(&rule.factor.value);
                match rule.mode {
                    RepeatMode::Flat => {
                        format!("min({cap}, {points} × ({first} + {factor} × {second}))")
                    }
                    RepeatMode::Geometric => format!("min({cap}, {points} × {first})"),
                }
            }
            Rule::Band(rule) => {
                let band = self.word("分档比例", "share of the band");
                format!("{} × {band}({first})", readable(&rule.weight.value))
            }
            Rule::BandRelative(rule) => {
                let band = self.word("分档比例", "share of the band");
                format!("{} × {band}({first} ÷ {second})", readable(&rule.weight.value))
            }
            Rule::MomIncrease(rule) => {
                let (points, cap) = (readable(&rule.points.value), readable(&rule.cap.value));
                format!("min({cap}, {points} × 100 × max(0, {first} − {second}) ÷ {second})")
            }
            Rule::FlatIf(rule) => format!("if({first}, {}, 0)", readable(&rule.points.value)),
            Rule::Satisfaction(rule) => {
                format!("{} × (1 − {first} ÷ 100)", readable(&rule.weight.value))
            }
            Rule::Bonus(rule) => {
                let (points, cap) = (readable(&rule.points.value), readable(&rule.cap.value));
                format!("−min({cap}, {points} × max(0, {first}))")
            }
        }
    }

    /// Why an item does not apply in a part.
    pub(super) fn obstacle(&self, part: &PartResult) -> String {
        if part.share.is_zero() {
            return self.word("无数据", "no data");
        }
        match &part.inputs {
            Inputs::Rate { den, .. } if den.is_zero() && self.names_size() => self.no_value(),
            Inputs::Increase { now, .. } if now.is_zero() => self.no_value(),
            Inputs::Rate { .. } => self.word("分母为 0", "there is nothing in the denominator"),
            Inputs::Band { own: None, .. } => self.no_size(),
            Inputs::Band { reference: None, .. } => {
                self.word("无可比对象", "there is nothing to compare with")
            }
            Inputs::Band { reference: Some(reference), .. } if reference.is_zero() => {
                self.word("比较基准为 0", "what it is compared with is 0")
            }
            Inputs::Band { .. } => self.no_size(),
            Inputs::Increase { .. } => self.word("上月为 0，新增", "there was none last month"),
            Inputs::Satisfaction { visits, .. } => self.too_few_visits(*visits),
            Inputs::Orders { .. } => self.word("无督办", "no orders"),
            Inputs::Count { .. } | Inputs::Condition { .. } | Inputs::Value { .. } => {
                self.no_value()
            }
        }
    }

    fn no_value(&self) -> String {
        match self.names_size() {
            true => self.word(
                "公式无值（除以 0，或登记中没有所用数值）",
                "the formula divides by zero, or the registry lacks what it names",
            ),
            false => self.word("公式无值（除以 0）", "the formula divides by zero"),
        }
    }

    fn names_size(&self) -> bool {
        self.item.names().iter().any(|name| matches!(name, Quantity::Size(_)))
    }

    /// The class of the grids by whose table a count is judged, where that is not the first.
    fn of_class(&self, class: Option<GridClass>) -> String {
        class.map_or_else(String::new, |class| match self.language {
            Language::Zh => format!("，{class} 类网格"),
            Language::En => format!(", grids of class {class}"),
        })
    }

    fn no_size(&self) -> String {
        self.word("无有效规模", "no effective size is registered")
    }

    fn too_few_visits(&self, visits: u64) -> String {
        let least = match &self.item.rule {
            Rule::Satisfaction(rule) => readable(&rule.visits_min.value),
            _ => String::new(),
        };
        match self.language {
            Language::Zh => format!("有效回访 {visits} 件，少于 {least} 件"),
            Language::En => format!("{visits} answered visits, at least {least} are needed"),
        }
    }

    fn rate(&self, rate: &Rate) -> Terms {
        let side = |count: &Count| operand(count, self.language);
        Terms::two(side(&rate.numerator), side(&rate.denominator))
    }
}

/// The percentage points beyond a threshold.
fn beyond(threshold: &Threshold, first: &str, second: &str) -> String {
    let percent = format!("100 × {first} ÷ {second}");
    match threshold {
        Threshold::Above(zero) if zero.value.is_zero() => percent,
        Threshold::Above(from) => format!("max(0, {percent} − {})", readable(&from.value)),
        Threshold::Below(from) => format!("max(0, {} − {percent})", readable(&from.value)),
    }
}
