//! Cells as texts.

use calamine::DataRef;

use crate::serial::{self, Epoch};

/// Digits that a spreadsheet keeps of a number.
const DIGITS_KEPT: usize = 15;

/// How times that a workbook keeps as numbers are written down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dates {
    /// In this form (strptime), where it says all of the time; else as `2018-04-03T09:15:00`.
    pub(crate) format: Option<String>,
}

/// The text of a cell, and whether digits of it were lost before.
pub(super) fn text(value: &DataRef<'_>, dates: &Dates, epoch: Epoch) -> (String, bool) {
    match value {
        DataRef::Empty => (String::new(), false),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            (text.clone(), false)
        }
        DataRef::SharedString(text) => ((*text).to_owned(), false),
        DataRef::Int(number) => (number.to_string(), false),
        DataRef::Float(number) => plain(&number.to_string()),
        DataRef::Bool(true) => ("TRUE".to_owned(), false),
        DataRef::Bool(false) => ("FALSE".to_owned(), false),
        DataRef::Error(error) => (error.to_string(), false),
        DataRef::DateTime(time) => {
            let number = time.as_f64().to_string();
            let civil = if time.is_datetime() { serial::civil(&number, epoch) } else { None };
            match civil {
                Some(civil) => (dates.write(civil), false),
                None => plain(&number),
            }
        }
        // A kind of cell that did not exist when this was written shows what it is.
        #[expect(unreachable_patterns, reason = "the crate may add kinds")]
        other => (format!("{other:?}"), false),
    }
}

/// A number as it was read; more digits than a spreadsheet keeps are no longer those that were
/// written.
fn plain(number: &str) -> (String, bool) {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let lost = digits > DIGITS_KEPT && !number.contains('.');
    (number.to_owned(), lost)
}

impl Dates {
    fn write(&self, civil: jiff::civil::DateTime) -> String {
        let written = self.format.as_deref().and_then(|format| {
            let text = jiff::fmt::strtime::format(format, civil).ok()?;
            let read = jiff::civil::DateTime::strptime(format, &text).ok()?;
            (read == civil).then_some(text)
        });
        written.unwrap_or_else(|| civil.to_string())
    }
}

#[cfg(test)]
mod tests {
    use calamine::{ExcelDateTime, ExcelDateTimeType};

    use super::*;

    fn of(value: &DataRef<'_>, format: Option<&str>) -> (String, bool) {
        text(value, &Dates { format: format.map(str::to_owned) }, Epoch::Of1900)
    }

    #[test]
    fn times_are_written_as_the_mapping_reads_them() {
        let time = |value| {
            DataRef::DateTime(ExcelDateTime::new(value, ExcelDateTimeType::DateTime, false))
        };
        let slashes = Some("%Y/%m/%d %H:%M");
        assert_eq!(of(&time(43193.385416666664), slashes).0, "2018/04/03 09:15");
        assert_eq!(of(&time(43193.38542824074), slashes).0, "2018-04-03T09:15:01");
        assert_eq!(of(&time(43193.385416666664), None).0, "2018-04-03T09:15:00");
        let span = ExcelDateTime::new(1.5, ExcelDateTimeType::TimeDelta, false);
        assert_eq!(of(&DataRef::DateTime(span), slashes).0, "1.5");
    }

    #[test]
    fn numbers_are_plain_and_lost_digits_are_told() {
        for (number, expected) in [
            (1.0, ("1", false)),
            (0.1, ("0.1", false)),
            (201_804_030_000_001.0, ("201804030000001", false)),
            (2_018_040_300_000_123.0, ("2018040300000123", true)),
            (f64::NAN, ("NaN", false)),
        ] {
            let (text, lost) = of(&DataRef::Float(number), None);
            assert_eq!((text.as_str(), lost), expected);
        }
    }
}
