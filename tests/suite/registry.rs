//! A registry that changes in mid-year, from the command line to the names in the results.

use std::fs;

use serde_json::Value;

use crate::support::{Done, Suite};

const BODIES: &str = "body_id,kind,name,parent,valid_from,valid_to,assessment_code
d1,district,第1区,,2016-01,,410102
d2,district,第2区,,2016-01,,
s1,subdistrict,街道,d1,2016-01,,
b1,bureau,第1局,,2016-01,,
";
const AREAS: &str = "area_code,kind,name,district,subdistrict,window,zone,valid_from,valid_to
R1,road_section,路段1,d1,s1,,key,2016-01,
R2,road_section,路段2,d2,,,key,2016-01,
";
const CATEGORIES: &str = "category_scheme,category_code,name,valid_from,valid_to,local_extension
gbt-30428.2-2013-event,01,市容环境,2016-01,,
gbt-30428.2-2013-event,0101,私搭乱建,2016-01,,true
";
const CASES: &str = "case_no,source,category_scheme,category_code,area_code
A,patrol,gbt-30428.2-2013-event,0102,R1
B,patrol,gbt-30428.2-2013-event,0102,R1
";
const EVENTS: &str = "case_no,event_no,at,kind,unit,due_at,outcome
A,1,2018-04-10T09:00:00+08:00,filed,,,
A,2,2018-04-10T10:00:00+08:00,dispatched,b1,2018-04-12T10:00:00+08:00,
A,3,2018-04-11T10:00:00+08:00,handled,b1,,
B,1,2018-05-10T09:00:00+08:00,filed,,,
B,2,2018-05-10T10:00:00+08:00,dispatched,b1,2018-05-12T10:00:00+08:00,
B,3,2018-05-11T10:00:00+08:00,handled,b1,,
";

struct City<'s>(&'s Suite);

impl City<'_> {
    fn run(&self, arguments: &[&str]) -> Done {
        self.0.run(&[arguments, &["--jurisdiction", "changing"]].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[arguments, &["--format", "json"]].concat()).json(0)
    }

    /// Writes a file, and gives its path.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.scratch().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The table, key and change of each row.
    fn told(&self, json: &Value) -> Vec<String> {
        let row = |row: &Value| {
            let key: Vec<_> =
                row["key"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            format!("{} {} {}", text("change"), text("table"), key.join(" "))
        };
        json["differences"].as_array().unwrap().iter().map(row).collect()
    }

    /// The name of a body in the results of a month.
    fn name_in(&self, month: &str, body: &str) -> String {
        self.run(&["evaluate", "--month", month]).expect(0);
        let csv = self.run(&["results", "--month", month, "--format", "csv"]).expect(0);
        let csv = String::from_utf8(csv).unwrap();
        let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let place = |name: &str| header.iter().position(|column| *column == name).unwrap();
        let (id, name) = (place("body"), place("name"));
        let row = lines.find(|row| row[id] == body).unwrap_or_else(|| panic!("{csv}"));
        row[name].to_owned()
    }
}

#[tokio::test]
async fn a_registry_changes_in_mid_year() {
    let suite = Suite::start().await;
    let city = City(&suite);
    let folder = suite.scratch().join("exported");
    let exported = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let export = ["registry", "export", folder.to_str().unwrap()];
    city.run(&export).expect(1);
    // Categories stand without any revision of the registry, and come out.
    let categories = city.file("categories.csv", CATEGORIES);
    city.run(&["registry", "import", &categories]).expect(0);
    city.run(&export).expect(0);
    assert_eq!(exported("categories.csv"), CATEGORIES);
    assert!(!folder.join("bodies.csv").exists());

    let (bodies, areas) = (city.file("bodies.csv", BODIES), city.file("areas.csv", AREAS));
    let would = city.json(&["registry", "diff", &bodies, &areas]);
    assert_eq!(would["difference_count"], 6);
    city.run(&["registry", "import", "--reason", "首次登记", &bodies, &areas]).expect(0);
    assert_eq!(city.json(&["registry", "diff", &bodies, &areas])["difference_count"], 0);

    let reason = ["--reason", "区划调整"];
    let rename = ["registry", "rename", "d1", "东城区", "--from", "2018-05"];
    city.run(&[&rename[..], &reason].concat()).expect(0);
    let diff = city.json(&["registry", "diff", "--from", "1", "--to", "2"]);
    assert_eq!(city.told(&diff), ["changed bodies d1 2016-01", "added bodies d1 2018-05"]);

    // Judged under the name of the month.
    city.run(&["rules", "apply", "--activate-from", "2018-03", "zz-2018"]).expect(0);
    let (cases, events) = (city.file("cases.csv", CASES), city.file("events.csv", EVENTS));
    city.run(&["import", &cases, &events]).expect(0);
    assert_eq!(city.name_in("2018-04", "d1"), "第1区");
    assert_eq!(city.name_in("2018-05", "d1"), "东城区");

    // A body that manages something ends only when somebody else goes on.
    let close = ["registry", "close", "d1", "--last", "2018-06"];
    let refused = city.run(&[&close[..], &reason].concat());
    refused.expect(1);
    let heir = ["--areas-to", "d2"];
    let look = [&close[..], &reason, &heir, &["--validate-only"]].concat();
    let would = city.json(&look);
    let done = city.json(&[&close[..], &reason, &heir].concat());
    assert_eq!(done, would);
    assert_eq!(
        city.told(&done),
        [
            "changed bodies d1 2018-05",
            "changed bodies s1 2016-01",
            "added bodies s1 2018-07",
            "changed areas R1 2016-01",
            "added areas R1 2018-07",
        ]
    );

    // A new body, joined into another one, and what was a mistake.
    let set =
        ["registry", "set", "d3", "--kind", "district", "--name", "新区", "--from", "2018-01"];
    city.run(&[&set[..], &reason].concat()).expect(0);
    let merge = ["registry", "merge", "d2", "d3", "--from", "2018-08"];
    let merged = city.json(&[&merge[..], &reason].concat());
    assert_eq!(city.told(&merged), ["changed bodies d3 2018-01"]);
    let mistake = "body_id,kind,name,valid_from\nd3,district,新区,2018-01\n";
    let mistake = city.file("bodies-mistake.csv", mistake);
    let removed = city.json(&[&["registry", "remove", &mistake], &reason[..]].concat());
    assert_eq!(city.told(&removed), ["removed bodies d3 2018-01"]);

    // What comes out goes in, and replaces nothing by itself.
    city.run(&export).expect(0);
    let all = ["bodies.csv", "areas.csv", "categories.csv"].map(|name| folder.join(name));
    let all = all.each_ref().map(|path| path.to_str().unwrap());
    let same = city.json(&[&["registry", "diff", "--replace"], &all[..]].concat());
    assert_eq!(same["difference_count"], 0, "{same}");
    let replace = ["registry", "import", "--replace", "--reason", "还原", "--expect"];
    city.run(&[&replace[..], &["2", &bodies, &areas]].concat()).expect(1);
    let done = city.json(&[&replace[..], &["6", &bodies, &areas]].concat());
    assert_eq!((&done["removed"], &done["registry_revision"]["revision"]), (&3.into(), &7.into()));
    assert_eq!(city.json(&["registry", "diff", "--from", "1"])["difference_count"], 0);
    suite.stop().await;
}
