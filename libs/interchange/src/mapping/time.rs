//! Local times of a table as instants.

use chengping_types::{Instant, TimeZone};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZoneDatabase};

use crate::code;
use crate::reject::Fault;
use crate::serial::{self, Epoch};

/// How the times of a table are written.
#[derive(Debug, Clone)]
pub(crate) enum Clock {
    /// With an offset; no question remains.
    Rfc3339,
    Local(Local),
}

/// Times without an offset.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    pub(crate) format: String,
    /// What a number is, where it is a time.
    pub(crate) serial: Option<Epoch>,
    pub(crate) zone: TimeZone,
    pub(crate) rules: jiff::tz::TimeZone,
    pub(crate) gap: Gap,
    pub(crate) overlap: Overlap,
}

/// What to make of a local time that clocks were set forward over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    Reject,
    /// By the length of the gap: 02:30 is 03:30.
    ShiftForward,
}

/// What to make of a local time that came twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overlap {
    Reject,
    Earlier,
    Later,
}

impl Local {
    /// The zone's rules of the bundled database.
    pub(crate) fn rules(zone: &TimeZone) -> Option<jiff::tz::TimeZone> {
        TimeZoneDatabase::bundled().get(zone.name()).ok()
    }
}

impl Clock {
    /// The instant of a text of a column.
    pub(crate) fn instant(&self, text: &str) -> Result<Instant, Fault> {
        match self {
            Self::Rfc3339 => Instant::parse(text).map_err(|error| match error {
                chengping_types::TimestampError::Malformed(_) => {
                    Fault::row(code::BAD_TIMESTAMP, error.to_string())
                }
                chengping_types::TimestampError::WithoutOffset(_) => {
                    Fault::row(code::TIMESTAMP_WITHOUT_OFFSET, error.to_string())
                }
            }),
            Self::Local(local) => local.instant(text),
        }
    }
}

impl Local {
    fn instant(&self, text: &str) -> Result<Instant, Fault> {
        let serial = self.serial.and_then(|epoch| serial::civil(text, epoch));
        let civil = serial.map_or_else(|| DateTime::strptime(&self.format, text), Ok);
        let civil = civil.map_err(|_| {
            let message = format!("{text:?} is not a time of the form {}", self.format);
            Fault::row(code::BAD_TIMESTAMP, message)
        })?;
        let refused = |what: &str, how: &str| {
            let message = format!("{text:?} {what} in {}; {how}", self.zone);
            Err(Fault::row(code::AMBIGUOUS_TIME, message))
        };
        let ambiguous = self.rules.to_ambiguous_timestamp(civil);
        let offset = match (ambiguous.offset(), self.gap, self.overlap) {
            (AmbiguousOffset::Unambiguous { offset }, ..) => offset,
            (AmbiguousOffset::Gap { before, .. }, Gap::ShiftForward, _) => before,
            (AmbiguousOffset::Gap { .. }, Gap::Reject, _) => {
                return refused("never was", "set time.gap to shift_forward to accept it");
            }
            (AmbiguousOffset::Fold { before, .. }, _, Overlap::Earlier) => before,
            (AmbiguousOffset::Fold { after, .. }, _, Overlap::Later) => after,
            (AmbiguousOffset::Fold { .. }, _, Overlap::Reject) => {
                return refused("came twice", "set time.overlap to earlier or later to accept it");
            }
        };
        let stamp = offset.to_timestamp(civil).map_err(|_| {
            Fault::row(code::BAD_TIMESTAMP, format!("{text:?} is beyond every calendar"))
        })?;
        Ok(Instant::from_micros(stamp.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(gap: Gap, overlap: Overlap) -> Clock {
        let zone: TimeZone = "America/New_York".parse().unwrap();
        let rules = Local::rules(&zone).unwrap();
        let format = "%Y-%m-%d %H:%M:%S".to_owned();
        Clock::Local(Local { format, serial: None, zone, rules, gap, overlap })
    }

    #[test]
    fn a_time_in_a_gap_is_refused_or_moved_by_the_gap() {
        let text = "2011-03-13 02:30:00";
        let error = local(Gap::Reject, Overlap::Earlier).instant(text).unwrap_err();
        assert_eq!(error.code, code::AMBIGUOUS_TIME);
        let moved = local(Gap::ShiftForward, Overlap::Earlier).instant(text).unwrap();
        assert_eq!(moved.to_string(), "2011-03-13T07:30:00Z");
    }

    #[test]
    fn a_time_that_came_twice_is_refused_or_chosen() {
        let text = "2011-11-06 01:30:00";
        let with = |overlap| local(Gap::Reject, overlap).instant(text);
        assert_eq!(with(Overlap::Reject).unwrap_err().code, code::AMBIGUOUS_TIME);
        assert_eq!(with(Overlap::Earlier).unwrap().to_string(), "2011-11-06T05:30:00Z");
        assert_eq!(with(Overlap::Later).unwrap().to_string(), "2011-11-06T06:30:00Z");
    }

    #[test]
    fn another_form_is_refused() {
        let clock = local(Gap::Reject, Overlap::Reject);
        for text in ["2011-11-06", "06/11/2011 01:30:00", "2011-02-30 00:00:00", ""] {
            assert_eq!(clock.instant(text).unwrap_err().code, code::BAD_TIMESTAMP, "{text}");
        }
    }
}
