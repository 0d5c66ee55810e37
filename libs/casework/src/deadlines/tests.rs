use chengping_types::LimitUnit;
use chengping_types::calendar::DayKind;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::script::{at, case, events};
use crate::{Timeline, View, timeline};

fn condition(id: &str, code: &str, limit: &str, valid: (&str, Option<&str>)) -> FilingCondition {
    let (value, unit) = limit.split_once(' ').unwrap();
    FilingCondition {
        condition_id: id.to_owned(),
        category_scheme: case().category_scheme,
        category_code: code.to_owned(),
        limit: Limit { value: value.parse().unwrap(), unit: unit.parse().unwrap() },
        valid_from: valid.0.parse().unwrap(),
        valid_to: valid.1.map(|month| month.parse().unwrap()),
        name: String::new(),
    }
}

fn limits_of(conditions: Vec<FilingCondition>) -> Limits {
    let day = |date: &str, kind| CalendarDay {
        date: date.parse().unwrap(),
        kind,
        name: "劳动节".to_owned(),
    };
    let days = vec![
        day("2018-04-28", DayKind::Workday),
        day("2018-04-29", DayKind::Holiday),
        day("2018-04-30", DayKind::Holiday),
        day("2018-05-01", DayKind::Holiday),
    ];
    Limits::new("Asia/Shanghai".parse().unwrap(), conditions, Vec::new(), days)
}

/// A working day under the one condition, c1.
fn limits() -> Limits {
    limits_of(vec![condition("c1", "01", "1 work_day", ("2018-01", None))])
}

fn under(condition: &str) -> Case {
    Case { filing_condition: Some(condition.to_owned()), ..case() }
}

fn read(events: &[Event]) -> Timeline {
    timeline(&under("c1"), events, View::at(at("12-31T00")), &Lifecycle::default())
}

/// The deadline after the events of a script, with what is lacking computed.
fn deadline(script: &str) -> Option<Instant> {
    read(&with_computed_deadlines(&under("c1"), &events(script), &limits())).deadline
}

/// Why the only event that lacks its deadline does not get it.
fn why(case: &Case, script: &str, limits: &Limits) -> Missing {
    let Completion { computed, missing } = computed_deadlines(case, &events(script), limits);
    assert!(computed.is_empty(), "{computed:?}");
    let [missing] = missing[..] else { panic!("{missing:?}") };
    missing.why
}

#[test]
fn a_dispatch_without_a_deadline_gets_the_limit_of_its_condition() {
    let script = "04-27T09 filed\n04-27T10 dispatched unit=b01";
    assert_eq!(deadline(script), Some(at("04-28T10")));
    let completion = computed_deadlines(&under("c1"), &events(script), &limits());
    let [computed] = &completion.computed[..] else { panic!("{completion:?}") };
    assert_eq!((computed.event_no, computed.start), (2, at("04-27T10")));
    assert_eq!(
        (computed.condition_id.as_str(), computed.limit.to_string().as_str()),
        ("c1", "1 work_day")
    );
    assert_eq!(computed.calendar, limits().calendar().map(Calendar::digest));
    let stored = serde_json::to_string(computed).unwrap();
    assert_eq!(serde_json::from_str::<ComputedDeadline>(&stored).unwrap(), *computed);
}

#[test]
fn an_extension_without_a_deadline_adds_one_limit() {
    let dispatched = "04-27T09 filed\n04-27T10 dispatched unit=b01\n";
    let extended = format!("{dispatched}04-28T09 extended\n");
    assert_eq!(deadline(&extended), Some(at("05-02T10")));
    let twice = format!("{extended}05-02T09 extended\n");
    assert_eq!(deadline(&twice), Some(at("05-03T10")));
    // None once it is overdue (decisions.md 6).
    let late = format!("{dispatched}04-28T11 extended\n");
    assert_eq!(deadline(&late), Some(at("04-28T10")));
    // More than a deadline that the platform gave.
    let given = "04-27T10 dispatched unit=b01 due=05-02T17\n04-28T09 extended";
    assert_eq!(deadline(given), Some(at("05-03T17")));
}

#[test]
fn a_pause_moves_a_computed_deadline_by_its_length_as_any_other() {
    // Six hours, of which four are worked: the deadline may come to lie at night.
    let script = "04-26T10 dispatched unit=b01\n04-26T14 suspended\n04-26T20 resumed\n";
    assert_eq!(deadline(script), Some(at("04-27T16")));
    let longer = "04-26T17 dispatched unit=b01\n04-27T08 suspended\n04-27T14 resumed\n";
    assert_eq!(deadline(longer), Some(at("04-27T23")));
    // An extension then counts from the next period on: a day after 23:00 of Friday.
    let extended = format!("{longer}04-27T15 extended\n");
    assert_eq!(deadline(&extended), Some(at("04-28T18")));
}

#[test]
fn a_re_dispatch_has_a_deadline_of_its_own_which_is_recorded_and_not_used() {
    let script = "04-25T10 dispatched unit=b01\n04-25T11 returned upheld unit=b01\n04-25T15 dispatched unit=b02";
    assert_eq!(deadline(script), Some(at("04-26T10")));
    let completed = with_computed_deadlines(&under("c1"), &events(script), &limits()).into_owned();
    assert_eq!(completed[2].due_at, Some(at("04-26T15")));
}

#[test]
fn the_limit_is_the_one_of_the_month_of_filing() {
    let limits = limits_of(vec![
        condition("c1", "01", "1 work_day", ("2018-01", Some("2018-04"))),
        condition("c1", "01", "2 urgent_hour", ("2018-05", None)),
        // Begins later than the one above, and so stands before it.
        condition("c1", "01", "3 urgent_hour", ("2018-06", None)),
    ]);
    let due = |script: &str| {
        computed_deadlines(&under("c1"), &events(script), &limits).computed[0].due_at
    };
    assert_eq!(due("04-28T09 filed\n05-03T10 dispatched unit=b01"), at("05-04T10"));
    assert_eq!(due("05-03T10 dispatched unit=b01"), at("05-03T12"));
    assert_eq!(due("06-04T10 dispatched unit=b01"), at("06-04T13"));
}

#[test]
fn each_lack_has_its_reason() {
    let dispatched = "04-25T10 dispatched unit=b01";
    let limits = limits();
    assert_eq!(why(&case(), dispatched, &limits), Missing::NoCondition);
    assert_eq!(why(&under("c2"), dispatched, &limits), Missing::UnknownCondition);
    let other = Case { category_code: "0201".to_owned(), ..under("c1") };
    assert_eq!(why(&other, dispatched, &limits), Missing::OtherCategory);
    assert_eq!(why(&under("c1"), "04-25T10 extended", &limits), Missing::NotYet);
    let past = limits_of(vec![condition("c1", "", "1 work_day", ("2017-01", Some("2017-12")))]);
    assert_eq!(why(&under("c1"), dispatched, &past), Missing::NotValid);
}

#[test]
fn what_was_taken_in_without_a_deadline_stays_so() {
    let (case, limits) = (under("c1"), limits());
    let events = events("04-25T10 dispatched unit=b01\n04-26T09 extended");
    let is_new = |event: &Event| event.event_no == 2;
    let Completion { computed, missing } =
        computed_deadlines_where(&case, &events, &limits, is_new);
    assert!(computed.is_empty(), "{computed:?}");
    assert_eq!(missing, [MissingDeadline { event_no: 2, why: Missing::NothingToExtend }]);
    assert_eq!(computed_deadlines(&case, &events, &limits).computed.len(), 2);
}

#[test]
fn without_a_calendar_only_urgent_limits_are_computed() {
    let limits = |limit| {
        let rows = vec![condition("c1", "01", limit, ("2018-01", None))];
        Limits::new("Asia/Shanghai".parse().unwrap(), rows, Vec::new(), Vec::new())
    };
    let dispatched = "04-28T10 dispatched unit=b01";
    assert_eq!(why(&under("c1"), dispatched, &limits("1 work_day")), Missing::NoCalendar);
    let completion = computed_deadlines(&under("c1"), &events(dispatched), &limits("1 urgent_day"));
    assert_eq!(completion.computed[0].due_at, at("04-29T10"));
    assert_eq!(completion.computed[0].calendar, None);
}

fn limit() -> impl Strategy<Value = Limit> {
    (1..3_000_u32, select(LimitUnit::ALL)).prop_map(|(hundredths, unit)| {
        let value = chengping_types::LimitValue::from_hundredths(hundredths).unwrap();
        Limit { value, unit }
    })
}

/// Any events, in time order, mostly of kinds that deadlines depend on.
fn history() -> impl Strategy<Value = Vec<Event>> {
    use EventKind::{Dispatched, Extended, Resumed, Suspended};
    let common = select(&[Dispatched, Extended, Suspended, Resumed][..]);
    let kind = prop_oneof![3 => common, 1 => select(EventKind::ALL)];
    let event = (0..24 * 60_i64, kind, prop::option::of(0..24 * 90_i64));
    prop::collection::vec(event, 0..12).prop_map(|mut rows| {
        rows.sort_by_key(|(hour, ..)| *hour);
        let instant =
            |hours: i64| Instant::from_micros(at("04-01T00").as_micros() + hours * 3_600_000_000);
        let template = events("04-01T00 reported unit=b01").remove(0);
        let event = |((hour, kind, due), event_no): ((i64, EventKind, Option<i64>), u64)| Event {
            event_no,
            at: instant(hour),
            kind,
            due_at: due.map(instant),
            ..template.clone()
        };
        rows.into_iter().zip(1..).map(event).collect()
    })
}

/// Both ways to a deadline, of an event that is taken in and of somebody who asks, in the words of
/// the failure where there is none.
fn both_ways(limits: &Limits, start: Instant, code: &str) -> [Result<Instant, Missing>; 2] {
    let case = Case { category_code: code.to_owned(), ..under("c1") };
    let [mut filed, mut dispatched] =
        events("04-27T09 filed\n04-27T10 dispatched unit=b01").try_into().unwrap();
    (filed.at, dispatched.at) = (start, start);
    let Completion { computed, missing } = computed_deadlines(&case, &[filed, dispatched], limits);
    let taken_in = computed.first().map(|deadline| deadline.due_at);
    let taken_in = taken_in.ok_or_else(|| missing[0].why);
    let condition = limits.condition_of("c1", (&case.category_scheme, code), start);
    let asked = condition.and_then(|condition| limits.explain(start, condition.limit));
    [taken_in, asked.map(|explanation| explanation.deadline)]
}

proptest! {
    /// What somebody is told who asks for a deadline is what an event gets that is taken in.
    #[test]
    fn who_asks_is_told_what_intake_computes(
        start in 1_514_000_000_000_000_i64..1_546_000_000_000_000, limit in limit(),
        code in select(vec!["01", "0102", "02"]), has_calendar in any::<bool>(),
    ) {
        let mut rows = vec![
            condition("c1", "01", "1 work_day", ("2018-01", Some("2018-10"))),
            condition("c1", "01", "2 urgent_hour", ("2018-05", Some("2018-06"))),
        ];
        rows[0].limit = limit;
        let limits = if has_calendar {
            limits_of(rows)
        } else {
            Limits::new("Asia/Shanghai".parse().unwrap(), rows, Vec::new(), Vec::new())
        };
        let [taken_in, asked] = both_ways(&limits, Instant::from_micros(start), code);
        prop_assert_eq!(taken_in, asked);
    }

    #[test]
    fn where_all_deadlines_are_given_nothing_changes(events in history()) {
        let given: Vec<Event> = events.into_iter().filter(|event| !lacks_deadline(event)).collect();
        let completed = with_computed_deadlines(&under("c1"), &given, &limits());
        prop_assert!(matches!(completed, Cow::Borrowed(same) if same == given));
    }

    #[test]
    fn only_deadlines_that_are_lacking_are_set(events in history(), limit in limit()) {
        let mut condition = condition("c1", "01", "1 work_day", ("2018-01", None));
        condition.limit = limit;
        let limits = limits_of(vec![condition]);
        let completed = with_computed_deadlines(&under("c1"), &events, &limits);
        prop_assert_eq!(completed.len(), events.len());
        for (before, after) in events.iter().zip(completed.iter()) {
            let filled = Event { due_at: after.due_at, ..before.clone() };
            prop_assert_eq!(after, &filled);
            prop_assert!(lacks_deadline(before) || before.due_at == after.due_at);
        }
        // And once more: nothing.
        prop_assert!(matches!(
            with_computed_deadlines(&under("c1"), &completed, &limits),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(
        (events, shuffled) in history().prop_flat_map(|events| {
            (Just(events.clone()), Just(events).prop_shuffle())
        }),
    ) {
        let (case, limits) = (under("c1"), limits());
        let completion = computed_deadlines(&case, &events, &limits);
        prop_assert_eq!(computed_deadlines(&case, &shuffled, &limits), completion);
    }

    /// What a service does that takes events in as they happen, and stores what it computes.
    #[test]
    fn event_by_event_gives_the_same_deadlines_as_all_at_once(events in history()) {
        let (case, limits) = (under("c1"), limits());
        let mut stored: Vec<ComputedDeadline> = Vec::new();
        for length in 1..=events.len() {
            let mut known = events[..length].to_vec();
            fill_deadlines(&mut known, &stored);
            stored.extend(computed_deadlines(&case, &known, &limits).computed);
        }
        prop_assert_eq!(stored, computed_deadlines(&case, &events, &limits).computed);
    }

    /// The walk that computes agrees with the fold that reads what was computed.
    #[test]
    fn an_extension_is_one_limit_more_than_the_fold_has_before_it(events in history()) {
        let completed = with_computed_deadlines(&under("c1"), &events, &limits());
        let steps = read(&completed).steps;
        for (index, (before, after)) in events.iter().zip(completed.iter()).enumerate() {
            if before.kind == EventKind::Extended && lacks_deadline(before) {
                let deadline = index.checked_sub(1).and_then(|index| steps[index].deadline);
                let limit = condition("c1", "01", "1 work_day", ("2018-01", None)).limit;
                let expected = deadline.map(|start| limits().complete(start, limit).unwrap());
                prop_assert_eq!(after.due_at, expected);
            }
        }
    }
}
