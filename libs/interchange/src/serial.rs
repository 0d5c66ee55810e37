//! Days as spreadsheets count them.

use jiff::civil::{Date, DateTime, Time};

/// Seconds of a day.
const DAY: u128 = 86_400;
/// Digits of a fraction that are looked at; a spreadsheet has seventeen.
const DIGITS: usize = 18;

/// The day from which a workbook counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Epoch {
    /// Day 1 is 1900-01-01, and day 60 one that never was: so nothing before day 61 is read.
    Of1900,
    /// Day 0 is 1904-01-01.
    Of1904,
}

/// The local time of a serial number such as `43193.385416666664`, to the nearest second, which is
/// finer than what a spreadsheet keeps exactly; `None` for anything else. No float is involved.
pub(crate) fn civil(text: &str, epoch: Epoch) -> Option<DateTime> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() > 7 {
        return None;
    }
    let day: i64 = whole.parse().ok()?;
    let kept = &fraction[..fraction.len().min(DIGITS)];
    let unit = 10_u128.pow(u32::try_from(kept.len()).ok()?);
    let seconds = (kept.parse::<u128>().ok()? * DAY * 2 + unit) / (unit * 2);
    let (first, start) = match epoch {
        Epoch::Of1900 => (61, Date::constant(1899, 12, 30)),
        Epoch::Of1904 => (0, Date::constant(1904, 1, 1)),
    };
    if day < first {
        return None;
    }
    let midnight = DateTime::from_parts(start, Time::midnight());
    let span = jiff::Span::new().try_days(day).ok()?;
    let span = span.try_seconds(i64::try_from(seconds).ok()?).ok()?;
    midnight.checked_add(span).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn serials_are_read_to_the_second() {
        for (text, epoch, expected) in [
            ("43193.385416666664", Epoch::Of1900, Some("2018-04-03T09:15:00")),
            ("41731.385416666664", Epoch::Of1904, Some("2018-04-03T09:15:00")),
            ("43193", Epoch::Of1900, Some("2018-04-03T00:00:00")),
            ("43193.9999999", Epoch::Of1900, Some("2018-04-04T00:00:00")),
            ("61", Epoch::Of1900, Some("1900-03-01T00:00:00")),
            ("60", Epoch::Of1900, None),
            ("9999999", Epoch::Of1900, None),
            ("-1", Epoch::Of1900, None),
            ("1e5", Epoch::Of1900, None),
            (".5", Epoch::Of1900, None),
            ("", Epoch::Of1904, None),
        ] {
            let found = civil(text, epoch).map(|time| time.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_second_comes_back_from_the_double_that_a_spreadsheet_stores(
            day in 61_u32..2_958_465, second in 0_u32..86_400
        ) {
            let serial = f64::from(day) + f64::from(second) / 86_400.0;
            let found = civil(&serial.to_string(), Epoch::Of1900).unwrap();
            let start = Date::constant(1899, 12, 30).at(0, 0, 0, 0);
            let span = jiff::Span::new().days(i64::from(day)).seconds(i64::from(second));
            prop_assert_eq!(found, start.checked_add(span).unwrap());
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9.]{0,40}|.{0,10}") {
            let _ = civil(&text, Epoch::Of1900);
            let _ = civil(&text, Epoch::Of1904);
        }
    }
}
