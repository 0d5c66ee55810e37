//! What is written is read again as it was.

use std::io::Cursor;

use chengping_casework::{Case, Event, EventKind, Source};
use chengping_interchange::{FileKind, Format, Reader, Record, Writer, payload, replay};
use chengping_types::calendar::{CalendarDay, DayKind, WorkingHours};
use chengping_types::registry::{Area, AreaKind, Body, Coefficient, GridClass, LongTermEntry};
use chengping_types::{
    BodyKind, Category, Date, Exact, FilingCondition, Instant, Limit, LimitUnit, LimitValue, Month,
    Zone,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn text() -> impl Strategy<Value = String> {
    "[a-z号\",\n\r '；]{1,12}"
}

fn id() -> impl Strategy<Value = chengping_types::BodyId> {
    "[a-z0-9-]{1,63}".prop_map(|id| id.parse().unwrap())
}

fn case_no() -> impl Strategy<Value = chengping_types::CaseNo> {
    "[A-Z0-9号\", /]{1,20}".prop_map(|no| no.parse().unwrap())
}

fn month() -> impl Strategy<Value = Month> {
    (2000..2100, 1..=12).prop_map(|(year, month)| Month::new(year, month).unwrap())
}

fn months() -> impl Strategy<Value = (Month, Option<Month>)> {
    (month(), option::of(0..99)).prop_map(|(from, length)| (from, length.map(|n| from.plus(n))))
}

fn instant() -> impl Strategy<Value = Instant> {
    (0..4_000_000_000_000_000_i64).prop_map(Instant::from_micros)
}

fn registry_record() -> impl Strategy<Value = Record> {
    let zone = || select(Zone::ALL.to_vec());
    let kind = select(BodyKind::ALL.to_vec());
    let body = (id(), kind, text(), option::of(id()), months(), option::of(text())).prop_map(
        |(body_id, kind, name, parent, (valid_from, valid_to), assessment_code)| {
            let body = Body { body_id, kind, name, parent, valid_from, valid_to, assessment_code };
            Record::Body(body)
        },
    );
    let managers = (option::of(id()), option::of(id()), option::of(id()));
    let area = (text(), select(AreaKind::ALL.to_vec()), text(), managers, zone(), months())
        .prop_map(|(area_code, kind, name, managers, zone, (valid_from, valid_to))| {
            let (district, subdistrict, window) = managers;
            Record::Area(Area {
                area_code,
                kind,
                name,
                district,
                subdistrict,
                window,
                zone,
                valid_from,
                valid_to,
            })
        });
    let thousandths =
        || (0..100_000_i64).prop_map(|thousandths| Exact::ratio(thousandths, 1000).unwrap());
    let attributes = (
        option::of(thousandths()),
        option::of(any::<u32>()),
        option::of(select(GridClass::ALL.to_vec())),
    );
    let size = (any::<u32>(), thousandths());
    let coefficient = (id(), zone(), size, month(), (text(), text()), attributes).prop_map(
        |(body_id, zone, size, valid_from, (approved_by, reason), attributes)| {
            let ((road_sections, difficulty), (area_km2, population, grid_class)) =
                (size, attributes);
            Record::Coefficient(Coefficient {
                body_id,
                zone,
                road_sections,
                difficulty,
                valid_from,
                approved_by,
                reason,
                area_km2,
                population,
                grid_class,
            })
        },
    );
    let long_term =
        (text(), text(), months(), option::of(text())).prop_map(|(scheme, code, months, area)| {
            Record::LongTerm(LongTermEntry {
                category_scheme: scheme,
                category_code: code,
                valid_from: months.0,
                valid_to: months.1,
                area_code: area,
            })
        });
    prop_oneof![body, area, coefficient, long_term, category()]
}

fn category() -> impl Strategy<Value = Record> {
    (text(), text(), text(), months(), any::<bool>()).prop_map(
        |(category_scheme, category_code, name, (valid_from, valid_to), local_extension)| {
            Record::Category(Category {
                category_scheme,
                category_code,
                name,
                valid_from,
                valid_to,
                local_extension,
            })
        },
    )
}

/// Rows of the files that deadlines are computed from.
fn calendar_record() -> impl Strategy<Value = Record> {
    let date = || (0..100_000).prop_map(|days| Date::MIN.plus(days));
    let periods = select(&["08:00-12:00 14:00-18:00", "00:00-24:00", "9:30-9:31"][..]);
    let days_off = select(&["none", "sun", "mon tue wed thu fri sat"][..]);
    let hours = (date(), periods, days_off, text()).prop_map(|(date, periods, days_off, name)| {
        Record::WorkingHours(WorkingHours {
            effective_date: date,
            periods: periods.parse().unwrap(),
            days_off: days_off.parse().unwrap(),
            name,
        })
    });
    let day = (date(), select(DayKind::ALL.to_vec()), text())
        .prop_map(|(date, kind, name)| Record::CalendarDay(CalendarDay { date, kind, name }));
    let limit = (1..=999_999_u32, select(LimitUnit::ALL.to_vec())).prop_map(|(value, unit)| {
        Limit { value: LimitValue::from_hundredths(value).unwrap(), unit }
    });
    let condition = ([text(), text(), text(), text()], limit, months()).prop_map(
        |([condition_id, category_scheme, category_code, name], limit, (valid_from, valid_to))| {
            Record::FilingCondition(FilingCondition {
                condition_id,
                category_scheme,
                category_code,
                limit,
                valid_from,
                valid_to,
                name,
            })
        },
    );
    prop_oneof![hours, day, condition]
}

fn case() -> impl Strategy<Value = Record> {
    let source = select(Source::ALL.to_vec());
    let maybe = (option::of(id()), option::of(text()), option::of(text()));
    (case_no(), source, text(), text(), text(), maybe).prop_map(
        |(case_no, source, category_scheme, category_code, area_code, maybe)| {
            let (collector, title, filing_condition) = maybe;
            Record::Case(Case {
                case_no,
                source,
                category_scheme,
                category_code,
                area_code,
                collector,
                title,
                filing_condition,
            })
        },
    )
}

fn event() -> impl Strategy<Value = Record> {
    let number = 0..=i64::MAX as u64;
    let bodies = (option::of(id()), id());
    let times = (instant(), instant(), option::of(instant()));
    (case_no(), number, select(EventKind::ALL.to_vec()), bodies, times, option::of(text()))
        .prop_map(|(case_no, event_no, kind, (actor, unit), (at, due, stage_due_at), note)| {
            let outcome = match kind {
                EventKind::Verified => Some("confirmed"),
                EventKind::Declined => Some("duplicate"),
                EventKind::Returned => Some("upheld"),
                EventKind::Closed => Some("forced"),
                EventKind::Visited => Some("neutral"),
                EventKind::Exempted => Some("all"),
                _ => None,
            };
            Record::Event(Event {
                case_no,
                event_no,
                at,
                kind,
                actor,
                unit: Some(unit),
                due_at: Some(due),
                stage_due_at,
                outcome: outcome.map(str::to_owned),
                note,
            })
        })
}

fn read(kind: FileKind, text: Vec<u8>) -> Vec<Record> {
    let reader = Reader::from_read("x", Format::Csv, Some(kind), Cursor::new(text)).unwrap();
    reader.map(|entry| entry.unwrap().record).collect()
}

proptest! {
    #[test]
    fn records_survive_their_file(records in prop::collection::vec(
        prop_oneof![registry_record(), calendar_record(), case(), event()], 1..12)) {
        for kind in FileKind::ALL {
            let of_kind: Vec<_> = records.iter().filter(|r| r.kind() == kind).cloned().collect();
            let zone = "Asia/Shanghai".parse().unwrap();
            let mut writer = Writer::new(kind, zone, Vec::new()).unwrap();
            of_kind.iter().for_each(|record| writer.write(record).unwrap());
            prop_assert_eq!(read(kind, writer.finish().unwrap()), of_kind);
        }
    }

    #[test]
    fn the_payload_of_a_record_is_the_record(record in prop_oneof![case(), event()]) {
        let mut again = replay("x", record.kind(), payload(&record)).unwrap();
        prop_assert_eq!(&again.next().unwrap().unwrap().record, &record);
        prop_assert!(again.next().is_none());
    }
}

#[test]
fn a_writer_refuses_rows_of_another_file() {
    let zone = "UTC".parse().unwrap();
    let mut writer = Writer::new(FileKind::Bodies, zone, Vec::new()).unwrap();
    let entry = LongTermEntry {
        category_scheme: "s".into(),
        category_code: "01".into(),
        valid_from: "2018-01".parse().unwrap(),
        valid_to: None,
        area_code: None,
    };
    assert!(writer.write(&Record::LongTerm(entry)).is_err());
}
