//! Laws that hold for every history, however odd.
//!
//! A run of each law makes 256 histories and asks for twelve months of each: 3,072 months.

use chengping_casework::{
    Base, Case, Event, EventKind, Fact, Lifecycle, PeriodBasis, Question, Source, View,
    case_digest, derive, timeline,
};
use chengping_types::{Instant, Month, TimeZone};
use proptest::prelude::*;
use proptest::sample::select;

const HOUR: i64 = 3_600_000_000;
/// 2018-03-01T00:00+08:00.
const START: i64 = 1_519_833_600_000_000;
/// About four months of events, and a few more months to settle in.
pub(crate) const EVENT_HOURS: i64 = 24 * 120;
const MONTHS: i32 = 12;
const UNITS: [&str; 2] = ["b01", "b02"];
const TEAMS: [&str; 2] = ["c01", "sup1"];
const OUTCOMES: [&str; 8] =
    ["normal", "forced", "upheld", "refused", "late", "rework", "all", "satisfied"];

pub(crate) fn hours(hours: i64) -> Instant {
    Instant::from_micros(START + hours * HOUR)
}

pub(crate) fn case() -> Case {
    Case {
        case_no: "1".parse().unwrap(),
        source: Source::Patrol,
        category_scheme: "s".to_owned(),
        category_code: "01".to_owned(),
        area_code: String::new(),
        collector: Some("c01".parse().unwrap()),
        title: None,
        filing_condition: None,
    }
}

pub(crate) fn event(event_no: u64, at: Instant, kind: EventKind, due_at: Option<Instant>) -> Event {
    Event {
        case_no: "1".parse().unwrap(),
        event_no,
        at,
        kind,
        actor: None,
        unit: None,
        due_at,
        stage_due_at: None,
        outcome: None,
        note: None,
    }
}

fn questions(period_basis: PeriodBasis) -> impl Iterator<Item = Question> {
    let zone: TimeZone = "Asia/Shanghai".parse().unwrap();
    let lifecycle = Lifecycle { period_basis, ..Lifecycle::default() };
    let first = Month::new(2018, 2).unwrap();
    (0..MONTHS).map(move |step| Question::at_freeze(first.plus(step), zone.clone(), 3, lifecycle))
}

fn facts(events: &[Event], period_basis: PeriodBasis) -> Vec<Fact> {
    questions(period_basis).filter_map(|question| derive(&case(), events, &question)).collect()
}

fn total(facts: &[Fact], base: Base) -> u32 {
    facts.iter().map(|fact| fact.count(base)).sum()
}

fn has(events: &[Event], kind: EventKind) -> bool {
    events.iter().any(|event| event.kind == kind)
}

/// Any events in any order, mostly with a filing and a dispatch.
pub(crate) fn history() -> impl Strategy<Value = Vec<Event>> {
    let any_event = (
        0..EVENT_HOURS,
        select(EventKind::ALL),
        prop::option::of(0..EVENT_HOURS + 24 * 30),
        prop::option::of(select(&UNITS[..])),
        prop::option::of(select(&OUTCOMES[..])),
        prop::option::of(select(&TEAMS[..])),
        prop::option::of(0..EVENT_HOURS),
    );
    let beginning = (0_i64..24 * 30, prop::option::weighted(0.9, 1_i64..24 * 40));
    (prop::option::weighted(0.9, beginning), prop::collection::vec(any_event, 0..12)).prop_map(
        |(beginning, others)| {
            let mut events = Vec::new();
            if let Some((at, limit)) = beginning {
                events.push(event(1, hours(at), EventKind::Filed, None));
                let due = limit.map(|limit| hours(at + limit));
                events.push(event(2, hours(at + 1), EventKind::Dispatched, due));
            }
            for ((at, kind, due, unit, outcome, team, limit), event_no) in
                others.into_iter().zip(3..)
            {
                let mut event = event(event_no, hours(at), kind, due.map(hours));
                event.unit = unit.map(|unit| unit.parse().unwrap());
                event.outcome = outcome.map(str::to_owned);
                event.actor = team.map(|team| team.parse().unwrap());
                event.stage_due_at = limit.map(hours);
                events.push(event);
            }
            events
        },
    )
}

/// How often teams and nobody entered a count.
fn times(facts: &[Fact], base: Base) -> u32 {
    facts
        .iter()
        .flat_map(|fact| &fact.desk)
        .filter(|count| count.base == base)
        .map(|count| u32::from(count.times))
        .sum()
}

fn any_basis() -> impl Strategy<Value = PeriodBasis> {
    select(PeriodBasis::ALL)
}

proptest! {
    #[test]
    fn the_order_of_arrival_does_not_matter(
        (events, shuffled) in history().prop_flat_map(|events| {
            (Just(events.clone()), Just(events).prop_shuffle())
        }),
        basis in any_basis(),
    ) {
        prop_assert_eq!(facts(&events, basis), facts(&shuffled, basis));
        prop_assert_eq!(case_digest(&case(), &events), case_digest(&case(), &shuffled));
        let view = View::at(hours(EVENT_HOURS / 2));
        let lifecycle = Lifecycle::default();
        prop_assert_eq!(
            timeline(&case(), &events, view, &lifecycle),
            timeline(&case(), &shuffled, view, &lifecycle)
        );
    }

    #[test]
    fn a_second_derivation_is_the_same(events in history(), basis in any_basis()) {
        prop_assert_eq!(facts(&events, basis), facts(&events, basis));
    }

    #[test]
    fn a_case_is_due_in_exactly_one_month_or_never(events in history()) {
        let facts = facts(&events, PeriodBasis::Settlement);
        let due = total(&facts, Base::Due);
        prop_assert!(due <= 1);
        let last = questions(PeriodBasis::Settlement).last().unwrap();
        let end = timeline(&case(), &events, last.view, &last.lifecycle);
        if end.settles_at.is_some() {
            prop_assert_eq!(due, 1);
        }
    }

    #[test]
    fn what_happens_once_is_counted_once(events in history()) {
        let facts = facts(&events, PeriodBasis::Settlement);
        for base in [Base::Filed, Base::Assigned, Base::Rework, Base::UndoOnTime] {
            prop_assert!(total(&facts, base) <= 1, "{base}");
        }
        prop_assert!(total(&facts, Base::UndoOnTime) <= total(&facts, Base::OnTime));
        prop_assert!(total(&facts, Base::UndoClosedOnTime) <= total(&facts, Base::ClosedOnTime));
        prop_assert!(total(&facts, Base::OrdersFirst) <= 1);
    }

    #[test]
    fn counts_imply_each_other(events in history(), basis in any_basis()) {
        for fact in facts(&events, basis) {
            let has = |base| fact.marks.has(base);
            for base in [Base::Handled, Base::OnTime, Base::Closed, Base::OverdueOpen] {
                prop_assert!(!has(base) || has(Base::Due), "{base} but not due");
            }
            prop_assert!(!has(Base::ClosedOnTime) || has(Base::Closed) && has(Base::OnTime));
            prop_assert!(!has(Base::OverdueOpen) || !has(Base::Handled) && !has(Base::OnTime));
            prop_assert!(!has(Base::CarriedOpen) || has(Base::CarriedStart));
            prop_assert!(!has(Base::CarriedOpen) || !has(Base::CarriedClosed));
            let judged = fact.marks.iter().filter(|base| !base.is_description()).count();
            prop_assert!(!has(Base::Voided) || judged == 1);
            prop_assert!(!fact.marks.is_empty() || fact.orders_first + fact.orders_repeated > 0
                || fact.visits != [0; 5] || !fact.desk.is_empty() || !fact.sums.is_empty(),
                "an empty fact is none");
            let without_filing = [
                Base::Reported, Base::ReportedOnPatrol, Base::ReportedByPublic, Base::AcceptedCase,
            ];
            let counts_as_a_case = fact.marks.iter().any(|base| !without_filing.contains(&base))
                || !fact.sums.is_empty()
                || fact.orders_first + fact.orders_repeated > 0
                || fact.visits != [0; 5];
            prop_assert!(!counts_as_a_case || fact.filed_at.is_some());
            let orders = u32::from(fact.orders_first) + 2 * u32::from(fact.orders_repeated);
            prop_assert!(fact.orders_weight >= orders);
        }
    }

    #[test]
    fn a_stage_belongs_to_exactly_one_month(events in history()) {
        let facts = facts(&events, PeriodBasis::Settlement);
        for (kinds, base) in [
            (&[EventKind::Verified][..], Base::Verified),
            (&[EventKind::CheckPassed, EventKind::CheckFailed], Base::Checked),
            (&[EventKind::Accepted], Base::Accepted),
            (&[EventKind::Declined], Base::Declined),
            (&[EventKind::Dispatched], Base::Dispatched),
        ] {
            let done = |event: &&Event| kinds.contains(&event.kind) && event.actor.is_some();
            let done = u32::try_from(events.iter().filter(done).count()).unwrap();
            if has(&events, EventKind::SelfHandled) {
                prop_assert!(times(&facts, base) <= done);
            } else {
                prop_assert_eq!(times(&facts, base), done, "{}", base);
            }
        }
        for base in [Base::Filings, Base::FirstDispatches, Base::Received, Base::DispatchDue] {
            prop_assert!(times(&facts, base) <= 1, "{base}");
        }
    }

    #[test]
    fn counts_of_posts_imply_each_other(events in history()) {
        for fact in facts(&events, PeriodBasis::Settlement) {
            for (part, whole) in [
                (Base::ValidReports, Base::Reports),
                (Base::MissedReports, Base::MissedBasis),
                (Base::Decided, Base::Received),
                (Base::DispatchDone, Base::DispatchDue),
                (Base::AccurateFilings, Base::Filings),
                (Base::AccurateDispatches, Base::FirstDispatches),
                (Base::FilingsClosedOnTime, Base::FilingsDue),
                (Base::VerifiedOnTime, Base::VerifiedLimited),
                (Base::VerifiedLimited, Base::Verified),
                (Base::CheckedOnTime, Base::CheckedLimited),
                (Base::DispatchedOnTime, Base::DispatchedLimited),
            ] {
                for team in fact.desk.iter().map(|count| &count.team) {
                    let of = |base| fact.desk.iter().find(|c| c.base == base && c.team == *team)
                        .map_or(0, |count| count.times);
                    prop_assert!(of(part) <= of(whole), "{part} beyond {whole}");
                }
            }
            prop_assert!(fact.desk.is_sorted_by(|one, next| {
                (&one.team, one.base) < (&next.team, next.base)
            }), "each pair of team and count once");
            let alone = fact.desk.iter().any(|count| count.base == Base::SelfHandled);
            prop_assert!(!alone || fact.desk.len() == 1 && fact.marks.is_empty());
        }
    }

    #[test]
    fn descriptions_imply_what_they_describe(events in history(), basis in any_basis()) {
        for fact in facts(&events, basis) {
            for (part, whole) in [
                (Base::ReportedUnclosed, Base::Reported),
                (Base::ValidOnPatrol, Base::ReportedOnPatrol),
                (Base::ReportedOnPatrol, Base::Reported),
                (Base::FiledPatrol, Base::Filed),
                (Base::Filed, Base::FiledPatrol),
                (Base::HandledLate, Base::Handled),
                (Base::ClosedLate, Base::Closed),
                (Base::OverdueOpen, Base::OpenOverdue),
                (Base::CarriedOpen, Base::OpenOverdue),
                (Base::Backlog, Base::OpenOverdue),
            ] {
                prop_assert!(fact.count(part) <= fact.count(whole), "{part} without {whole}");
            }
            for (one, other) in [
                (Base::OpenInTime, Base::OpenOverdue),
                (Base::OpenOverdue, Base::UnclosedInTime),
                (Base::HandledLate, Base::OnTime),
                (Base::ClosedLate, Base::ClosedOnTime),
                (Base::Backlog, Base::LeftBacklog),
            ] {
                prop_assert!(fact.count(one) + fact.count(other) <= 1, "{one} and {other}");
            }
            prop_assert!(fact.count(Base::ReworkRounds) <= fact.count(Base::ChecksFailed));
            prop_assert!(fact.sums.is_sorted_by_key(|sum| sum.base));
            prop_assert!(fact.sums.iter().all(|sum| sum.base.is_sum() && sum.number > 0));
        }
    }

    #[test]
    fn the_stock_is_what_settles_and_what_was_carried(events in history()) {
        let due = |basis| -> Vec<u32> {
            questions(basis)
                .map(|question| derive(&case(), &events, &question))
                .map(|fact| fact.map_or(0, |fact| fact.count(Base::Due)))
                .collect()
        };
        let settled = due(PeriodBasis::Settlement);
        let stock = due(PeriodBasis::Stock);
        prop_assert!(settled.iter().zip(&stock).all(|(settled, stock)| settled <= stock));
    }

    #[test]
    fn a_cohort_counts_in_the_month_of_filing_only(events in history()) {
        let zone: TimeZone = "Asia/Shanghai".parse().unwrap();
        for question in questions(PeriodBasis::Cohort) {
            if let Some(fact) = derive(&case(), &events, &question)
                && fact.marks.has(Base::Due)
            {
                prop_assert_eq!(Month::of(fact.filed_at.unwrap(), &zone), question.month);
            }
        }
    }

    #[test]
    fn what_the_view_does_not_show_changes_nothing(
        events in history(), month in 0_usize..6, basis in any_basis(),
    ) {
        let question = questions(basis).nth(month).unwrap();
        let shown: Vec<_> =
            events.iter().filter(|event| question.view.shows(event)).cloned().collect();
        prop_assert_eq!(
            derive(&case(), &events, &question),
            derive(&case(), &shown, &question)
        );
    }

    #[test]
    fn an_earlier_hand_back_never_loses_on_time(
        limit in 1_i64..24 * 60, handled in 2_i64..24 * 60, sooner in 0_i64..24 * 60,
    ) {
        let on_time = |handled_at| {
            let events = [
                event(1, hours(0), EventKind::Filed, None),
                event(2, hours(0), EventKind::Dispatched, Some(hours(limit))),
                event(3, hours(handled_at), EventKind::Handled, None),
                event(4, hours(handled_at + 1), EventKind::Closed, None),
            ];
            total(&facts(&events, PeriodBasis::Settlement), Base::OnTime)
        };
        prop_assert!(on_time((handled - sooner).max(1)) >= on_time(handled));
    }
}
