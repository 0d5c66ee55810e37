//! Who rose and who fell since the month before.

use std::cmp::Reverse;

use super::{NAMED_MAX, PLACES, Values, named};
use crate::group::Group;
use crate::words::{self, listed};
use crate::{Bulletin, Former};

/// What the ranks are compared with.
pub(super) fn comparison(bulletin: &Bulletin) -> String {
    match bulletin.month_before() {
        Some(former) => format!(
            "与{}第{}版（{}）比较。",
            words::month(former.month()),
            former.version(),
            former.digest()
        ),
        None => {
            format!("{}没有已发布的结果，不作比较。", words::month(bulletin.month.previous()))
        }
    }
}

/// The moves of each group, where there is something to compare with.
pub(super) fn moves(bulletin: &Bulletin) -> Vec<Values> {
    let Some(former) = bulletin.month_before() else { return Vec::new() };
    let of_group = |group| Some(named(group).text("moves", of_group(group, former)?));
    bulletin.groups.iter().filter_map(of_group).collect()
}

fn of_group(group: &Group, former: &Former) -> Option<String> {
    former.span(&group.id)?;
    let mut moved = Vec::new();
    let mut new = Vec::new();
    for line in group.ranked() {
        let now = line.rank.unwrap_or_default();
        match former.rank(&group.id, &line.body_id) {
            Some(before) => moved.push((i64::from(before) - i64::from(now), before, now, line)),
            None => new.push(line.name.clone()),
        }
    }
    let mut parts = Vec::new();
    for (what, verb, sign) in [("上升", "升至", 1), ("下降", "降至", -1)] {
        let mut most: Vec<_> = moved.iter().filter(|(by, ..)| by * sign > 0).collect();
        most.sort_by_key(|(by, ..)| Reverse(by * sign));
        let shown = most
            .iter()
            .take(PLACES)
            .map(|(_, before, now, line)| format!("{}（第{before}名{verb}第{now}名）", line.name));
        let shown: Vec<_> = shown.collect();
        if !shown.is_empty() {
            let most_of = if most.len() > shown.len() { "最多的是" } else { "的是" };
            parts.push(format!("名次{what}{most_of}{}", shown.join("、")));
        }
    }
    if parts.is_empty() && !moved.is_empty() {
        parts.push("名次均无变化".to_owned());
    }
    if !new.is_empty() {
        parts.push(format!("上月未列名次的是{}", listed(&new, NAMED_MAX)));
    }
    (!parts.is_empty()).then(|| parts.join("；") + "。")
}
