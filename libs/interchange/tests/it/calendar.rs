//! Working hours, calendars, filing conditions, and events whose deadlines are to be computed.

use std::io::Cursor;

use chengping_interchange::mapping::Mapping;
use chengping_interchange::{FileKind, Format, Reader, Record, code};
use chengping_types::calendar::{Calendar, Day};

fn reader(name: &str, text: &str) -> Reader {
    let source = Cursor::new(text.to_owned().into_bytes());
    Reader::from_read(name, Format::Csv, None, source).unwrap()
}

/// Column and code of every reject; rows that are accepted are none.
fn outcomes(name: &str, text: &str) -> Vec<Option<(String, &'static str)>> {
    let fault = |entry: Result<_, chengping_interchange::Reject>| {
        entry.err().map(|reject| (reject.column.unwrap_or_default(), reject.code))
    };
    reader(name, text).map(fault).collect()
}

fn fault(column: &str, code: &'static str) -> Option<(String, &'static str)> {
    Some((column.to_owned(), code))
}

#[test]
fn a_calendar_that_a_clerk_writes_is_a_calendar() {
    let hours = "effective_date,periods\n2018-01-01,8:30-12:00 13:30-17:30\n";
    let days = "date,kind,name\n\
        2018-02-11,workday,春节调休\n2018-02-15,holiday,除夕\n2018-02-16,holiday,春节\n";
    let (mut rows, mut single) = (Vec::new(), Vec::new());
    let all = reader("working_hours.csv", hours).chain(reader("calendar-2018.csv", days));
    for entry in all {
        match entry.unwrap().record {
            Record::WorkingHours(row) => rows.push(row),
            Record::CalendarDay(row) => single.push(row),
            other => panic!("{other:?}"),
        }
    }
    let calendar = Calendar::new("Asia/Shanghai".parse().unwrap(), rows, single);
    let day = |date: &str| calendar.day(date.parse().unwrap());
    assert!(matches!(day("2018-02-11"), Day::Worked(periods)
        if periods.to_string() == "08:30-12:00 13:30-17:30"));
    assert_eq!(day("2018-02-15"), Day::Holiday("除夕"));
    // The days off are those of a weekend where the column is left out.
    assert_eq!(day("2018-02-10"), Day::Weekend);
}

#[test]
fn each_fault_of_working_hours_has_its_code() {
    let text = "effective_date,periods,days_off,name\n\
        2018-06-01,08:00-12:00 15:00-18:30,sat sun,夏季作息\n\
        2018-06,08:00-12:00,,\n\
        ,08:00-12:00,,\n\
        2018-06-01,,,\n\
        2018-06-01,12:00-08:00,,\n\
        2018-06-01,08:00-12:00,mon tue wed thu fri sat sun,\n";
    assert_eq!(
        outcomes("working_hours.csv", text),
        [
            None,
            fault("effective_date", code::BAD_DATE),
            fault("effective_date", code::MISSING_DATE),
            fault("periods", code::MISSING_PERIODS),
            fault("periods", code::BAD_WORKING_HOURS),
            fault("days_off", code::BAD_WORKING_HOURS),
        ]
    );
}

#[test]
fn each_fault_of_a_calendar_has_its_code() {
    let text = "date,kind\n2018-05-01,holiday\n2018-02-29,holiday\n,workday\n\
        2018-04-28,\n2018-04-28,调休\n2018-04-28T00:00:00+08:00,workday\n";
    assert_eq!(
        outcomes("calendar.csv", text),
        [
            None,
            fault("date", code::BAD_DATE),
            fault("date", code::MISSING_DATE),
            fault("kind", code::MISSING_KIND),
            fault("kind", code::UNKNOWN_KIND),
            fault("date", code::BAD_DATE),
        ]
    );
}

#[test]
fn each_fault_of_a_filing_condition_has_its_code() {
    let text = "condition_id,category_scheme,category_code,limit,unit,valid_from,valid_to,name\n\
        c1,s,0110,1.5,work_hour,2018-01,,暴露垃圾\n\
        ,s,0110,4,work_hour,2018-01,,\n\
        c1,s,,4,work_hour,2018-01,,\n\
        c1,s,0110,,work_hour,2018-01,,\n\
        c1,s,0110,4,,2018-01,,\n\
        c1,s,0110,0,work_hour,2018-01,,\n\
        c1,s,0110,1e9,work_hour,2018-01,,\n\
        c1,s,0110,4,hours,2018-01,,\n\
        c1,s,0110,4,work_hour,2018-01-01,,\n\
        c1,s,0110,4,work_hour,2018-02,2018-01,\n";
    assert_eq!(
        outcomes("filing_conditions.csv", text),
        [
            None,
            fault("condition_id", code::MISSING_CONDITION_ID),
            fault("category_code", code::MISSING_CATEGORY),
            fault("limit", code::MISSING_LIMIT),
            fault("unit", code::MISSING_LIMIT),
            fault("limit", code::BAD_NUMBER),
            fault("limit", code::BAD_NUMBER),
            fault("unit", code::UNKNOWN_UNIT),
            fault("valid_from", code::BAD_MONTH),
            fault("valid_to", code::BAD_MONTH),
        ]
    );
    let unnamed = reader("export.csv", text);
    assert_eq!(unnamed.kind(), FileKind::FilingConditions);
}

#[test]
fn an_event_may_lack_its_deadline_only_where_it_will_be_computed() {
    let text = "case_no,event_no,at,kind,unit,due_at\n\
        A,1,2018-04-03T09:00:00+08:00,dispatched,b01,\n\
        A,2,2018-04-03T10:00:00+08:00,extended,,\n\
        A,3,2018-04-03T11:00:00+08:00,dispatched,,\n";
    let missing = fault("due_at", code::MISSING_DUE_AT);
    let unit = fault("unit", code::MISSING_UNIT);
    assert_eq!(outcomes("events.csv", text), [missing.clone(), missing, unit]);
    let computed = reader("events.csv", text).with_computed_deadlines();
    let codes: Vec<_> = computed.map(|entry| entry.err().map(|reject| reject.code)).collect();
    assert_eq!(codes, [None, None, Some(code::MISSING_UNIT)]);
}

#[test]
fn a_mapping_says_which_column_has_the_filing_condition() {
    let mapping = "{mapping: m, encoding: utf-8, time: {format: rfc3339},
        case: {case_no: {column: id}, source: {constant: patrol}, category_scheme: {constant: s},
               category_code: {constant: '01'}, area_code: {constant: R1},
               filing_condition: {column: condition}},
        events: [{kind: reported, at: {column: at}}]}";
    let mapping = Mapping::parse(mapping).unwrap();
    let payload = "id,condition,at\nA,c1,2018-04-03T09:00:00+08:00\nB,,2018-04-03T09:00:00Z\n";
    let rows = mapping.replay("x", payload.into()).unwrap();
    let conditions: Vec<_> = rows.map(|row| row.unwrap().case.filing_condition).collect();
    assert_eq!(conditions, [Some("c1".to_owned()), None]);
}
