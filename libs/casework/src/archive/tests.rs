use chengping_types::{Limit, canonical};
use proptest::prelude::*;

use super::*;
use crate::script::{case, events};

fn kept<T>(record: T, sequence: i64) -> Kept<T> {
    Kept { record, sequence, create_time: "2018-04-20T09:00:00.000001Z".parse().unwrap() }
}

fn deadline(event_no: u64, sequence: i64) -> Record {
    let computed = ComputedDeadline {
        event_no,
        due_at: "2018-04-21T09:00:00Z".parse().unwrap(),
        start: "2018-04-20T09:00:00Z".parse().unwrap(),
        condition_id: "c\u{1}\"号".to_owned(),
        limit: Limit { value: "1.5".parse().unwrap(), unit: "work_day".parse().unwrap() },
        calendar: None,
    };
    let rules = Digest::of(b"rules");
    Record::Deadline(kept(KeptDeadline { case_no: case().case_no, computed, rules }, sequence))
}

/// A case, two events, two deadlines of the second.
fn records() -> Vec<Record> {
    let events = events("04-20T09 filed by=sup1\n04-20T10 dispatched unit=b01 due=04-22T10");
    let case = Case { title: Some("占道".to_owned()), ..case() };
    let mut records = vec![Record::Case(kept(case, 1))];
    records.extend(events.into_iter().zip(2..).map(|(event, n)| Record::Event(kept(event, n))));
    records.extend([deadline(2, 3), deadline(2, 9)]);
    records
}

fn sum(records: &[Record]) -> Result<Sum, OutOfOrder> {
    let mut adder = Adder::default();
    records.iter().try_for_each(|record| adder.add(record))?;
    Ok(adder.finish())
}

#[test]
fn records_stand_in_one_order_only() {
    let records = records();
    let counts = Counts { cases: 1, events: 2, deadlines: 2, titles: 1, notes: 0 };
    assert_eq!(sum(&records).unwrap().counts, counts);
    for first in 0..records.len() {
        for second in 0..records.len() {
            let mut other = records.clone();
            if first != second {
                other.swap(first, second);
            } else {
                other.insert(first, records[first].clone());
            }
            assert!(sum(&other).is_err(), "{first} {second}");
        }
    }
    assert!(sum(&records[1..]).is_err());
}

#[test]
fn texts_have_a_digest_of_their_own() {
    let whole = sum(&records()).unwrap();
    let mut without = records();
    without.iter_mut().for_each(Record::forget_text);
    let without = sum(&without).unwrap();
    assert_eq!(without.digest, whole.digest);
    assert_ne!(without.text_digest, whole.text_digest);
    assert_eq!(without.counts.titles, 0);
}

#[test]
fn everything_else_is_in_the_digest() {
    let whole = sum(&records()).unwrap().digest;
    let changed = |change: &dyn Fn(&mut Record), at: usize| {
        let mut records = records();
        change(&mut records[at]);
        sum(&records).unwrap().digest
    };
    type Change<'c> = &'c dyn Fn(&mut Record);
    let changes: [(Change<'_>, usize); 6] = [
        (
            &|record| {
                if let Record::Case(case) = record {
                    case.record.area_code.push('x')
                }
            },
            0,
        ),
        (
            &|record| {
                if let Record::Case(case) = record {
                    case.sequence += 1
                }
            },
            0,
        ),
        (
            &|record| {
                if let Record::Event(event) = record {
                    event.record.actor = None
                }
            },
            1,
        ),
        (
            &|record| {
                if let Record::Event(event) = record {
                    event.record.due_at = None
                }
            },
            2,
        ),
        (
            &|record| {
                if let Record::Event(event) = record {
                    event.create_time = Instant::MAX
                }
            },
            2,
        ),
        (
            &|record| {
                if let Record::Deadline(deadline) = record {
                    deadline.record.rules = Digest::of(b"others");
                }
            },
            4,
        ),
    ];
    let mut found = vec![whole];
    for (change, at) in changes {
        let digest = changed(change, at);
        assert!(!found.contains(&digest), "{at}");
        found.push(digest);
    }
}

proptest! {
    #[test]
    fn a_line_is_canonical_json(text in "\\PC{0,12}", control in 0_u32..0x20, at in 0_usize..6) {
        let mut text = text;
        text.push(char::from_u32(control).unwrap());
        for mut record in records() {
            if let Record::Case(case) = &mut record {
                case.record.area_code.clone_from(&text);
                case.record.title = Some(text.clone());
                case.record.collector = (at == 0).then(|| "c01".parse().unwrap());
                case.record.filing_condition = (at == 1).then(|| text.clone());
            }
            if let Record::Event(event) = &mut record {
                event.record.outcome = (at == 2).then(|| text.clone());
                event.record.note = (at == 3).then(|| text.clone());
                event.record.event_no = u64::MAX;
                event.record.stage_due_at = (at == 4).then_some(Instant::MAX);
            }
            let mut lines = [Vec::new(), Vec::new()];
            line::write(&record, &mut lines[0]);
            line::write_text(&record, &mut lines[1]);
            for line in lines {
                let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
                let mut expected = canonical::to_vec(&value).unwrap();
                expected.push(b'\n');
                prop_assert_eq!(line, expected);
            }
        }
    }
}
