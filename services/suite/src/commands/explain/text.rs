//! The explanation as text.

use std::fmt::Write as _;

use chengping_proto::scoring::v1::{Evaluation, ItemDeduction, Scorecard, ZoneDeduction};

use super::{CountedInput, Language};
use crate::commands::evaluate::state_text;
use crate::convert::time_text;

/// The whole explanation of a scorecard.
pub(super) fn explanation(
    card: &Scorecard,
    evaluation: &Evaluation,
    language: Language,
    counted: &[CountedInput],
) -> String {
    let mut text = heading(card, evaluation, language);
    for stream in &card.streams {
        let line = stream_line(stream, language);
        push(&mut text, &line);
        for item in card.items.iter().filter(|item| item.stream == stream.stream) {
            push_item(&mut text, item, language, counted);
        }
    }
    for figure in &card.figures {
        let percent = if figure.percent.is_empty() {
            "–".to_owned()
        } else {
            format!("{} %", figure.percent)
        };
        push(
            &mut text,
            &format!(
                "{} {}: {} / {} = {percent}",
                figure.figure, figure.display_name, figure.numerator, figure.denominator
            ),
        );
    }
    text
}

fn heading(card: &Scorecard, evaluation: &Evaluation, language: Language) -> String {
    let words = Words::of(language);
    let mut text = format!(
        "{} {}  {}  {} {}\n",
        card.body_id,
        card.display_name,
        evaluation.month,
        words.as_of,
        time_text(evaluation.as_of.as_ref())
    );
    let mut parts = vec![format!("{}: {}", words.group, card.group)];
    if card.score.is_empty() {
        parts.push(state_text(card.state()));
    } else {
        parts.push(format!("{}: {} ({})", words.score, card.score, card.exact_score));
        parts.push(format!("{}: {}", words.grade, card.grade));
        parts.push(match card.rank {
            0 => state_text(card.state()),
            rank => format!("{}: {rank}{}", words.rank, if card.tied { "=" } else { "" }),
        });
    }
    if let Some(due) = card.due_count {
        parts.push(format!("{}: {due}", words.due));
    }
    push(&mut text, &parts.join("  "));
    push(&mut text, &format!("{}: {}", words.rules, evaluation.rule_pack_revision));
    text
}

fn stream_line(
    stream: &chengping_proto::scoring::v1::StreamDeduction,
    language: Language,
) -> String {
    let words = Words::of(language);
    if stream.empty {
        return format!("\n[{}] {}", stream.stream, words.empty);
    }
    format!(
        "\n[{}] {} {} ({}; {} {}, {} {})",
        stream.stream,
        words.deducted,
        stream.deduction,
        stream.exact,
        words.uncapped,
        stream.uncapped,
        words.cap,
        stream.cap
    )
}

fn push_item(
    text: &mut String,
    item: &ItemDeduction,
    language: Language,
    counted: &[CountedInput],
) {
    let words = Words::of(language);
    push(text, &format!("  {}  {} {} ({})", item.item, words.deducted, item.deduction, item.exact));
    let explanation = match language {
        Language::Zh => &item.explanation_zh,
        Language::En => &item.explanation_en,
    };
    for line in explanation.lines() {
        push(text, &format!("      {line}"));
    }
    for zone in &item.zones {
        push(text, &format!("      {}", zone_line(zone, language)));
        for counted in counted.iter().filter(|c| c.item == item.item && c.zone == zone.zone) {
            push(text, &format!("        {}", counted_line(counted)));
        }
    }
    push(
        text,
        &format!("      {} {}  {} {}", words.clause, item.clause, words.source, item.provenance),
    );
}

fn zone_line(zone: &ZoneDeduction, language: Language) -> String {
    let words = Words::of(language);
    let mut inputs: Vec<_> =
        zone.inputs.iter().map(|(name, number)| format!("{name} = {number}")).collect();
    inputs.sort();
    let inputs = inputs.join(", ");
    if !zone.applicable {
        return format!("{}: {} ({inputs})", zone.zone, words.not_applicable);
    }
    let mut line = format!("{}: {inputs} → {} ({})", zone.zone, zone.deduction, zone.exact);
    if !matches!(zone.factor.as_str(), "" | "1") {
        write!(line, ", {} {}", words.factor, zone.factor).expect("a string takes any text");
    }
    line
}

fn counted_line(counted: &CountedInput) -> String {
    let cases = counted.cases.iter().map(|case| match case.count {
        1 => case.case_no.clone(),
        count => format!("{}×{count}", case.case_no),
    });
    let cases = cases.collect::<Vec<_>>().join(" ");
    format!("{} = {}: {cases}", counted.input, counted.total)
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The words around the numbers.
struct Words {
    as_of: &'static str,
    group: &'static str,
    score: &'static str,
    grade: &'static str,
    rank: &'static str,
    due: &'static str,
    rules: &'static str,
    deducted: &'static str,
    uncapped: &'static str,
    cap: &'static str,
    empty: &'static str,
    not_applicable: &'static str,
    factor: &'static str,
    clause: &'static str,
    source: &'static str,
}

impl Words {
    const fn of(language: Language) -> Self {
        match language {
            Language::Zh => Self {
                as_of: "截至",
                group: "组别",
                score: "得分",
                grade: "等级",
                rank: "名次",
                due: "应结案",
                rules: "规则",
                deducted: "扣分",
                uncapped: "未封顶",
                cap: "上限",
                empty: "无适用指标",
                not_applicable: "不适用",
                factor: "系数",
                clause: "条款",
                source: "来源",
            },
            Language::En => Self {
                as_of: "as of",
                group: "group",
                score: "score",
                grade: "grade",
                rank: "rank",
                due: "due",
                rules: "rules",
                deducted: "deducted",
                uncapped: "uncapped",
                cap: "cap",
                empty: "no item applies",
                not_applicable: "not applicable",
                factor: "factor",
                clause: "clause",
                source: "source",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use chengping_proto::scoring::v1::{CountedCase, StreamDeduction};

    use super::*;

    fn card() -> Scorecard {
        let zone = ZoneDeduction {
            zone: "key".to_owned(),
            applicable: true,
            deduction: "1.2500".to_owned(),
            exact: "5/4".to_owned(),
            factor: "5/3".to_owned(),
            inputs: [("num", "3"), ("den", "4")].map(|(n, v)| (n.into(), v.into())).into(),
        };
        Scorecard {
            body_id: "d01".to_owned(),
            display_name: "第1区".to_owned(),
            score: "98.75".to_owned(),
            exact_score: "395/4".to_owned(),
            rank: 2,
            tied: true,
            streams: vec![StreamDeduction { stream: "regular".to_owned(), ..Default::default() }],
            items: vec![ItemDeduction {
                item: "N1".to_owned(),
                stream: "regular".to_owned(),
                clause: "5.2.1".to_owned(),
                explanation_en: "closed ÷ due".to_owned(),
                zones: vec![zone],
                ..ItemDeduction::default()
            }],
            ..Scorecard::default()
        }
    }

    #[test]
    fn every_number_of_the_score_is_there() {
        let counted = CountedInput {
            item: "N1".to_owned(),
            zone: "key".to_owned(),
            input: "num".to_owned(),
            cases: vec![
                CountedCase { case_no: "C1".to_owned(), count: 1, ..Default::default() },
                CountedCase { case_no: "C2".to_owned(), count: -1, ..Default::default() },
            ],
            total: 0,
        };
        let text = explanation(&card(), &Evaluation::default(), Language::En, &[counted]);
        for part in [
            "score: 98.75 (395/4)",
            "rank: 2=",
            "closed ÷ due",
            "key: den = 4, num = 3 → 1.2500 (5/4), factor 5/3",
            "num = 0: C1 C2×-1",
            "clause 5.2.1",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}
