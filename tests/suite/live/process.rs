//! The suite as a process, on the clock of this machine, watched through its command.

use std::time::Duration;

use chengping_types::{Instant, Month, TimeZone};
use serde_json::Value;
use tokio::time::Instant as Moment;

use crate::support::Suite;

const BODIES: &str = "body_id,kind,name,parent,valid_from,valid_to
d1,district,第1区,,2016-01,
d2,district,第2区,,2016-01,
b1,bureau,第1局,,2016-01,
";
const AREAS: &str = "area_code,kind,name,district,subdistrict,window,zone,valid_from,valid_to
R1,road_section,路段1,d1,,,key,2016-01,
R2,road_section,路段2,d2,,,general,2016-01,
";

/// Longer than a minute, at whose end the view of a message lies in the past.
const MINUTE: Duration = Duration::from_secs(90);

fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap())
}

/// Cases and events of this month: half of them late.
fn files(zone: &TimeZone) -> (String, String) {
    let start = Month::of(now(), zone).start(zone).as_micros();
    let span = (now().as_micros() - start) / 10;
    let mut cases =
        "case_no,source,category_scheme,category_code,area_code,collector,title\n".to_owned();
    let mut events = "case_no,event_no,at,kind,unit,due_at,outcome\n".to_owned();
    for number in 0..40 {
        cases += &format!("C{number},patrol,gbt-30428.2-2013-event,0110,R{},,\n", 1 + number % 2);
        let at = |part: i64| Instant::from_micros(start + span * part).to_rfc3339_in(zone);
        let due = at(if number % 4 == 0 { 3 } else { 9 });
        events += &format!("C{number},1,{},filed,,,\n", at(1));
        events += &format!("C{number},2,{},dispatched,b1,{due},\n", at(2));
        events += &format!("C{number},3,{},handled,b1,,\n", at(5));
        events += &format!("C{number},4,{},closed,,,normal\n", at(6));
    }
    (cases, events)
}

fn objects(text: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(text).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_shows_what_evaluate_says_at_the_same_view() {
    let suite = Suite::start().await;
    let zone: TimeZone = "Asia/Shanghai".parse().unwrap();
    let live = ["watch", "--live", "--until", "1", "--jurisdiction", "zz"];
    let refused = suite.run(&live);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("no registry"), "{}", refused.stderr);
    let usage = suite.run(&[&live[..], &["--resume", "x"]].concat());
    assert_eq!(usage.code, 2, "{}", usage.stderr);

    let file = |name: &str, text: &str| {
        let path = suite.scratch().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let registry = [file("bodies.csv", BODIES), file("areas.csv", AREAS)];
    let of = ["--jurisdiction", "zz"];
    suite.run(&["registry", "import", of[0], of[1], &registry[0], &registry[1]]).expect(0);
    let refused = suite.run(&live);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("no rule pack"), "{}", refused.stderr);
    suite.run(&["rules", "apply", of[0], of[1], "--activate-from", "2018-03", "zz-2018"]).expect(0);
    let (cases, events) = files(&zone);
    let files = [file("cases.csv", &cases), file("events.csv", &events)];
    suite.run(&["import", of[0], of[1], &files[0], &files[1]]).expect(0);

    let json = suite.run(&[&live[..], &["--format", "json"]].concat()).expect(0);
    let told = objects(&json).remove(0);
    assert_eq!((told["is_whole"].as_bool(), told["watermark"].as_u64()), (Some(true), Some(200)));
    let month = told["month"].as_str().unwrap();
    let as_of = told["as_of"].as_str().unwrap();
    let at = ["--month", month, "--as-of", as_of, "--decided", as_of];
    let end = Moment::now() + MINUTE;
    // Until the minute is over, its end lies in the future.
    while suite.run(&[&["evaluate"], &of[..], &at].concat()).code != 0 {
        assert!(Moment::now() < end, "the minute ends");
    }
    let results =
        suite.run(&[&["results", "--format", "json", "--month", month], &of[..]].concat()).json(0);
    let instant = |of: &Value| Instant::parse(of["as_of"].as_str().unwrap()).unwrap();
    assert_eq!(instant(&results), instant(&told));
    let cards = told["scorecards"].as_array().unwrap();
    assert_eq!(cards.len(), results["bodies"].as_object().unwrap().len());
    for card in cards {
        let body = &results["bodies"][card["body"].as_str().unwrap()];
        for member in ["state", "group"] {
            assert_eq!(card[member], body[member], "{card}");
        }
        assert_eq!(card["score"].as_str().unwrap(), body["score"].as_str().unwrap_or_default());
    }
    assert!(cards.iter().any(|card| card["body"] == "d1" && card["score"] != ""));

    let table = suite.run(&[&live[..], &["--body", "d1", "--format", "table"]].concat()).expect(0);
    let table = String::from_utf8(table).unwrap();
    assert!(table.contains("records") && table.contains(" d1 "), "{table}");
    assert!(!table.contains(" d2 "), "{table}");
    suite.stop().await;
}
