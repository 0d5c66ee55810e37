use std::fs;
use std::path::Path;

use chengping_casework::archive::{Kept, KeptDeadline, Record};
use chengping_casework::{Case, ComputedDeadline, Event, EventKind, Source};
use chengping_types::{Digest, Instant, Limit};
use proptest::prelude::*;

use super::*;

fn instants() -> impl Strategy<Value = Instant> {
    any::<i64>().prop_map(Instant::from_micros)
}

fn texts() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("\\PC{1,9}")
}

prop_compose! {
    fn events()(
        event_no in 1..=u64::try_from(i64::MAX).unwrap(), at in instants(), kind in 0..24_usize,
        due_at in proptest::option::of(instants()), stage_due_at in proptest::option::of(instants()),
        outcome in texts(), note in texts(), unit in proptest::option::of("[a-z0-9]{1,9}"),
        sequence in 1..i64::MAX, create_time in instants(),
    ) -> Kept<Event> {
        let record = Event {
            case_no: "1".parse().unwrap(), event_no, at, kind: EventKind::ALL[kind], actor: None,
            unit: unit.map(|unit| unit.parse().unwrap()), due_at, stage_due_at, outcome, note,
        };
        Kept { record, sequence, create_time }
    }
}

prop_compose! {
    fn files()(
        area_code in "\\PC{0,9}", title in texts(), filing_condition in texts(),
        mut events in proptest::collection::vec(events(), 0..9), due_at in instants(),
        calendar in any::<bool>(),
    ) -> Vec<Record> {
        let case = Case {
            case_no: "1".parse().unwrap(), source: Source::Wechat, area_code,
            category_scheme: "s".to_owned(), category_code: "01".to_owned(), collector: None,
            title, filing_condition,
        };
        events.sort_by_key(|event| event.record.event_no);
        events.dedup_by_key(|event| event.record.event_no);
        let mut records = vec![Record::Case(Kept { record: case, sequence: 1, create_time: due_at })];
        let deadline = events.first().map(|first| {
            let computed = ComputedDeadline {
                event_no: first.record.event_no, due_at, start: due_at, condition_id: "c1".to_owned(),
                limit: Limit { value: "1.5".parse().unwrap(), unit: "work_day".parse().unwrap() },
                calendar: calendar.then(|| Digest::of(b"calendar")),
            };
            let case_no = "1".parse().unwrap();
            let record = KeptDeadline { case_no, computed, rules: Digest::of(b"rules") };
            Record::Deadline(Kept { record, sequence: first.sequence, create_time: due_at })
        });
        records.extend(events.into_iter().map(Record::Event));
        records.extend(deadline);
        records
    }
}

/// Records of cases `0000` and so on.
fn many(cases: Vec<Vec<Record>>) -> Vec<Record> {
    let mut all = Vec::new();
    for (number, records) in cases.into_iter().enumerate() {
        for mut record in records {
            let case_no = format!("{number:04}").parse().unwrap();
            match &mut record {
                Record::Case(case) => case.record.case_no = case_no,
                Record::Event(event) => event.record.case_no = case_no,
                Record::Deadline(deadline) => deadline.record.case_no = case_no,
            }
            all.push(record);
        }
    }
    all
}

fn write(path: &Path, records: &[Record]) -> About {
    let mut writer = Writer::create(path).unwrap();
    records.iter().for_each(|record| writer.write(record.clone()).unwrap());
    writer.finish("zz".parse().unwrap(), "2018-03".parse().unwrap(), true).unwrap()
}

fn read(path: &Path) -> Result<(About, Vec<Record>), ArchiveError> {
    let reader = Reader::open(path)?;
    let mut records = Vec::new();
    reader.read(|some| {
        records.extend(some);
        Ok::<_, ArchiveError>(())
    })?;
    Ok((reader.about().clone(), records))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(cases in proptest::collection::vec(files(), 0..20)) {
        let records = many(cases);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        let about = write(&path, &records);
        let (found, again) = read(&path).unwrap();
        prop_assert_eq!(found, about);
        prop_assert_eq!(again, records);
    }
}

/// A fixed archive.
fn fixed() -> Vec<Record> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = proptest::collection::vec(files(), 3);
    let cases = strategy.new_tree(&mut runner).unwrap();
    many(proptest::strategy::ValueTree::current(&cases))
}

#[test]
fn a_byte_that_was_changed_is_found_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("a.parquet"), folder.path().join("b.parquet"));
    let records = fixed();
    let about = write(&path, &records);
    let bytes = fs::read(&path).unwrap();
    let (mut refused, mut harmless) = (0, 0);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= if at % 2 == 0 { 0x01 } else { 0x80 };
        fs::write(&other, damaged).unwrap();
        match read(&other) {
            Ok((found, again)) => {
                // Bytes that nothing depends on, as who wrote the file.
                assert_eq!(again, records, "{at}");
                assert_eq!(found.sum, about.sum, "{at}");
                harmless += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > harmless, "{refused} {harmless}");
    for cut in [0, 1, 4, 8, bytes.len() / 2, bytes.len() - 8, bytes.len() - 1] {
        fs::write(&other, &bytes[..cut]).unwrap();
        assert!(read(&other).is_err(), "{cut}");
    }
}

#[test]
fn rows_are_in_memory_a_group_at_a_time_and_no_file_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let one = fixed().remove(0);
    let cases = ROWS_A_GROUP + 1;
    let mut writer = Writer::create(&path).unwrap();
    for number in 0..cases {
        let mut record = one.clone();
        if let Record::Case(case) = &mut record {
            case.record.case_no = format!("{number:09}").parse().unwrap();
        }
        writer.write(record).unwrap();
    }
    writer.finish("zz".parse().unwrap(), "2018-03".parse().unwrap(), true).unwrap();
    let reader = Reader::open(&path).unwrap();
    let mut groups = Vec::new();
    reader
        .read(|some| {
            groups.push(some.len());
            Ok::<_, ArchiveError>(())
        })
        .unwrap();
    assert_eq!(groups, [ROWS_A_GROUP, 1]);
    assert!(Writer::create(&path).is_err());
}
