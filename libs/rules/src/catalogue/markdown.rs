//! The catalogue as a page of the documentation.

use chengping_types::Stream;

use super::{Addressee, Formula, Indicator, catalogue};

const HEAD: &str = "\
# Indicators

Made from [`libs/rules/catalogue.yaml`](../libs/rules/catalogue.yaml) by `make docs`; change it there. The API lists the same as `ListIndicators`.

An indicator has the number of [method.md](method.md) (b), and a *code*, its name in formulas and data: what is told apart inside a number has a code each. A
formula over codes may stand in a rule pack as it stands here. Sources are those of method.md (h).

Words of the definitions:

- *By basis*: under `settlement` in the month in which the case settles, under `stock` there and wherever it was carried over, under `cohort` in the month of filing.
- *By stage*: each time, for the team that did it; in the month of when it was done or of its limit, whichever came first, or, when it was done only after the freeze of
  that month, in the month in which it was done.
- *Of the stock*: filed before the end of the month, not voided, and so at the view, in each month anew.
- *View*: the instant up to which an evaluation looks. *Of these* refers to the line above.

Self-handled cases are in no count but their own. A ratio whose denominator is zero is not applicable, neither 0 nor 100 %.
";

/// `docs/indicators.md`.
pub fn catalogue_markdown() -> String {
    let mut page = HEAD.to_owned();
    let parts = [("Base indicators (基础指标)", false), ("Ratio indicators (比率指标)", true)];
    for (title, are_ratios) in parts {
        page += &format!("\n## {title}\n\n");
        page += "| no. | code | 中文 | English | formula, definition | unit | applies to | clause | source |\n";
        page += "|---|---|---|---|---|---|---|---|---|\n";
        let derivable = |indicator: &&Indicator| indicator.not_derivable().is_none();
        let belongs = |indicator: &&Indicator| indicator.is_ratio() == are_ratios;
        for indicator in catalogue().iter().filter(belongs).filter(derivable) {
            page += &row(indicator);
        }
    }
    page += "\n## What the files cannot yield\n\n";
    page += "| no. | code | 中文 | English | what it is | why not |\n|---|---|---|---|---|---|\n";
    for indicator in catalogue() {
        if let Some(reason) = indicator.not_derivable() {
            let Indicator { id, code, zh, en, definition, .. } = indicator;
            page += &format!("| {id} | `{code}` | {zh} | {en} | {definition} | {reason} |\n");
        }
    }
    page
}

fn row(indicator: &Indicator) -> String {
    let Indicator { id, code, zh, en, unit, clause, source, .. } = indicator;
    let applies: Vec<_> = indicator.applies.iter().map(|addressee| word(*addressee)).collect();
    let (applies, made_of) = (applies.join(", "), made_of(indicator));
    format!(
        "| {id} | `{code}` | {zh} | {en} | {made_of} | {unit} | {applies} | {clause} | {source} |\n"
    )
}

fn word(addressee: Addressee) -> &'static str {
    match addressee {
        Addressee::ShiftLeader => "shift leader",
        other => other.as_str(),
    }
}

fn made_of(indicator: &Indicator) -> String {
    let mut text = match &indicator.formula {
        Formula::Base(_) | Formula::NotDerivable(_) => String::new(),
        formula => format!("`{formula}`"),
    };
    text += match indicator.stream {
        None => "",
        Some(Stream::Public) => " in the public stream",
        Some(Stream::LongTerm) => " in the long-term stream",
        Some(Stream::Regular) => " in the regular stream",
        Some(Stream::PublicLongTerm) => " of long-term categories in the public stream",
    };
    if !text.is_empty() && !indicator.definition.is_empty() {
        text += ". ";
    }
    text + &indicator.definition
}
