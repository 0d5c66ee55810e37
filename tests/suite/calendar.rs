//! Deadlines that a platform does not give, from the calendar to the score.

use std::fs;

use serde_json::Value;

use crate::support::Suite;

const MONTH: [&str; 2] = ["--month", "2018-04"];

const BODIES: &str = "body_id,kind,name,parent,valid_from,valid_to
d1,district,第1区,,2016-01,
b1,bureau,第1局,,2016-01,
";
const AREAS: &str = "area_code,kind,name,district,subdistrict,window,zone,valid_from,valid_to
R1,road_section,路段1,d1,,,key,2016-01,
";
const CONDITIONS: &str =
    "condition_id,category_scheme,category_code,limit,unit,valid_from,valid_to,name
c1,gbt-30428.2-2013-event,01,1,work_day,2018-01,,暴露垃圾
";
/// Labour Day 2018: the Saturday before was worked for the Monday.
const SWAPPED: &str = "2018-04-28,workday,劳动节调休\n";
const CALENDAR: &str = "date,kind,name
2018-04-29,holiday,劳动节
2018-04-30,holiday,劳动节
2018-05-01,holiday,劳动节
";
const CASES: &str =
    "case_no,source,category_scheme,category_code,area_code,collector,title,filing_condition
A,patrol,gbt-30428.2-2013-event,0102,R1,,,c1
";
/// Dispatched on Friday for one working day, and handed back on Saturday afternoon.
const EVENTS: &str = "case_no,event_no,at,kind,unit,outcome
A,1,2018-04-27T09:00:00+08:00,filed,,
A,2,2018-04-27T10:00:00+08:00,dispatched,b1,
A,3,2018-04-28T15:00:00+08:00,handled,b1,
A,4,2018-04-28T16:00:00+08:00,closed,,normal
";

/// A city of one case with this calendar, evaluated for April.
struct City<'s> {
    suite: &'s Suite,
    name: &'static str,
}

impl City<'_> {
    fn run(&self, arguments: &[&str]) -> crate::support::Done {
        self.suite.run(&[arguments, &["--jurisdiction", self.name]].concat())
    }

    /// Writes a file, and gives its path.
    fn file(&self, name: &str, text: &str) -> String {
        let folder = self.suite.scratch().join(self.name);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn evaluate(&self, calendar: &str) {
        let registry = [
            self.file("bodies.csv", BODIES),
            self.file("areas.csv", AREAS),
            self.file("filing_conditions.csv", CONDITIONS),
            self.file("calendar.csv", calendar),
        ];
        let registry = registry.each_ref().map(String::as_str);
        self.run(&[&["registry", "import"], &registry[..]].concat()).expect(0);
        self.run(&["rules", "apply", "--activate-from", "2018-03", "zz-2018"]).expect(0);
        let (cases, events) = (self.file("cases.csv", CASES), self.file("events.csv", EVENTS));
        self.run(&["import", &cases, &events]).expect(0);
        self.run(&[&["evaluate"], &MONTH[..]].concat()).expect(0);
    }

    /// Numerator and denominator of the bureau's on-time handling rate.
    fn on_time(&self) -> (Value, Value) {
        let results = self.run(&[&["results", "--format", "json"], &MONTH[..]].concat()).json(0);
        let inputs = &results["bodies"]["b1"]["items"]["N1"]["zones"]["all"]["inputs"];
        (inputs["num"].clone(), inputs["den"].clone())
    }
}

#[tokio::test]
async fn a_case_is_late_only_because_a_saturday_was_worked() {
    let suite = Suite::start().await;
    let swapped = City { suite: &suite, name: "swapped" };
    swapped.evaluate(&format!("{CALENDAR}{SWAPPED}"));
    let plain = City { suite: &suite, name: "plain" };
    plain.evaluate(CALENDAR);
    let number = |on_time: i64| (Value::from(on_time), Value::from(1));
    assert_eq!(swapped.on_time(), number(0));
    assert_eq!(plain.on_time(), number(1));

    let explain = ["explain", "--format", "json", "--cases", "--body", "b1", "--item", "N1"];
    let explained = plain.run(&[&explain[..], &MONTH].concat()).json(0).to_string();
    assert!(explained.contains("\"A\""), "{explained}");

    // The registry comes out as it went in.
    let folder = suite.scratch().join("exported");
    swapped.run(&["registry", "export", folder.to_str().unwrap()]).expect(0);
    let exported = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(exported("filing_conditions.csv"), CONDITIONS);
    assert!(exported("calendar.csv").contains(SWAPPED.trim_end()));
    assert!(!folder.join("working_hours.csv").exists(), "there is no row for it");
    suite.stop().await;
}

#[tokio::test]
async fn an_event_without_a_limit_is_set_aside_and_replayed_once_there_is_one() {
    let suite = Suite::start().await;
    let city = City { suite: &suite, name: "late" };
    let (bodies, areas) = (city.file("bodies.csv", BODIES), city.file("areas.csv", AREAS));
    city.run(&["registry", "import", &bodies, &areas]).expect(0);
    city.run(&["rules", "apply", "--activate-from", "2018-03", "zz-2018"]).expect(0);
    let (cases, events) = (city.file("cases.csv", CASES), city.file("events.csv", EVENTS));
    city.run(&["import", &cases, &events]).expect(3);
    let rejects = city.run(&["rejects", "--format", "json"]).json(0);
    let [reject] = &rejects.as_array().unwrap()[..] else { panic!("{rejects}") };
    assert_eq!((&reject["code"], &reject["row"]), (&"missing_due_at".into(), &3.into()));
    let message = reject["message"].as_str().unwrap();
    assert!(message.contains("the filing condition of the case is not known"), "{message}");

    let conditions = city.file("filing_conditions.csv", CONDITIONS);
    let calendar = city.file("calendar.csv", CALENDAR);
    city.run(&["registry", "import", &conditions, &calendar]).expect(0);
    // The same file once more is enough.
    city.run(&["import", &events]).expect(0);
    let rejects = city.run(&["rejects", "--format", "json"]).json(0);
    assert_eq!(rejects.as_array().unwrap().len(), 0, "{rejects}");
    city.run(&[&["evaluate"], &MONTH[..]].concat()).expect(0);
    assert_eq!(city.on_time(), (1.into(), 1.into()));
    suite.stop().await;
}
