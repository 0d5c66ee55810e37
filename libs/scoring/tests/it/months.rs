//! Laws of whole histories: a few cases, from their events to the scores of six months.
//!
//! A run of each of the two laws makes 342 histories, which are 2,052 months.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chengping_casework::{Base, Case, Deriver, Event, EventKind, Fact, Question, Source};
use chengping_rules::Counted;
use chengping_scoring::{Attributor, Cell, Evaluation, Input, Part, Tallies, score, tally};
use chengping_types::{Exact, Instant, Month, Stream};
use proptest::prelude::*;
use proptest::sample::select;

use crate::lab::counts;
use crate::laws::{has_only_late_finds, input, pack, registry};

const HOUR: i64 = 3_600_000_000;
/// 2018-02-01T00:00+08:00.
const START: i64 = 1_517_414_400_000_000;
const HISTORIES: u32 = 342;
const MONTHS: i32 = 6;

type Life = (Case, Vec<Event>);

fn months() -> impl Iterator<Item = Month> {
    let first = Month::new(2018, 2).unwrap();
    (0..MONTHS).map(move |step| first.plus(step))
}

fn event(case_no: &str, event_no: u64, hour: i64, kind: EventKind) -> Event {
    Event {
        case_no: case_no.parse().unwrap(),
        event_no,
        at: Instant::from_micros(START + hour * HOUR),
        kind,
        actor: None,
        unit: None,
        due_at: None,
        stage_due_at: None,
        outcome: None,
        note: None,
    }
}

/// What may happen to a case after its dispatch, with what each needs.
const LATER: [(EventKind, Option<&str>); 12] = [
    (EventKind::Handled, None),
    (EventKind::Handled, None),
    (EventKind::Closed, Some("normal")),
    (EventKind::Closed, Some("normal")),
    (EventKind::CheckFailed, None),
    (EventKind::Reopened, None),
    (EventKind::Ordered, Some("yellow")),
    (EventKind::Visited, Some("satisfied")),
    (EventKind::Suspended, None),
    (EventKind::Resumed, None),
    (EventKind::Voided, None),
    (EventKind::Exempted, Some("late")),
];

fn later() -> impl Strategy<Value = Vec<(i64, (EventKind, Option<&'static str>))>> {
    prop::collection::vec((1..24 * 40_i64, select(&LATER[..])), 0..6)
}

fn life(number: usize) -> impl Strategy<Value = Life> {
    let place = (0..7_usize, select(vec!["b1", "b2"]), any::<bool>(), "01[13][0-9]");
    let times = (0..24 * 150_i64, 1..24 * 30_i64);
    (place, times, later()).prop_map(
        move |((area, unit, public, category_code), (start, limit), later)| {
            let case_no = format!("c{number}");
            let case = Case {
                case_no: case_no.parse().unwrap(),
                source: if public { Source::Wechat } else { Source::Patrol },
                category_scheme: "gbt-30428.2-2013-event".to_owned(),
                category_code,
                area_code: format!("a{area}"),
                collector: Some("team".parse().unwrap()),
                title: None,
                filing_condition: None,
            };
            let mut reported = event(&case_no, 1, start, EventKind::Reported);
            reported.actor = Some("team".parse().unwrap());
            let mut filed = event(&case_no, 2, start + 1, EventKind::Filed);
            filed.actor = Some("desk".parse().unwrap());
            let mut dispatched = event(&case_no, 3, start + 2, EventKind::Dispatched);
            dispatched.unit = Some(unit.parse().unwrap());
            dispatched.due_at = Some(Instant::from_micros(START + (start + 2 + limit) * HOUR));
            let mut events = vec![reported, filed, dispatched];
            for ((after, (kind, outcome)), event_no) in later.into_iter().zip(4..) {
                let mut event = event(&case_no, event_no, start + 2 + after, kind);
                event.outcome = outcome.map(str::to_owned);
                events.push(event);
            }
            (case, events)
        },
    )
}

fn lives() -> impl Strategy<Value = Vec<Life>> {
    (1..14_usize).prop_flat_map(|number| (0..number).map(life).collect::<Vec<_>>())
}

fn facts(lives: &[Life], month: Month) -> Vec<Fact> {
    let pack = pack();
    let question =
        Question::at_freeze(month, pack.time_zone.clone(), pack.freeze.day, pack.lifecycle);
    let deriver = Deriver::new(&question);
    lives.iter().filter_map(|(case, events)| deriver.derive(case, events)).collect()
}

fn attributor(month: Month) -> Attributor {
    Attributor::new(pack(), &registry(), month)
}

/// The evaluation of a month, with those before it as they were frozen.
fn evaluate(months: &BTreeMap<Month, Tallies>, month: Month) -> Evaluation {
    // Made once: a pack takes longer to hash than a month to score.
    static EMPTY: OnceLock<Input> = OnceLock::new();
    let empty = EMPTY.get_or_init(|| input(pack(), Tallies::default(), Tallies::default()));
    let mut input = empty.clone();
    input.month = month;
    input.tallies = months[&month].clone();
    input.earlier = months.range(..month).map(|(month, of)| (*month, of.clone())).collect();
    score(&input)
}

/// Who gets one more case on time.
const GAINING: [(&str, Part); 2] = [("d1", Part::Key), ("b1", Part::All)];

fn with_one_on_time(months: &BTreeMap<Month, Tallies>, month: Month) -> BTreeMap<Month, Tallies> {
    let case = [Base::Due, Base::Handled, Base::OnTime, Base::Closed, Base::ClosedOnTime];
    let case = case.into_iter().map(|base| (base, 1)).collect();
    let mut months = months.clone();
    let tallies = months.get_mut(&month).unwrap();
    for (id, part) in GAINING {
        tallies.cell_mut(&id.parse().unwrap(), Stream::Regular, part).merge(&case);
    }
    months
}

fn exact(evaluation: &Evaluation, id: &str) -> Option<Exact> {
    let card = evaluation.scorecard(&id.parse().unwrap())?;
    card.score.as_ref().map(|score| score.exact.clone())
}

fn all_tallies(lives: &[Life]) -> BTreeMap<Month, Tallies> {
    months().map(|month| (month, tally(&facts(lives, month), &attributor(month)))).collect()
}

/// The lives, and the same in another order.
fn shuffled() -> impl Strategy<Value = (Vec<Life>, Vec<Life>)> {
    lives().prop_flat_map(|lives| {
        let events =
            |(case, events): &Life| (Just(case.clone()), Just(events.clone()).prop_shuffle());
        let mixed: Vec<_> = lives.iter().map(events).collect();
        (Just(lives), mixed.prop_flat_map(|lives| Just(lives).prop_shuffle()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(HISTORIES))]

    #[test]
    fn no_order_moves_a_byte_no_score_leaves_its_bounds_and_no_case_on_time_costs_points(
        (lives, mixed) in shuffled(),
    ) {
        let (months, again) = (all_tallies(&lives), all_tallies(&mixed));
        prop_assert_eq!(&months, &again);
        for month in months.keys() {
            let evaluation = evaluate(&months, *month);
            for score in evaluation.scorecards.iter().filter_map(|card| card.score.as_ref()) {
                prop_assert!(pack().scoring.floor.value <= score.exact);
                prop_assert!(score.exact <= pack().scoring.base.value);
            }
            let better = evaluate(&with_one_on_time(&months, *month), *month);
            for (id, part) in GAINING {
                let body = id.parse().unwrap();
                let cell = Cell { body: &body, counts: Counted::Regular, part };
                if has_only_late_finds(&months[month], cell) {
                    continue; // decisions.md 144
                }
                let (was, is) = (exact(&evaluation, id), exact(&better, id));
                prop_assert!(was.is_none() || was <= is, "{id} in {month}: {was:?}, {is:?}");
            }
        }
        // Writing a document takes longer than scoring, so one of them will do.
        let last = *months.keys().next_back().unwrap();
        let document = |months| evaluate(months, last).results_document();
        prop_assert_eq!(document(&months), document(&again));
        // Each case is due in at most one month, for one district: those of `a6` for none.
        let due = |of: fn(&Tallies) -> u64| months.values().map(of).sum::<u64>();
        let total = due(|tallies| tallies.jurisdiction().get(Base::Due));
        prop_assert!(total <= lives.len() as u64);
        let of_districts = due(|tallies| {
            let districts = ["d1", "d2", "d3"].into_iter().filter_map(|id| tallies.bodies.get(id));
            let parts = districts.flat_map(|streams| streams.values()).flat_map(BTreeMap::values);
            parts.map(|counts| counts.get(Base::Due)).sum()
        });
        let outside: Vec<_> =
            lives.iter().filter(|(case, _)| case.area_code == "a6").cloned().collect();
        let outside = all_tallies(&outside).values().map(|tallies| {
            tallies.jurisdiction().get(Base::Due)
        }).sum::<u64>();
        prop_assert_eq!(of_districts + outside, total);
    }

    #[test]
    fn facts_out_and_facts_in_or_parts_merged_are_a_full_recount(
        (lives, changed) in lives().prop_flat_map(|lives| {
            let number = lives.len();
            (Just(lives), prop::collection::vec((0..number, later()), 0..3))
        }),
    ) {
        let mut now = lives.clone();
        for (index, later) in changed {
            let (case, events) = &mut now[index];
            let first = events.len() as u64 + 1;
            let start = (events[2].at.as_micros() - START) / HOUR;
            for ((after, (kind, outcome)), event_no) in later.into_iter().zip(first..) {
                let mut event = event(case.case_no.as_str(), event_no, start + after, kind);
                event.outcome = outcome.map(str::to_owned);
                events.push(event);
            }
        }
        for month in months() {
            let attributor = attributor(month);
            let (was, is) = (facts(&lives, month), facts(&now, month));
            let mut tallies = tally(&was, &attributor);
            for fact in was.iter().filter(|fact| !is.contains(fact)) {
                tallies.remove(fact, &attributor.attribute(fact)).unwrap();
            }
            for fact in is.iter().filter(|fact| !was.contains(fact)) {
                tallies.add(fact, &attributor.attribute(fact));
            }
            prop_assert_eq!(&tallies, &tally(&is, &attributor));
            let (some, others) = is.split_at(is.len() / 2);
            let mut merged = tally(others, &attributor);
            merged.merge(&tally(some, &attributor));
            prop_assert_eq!(&merged, &tallies);
            for fact in &is {
                tallies.remove(fact, &attributor.attribute(fact)).unwrap();
            }
            prop_assert_eq!(&tallies, &Tallies::default());
            if let Some(fact) = is.first() {
                prop_assert!(tallies.remove(fact, &attributor.attribute(fact)).is_err());
                prop_assert_eq!(&tallies, &Tallies::default());
            }
        }
    }
}

/// The exception of decisions.md 144, so that the law says no more than is true.
#[test]
fn what_is_found_late_bites_with_the_first_case_that_is_due() {
    let of = |names: &str| {
        let month = "2018-04".parse().unwrap();
        let mut tallies = Tallies::default();
        let body = "b1".parse().unwrap();
        tallies.cell_mut(&body, Stream::Regular, Part::All).merge(&counts(names));
        let exact = exact(&evaluate(&[(month, tallies)].into(), month), "b1");
        exact.unwrap().to_string()
    };
    let on_time = "due=1 handled=1 on_time=1 closed=1 closed_on_time=1";
    assert_eq!(of("undo_on_time=1"), "100");
    assert_eq!(of(on_time), "100");
    assert_eq!(of(&format!("undo_on_time=1 {on_time}")), "70");
    assert_eq!(of("rework=1"), "100");
    assert_eq!(of(&format!("rework=1 {on_time}")), "90");
}
