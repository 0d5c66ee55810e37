use chengping_types::calendar::{CalendarDay, DayKind, WorkingHours};
use chengping_types::{LimitUnit, TimeZone};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
/// 2018-01-01T00:00+08:00.
const START: i64 = 1_514_736_000_000_000;

pub(super) fn limit(text: &str) -> Limit {
    let (value, unit) = text.split_once(' ').unwrap();
    Limit { value: value.parse().unwrap(), unit: unit.parse().unwrap() }
}

fn day(date: &str, kind: DayKind) -> CalendarDay {
    CalendarDay { date: date.parse().unwrap(), kind, name: "节".to_owned() }
}

fn hours(date: &str, periods: &str, days_off: &str) -> WorkingHours {
    WorkingHours {
        effective_date: date.parse().unwrap(),
        periods: periods.parse().unwrap(),
        days_off: days_off.parse().unwrap(),
        name: String::new(),
    }
}

/// The holidays of the first half of 2018 in China, as the State Council set them.
fn china_2018() -> Vec<CalendarDay> {
    let holidays = [
        "2018-01-01",
        "2018-02-15",
        "2018-02-16",
        "2018-02-17",
        "2018-02-18",
        "2018-02-19",
        "2018-02-20",
        "2018-02-21",
        "2018-04-05",
        "2018-04-06",
        "2018-04-07",
        "2018-04-29",
        "2018-04-30",
        "2018-05-01",
        "2018-06-18",
    ];
    let workdays = ["2018-02-11", "2018-02-24", "2018-04-08", "2018-04-28"];
    let holidays = holidays.iter().map(|date| day(date, DayKind::Holiday));
    holidays.chain(workdays.iter().map(|date| day(date, DayKind::Workday))).collect()
}

pub(super) fn shanghai() -> TimeZone {
    "Asia/Shanghai".parse().unwrap()
}

pub(super) fn zhengzhou() -> Calendar {
    Calendar::new(shanghai(), [], china_2018())
}

pub(super) fn local(text: &str) -> Instant {
    Instant::parse(&format!("2018-{text}+08:00")).unwrap()
}

fn due(start: &str, text: &str) -> String {
    let instant = complete(local(start), limit(text), &zhengzhou()).unwrap();
    instant.to_rfc3339_in(&shanghai()).replace("2018-", "").replace("+08:00", "")
}

#[test]
fn working_hours_stop_at_noon_at_night_and_on_weekends() {
    assert_eq!(due("03-05T11:00:00", "2 work_hour"), "03-05T15:00:00");
    assert_eq!(due("03-05T17:00:00", "2 work_hour"), "03-06T09:00:00");
    // 9 March 2018 is a Friday.
    assert_eq!(due("03-09T17:00:00", "2 work_hour"), "03-12T09:00:00");
    assert_eq!(due("03-05T11:59:59.999999", "0.01 work_hour"), "03-05T14:00:35.999999");
}

#[test]
fn a_limit_used_up_at_the_end_of_a_period_is_over_then() {
    assert_eq!(due("03-05T10:00:00", "2 work_hour"), "03-05T12:00:00");
    assert_eq!(due("03-05T08:00:00", "1 work_day"), "03-05T18:00:00");
    assert_eq!(due("03-05T12:00:00", "1 work_day"), "03-06T12:00:00");
}

#[test]
fn a_start_outside_of_working_time_counts_from_the_next_period_on() {
    for start in ["03-04T10:00:00", "03-04T23:00:00", "03-05T07:59:59", "03-05T08:00:00"] {
        assert_eq!(due(start, "4 work_hour"), "03-05T12:00:00", "{start}");
    }
    assert_eq!(due("03-05T13:00:00", "1 work_hour"), "03-05T15:00:00");
}

#[test]
fn labour_day_2018_is_skipped_and_its_saturday_counts() {
    // Friday 27, Saturday 28 (worked), Wednesday 2 May.
    assert_eq!(due("04-27T10:00:00", "1 work_day"), "04-28T10:00:00");
    assert_eq!(due("04-27T10:00:00", "2 work_day"), "05-02T10:00:00");
    assert_eq!(due("04-29T10:00:00", "4 work_hour"), "05-02T12:00:00");
    assert_eq!(due("04-29T10:00:00", "4 urgent_hour"), "04-29T14:00:00");
    assert_eq!(due("04-27T10:00:00", "2 urgent_day"), "04-29T10:00:00");
}

#[test]
fn spring_festival_2018_is_skipped_and_its_swapped_days_count() {
    // Sunday 11 February is worked; 15 to 21 are off; 22 and 23 and Saturday 24 are worked.
    assert_eq!(due("02-09T10:00:00", "1 work_day"), "02-11T10:00:00");
    assert_eq!(due("02-14T10:00:00", "1 work_day"), "02-22T10:00:00");
    assert_eq!(due("02-14T10:00:00", "3 work_day"), "02-24T10:00:00");
    assert_eq!(due("02-14T10:00:00", "4 work_day"), "02-26T10:00:00");
}

#[test]
fn an_explanation_lists_what_counted_and_what_was_skipped_and_why() {
    let told = explain(local("04-28T17:00:00"), limit("3 work_hour"), &zhengzhou()).unwrap();
    let interval = |from, to| Interval { from: local(from), to: local(to) };
    assert_eq!(
        told.intervals,
        [
            interval("04-28T17:00:00", "04-28T18:00:00"),
            interval("05-02T08:00:00", "05-02T10:00:00"),
        ]
    );
    let skipped: Vec<_> = told.skipped.iter().map(|day| day.date.to_string()).collect();
    assert_eq!(skipped, ["2018-04-29", "2018-04-30", "2018-05-01"]);
    assert!(told.skipped.iter().all(|day| day.reason == Skip::Holiday("节".to_owned())));
    let told = explain(local("03-09T17:00:00"), limit("2 work_hour"), &zhengzhou()).unwrap();
    assert!(told.skipped.iter().all(|day| day.reason == Skip::Weekend));
    assert_eq!(told.skipped.len(), 2);
}

#[test]
fn a_working_day_is_eight_hours_also_where_days_are_shorter() {
    let short =
        Calendar::new(shanghai(), [hours("2018-01-01", "09:00-12:00 14:00-18:00", "sat sun")], []);
    let end = complete(local("03-05T09:00:00"), limit("1 work_day"), &short).unwrap();
    assert_eq!(end, local("03-06T10:00:00"));
}

#[test]
fn hours_that_change_inside_a_limit_hold_from_their_day_on() {
    let summer = hours("2018-06-01", "08:00-12:00 15:00-18:30", "sat sun");
    let calendar = Calendar::new(shanghai(), [summer], []);
    let end = complete(local("05-31T17:00:00"), limit("6 work_hour"), &calendar).unwrap();
    assert_eq!(end, local("06-01T16:00:00"));
}

#[test]
fn clocks_that_are_set_make_a_night_shift_shorter_or_longer() {
    let zone: TimeZone = "America/New_York".parse().unwrap();
    let night = Calendar::new(zone, [hours("2011-01-01", "00:00-04:00", "none")], []);
    let end = |start: &str| {
        let start = Instant::parse(start).unwrap();
        complete(start, limit("4 work_hour"), &night).unwrap().to_rfc3339_in(night.time_zone())
    };
    assert_eq!(end("2011-03-12T00:00:00-05:00"), "2011-03-12T04:00:00-05:00");
    assert_eq!(end("2011-03-13T00:00:00-05:00"), "2011-03-14T01:00:00-04:00");
    assert_eq!(end("2011-11-06T00:00:00-04:00"), "2011-11-06T03:00:00-05:00");
}

#[test]
fn too_little_working_time_is_an_error_and_no_loop() {
    let minute = Calendar::new(shanghai(), [hours("2018-01-01", "08:00-08:01", "none")], []);
    let start = local("03-05T10:00:00");
    let error = complete(start, limit("9999.99 work_day"), &minute).unwrap_err();
    assert_eq!(error, ClockError::TooLittleWorkingTime);
    // Enough for forty years of weeks of five days.
    assert!(complete(start, limit("9999.99 work_day"), &zhengzhou()).is_ok());
}

#[test]
fn the_end_of_time_is_an_error() {
    for unit in LimitUnit::ALL {
        let limit = Limit { value: "300".parse().unwrap(), unit: *unit };
        let error = complete(Instant::MAX, limit, &zhengzhou()).unwrap_err();
        assert_eq!(error, ClockError::BeyondTime);
        assert!(complete(Instant::MIN, limit, &zhengzhou()).is_ok());
    }
}

fn any_calendar() -> impl Strategy<Value = Calendar> {
    let periods = select(
        &[
            "08:00-12:00 14:00-18:00",
            "09:00-12:00 13:30-17:30",
            "00:00-24:00",
            "06:30-06:31",
            "08:00-12:00 12:00-13:00 20:00-24:00",
        ][..],
    );
    let off = select(&["sat sun", "sun", "none", "mon tue wed thu fri sat"][..]);
    let zone = select(&["Asia/Shanghai", "America/New_York", "Asia/Kathmandu"][..]);
    let rows = prop::collection::vec((0..150, periods, off), 0..3);
    let days = prop::collection::vec((0..150, select(DayKind::ALL)), 0..20);
    (zone, rows, days).prop_map(|(zone, rows, days)| {
        let date = |days: i32| Date::new(2018, 1, 1).unwrap().plus(days);
        let rows = rows.into_iter().map(|(from, periods, off)| WorkingHours {
            effective_date: date(from),
            periods: periods.parse().unwrap(),
            days_off: off.parse().unwrap(),
            name: String::new(),
        });
        let days = days.into_iter().map(|(at, kind)| CalendarDay {
            date: date(at),
            kind,
            name: String::new(),
        });
        Calendar::new(zone.parse().unwrap(), rows, days)
    })
}

fn any_start() -> impl Strategy<Value = Instant> {
    (0..120 * 24 * HOUR).prop_map(|since| Instant::from_micros(START + since))
}

fn any_limit(hundredths: u32) -> impl Strategy<Value = Limit> {
    (1..=hundredths, select(LimitUnit::ALL))
        .prop_map(|(hundredths, unit)| limit_of(hundredths, unit))
}

fn limit_of(hundredths: u32, unit: LimitUnit) -> Limit {
    Limit { value: chengping_types::LimitValue::from_hundredths(hundredths).unwrap(), unit }
}

/// Whether the minute that begins at `at` is worked, by its local time as it is written.
fn is_worked(at: Instant, calendar: &Calendar) -> bool {
    let text = at.to_rfc3339_in(calendar.time_zone());
    let number = |from: usize| text[from..from + 2].parse::<u16>().unwrap();
    let minute = number(11) * 60 + number(14);
    match calendar.day(text[..10].parse().unwrap()) {
        Day::Worked(periods) => {
            periods.as_slice().iter().any(|period| (period.from()..period.to()).contains(&minute))
        }
        Day::Weekend | Day::Holiday(_) => false,
    }
}

/// The deadline found minute by minute; start and limit are whole minutes.
fn oracle(start: Instant, minutes: i64, calendar: &Calendar) -> Instant {
    let mut at = start.as_micros();
    let mut left = minutes;
    while left > 0 {
        left -= i64::from(is_worked(Instant::from_micros(at), calendar));
        at += MINUTE;
    }
    Instant::from_micros(at)
}

proptest! {
    #[test]
    fn urgent_limits_are_added(start in any_start(), limit in any_limit(50_000), calendar in any_calendar()) {
        prop_assume!(!limit.unit.is_working());
        let end = complete(start, limit, &calendar).unwrap();
        prop_assert_eq!(end.as_micros(), start.as_micros() + limit.micros());
    }

    #[test]
    fn a_later_start_and_a_longer_limit_end_later(
        start in any_start(), later in 0..30 * 24 * HOUR, limit in any_limit(1_000),
        more in 0..1_000_u32, calendar in any_calendar(),
    ) {
        let later = Instant::from_micros(start.as_micros() + later);
        let longer = limit_of(limit.value.hundredths() + more, limit.unit);
        if let Ok(end) = complete(start, limit, &calendar) {
            prop_assert!(end > start);
            if let Ok(other) = complete(later, limit, &calendar) {
                prop_assert!(other >= end);
            }
            if let Ok(other) = complete(start, longer, &calendar) {
                prop_assert_eq!(other.cmp(&end), more.cmp(&0));
            }
        }
    }

    #[test]
    fn a_limit_after_a_limit_is_their_sum(
        start in any_start(), first in any_limit(1_000), second in 1..1_000_u32, calendar in any_calendar(),
    ) {
        let sum = limit_of(first.value.hundredths() + second, first.unit);
        let second = limit_of(second, first.unit);
        if let Ok(end) = complete(start, sum, &calendar) {
            let middle = complete(start, first, &calendar).unwrap();
            prop_assert_eq!(complete(middle, second, &calendar).unwrap(), end);
        }
    }

    #[test]
    fn what_counts_is_worked_and_as_long_as_the_limit(
        start in any_start(), limit in any_limit(2_000), calendar in any_calendar(),
    ) {
        if let Ok(told) = explain(start, limit, &calendar) {
            prop_assert_eq!(complete(start, limit, &calendar), Ok(told.deadline));
            let length = |part: &Interval| part.to.as_micros() - part.from.as_micros();
            prop_assert_eq!(told.intervals.iter().map(length).sum::<i64>(), limit.micros());
            prop_assert!(told.intervals.iter().all(|part| part.from < part.to));
            prop_assert!(told.intervals.windows(2).all(|pair| pair[0].to <= pair[1].from));
            prop_assert!(told.intervals[0].from >= start);
            prop_assert_eq!(told.intervals.last().unwrap().to, told.deadline);
            for part in told.intervals.iter().filter(|_| limit.unit.is_working()).take(40) {
                let last = Instant::from_micros(part.to.as_micros() - 1);
                prop_assert!(is_worked(part.from, &calendar) && is_worked(last, &calendar));
            }
        }
    }

    #[test]
    fn on_days_of_eight_hours_a_day_is_the_same_time_of_the_next_worked_day(
        start in any_start(), days in 1_u32..20,
    ) {
        let calendar = zhengzhou();
        let zone = calendar.time_zone();
        let worked = |date: Date| matches!(calendar.day(date), Day::Worked(_));
        let minute = Instant::from_micros(start.as_micros() / MINUTE * MINUTE);
        prop_assume!(is_worked(minute, &calendar) && minute < start);
        let end = complete(start, limit_of(days * 100, LimitUnit::WorkDay), &calendar).unwrap();
        let date = Date::of(start, zone);
        let days = usize::try_from(days).unwrap();
        let then = (1..).map(|step| date.plus(step)).filter(|date| worked(*date)).nth(days - 1);
        let since = start.as_micros() - date.start(zone).as_micros();
        prop_assert_eq!(end.as_micros() - then.unwrap().start(zone).as_micros(), since);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_clock_agrees_with_one_that_looks_at_every_minute(
        minute in 0..120 * 24 * 60_i64, units in 1..400_u32, calendar in any_calendar(),
    ) {
        let start = Instant::from_micros(START + minute * MINUTE);
        // 0.05 hours are three minutes.
        let limit = limit_of(units * 5, LimitUnit::WorkHour);
        if let Ok(end) = complete(start, limit, &calendar) {
            prop_assume!(end.as_micros() - start.as_micros() < 120 * 24 * HOUR);
            prop_assert_eq!(end, oracle(start, i64::from(units) * 3, &calendar));
        }
    }
}
