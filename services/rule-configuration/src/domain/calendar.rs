//! The working calendar of a jurisdiction, as it is read and changed as a whole.

use chengping_types::calendar::{Calendar, CalendarDay, DayKind, Periods, WorkingHours};
use chengping_types::{Date, TimeZone, canonical};
use serde::{Deserialize, Serialize};

/// What the one calendar of a jurisdiction is called.
pub(crate) const DEFAULT: &str = "default";

/// The rows of a calendar, which no two share a day of their kind in, by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CalendarRows {
    pub working_hours: Vec<WorkingHours>,
    pub calendar_days: Vec<CalendarDay>,
}

impl CalendarRows {
    /// Changes with every change of a row; quoted, as RFC 7232 wants it.
    pub(crate) fn etag(&self) -> String {
        let digest = canonical::digest(self).expect("rows hold text only");
        let hex: String = digest.to_string().chars().skip("sha256:".len()).take(16).collect();
        format!("\"{hex}\"")
    }
}

/// A calendar at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorkCalendar {
    pub rows: CalendarRows,
    /// That of the pack activated last; none while no pack is.
    pub time_zone: Option<TimeZone>,
    /// The day on which it was read, in its time zone, else in UTC.
    pub today: Date,
}

impl WorkCalendar {
    /// The working time of a worked day now; none where there is no row, and so no calendar
    /// (decisions.md 102).
    pub(crate) fn periods(&self) -> Option<Periods> {
        let CalendarRows { working_hours, calendar_days } = &self.rows;
        if working_hours.is_empty() && calendar_days.is_empty() {
            return None;
        }
        let utc = || "UTC".parse().expect("the database has UTC");
        let zone = self.time_zone.clone().unwrap_or_else(utc);
        let calendar = Calendar::new(zone, working_hours.iter().cloned(), []);
        Some(calendar.hours(self.today).periods.clone())
    }

    /// The days of a kind.
    pub(crate) fn days(&self, kind: DayKind) -> impl Iterator<Item = Date> {
        self.rows.calendar_days.iter().filter(move |day| day.kind == kind).map(|day| day.date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(today: &str, hours: &[(&str, &str)]) -> WorkCalendar {
        let hours = hours.iter().map(|(date, periods)| WorkingHours {
            effective_date: date.parse().unwrap(),
            periods: periods.parse().unwrap(),
            ..WorkingHours::standard()
        });
        let rows = CalendarRows { working_hours: hours.collect(), calendar_days: Vec::new() };
        WorkCalendar { rows, time_zone: None, today: today.parse().unwrap() }
    }

    #[test]
    fn the_periods_are_those_of_the_season() {
        let hours = [("2018-06-01", "08:00-12:00 15:00-18:30"), ("2018-10-01", "09:00-17:00")];
        let shown = |today| calendar(today, &hours).periods().unwrap().to_string();
        assert_eq!(shown("2018-05-31"), "08:00-12:00 14:00-18:00");
        assert_eq!(shown("2018-06-01"), "08:00-12:00 15:00-18:30");
        assert_eq!(shown("2018-12-31"), "09:00-17:00");
        assert_eq!(calendar("2018-05-31", &[]).periods(), None);
    }

    #[test]
    fn the_etag_is_of_the_rows_alone() {
        let rows = [("2018-06-01", "08:00-12:00")];
        let (one, other) = (calendar("2018-05-31", &rows), calendar("2018-07-01", &rows));
        assert_eq!(one.rows.etag(), other.rows.etag());
        assert_ne!(one.rows.etag(), calendar("2018-05-31", &[]).rows.etag());
    }
}
