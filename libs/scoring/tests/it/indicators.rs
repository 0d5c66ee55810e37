//! What holds of the values of the catalogue; golden ones are in tests/golden.

use chengping_casework::Base;
use chengping_rules::{Counted, Formula, catalogue, indicator};
use chengping_scoring::indicator::{Measured, printed, value};
use chengping_scoring::{Cell, Counts, Part};
use chengping_types::{BodyId, Exact};

use crate::city::City;

fn print_of(code: &str, measured: Measured<'_>) -> Option<String> {
    let indicator = indicator(code).unwrap();
    value(indicator, measured).map(|value| printed(indicator, &value))
}

fn print(code: &str, counts: &[(Base, u64)]) -> Option<String> {
    let counts: Counts = counts.iter().copied().collect();
    print_of(code, Measured::of(&counts))
}

#[test]
fn without_anything_counted_a_ratio_is_not_applicable_and_a_count_is_zero() {
    let nothing = Counts::default();
    for indicator in catalogue() {
        let found = value(indicator, Measured::of(&nothing));
        let counts = !indicator.is_ratio() && !indicator.code.starts_with("mean_");
        let expected = counts && indicator.not_derivable().is_none();
        assert_eq!(found, expected.then(|| Exact::integer(0)), "{}", indicator.code);
    }
}

#[test]
fn corrections_take_off_the_numerators_that_they_correct() {
    let counts = [(Base::Due, 10), (Base::OnTime, 8), (Base::UndoOnTime, 3)];
    assert_eq!(print("on_time_handling_rate", &counts).unwrap(), "50.00");
    assert_eq!(print("public_overdue_rate", &counts).unwrap(), "50.00");
    assert_eq!(print("on_time", &counts).unwrap(), "8", "the count as counted");
}

#[test]
fn the_satisfaction_index_is_the_mean_of_the_answers() {
    let visits = [
        (Base::VisitVerySatisfied, 10),
        (Base::VisitSatisfied, 5),
        (Base::VisitNeutral, 3),
        (Base::VisitDissatisfied, 2),
        (Base::VisitUnreachable, 9),
    ];
    // The key zone of method c.8.
    assert_eq!(print("satisfaction_index", &visits).unwrap(), "77.50");
    assert_eq!(print("satisfaction_rate", &visits).unwrap(), "75.00");
    assert_eq!(print("visits", &visits).unwrap(), "29");
}

#[test]
fn a_change_looks_at_the_month_before_and_a_density_at_the_size() {
    let month = |filed| -> Counts { [(Base::Filed, filed)].into_iter().collect() };
    let change = |now, before| {
        let (now, before) = (month(now), month(before));
        let measured = Measured { before: Some(&before), ..Measured::of(&now) };
        print_of("month_on_month", measured)
    };
    // The two zones of method c.8, a first occurrence, and none at all.
    assert_eq!(change(300, 250).as_deref(), Some("20.00"));
    assert_eq!(change(120, 150).as_deref(), Some("-20.00"));
    assert_eq!((change(3, 0), change(0, 0)), (None, None));
    assert_eq!(print_of("month_on_month", Measured::of(&month(3))), None);
    let density = |size: &Exact| {
        let now = month(1500);
        print_of("case_density", Measured { size: Some(size), ..Measured::of(&now) })
    };
    assert_eq!(density(&Exact::integer(144)).as_deref(), Some("10.42"));
    assert_eq!(density(&Exact::integer(0)), None);
}

#[test]
fn times_are_exact_until_they_are_printed() {
    let counts = [(Base::Handled, 3), (Base::HandlingSeconds, 3 * 86_400 + 1)];
    let indicator = indicator("mean_handling_hours").unwrap();
    let counts: Counts = counts.into_iter().collect();
    let hours = value(indicator, Measured::of(&counts)).unwrap();
    assert_eq!(hours.to_string(), "259201/10800");
    assert_eq!(printed(indicator, &hours), "24.00");
}

/// The counts of a real month obey what their definitions say of each other.
#[test]
fn in_a_whole_city_shares_are_shares_and_parts_add_up() {
    let month = "2018-04".parse().unwrap();
    let tallies = City::get().tallies(month);
    let shares = [
        "closing_rate",
        "on_time_closing_rate",
        "late_closing_rate",
        "late_handling_rate",
        "public_report_share",
        "void_rate",
        "unclosed_rate",
        "check_pass_rate",
    ];
    let mut seen = 0;
    for body in tallies.bodies.keys() {
        let sum = tallies.sum(Cell { body, counts: Counted::All, part: Part::All });
        for code in shares {
            let share = value(indicator(code).unwrap(), Measured::of(&sum));
            assert!(share.is_none_or(|share| share <= Exact::integer(1)), "{body} {code}");
        }
        let by_source = Base::ALL.iter().filter(|base| base.number() == "B46");
        let filed: u64 = by_source.map(|base| sum.get(*base)).sum();
        assert_eq!(filed, sum.get(Base::Filed), "{body}");
        assert_eq!(
            sum.get(Base::ClosedLate) + sum.get(Base::ClosedOnTime),
            sum.get(Base::Closed),
            "{body}"
        );
        assert!(sum.get(Base::Extended) <= sum.get(Base::ExtensionTimes), "{body}");
        seen += sum.get(Base::Filed);
    }
    assert!(seen > 0);
    let whole = tallies.jurisdiction();
    let empty: Vec<_> = Base::ALL.iter().filter(|base| whole.get(**base) == 0).collect();
    assert!(empty.len() < 20, "the city shows nearly everything, but for {empty:?}");
    let nobody: BodyId = "nobody".parse().unwrap();
    let none = tallies.sum(Cell { body: &nobody, counts: Counted::All, part: Part::All });
    let of_base = catalogue().iter().filter(|one| matches!(one.formula, Formula::Base(_)));
    assert_eq!(of_base.count(), Base::ALL.len());
    assert!(none.is_zero());
}
