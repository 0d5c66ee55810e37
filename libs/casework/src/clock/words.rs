//! A deadline in words that an official can check with a calendar on the wall.

use std::fmt::Write as _;

use chengping_types::{Date, FilingCondition, Instant, Limit, LimitUnit, TimeZone};

use super::{Explanation, Skip, SkippedDay};

/// Days on which time counted that are named one by one; of more the first and the last are.
const DAYS_NAMED: usize = 7;
/// Stretches of days off that are named.
const STRETCHES_NAMED: usize = 8;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

impl Explanation {
    /// The deadline in Chinese: start, limit, what counted on which day, which days did not count
    /// and why, end; in the local time of `zone`. `condition` is where the limit comes from, none
    /// where it was given. The text stays short however long the limit is.
    #[must_use]
    pub fn in_chinese(&self, condition: Option<&FilingCondition>, zone: &TimeZone) -> String {
        let words = Words { zone, year: year(Date::of(self.start, zone)) };
        let mut text = format!("自 {} 起算", words.moment(self.start));
        if let Some(first) = self.intervals.first().filter(|first| first.from != self.start) {
            write!(text, "（其时不在工作时间内，自 {} 起计时）", words.moment(first.from))
                .expect(WRITABLE);
        }
        if let Some(FilingCondition { condition_id, name, .. }) = condition {
            let name = if name.is_empty() { String::new() } else { format!("（{name}）") };
            write!(text, "，按立案条件 {condition_id}{name}").expect(WRITABLE);
        }
        write!(text, "，时限 {}", limit(self.limit)).expect(WRITABLE);
        if self.limit.unit.is_working() {
            text += &words.counted(self);
            text += &words.skipped(&self.skipped);
        } else {
            text += "，昼夜和节假日连续计时";
        }
        write!(text, "，{} 到期。", words.moment(self.deadline)).expect(WRITABLE);
        text
    }
}

const WRITABLE: &str = "a string takes any text";

/// How instants and days are called.
struct Words<'z> {
    zone: &'z TimeZone,
    /// That of the start, which is not repeated.
    year: String,
}

impl Words<'_> {
    /// Such as `2018-04-28 17:30`, with seconds where they are not 0.
    fn moment(&self, instant: Instant) -> String {
        let local = instant.to_rfc3339_in(self.zone);
        let (date, rest) = local.split_once('T').unwrap_or((&local, ""));
        let time = rest.split(['+', '-']).next().unwrap_or_default();
        format!("{date} {}", time.strip_suffix(":00").unwrap_or(time))
    }

    /// Such as `4 月 28 日`, with its year where it is another one than that of the start.
    fn day(&self, date: Date) -> String {
        let text = date.to_string();
        let mut parts = text.rsplit('-').map(|part| part.trim_start_matches('0'));
        let (day, month) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let year = year(date);
        let year = if year == self.year { String::new() } else { format!("{year} 年 ") };
        format!("{year}{month} 月 {day} 日")
    }

    /// How long time counted on which day.
    fn counted(&self, explanation: &Explanation) -> String {
        let mut days: Vec<(Date, i64)> = Vec::new();
        for interval in &explanation.intervals {
            let date = Date::of(interval.from, self.zone);
            let length = interval.to.as_micros() - interval.from.as_micros();
            match days.last_mut() {
                Some((last, sum)) if *last == date => *sum += length,
                _ => days.push((date, length)),
            }
        }
        let count = days.len();
        let mut text = String::new();
        for (index, (date, length)) in days.into_iter().enumerate() {
            if count <= DAYS_NAMED || index == 0 || index + 1 == count {
                write!(text, "，{}计 {}", self.day(date), duration(length)).expect(WRITABLE);
            } else if index == 1 {
                text += "，……";
            }
        }
        if count > DAYS_NAMED {
            write!(text, "，共 {count} 天计时").expect(WRITABLE);
        }
        text
    }

    /// Which days did not count, stretch by stretch.
    fn skipped(&self, skipped: &[SkippedDay]) -> String {
        let joined = |one: &SkippedDay, next: &SkippedDay| {
            one.date.plus(1) == next.date && one.reason == next.reason
        };
        let stretches: Vec<_> = skipped.chunk_by(joined).collect();
        let mut text = String::new();
        for stretch in stretches.iter().take(STRETCHES_NAMED) {
            let [first, .., last] = stretch else {
                let [only] = stretch else { continue };
                write!(text, "，{} {}", self.day(only.date), reason(&only.reason)).expect(WRITABLE);
                continue;
            };
            let (from, to) = (self.day(first.date), self.day(last.date));
            write!(text, "，{from}至 {to} {}", reason(&first.reason)).expect(WRITABLE);
        }
        if stretches.len() > STRETCHES_NAMED {
            write!(text, "等共 {} 天", skipped.len()).expect(WRITABLE);
        }
        if !text.is_empty() {
            text += " 不计";
        }
        text
    }
}

fn year(date: Date) -> String {
    date.to_string().split('-').next().unwrap_or_default().trim_start_matches('0').to_owned()
}

fn reason(skip: &Skip) -> &str {
    match skip {
        Skip::Weekend => "休息日",
        Skip::Holiday(name) if name.is_empty() => "节假日",
        Skip::Holiday(name) => name,
    }
}

fn limit(limit: Limit) -> String {
    let (unit, is_day) = match limit.unit {
        LimitUnit::UrgentHour => ("紧急工作时", false),
        LimitUnit::UrgentDay => ("紧急工作日", true),
        LimitUnit::WorkHour => ("工作时", false),
        LimitUnit::WorkDay => ("工作日", true),
    };
    // How long a day is, is a decision (decisions.md 100).
    let length = if is_day { format!("（{}）", duration(limit.micros())) } else { String::new() };
    format!("{} 个{unit}{length}", limit.value)
}

/// Such as `7 小时 30 分钟`.
fn duration(micros: i64) -> String {
    let (hours, minutes, rest) = (micros / HOUR, micros % HOUR / MINUTE, micros % MINUTE);
    let mut parts = Vec::new();
    if hours > 0 {
        parts.push(format!("{hours} 小时"));
    }
    if minutes > 0 {
        parts.push(format!("{minutes} 分钟"));
    }
    if rest > 0 || parts.is_empty() {
        let (seconds, micros) = (rest / SECOND, rest % SECOND);
        let decimals = format!(".{micros:06}");
        let decimals = decimals.trim_end_matches('0').trim_end_matches('.');
        parts.push(format!("{seconds}{decimals} 秒"));
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{limit as limit_of, local, shanghai, zhengzhou};
    use super::super::{explain, explain_running_on};
    use super::*;

    fn told(start: &str, text: &str) -> String {
        let explained = explain(local(start), limit_of(text), &zhengzhou()).unwrap();
        explained.in_chinese(None, &shanghai())
    }

    #[test]
    fn a_deadline_over_labour_day_is_told_day_by_day() {
        assert_eq!(
            told("04-28T17:30:00", "1 work_day"),
            "自 2018-04-28 17:30 起算，时限 1 个工作日（8 小时），4 月 28 日计 30 分钟，5 月 2 日计 7 小时 \
             30 分钟，4 月 29 日至 5 月 1 日 节 不计，2018-05-02 17:30 到期。"
        );
        assert_eq!(
            told("04-28T18:00:00", "1.5 work_hour"),
            "自 2018-04-28 18:00 起算（其时不在工作时间内，自 2018-05-02 08:00 起计时），时限 1.5 个工作时，\
             5 月 2 日计 1 小时 30 分钟，4 月 29 日至 5 月 1 日 节 不计，2018-05-02 09:30 到期。"
        );
        assert_eq!(
            told("05-04T17:59:59.5", "0.01 work_hour"),
            "自 2018-05-04 17:59:59.5 起算，时限 0.01 个工作时，5 月 4 日计 0.5 秒，5 月 7 日计 35.5 秒，\
             5 月 5 日至 5 月 6 日 休息日 不计，2018-05-07 08:00:35.5 到期。"
        );
    }

    #[test]
    fn an_urgent_limit_runs_on() {
        assert_eq!(
            told("04-28T23:30:00", "2 urgent_hour"),
            "自 2018-04-28 23:30 起算，时限 2 个紧急工作时，昼夜和节假日连续计时，2018-04-29 01:30 到期。"
        );
        assert!(told("04-28T23:30:00", "1.5 urgent_day").contains("1.5 个紧急工作日（36 小时）"));
    }

    #[test]
    fn a_condition_is_named_and_so_is_another_year() {
        let condition: FilingCondition = serde_json::from_str(
            r#"{"condition_id":"c1","category_scheme":"s","category_code":"01",
                "limit":{"value":"2","unit":"work_day"},"valid_from":"2018-01","name":"暴露垃圾"}"#,
        )
        .unwrap();
        let start = local("12-31T14:00:00");
        let explained = explain(start, condition.limit, &zhengzhou()).unwrap();
        let text = explained.in_chinese(Some(&condition), &shanghai());
        assert!(text.contains("，按立案条件 c1（暴露垃圾），时限 2 个工作日（16 小时）"), "{text}");
        assert!(
            text.contains("，2019 年 1 月 1 日计 8 小时，2019 年 1 月 2 日计 4 小时"),
            "{text}"
        );
    }

    #[test]
    fn a_long_limit_is_summed_up() {
        let text = told("03-05T08:00:00", "100 work_day");
        assert!(text.contains("3 月 5 日计 8 小时，……，"), "{text}");
        assert!(text.contains("共 100 天计时") && text.contains("等共 "), "{text}");
    }

    proptest! {
        #[test]
        fn the_words_end_with_the_deadline_and_stay_short(
            start in Instant::MIN.as_micros()..=Instant::MAX.as_micros(),
            hundredths in 1..=20_000_u32, unit in 1..=4_u8,
        ) {
            let value = chengping_types::LimitValue::from_hundredths(hundredths).unwrap();
            let limit = Limit { value, unit: LimitUnit::from_code(unit).unwrap() };
            let start = Instant::from_micros(start);
            if let Ok(explained) = explain(start, limit, &zhengzhou()) {
                let text = explained.in_chinese(None, &shanghai());
                prop_assert!(text.ends_with(" 到期。") && text.chars().count() < 1_000, "{}", text);
            }
            if let Ok(explained) = explain_running_on(start, limit) {
                prop_assert!(!explained.in_chinese(None, &shanghai()).is_empty());
            }
        }
    }
}
