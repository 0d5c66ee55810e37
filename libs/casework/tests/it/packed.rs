//! Packed case files say what the records say.

use chengping_casework::{
    Case, CaseRecords, Event, EventKind, PACKED_VERSION, PackedError, Source, View, case_digest,
    next_frame,
};
use chengping_types::Instant;
use proptest::prelude::*;
use proptest::sample::select;

/// The records of a case in the order of their acceptance; the case is the first.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    case: Case,
    pub(crate) first: i64,
    events: Vec<(Event, i64)>,
    deadlines: Vec<(u64, i64, Instant)>,
}

impl Accepted {
    /// What the first `watermark` records say, read without any packing.
    fn up_to(&self, watermark: i64) -> Option<(Case, Vec<Event>)> {
        let known = self.events.iter().filter(|(_, sequence)| *sequence <= watermark);
        let mut events: Vec<Event> = known.map(|(event, _)| event.clone()).collect();
        events.sort_by_key(|event| event.event_no);
        for event in &mut events {
            event.note = None;
            let of_event = self.deadlines.iter().filter(|(event_no, sequence, _)| {
                *event_no == event.event_no && *sequence <= watermark
            });
            if let Some((_, _, due_at)) = of_event.max_by_key(|(_, sequence, _)| *sequence) {
                event.due_at = Some(*due_at);
            }
        }
        let case = Case { title: None, ..self.case.clone() };
        (self.first <= watermark).then_some((case, events))
    }

    /// All records, packed at once.
    pub(crate) fn packed(&self) -> Vec<u8> {
        let mut records = CaseRecords::new(self.case.clone(), self.first);
        records.add(self.events.clone(), self.deadlines.clone()).unwrap();
        records.pack()
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(&["", "normal", "all", "gbt-30428.2-2013-part", "0110", "R00001"][..])
            .prop_map(str::to_owned),
        2 => "\\PC{0,12}",
        1 => "[x案]{60,200}",
    ]
}

fn any_instant() -> impl Strategy<Value = Instant> {
    prop_oneof![
        (1_519_833_600_i64..1_530_000_000).prop_map(|at| Instant::from_micros(at * 1_000_000)),
        (Instant::MIN.as_micros()..=Instant::MAX.as_micros()).prop_map(Instant::from_micros),
    ]
}

fn any_body() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[a-z0-9-]{1,4}|normal|[a-z]{63}")
}

fn any_case() -> impl Strategy<Value = Case> {
    let texts = (any_text(), any_text(), any_text(), prop::option::of(any_text()));
    (texts, any_body(), select(Source::ALL)).prop_map(|(texts, collector, source)| {
        let (category_scheme, category_code, area_code, filing_condition) = texts;
        Case {
            case_no: "案-1".parse().unwrap(),
            source,
            category_scheme,
            category_code,
            area_code,
            collector: collector.map(|text| text.parse().unwrap()),
            title: Some("a title".to_owned()),
            filing_condition,
        }
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let times = (any_instant(), prop::option::of(any_instant()), prop::option::of(any_instant()));
    let number = prop_oneof![8 => 0..40_u64, 1 => any::<u64>()];
    let outcome = prop::option::of(any_text());
    (number, times, select(EventKind::ALL), any_body(), any_body(), outcome).prop_map(
        |(event_no, (at, due_at, stage_due_at), kind, actor, unit, outcome)| Event {
            case_no: "案-1".parse().unwrap(),
            event_no,
            at,
            kind,
            actor: actor.map(|text| text.parse().unwrap()),
            unit: unit.map(|text| text.parse().unwrap()),
            due_at,
            stage_due_at,
            outcome,
            note: Some("a note".to_owned()),
        },
    )
}

/// Events with distinct numbers, accepted one after the other with gaps for other cases, and
/// deadlines that became known with some record not before their event.
pub(crate) fn accepted() -> impl Strategy<Value = Accepted> {
    let event = (any_event(), 1..5_i64, prop::collection::vec((0..9_i64, any_instant()), 0..3));
    (any_case(), 1..1_000_i64, prop::collection::vec(event, 0..14)).prop_map(
        |(case, first, made)| {
            let (mut sequence, mut events, mut deadlines) = (first, Vec::new(), Vec::new());
            for (event, step, due) in made {
                if events.iter().any(|(known, _): &(Event, _)| known.event_no == event.event_no) {
                    continue;
                }
                sequence += step;
                for (later, due_at) in due {
                    let deadline = (event.event_no, sequence + later, due_at);
                    let is_known = |known: &(u64, i64, Instant)| {
                        (known.0, known.1) == (deadline.0, deadline.1)
                    };
                    if !deadlines.iter().any(is_known) {
                        deadlines.push(deadline);
                    }
                }
                events.push((event, sequence));
            }
            Accepted { case, first, events, deadlines }
        },
    )
}

/// With cuts of the sequence, between which the records are packed one part after the other.
fn accepted_and_cuts() -> impl Strategy<Value = (Accepted, Vec<i64>)> {
    (accepted(), prop::collection::vec(0..80_i64, 0..5)).prop_map(|(accepted, steps)| {
        let cut = |step| accepted.first + step;
        let mut cuts: Vec<_> = steps.into_iter().map(cut).collect();
        cuts.sort_unstable();
        cuts.push(i64::MAX);
        (accepted, cuts)
    })
}

proptest! {
    #[test]
    fn every_watermark_reads_what_the_records_say(accepted in accepted()) {
        let packed = accepted.packed();
        let last = accepted.events.last().map_or(accepted.first, |(_, sequence)| *sequence);
        for watermark in (accepted.first - 1..=last + 9).chain([i64::MAX]) {
            let read = CaseRecords::unpack(&packed).unwrap().up_to(watermark);
            prop_assert_eq!(&read, &accepted.up_to(watermark));
            let Some(((case, events), (plain, all))) = read.zip(accepted.up_to(watermark)) else {
                continue;
            };
            for view in accepted.events.iter().map(|(event, _)| View::at(event.at)) {
                let seen = |events: &[Event]| -> Vec<Event> {
                    events.iter().filter(|event| view.shows(event)).cloned().collect()
                };
                let digest = case_digest(&case, &seen(&events));
                prop_assert_eq!(digest, case_digest(&plain, &seen(&all)));
            }
        }
    }

    #[test]
    fn what_is_among_the_first_records_reads_as_before(
        accepted in accepted(),
        step in 0..40_i64,
    ) {
        let (records, cut) = (CaseRecords::unpack(&accepted.packed()).unwrap(), accepted.first + step);
        let among = records.clone().among(cut).unwrap().unwrap();
        prop_assert!(among.last_sequence() <= cut);
        let again = CaseRecords::unpack(&among.pack()).unwrap();
        for watermark in accepted.first - 1..=cut {
            prop_assert_eq!(again.clone().up_to(watermark), accepted.up_to(watermark));
        }
        prop_assert_eq!(again.clone().up_to(i64::MAX), accepted.up_to(cut));
        prop_assert_eq!(again.count_up_to(i64::MAX), records.count_up_to(cut));
        prop_assert_eq!(records.among(accepted.first - 1), Ok(None));
    }

    #[test]
    fn the_split_of_packing_and_the_order_within_change_no_byte(
        ((accepted, cuts), shuffled) in accepted_and_cuts().prop_flat_map(|(accepted, cuts)| {
            let shuffled = Just(accepted.events.clone()).prop_shuffle();
            (Just((accepted, cuts)), shuffled)
        })
    ) {
        let first = CaseRecords::new(accepted.case.clone(), accepted.first);
        let (mut packed, mut before) = (first.pack(), accepted.first);
        for cut in cuts {
            let is_new = |sequence: i64| before < sequence && sequence <= cut;
            let mut records = CaseRecords::unpack(&packed).unwrap();
            let events = shuffled.iter().filter(|(_, sequence)| is_new(*sequence)).cloned();
            let deadlines = accepted.deadlines.iter().filter(|(_, sequence, _)| is_new(*sequence));
            records.add(events, deadlines.copied()).unwrap();
            packed = records.pack();
            before = cut;
        }
        prop_assert_eq!(&packed, &accepted.packed());
        let records = CaseRecords::unpack(&packed).unwrap();
        let of_deadlines = accepted.deadlines.iter().map(|(_, sequence, _)| *sequence);
        let all = accepted.events.iter().map(|(_, sequence)| *sequence).chain(of_deadlines);
        prop_assert_eq!(records.last_sequence(), all.fold(accepted.first, i64::max));
        prop_assert_eq!(records.count_up_to(i64::MAX), accepted.events.len() + 1);
        let last = accepted.events.iter().map(|(event, _)| event.at).max();
        prop_assert_eq!(records.last_at(), last);
        // What is there stays, whatever comes twice.
        let mut again = records.clone();
        again.add(accepted.events, accepted.deadlines).unwrap();
        prop_assert_eq!(again, records);
    }

    #[test]
    fn frames_stand_one_behind_the_other(all in prop::collection::vec(accepted(), 0..4)) {
        let frames: Vec<_> = all.iter().map(Accepted::packed).collect();
        let together = frames.concat();
        let mut rest = together.as_slice();
        for frame in &frames {
            prop_assert_eq!(next_frame(&mut rest).unwrap(), Some(frame.as_slice()));
        }
        prop_assert_eq!(next_frame(&mut rest), Ok(None));
    }

    #[test]
    fn damaged_bytes_are_read_or_refused(
        accepted in accepted(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut packed = accepted.packed();
        prop_assert!(CaseRecords::unpack(&packed[..cut.index(packed.len())]).is_err());
        for (place, byte) in damage {
            let place = place.index(packed.len());
            packed[place] = byte;
        }
        if let Ok(records) = CaseRecords::unpack(&packed) {
            let again = CaseRecords::unpack(&records.pack()).unwrap();
            prop_assert_eq!(&again, &records);
            prop_assert!(records.up_to(i64::MAX).is_some());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        begins in any::<bool>(),
    ) {
        let mut frame = bytes;
        if begins {
            frame.truncate(100);
            frame.insert(0, PACKED_VERSION);
            frame.insert(0, u8::try_from(frame.len()).unwrap());
        }
        if let Ok(records) = CaseRecords::unpack(&frame) {
            prop_assert_eq!(CaseRecords::unpack(&records.pack()), Ok(records));
        }
        let mut rest = frame.as_slice();
        while let Ok(Some(_)) = next_frame(&mut rest) {}
    }
}

fn plain() -> Accepted {
    let case = Case {
        case_no: "1".parse().unwrap(),
        source: Source::Patrol,
        category_scheme: "gbt-30428.2-2013-event".to_owned(),
        category_code: "0110".to_owned(),
        area_code: "R00001".to_owned(),
        collector: None,
        title: None,
        filing_condition: None,
    };
    Accepted { case, first: 7, events: Vec::new(), deadlines: Vec::new() }
}

#[test]
fn another_version_is_told_and_counts_beyond_the_bytes_take_no_memory() {
    let mut packed = plain().packed();
    packed[1] = PACKED_VERSION + 1;
    assert_eq!(CaseRecords::unpack(&packed), Err(PackedError::Version(PACKED_VERSION + 1)));

    let mut packed = plain().packed();
    let events = packed.len() - 2;
    packed[events] = 100;
    assert_eq!(CaseRecords::unpack(&packed), Err(PackedError::Short));
    let mut packed = plain().packed();
    packed.push(0);
    assert_eq!(CaseRecords::unpack(&packed), Err(PackedError::Long(1)));
}

#[test]
fn what_does_not_belong_to_the_case_is_refused() {
    let mut records = CaseRecords::new(plain().case, 7);
    let deadline = (3, 9, Instant::from_micros(0));
    assert!(records.add([], [deadline]).is_err());
}
