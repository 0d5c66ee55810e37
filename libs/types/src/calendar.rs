//! Working calendars: when a working hour runs (method 2.4).
//!
//! A [`Calendar`] is made of the rows of two files: working hours by the day from which they hold,
//! and single days that are holidays, or workdays by swap (调休). It counts in the local time of its
//! jurisdiction.

mod hours;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use hours::{DaysOff, DaysOffError, Period, Periods, PeriodsError, WorkingHours};

use crate::{Date, Digest, TimeZone, canonical, named_enum};

named_enum! {
    /// What the calendar says of a single day.
    pub enum DayKind: "kind of day" {
        /// 法定节假日: off, whatever day of the week it is.
        Holiday = 1 => "holiday",
        /// 调休上班: worked, whatever day of the week it is.
        Workday = 2 => "workday",
    }
}

/// A day that is not as its day of the week (`calendar.csv`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarDay {
    /// The day.
    pub date: Date,
    /// Holiday or workday.
    pub kind: DayKind,
    /// What for, such as 劳动节; may be empty.
    pub name: String,
}

/// What a day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day<'c> {
    /// Worked in these periods.
    Worked(&'c Periods),
    /// Off, as every week on that day.
    Weekend,
    /// A holiday of this name.
    Holiday(&'c str),
}

/// The working calendar of a jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    time_zone: TimeZone,
    /// By the day from which they hold.
    hours: BTreeMap<Date, WorkingHours>,
    days: BTreeMap<Date, CalendarDay>,
    standard: WorkingHours,
    digest: Digest,
}

/// What the digest of a calendar is made of.
#[derive(Serialize)]
struct Content<'c> {
    time_zone: &'c TimeZone,
    working_hours: Vec<&'c WorkingHours>,
    days: Vec<&'c CalendarDay>,
}

impl Calendar {
    /// The calendar of these rows. Of two rows for the same day the later one stands. Before the
    /// first working hours, and without any, the standard ones hold ([`WorkingHours::standard`]).
    #[must_use]
    pub fn new(
        time_zone: TimeZone,
        hours: impl IntoIterator<Item = WorkingHours>,
        days: impl IntoIterator<Item = CalendarDay>,
    ) -> Self {
        let hours: BTreeMap<_, _> =
            hours.into_iter().map(|hours| (hours.effective_date, hours)).collect();
        let days: BTreeMap<_, _> = days.into_iter().map(|day| (day.date, day)).collect();
        let content = Content {
            time_zone: &time_zone,
            working_hours: hours.values().collect(),
            days: days.values().collect(),
        };
        let digest = canonical::digest(&content).expect("texts only");
        Self { time_zone, hours, days, standard: WorkingHours::standard(), digest }
    }

    /// Where its days are lived.
    #[must_use]
    pub const fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// The digest of its rows and its time zone, whatever the order of the rows: its version.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The working hours that hold on a day, worked or not.
    #[must_use]
    pub fn hours(&self, date: Date) -> &WorkingHours {
        self.hours.range(..=date).next_back().map_or(&self.standard, |(_, row)| row)
    }

    /// What a day is: the row of the day, else its day of the week.
    #[must_use]
    pub fn day(&self, date: Date) -> Day<'_> {
        let hours = self.hours(date);
        match self.days.get(&date) {
            Some(CalendarDay { kind: DayKind::Holiday, name, .. }) => Day::Holiday(name),
            Some(CalendarDay { kind: DayKind::Workday, .. }) => Day::Worked(&hours.periods),
            None if hours.days_off.contains(date.weekday()) => Day::Weekend,
            None => Day::Worked(&hours.periods),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Weekday;

    fn row(date: &str, kind: DayKind, name: &str) -> CalendarDay {
        CalendarDay { date: date.parse().unwrap(), kind, name: name.to_owned() }
    }

    fn hours(effective_date: &str, periods: &str, days_off: &str) -> WorkingHours {
        WorkingHours {
            effective_date: effective_date.parse().unwrap(),
            periods: periods.parse().unwrap(),
            days_off: days_off.parse().unwrap(),
            name: String::new(),
        }
    }

    fn calendar(hours: Vec<WorkingHours>, days: Vec<CalendarDay>) -> Calendar {
        Calendar::new("Asia/Shanghai".parse().unwrap(), hours, days)
    }

    fn shown(calendar: &Calendar, date: &str) -> String {
        match calendar.day(date.parse().unwrap()) {
            Day::Worked(periods) => periods.to_string(),
            Day::Weekend => "weekend".to_owned(),
            Day::Holiday(name) => name.to_owned(),
        }
    }

    #[test]
    fn labour_day_2018_is_swapped_with_the_saturday_before() {
        let days = vec![
            row("2018-04-28", DayKind::Workday, "劳动节调休"),
            row("2018-04-29", DayKind::Holiday, "劳动节"),
            row("2018-04-30", DayKind::Holiday, "劳动节"),
            row("2018-05-01", DayKind::Holiday, "劳动节"),
        ];
        let calendar = calendar(Vec::new(), days);
        let standard = "08:00-12:00 14:00-18:00";
        assert_eq!(shown(&calendar, "2018-04-28"), standard);
        for day in ["2018-04-29", "2018-04-30", "2018-05-01"] {
            assert_eq!(shown(&calendar, day), "劳动节");
        }
        assert_eq!(shown(&calendar, "2018-05-02"), standard);
        assert_eq!(shown(&calendar, "2018-05-05"), "weekend");
    }

    #[test]
    fn working_hours_hold_until_the_next_ones() {
        let summer = "08:00-12:00 15:00-18:30";
        let calendar = calendar(
            vec![
                hours("2018-10-01", "08:30-12:00 13:30-17:30", "sun"),
                hours("2018-06-01", summer, "sat sun"),
            ],
            Vec::new(),
        );
        assert_eq!(shown(&calendar, "2018-05-31"), "08:00-12:00 14:00-18:00");
        assert_eq!(shown(&calendar, "2018-06-01"), summer);
        assert_eq!(shown(&calendar, "2018-09-28"), summer);
        assert_eq!(shown(&calendar, "2018-09-29"), "weekend");
        // 2018-10-06 is a Saturday.
        assert_eq!(shown(&calendar, "2018-10-06"), "08:30-12:00 13:30-17:30");
        assert_eq!(shown(&calendar, "2018-10-07"), "weekend");
    }

    #[test]
    fn the_version_is_that_of_the_rows_in_whatever_order() {
        let days = [
            row("2018-04-29", DayKind::Holiday, "劳动节"),
            row("2018-04-28", DayKind::Workday, ""),
        ];
        let [first, second] = days.clone();
        let version = calendar(Vec::new(), days.to_vec()).digest();
        assert_eq!(calendar(Vec::new(), vec![second, first]).digest(), version);
        let [first, _] = days;
        assert_ne!(calendar(Vec::new(), vec![first]).digest(), version);
        let boston = Calendar::new("America/New_York".parse().unwrap(), [], []);
        assert_ne!(boston.digest(), calendar(Vec::new(), Vec::new()).digest());
    }

    #[test]
    fn the_later_row_of_a_day_stands() {
        let days =
            vec![row("2018-04-27", DayKind::Holiday, "x"), row("2018-04-27", DayKind::Workday, "")];
        assert_eq!(shown(&calendar(Vec::new(), days), "2018-04-27"), "08:00-12:00 14:00-18:00");
    }

    #[test]
    fn every_day_of_the_week_can_be_off_but_not_all() {
        let off: DaysOff = "sun fri".parse().unwrap();
        assert_eq!(off.to_string(), "fri sun");
        assert!(off.contains(Weekday::Friday) && !off.contains(Weekday::Saturday));
        assert_eq!("none".parse::<DaysOff>().unwrap().to_string(), "none");
        assert!("mon tue wed thu fri sat sun".parse::<DaysOff>().is_err());
    }
}
