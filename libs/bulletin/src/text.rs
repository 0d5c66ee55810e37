//! The text of a bulletin (通报): what a month was like, in sentences.

mod moves;
mod template;

use chengping_scoring::State;
use chengping_types::Exact;

use crate::group::{Group, Line};
use crate::words::{self, listed, points};
use crate::{Bulletin, FileFormat, RenderError, verification};
use template::{Template, Values};

pub use template::TemplateError;

/// What the text says and where; what is filled in is said by [`values`].
const TEMPLATE: &str = include_str!("../templates/bulletin.zh.txt");
/// How many bodies are named in one sentence at most; the workbook has all of them.
const NAMED_MAX: usize = 20;
/// How many of the best and of the worst are named.
const PLACES: usize = 3;

/// A line of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paragraph {
    pub(crate) is_heading: bool,
    pub(crate) text: String,
}

/// The text as a file.
pub(crate) fn plain(bulletin: &Bulletin) -> Result<String, RenderError> {
    let verification = verification::paragraphs(bulletin, FileFormat::Txt);
    Ok(fill(bulletin, verification)?)
}

/// The text without its title and without how to verify it, for where both stand elsewhere.
pub(crate) fn paragraphs(bulletin: &Bulletin) -> Result<Vec<Paragraph>, RenderError> {
    let text = fill(bulletin, Vec::new())?;
    let lines = text.lines().skip(2).filter(|line| !line.is_empty());
    let paragraph = |line: &str| Paragraph { is_heading: is_heading(line), text: line.to_owned() };
    Ok(lines.map(paragraph).collect())
}

/// Headings are numbered `一、`, or have no punctuation at all.
fn is_heading(line: &str) -> bool {
    let mut chars = line.chars();
    let (first, second) = (chars.next(), chars.next());
    let numbered =
        second == Some('、') && first.is_some_and(|first| "一二三四五六七八九".contains(first));
    numbered || !line.contains(['，', '。', '：', '、'])
}

fn fill(bulletin: &Bulletin, verification: Vec<String>) -> Result<String, TemplateError> {
    Template::parse(TEMPLATE)?.fill(&values(bulletin, verification))
}

/// Everything that the template may name.
fn values(bulletin: &Bulletin, verification: Vec<String>) -> Values {
    let groups = &bulletin.groups;
    let lines = || groups.iter().flat_map(|group| &group.lines);
    let with_state = |state| lines().filter(|line| line.state == state).count();
    let ranked = groups.iter().map(|group| group.ranked().len()).sum::<usize>();
    let some = |count: usize| if count == 0 { String::new() } else { count.to_string() };
    let carried = carried(groups);
    let warnings = warnings(groups);
    let unranked = unranked(groups);
    let nothing = |is_so: bool| if is_so { "-".to_owned() } else { String::new() };
    let share = &bulletin.rules.scoring.warning_share.value * &Exact::integer(100);
    let moves = moves::moves(bulletin);
    Values::default()
        .text("title", bulletin.title())
        .text("month", words::month(bulletin.month))
        .text("version", bulletin.version_text())
        .text("standing", bulletin.standing_text())
        .text("published", bulletin.standing.publish_time().map(words::day).unwrap_or_default())
        .text("reason", bulletin.reason.clone().unwrap_or_default())
        .text("pack", bulletin.pack_text())
        .text("group_count", groups.len().to_string())
        .text("body_count", bulletin.bodies().to_string())
        .text("as_of", words::day(&bulletin.as_of))
        .text("ranked", ranked.to_string())
        .text("few", some(with_state(State::TooFewCases)))
        .text("none", some(with_state(State::NoData)))
        .text("figures", figures(bulletin))
        .text("nobody", nothing(groups.is_empty()))
        .text("comparison", moves::comparison(bulletin))
        .text("warning_share", if warnings.is_empty() { String::new() } else { percent(&share) })
        .text("no_warnings", nothing(warnings.is_empty()))
        .text("no_carried", nothing(carried.is_empty()))
        .list("groups", groups.iter().map(|group| named(group).text("result", result(group))))
        .list("moves", moves)
        .list("carried", carried)
        .list("warnings", warnings)
        .list("unranked", unranked)
        .list(
            "verification",
            verification.into_iter().map(|line| Values::default().text("line", line)),
        )
}

fn named(group: &Group) -> Values {
    Values::default().text("group", group.name.clone())
}

fn percent(share: &Exact) -> String {
    let decimal = share.to_decimal(2);
    format!("{}%", decimal.trim_end_matches('0').trim_end_matches('.'))
}

fn figures(bulletin: &Bulletin) -> String {
    let figures = bulletin.figures.iter().filter_map(|figure| {
        figure.percent.as_ref().map(|percent| format!("{}{percent}%", figure.name))
    });
    figures.collect::<Vec<_>>().join("，")
}

/// The best and the worst of a group.
fn result(group: &Group) -> String {
    let ranked = group.ranked();
    let (Some(span), Some(first), Some(last)) = (group.span(), ranked.first(), ranked.last())
    else {
        return format!("{}个单位均未列名次。", group.lines.len());
    };
    let [best, mean, worst] = [&span.best, &span.mean, &span.worst].map(points);
    if ranked.len() == 1 {
        return format!("仅{}列名次，得{best}分。", first.name);
    }
    if first.rank == last.rank {
        return format!("{}个单位并列第1名，均得{best}分。", ranked.len());
    }
    let places = PLACES.min(ranked.len() / 2);
    let listed = |lines: &[Line]| lines.iter().map(placed).collect::<Vec<_>>().join("、");
    format!(
        "{}个单位列名次，平均{mean}分，最高{best}分，最低{worst}分。居前的是{}；居后的是{}。",
        ranked.len(),
        listed(&ranked[..places]),
        listed(&ranked[ranked.len() - places..]),
    )
}

/// `中原区（第3名，并列，94.26分）`.
fn placed(line: &Line) -> String {
    let (rank, score) = (line.rank.unwrap_or_default(), line.score.as_deref().unwrap_or_default());
    let tied = if line.tied { "，并列" } else { "" };
    format!("{}（第{rank}名{tied}，{score}分）", line.name)
}

/// The bodies of each group with cases that were carried over or suspended, the most first.
fn carried(groups: &[Group]) -> Vec<Values> {
    type Count = fn(&Line) -> u64;
    let kinds: [(&str, Count); 2] =
        [("遗留未处置", |line| line.carried_open), ("挂账", |line| line.suspended)];
    let of_group = |group: &Group| {
        let sentences = kinds.iter().filter_map(|(what, count)| {
            let mut with: Vec<_> = group.lines.iter().filter(|line| count(line) > 0).collect();
            with.sort_by_key(|line| std::cmp::Reverse(count(line)));
            let names: Vec<_> =
                with.iter().map(|line| format!("{}{}件", line.name, count(line))).collect();
            let sum: u64 = with.iter().map(|line| count(line)).sum();
            (sum > 0).then(|| format!("{what}{sum}件，其中{}。", listed(&names, NAMED_MAX)))
        });
        let cases: String = sentences.collect();
        (!cases.is_empty()).then(|| named(group).text("cases", cases))
    };
    groups.iter().filter_map(of_group).collect()
}

/// The bodies that each item costs more than the warning share.
fn warnings(groups: &[Group]) -> Vec<Values> {
    let of_item = |group: &Group, place: usize| {
        let warned = group.lines.iter().filter(|line| line.items[place].is_warned());
        let names: Vec<_> = warned.map(|line| line.name.clone()).collect();
        let item = &group.items[place];
        (!names.is_empty()).then(|| {
            let bodies = listed(&names, NAMED_MAX);
            named(group).text("item", format!("{} {}", item.id, item.name)).text("bodies", bodies)
        })
    };
    let of_group = |group: &Group| -> Vec<_> {
        (0..group.items.len()).filter_map(|place| of_item(group, place)).collect()
    };
    groups.iter().flat_map(of_group).collect()
}

fn unranked(groups: &[Group]) -> Vec<Values> {
    let of_state = |group: &Group, state: State| {
        let lines = group.unranked().iter().filter(|line| line.state == state);
        let names: Vec<_> = lines.map(|line| line.name.clone()).collect();
        let why = words::state(state).unwrap_or("未列名次");
        (!names.is_empty())
            .then(|| named(group).text("state", why).text("bodies", listed(&names, NAMED_MAX)))
    };
    let all = groups.iter().flat_map(|group| State::ALL.iter().map(move |state| (group, *state)));
    all.filter_map(|(group, state)| of_state(group, state)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_told_from_sentences() {
        for heading in ["一、总体情况", "六、未列名次的单位", "更正说明"] {
            assert!(is_heading(heading), "{heading}");
        }
        for sentence in ["甲、乙两区：并列", "没有单位被预警。", "（第1版，正式发布）", "a、b"]
        {
            assert!(!is_heading(sentence), "{sentence}");
        }
    }
}
