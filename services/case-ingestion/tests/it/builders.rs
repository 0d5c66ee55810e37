//! Cases and events.

use chengping_proto::cases::v1 as pb;
use prost_types::Timestamp;

/// 2018-04-01T00:00:00+08:00.
pub(crate) const APRIL: i64 = 1_522_512_000;
/// 2018-05-04T00:00:00+08:00, the freeze of April.
pub(crate) const FREEZE: i64 = 1_525_363_200;
const HOUR: i64 = 3_600;

pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

pub(crate) fn case(case_no: &str) -> pb::Case {
    pb::Case {
        case_no: case_no.to_owned(),
        source: pb::Source::Patrol.into(),
        category_scheme: "gbt-30428.2-2013-event".to_owned(),
        category_code: "0110".to_owned(),
        area_code: "R00001".to_owned(),
        collector: "c01".to_owned(),
        ..pb::Case::default()
    }
}

/// An event so many hours into April 2018.
pub(crate) fn event(case_no: &str, event_no: i64, kind: pb::EventKind, hours: i64) -> pb::Event {
    pb::Event {
        case_no: case_no.to_owned(),
        event_no,
        event_time: Some(time(APRIL + hours * HOUR)),
        kind: kind.into(),
        ..pb::Event::default()
    }
}

/// A case that was filed, dispatched, handled in time and closed in April 2018.
pub(crate) fn events(case_no: &str) -> Vec<pb::Event> {
    use pb::EventKind::{Closed, Dispatched, Filed, Handled, Reported};
    vec![
        event(case_no, 1, Reported, 1),
        pb::Event { actor: "sup1".to_owned(), ..event(case_no, 2, Filed, 2) },
        pb::Event {
            actor: "cmd1".to_owned(),
            unit: "b01".to_owned(),
            due_time: Some(time(APRIL + 48 * HOUR)),
            stage_due_time: Some(time(APRIL + 4 * HOUR)),
            ..event(case_no, 3, Dispatched, 3)
        },
        pb::Event { unit: "b01".to_owned(), ..event(case_no, 4, Handled, 5) },
        pb::Event { outcome: "normal".to_owned(), ..event(case_no, 5, Closed, 6) },
    ]
}

/// An event record with its place in `events.csv`.
pub(crate) fn placed(row: i64, event: pb::Event) -> pb::EventRecord {
    let position = pb::Position { file: "events.csv".to_owned(), row, line: row };
    pb::EventRecord { event: Some(event), position: Some(position) }
}
