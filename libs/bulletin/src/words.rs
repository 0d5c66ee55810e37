//! What is said in Chinese in more than one file.

use std::ops::Range;

use chengping_scoring::State;
use chengping_types::{Exact, Month};

use crate::{Bulletin, Standing};

/// What stands for a character that cannot be shown.
pub(crate) const BOX: char = '□';

/// A text that came from outside, in one line: characters that control a terminal, a page or the
/// direction of writing show as a box.
pub(crate) fn clean(text: &str) -> String {
    let directs = |c: char| matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    let unfit = |c: char| c.is_control() || directs(c) || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if unfit(c) { BOX } else { c }).collect()
}

/// `2018年4月`.
pub(crate) fn month(month: Month) -> String {
    format!("{}年{}月", month.year(), month.month())
}

/// `2018年5月10日`, of an instant in RFC 3339; of anything else a box for each number.
pub(crate) fn day(instant: &str) -> String {
    let number = |place: Range<usize>| {
        let part = instant.get(place).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let number = part.and_then(|digits| digits.parse::<u16>().ok());
        number.map_or_else(|| BOX.to_string(), |number| number.to_string())
    };
    format!("{}年{}月{}日", number(0..4), number(5..7), number(8..10))
}

/// Why a body has no rank.
pub(crate) const fn state(state: State) -> Option<&'static str> {
    match state {
        State::Scored => None,
        State::TooFewCases => Some("样本不足"),
        State::NoData => Some("无数据"),
    }
}

/// Points for reading: two decimals, rounded once.
pub(crate) fn points(number: &Exact) -> String {
    number.to_decimal(2)
}

/// The names of at most `most` of all, and how many there are when that is more.
pub(crate) fn listed(names: &[String], most: usize) -> String {
    match names.get(..most) {
        Some(first) if names.len() > most => {
            format!("{}等{}个单位", first.join("、"), names.len())
        }
        _ => names.join("、"),
    }
}

impl Bulletin {
    /// `2018年4月评价结果通报`.
    pub(crate) fn title(&self) -> String {
        format!("{}评价结果通报", month(self.month))
    }

    /// `第2版`.
    pub(crate) fn version_text(&self) -> String {
        format!("第{}版", self.version)
    }

    /// What each page says of a version that nobody should take for the standing one.
    pub(crate) const fn mark(&self) -> Option<&'static str> {
        match self.standing {
            Standing::Draft => Some("征求意见稿"),
            Standing::Published { .. } => None,
            Standing::Withdrawn { .. } => Some("已撤回"),
        }
    }

    /// What its standing is called.
    pub(crate) const fn standing_text(&self) -> &'static str {
        match self.standing {
            Standing::Draft => "征求意见稿（未发布）",
            Standing::Published { .. } => "正式发布",
            Standing::Withdrawn { .. } => "已撤回",
        }
    }

    /// The digest that a reader may compare: of the sealed document, or of the results of a draft.
    pub(crate) fn shown_digest(&self) -> String {
        self.standing.digest().unwrap_or(self.results_digest).to_string()
    }

    /// The same, short enough for every page.
    pub(crate) fn short_digest(&self) -> String {
        let digest = self.shown_digest();
        let digits = digest.strip_prefix("sha256:").unwrap_or(&digest);
        format!("sha256:{}…", digits.get(..16).unwrap_or(digits))
    }

    /// `《郑州市…办法》（zz-2018，修订号 3）`.
    pub(crate) fn pack_text(&self) -> String {
        let (title, pack) = (clean(&self.rules.title.zh), &self.pack);
        format!("《{title}》（{}，修订号 {}）", pack.name, pack.revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_is_shown_as_a_box() {
        assert_eq!(clean("东区\u{0}\n\u{202e}街道\u{1b}[31m"), "东区□□□街道□[31m");
        assert_eq!(clean("𠮷林·甲"), "𠮷林·甲");
    }

    #[test]
    fn days_and_months_are_read_as_people_write_them() {
        assert_eq!(day("2018-05-04T09:00:00+08:00"), "2018年5月4日");
        for odd in ["", "二〇一八年五月四日", "=1+1+1+1+1+1", "2018"] {
            assert!(day(odd).ends_with("年□月□日"), "{odd}");
        }
        assert_eq!(month("2018-04".parse().unwrap()), "2018年4月");
    }

    #[test]
    fn long_lists_say_how_long_they_are() {
        let names: Vec<_> = ["甲", "乙", "丙"].map(str::to_owned).into();
        assert_eq!(listed(&names, 3), "甲、乙、丙");
        assert_eq!(listed(&names, 2), "甲、乙等3个单位");
    }
}
