//! Mapping files: all mistakes at once, and what rows become.

use std::io::Write;

use chengping_interchange::mapping::Mapping;
use chengping_interchange::{FileError, code};

const GOOD: &str = r#"
mapping: small
encoding: utf-8
time: {format: "%d/%m/%Y %H:%M:%S", zone: America/New_York, gap: reject, overlap: reject}
rows:
  - {column: state, in: [Open, Done]}
  - {column: opened, from: "01/01/2011 00:00:00", until: "01/01/2012 00:00:00"}
case:
  case_no: {concat: [{constant: "A-"}, {column: id}]}
  source: {column: way, map: {Phone: hotline_12319}}
  category_scheme: {constant: local}
  category_code: {column: type, default: none}
  area_code: {column: place, slug: true}
events:
  - {kind: reported, at: {column: opened}}
  - {kind: dispatched, at: {column: opened}, unit: {column: who, slug: true}, due_at: {column: due}}
  - kind: closed
    at: {column: done}
    outcome: {constant: normal}
    when: [{column: state, equals: Done}]
"#;

fn map(mapping: &str, rows: &str) -> Vec<Result<usize, (&'static str, Option<String>)>> {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    write!(file, "id,state,way,type,place,who,opened,due,done\n{rows}").unwrap();
    let mapping = Mapping::parse(mapping).unwrap();
    let rows = mapping.open(file.path(), None).unwrap();
    rows.map(|row| {
        row.map(|row| row.events.len()).map_err(|reject| {
            let again = mapping.replay("x", reject.payload).unwrap().next().unwrap();
            assert_eq!(again.unwrap_err().code, reject.code);
            (reject.code, reject.column)
        })
    })
    .collect()
}

#[test]
fn rows_become_cases_and_events_or_rejects_with_their_column() {
    let rows = "\
1,Done,Phone,T,A b,PW,03/04/2011 09:00:00,04/04/2011 09:00:00,03/04/2011 08:00:00
2,Open,Phone,T,,PW,03/04/2011 09:00:00,04/04/2011 09:00:00,
3,Draft,Fax,T,,PW,03/04/2011 09:00:00,,
4,Open,Fax,T,,PW,03/04/2011 09:00:00,04/04/2011 09:00:00,
5,Open,Phone,T,,PW,03/04/2011 09:00:00,,
6,Open,Phone,T,,PW,13/03/2011 02:30:00,04/04/2011 09:00:00,
7,Open,Phone,T,,区,03/04/2011 09:00:00,04/04/2011 09:00:00,
8,Done,Phone,T,,PW,03/04/2011 09:00:00,04/04/2011 09:00:00,
9,Open,Phone,T,,PW,03/04/2010 09:00:00,04/04/2011 09:00:00,
10,Open,Phone,T,,PW,2011-04-03,04/04/2011 09:00:00,
";
    let column = |name: &str| Some(name.to_owned());
    assert_eq!(
        map(GOOD, rows),
        [
            Ok(3),
            Ok(2),
            Err((code::UNMAPPED_VALUE, column("way"))),
            Err((code::MISSING_DUE_AT, column("due_at"))),
            Err((code::AMBIGUOUS_TIME, column("opened"))),
            Err((code::MISSING_UNIT, column("unit"))),
            Err((code::MISSING_AT, column("done"))),
            Err((code::BAD_TIMESTAMP, column("opened"))),
        ]
    );
    let allowed =
        GOOD.replace("due_at: {column: due}}", "due_at: {column: due}, no_deadline: allowed}");
    let row = "5,Open,Phone,T,,PW,03/04/2011 09:00:00,,\n";
    assert_eq!(map(&allowed, row), [Ok(2)]);
}

#[test]
fn every_mistake_is_named_with_its_path() {
    let bad = r#"
mapping: bad
encoding: big5
time: {format: "%Q", zone: Asia/Zhengzhou, gap: maybe}
colour: red
case:
  case_no: {column: id, slugg: true}
  source: {column: way, map: {Phone: telepathy}, default: patrol}
  category_scheme: local
  category_code: {concat: [{column: a}, {}]}
events:
  - {kind: handeld, at: {column: opened}}
  - {kind: closed, at: {column: done}, outcome: {constant: perhaps}, no_deadline: allowed}
  - {kind: handled, when: [{column: done, present: true, not: x}]}
"#;
    let mistakes = Mapping::parse(bad).unwrap_err();
    let paths: Vec<_> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
    for path in [
        "encoding",
        "time.zone",
        "time.gap",
        "time.overlap",
        "colour",
        "case.case_no.slugg",
        "case.source.map.Phone",
        "case.category_scheme",
        "case.category_code.concat[1]",
        "case.area_code",
        "events[0].kind",
        "events[1].outcome.constant",
        "events[1].no_deadline",
        "events[2].at",
        "events[2].when[0]",
    ] {
        assert!(paths.contains(&path), "{path} in {mistakes}");
    }
    assert_eq!(paths.len(), 15, "{mistakes}");
    assert!(mistakes.to_string().contains("iconv -f big5"), "{mistakes}");
}

#[test]
fn every_column_that_the_table_lacks_is_named() {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    writeln!(file, "id,state,way,type,place,opened").unwrap();
    let error = Mapping::parse(GOOD).unwrap().open(file.path(), None).err().unwrap();
    let FileError::Mapping { mistakes, .. } = error else { panic!("{error}") };
    let paths: Vec<_> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
    assert_eq!(paths, ["events[1].unit.column", "events[1].due_at.column", "events[2].at.column"]);
}

#[test]
fn what_is_no_yaml_is_a_mistake_and_no_panic() {
    for text in ["", "[", "a: b: c", "- x", "mapping: {a: 1}\nmapping: b"] {
        assert!(Mapping::parse(text).is_err(), "{text:?}");
    }
}
