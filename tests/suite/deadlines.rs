//! Calendars, deadlines for whoever asks, and the audit log, through the command line.

use std::fmt::Write as _;
use std::fs;

use chengping_proto::cases::v1::ListEventsRequest;
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_proto::rules::v1::ComputeDeadlineRequest;
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;
use chengping_types::Instant;
use prost_types::Timestamp;
use serde_json::Value;

use crate::support::{Done, Suite};

const JURISDICTION: &str = "jurisdictions/zz";
const SCHEME: &str = "gbt-30428.2-2013-event";
const BODIES: &str = "body_id,kind,name,parent,valid_from,valid_to\nb1,bureau,第1局,,2016-01,\n";
const CONDITIONS: &str =
    "condition_id,category_scheme,category_code,limit,unit,valid_from,valid_to,name
c1,gbt-30428.2-2013-event,01,1.5,work_day,2018-01,2018-04,暴露垃圾
c1,gbt-30428.2-2013-event,01,1,work_day,2018-05,,暴露垃圾
c2,gbt-30428.2-2013-event,01,2,urgent_hour,2018-01,,井盖缺失
c3,gbt-30428.2-2013-event,01,0.25,work_hour,2018-01,,道路不洁
";
const CALENDAR: &str = "date,kind,name
2018-04-28,workday,劳动节调休
2018-04-29,holiday,劳动节
2018-04-30,holiday,劳动节
2018-05-01,holiday,劳动节
";
const SUMMER: &str = "effective_date,periods,days_off,name
2018-05-02,08:00-12:00 15:00-18:30,sat sun,夏季作息
";
/// Starts in and out of working time, around days off and the end of a month.
const STARTS: [&str; 8] = [
    "2018-04-27T10:00:00+08:00",
    "2018-04-27T23:59:59.999999+08:00",
    "2018-04-28T12:00:00+08:00",
    "2018-04-28T17:30:00+08:00",
    "2018-04-29T03:00:00+08:00",
    "2018-04-30T23:59:59+08:00",
    "2018-05-01T00:00:00+08:00",
    "2018-05-04T18:29:59+08:00",
];
const IDS: [&str; 3] = ["c1", "c2", "c3"];

struct City(Suite);

impl City {
    fn run(&self, arguments: &[&str]) -> Done {
        self.0.run(&[arguments, &["--jurisdiction", "zz"]].concat())
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.scratch().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn set_calendar(&self, reason: &str, files: &[(&str, &str)]) -> Done {
        let files: Vec<_> = files.iter().map(|(name, text)| self.file(name, text)).collect();
        let files: Vec<_> = files.iter().map(String::as_str).collect();
        self.run(&[&["registry", "calendar", "set", "--reason", reason], &files[..]].concat())
    }

    /// A case for every start and condition, filed and dispatched then, without a deadline.
    fn import_cases(&self) {
        let mut cases =
            "case_no,source,category_scheme,category_code,area_code,filing_condition\n".to_owned();
        let mut events = "case_no,event_no,at,kind,unit\n".to_owned();
        for (number, start) in STARTS.iter().enumerate() {
            for id in IDS {
                let case_no = format!("{id}-{number}");
                writeln!(cases, "{case_no},patrol,{SCHEME},0102,R1,{id}").unwrap();
                writeln!(events, "{case_no},1,{start},filed,").unwrap();
                writeln!(events, "{case_no},2,{start},dispatched,b1").unwrap();
            }
        }
        let files = [self.file("cases.csv", &cases), self.file("events.csv", &events)];
        self.run(&["import", &files[0], &files[1]]).expect(0);
    }

    async fn taken_in(&self, case_no: &str) -> Option<Timestamp> {
        let mut cases = CaseServiceClient::new(self.0.connection().await);
        let parent = format!("{JURISDICTION}/cases/{case_no}");
        let request = ListEventsRequest { parent, ..Default::default() };
        let mut events = cases.list_events(request).await.unwrap().into_inner().events;
        events.pop().unwrap().due_time
    }

    async fn asked(&self, start: &str, condition: &str) -> Option<Timestamp> {
        let mut rules = RulePackServiceClient::new(self.0.connection().await);
        let micros = start.parse::<Instant>().unwrap().as_micros();
        let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap();
        let request = ComputeDeadlineRequest {
            work_calendar: format!("{JURISDICTION}/workCalendars/default"),
            start_time: Some(Timestamp { seconds: micros.div_euclid(1_000_000), nanos }),
            condition_id: condition.to_owned(),
            category_scheme: SCHEME.to_owned(),
            category_code: "0102".to_owned(),
            ..Default::default()
        };
        rules.compute_deadline(request).await.unwrap().into_inner().due_time
    }

    fn deadline(&self, arguments: &[&str]) -> Value {
        let deadline = ["registry", "deadline", "--format", "json"];
        self.run(&[&deadline[..], arguments].concat()).json(0)
    }
}

#[tokio::test]
async fn who_asks_is_told_what_a_case_was_held_to_until_the_calendar_changes() {
    let city = City(Suite::start().await);
    let registry =
        [city.file("bodies.csv", BODIES), city.file("filing_conditions.csv", CONDITIONS)];
    city.run(&["registry", "import", &registry[0], &registry[1]]).expect(0);
    city.run(&["rules", "apply", "--activate-from", "2018-03", "zz-2018"]).expect(0);
    let files = [("calendar.csv", CALENDAR), ("working_hours.csv", SUMMER)];
    city.set_calendar("国办发明电〔2017〕12号", &files).expect(0);
    city.import_cases();
    for (number, start) in STARTS.iter().enumerate() {
        for id in IDS {
            let taken_in = city.taken_in(&format!("{id}-{number}")).await;
            assert!(taken_in.is_some(), "{id} {start}");
            assert_eq!(city.asked(start, id).await, taken_in, "{id} {start}");
        }
    }

    let of_condition = ["--condition", "c1", "--scheme", SCHEME, "--code", "0102"];
    let question = [&["--start", STARTS[3], "--explain"], &of_condition[..]].concat();
    let before = city.deadline(&question);
    assert_eq!(before["due_at"], "2018-05-03T12:00:00+08:00");
    assert_eq!(before["skipped_days"].as_array().unwrap().len(), 3);
    assert!(before["text"].as_str().unwrap().contains("劳动节 不计"), "{before}");
    let given = ["--start", STARTS[3], "--limit", "2", "--unit", "urgent_hour"];
    assert_eq!(city.deadline(&given)["due_at"], "2018-04-28T19:30:00+08:00");

    // One more day off: whoever asks next is told another deadline, the case keeps its own.
    let more = format!("{CALENDAR}2018-05-02,holiday,放假\n");
    city.set_calendar("市政府通知", &[("calendar.csv", &more)]).expect(0);
    let taken_in = city.taken_in("c1-3").await;
    assert_eq!(city.deadline(&question)["due_at"], "2018-05-04T12:00:00+08:00");
    assert_eq!(city.taken_in("c1-3").await, taken_in);
    let shown = city.run(&["registry", "calendar", "show", "--format", "json"]).json(0);
    assert_eq!(shown["calendar"].as_array().unwrap().len(), 5);
    assert_eq!(shown["working_hours"][0]["name"], "夏季作息");
    assert_eq!(shown["periods"], serde_json::json!(["08:00-12:00", "15:00-18:30"]));

    audited(&city);
    city.0.stop().await;
}

/// Both changes of the calendar are in the log, which is whole.
fn audited(city: &City) {
    let audit = ["rules", "audit", "--format", "json"];
    let filter = "action : UpdateWorkCalendar AND reason : 通知";
    let found = city.run(&[&audit[..], &["--filter", filter]].concat()).json(0);
    let [entry] = &found.as_array().unwrap()[..] else { panic!("{found}") };
    assert_eq!(entry["resource"], format!("{JURISDICTION}/workCalendars/default"));
    assert_eq!(entry["reason"], "市政府通知");
    let all = city.run(&audit).json(0);
    let verified = city.run(&[&audit[..], &["--verify"]].concat()).json(0);
    assert_eq!(verified["intact"], true);
    assert_eq!(verified["entry_count"], all.as_array().unwrap().len());
    assert_eq!(verified["digest"], all[0]["digest"]);
    let csv = city.run(&["rules", "audit", "--format", "csv"]).expect(0);
    assert!(String::from_utf8(csv).unwrap().starts_with("entry,time,actor,action,"));
    let wrong = city.run(&["rules", "audit", "--filter", "aktor = wang"]);
    assert!(wrong.stderr.contains("at character 1"), "{}", wrong.stderr);
    wrong.expect(1);
}

#[tokio::test]
async fn a_calendar_with_a_bad_row_replaces_nothing() {
    let city = City(Suite::start().await);
    city.set_calendar("通知", &[("calendar.csv", CALENDAR)]).expect(0);
    let before = city.run(&["registry", "calendar", "show", "--format", "json"]).json(0);
    let bad = format!("{CALENDAR}2018-02-30,holiday,x\n");
    let twice = format!("{CALENDAR}2018-05-01,workday,\n");
    for (text, expected) in [(bad, "bad_date"), (twice, "calendar_days[4].date")] {
        let done = city.set_calendar("通知", &[("calendar.csv", &text)]);
        assert!(done.stderr.contains(expected), "{}", done.stderr);
        done.expect(1);
    }
    let done = city.set_calendar("通知", &[("bodies.csv", BODIES)]);
    assert!(done.stderr.contains("registry import"), "{}", done.stderr);
    done.expect(1);
    let old = ["registry", "calendar", "set", "--reason", "通知", "--etag", "\"0\""];
    let file = city.file("calendar.csv", CALENDAR);
    let done = city.run(&[&old[..], &[&file]].concat());
    assert!(done.stderr.contains("ETAG_MISMATCH"), "{}", done.stderr);
    let after = city.run(&["registry", "calendar", "show", "--format", "json"]).json(0);
    assert_eq!(after, before);
    city.0.stop().await;
}
