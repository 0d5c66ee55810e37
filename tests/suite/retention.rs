//! A month that leaves the database for a file, and comes back.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Suite, root};

const OF: [&str; 4] = ["--jurisdiction", "shili", "--month", "2024-05"];

fn run(suite: &Suite, arguments: &[&str], code: i32) -> Value {
    let json = ["--format", "json"];
    suite.run(&[arguments, &OF, &json].concat()).json(code)
}

/// A suite with a month that was evaluated, and what it said of it.
async fn county() -> (Suite, Value) {
    let suite = Suite::start().await;
    let file = |name: &str| format!("docs/examples/county/{name}");
    let import = |arguments: &[&str]| {
        suite.run(&[arguments, &["--jurisdiction", "shili"]].concat()).expect(0)
    };
    let registry = ["bodies.csv", "areas.csv", "coefficients.csv"].map(file);
    let [bodies, areas, coefficients] = registry.each_ref().map(String::as_str);
    import(&["registry", "import", bodies, areas, coefficients]);
    import(&["rules", "apply", "--activate-from", "2024-05", &file("pack.yaml")]);
    import(&["import", &file("cases.csv"), &file("events.csv")]);
    let frozen = run(&suite, &["freeze"], 0);
    (suite, frozen)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What DuckDB reads in a file; nothing where its tools are not there.
fn duckdb(path: &Path) -> Option<Value> {
    let tools =
        std::env::var_os("CHENGPING_TOOLS").map_or_else(|| root().join(".tools"), PathBuf::from);
    let python = tools.join("bench/bin/python");
    let script = "import duckdb, json, sys
rows = duckdb.sql(f\"\"\"SELECT record, count(*), count(DISTINCT case_no), typeof(any_value(create_time))
    FROM '{sys.argv[1]}' GROUP BY record ORDER BY record\"\"\").fetchall()
first = duckdb.sql(f\"\"\"SELECT strftime(min(\"at\") AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S')
    FROM '{sys.argv[1]}' WHERE kind = 'reported'\"\"\").fetchall()[0][0]
told = duckdb.sql(f\"\"\"SELECT decode(value) FROM parquet_kv_metadata('{sys.argv[1]}')
    WHERE decode(key) = 'chengping.digest'\"\"\").fetchall()[0][0]
json.dump([rows, first, told], sys.stdout)";
    let output = Command::new(python).args(["-c", script, text(path)]).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test]
async fn a_month_goes_to_a_file_that_others_read_and_comes_back_as_it_was() {
    let (suite, frozen) = county().await;
    let file = suite.scratch().join("2024-05.parquet");
    let archive = ["archive", "--to", text(&file), "--reason", "over"];
    let written = run(&suite, &[&archive[..3], &["--only-write"]].concat(), 0);
    assert_eq!((&written["events"], &written["state"]), (&json!(224), &json!("written")));
    if let Some(read) = duckdb(&file) {
        let zoned = "TIMESTAMP WITH TIME ZONE";
        let rows = json!([["case", 37, 37, zoned], ["event", 224, 37, zoned]]);
        assert_eq!(read[0], rows);
        assert_eq!(read[1], "2024-05-01T00:10:00");
        assert_eq!(read[2], written["digest"]);
    }
    // Written by a call that broke off afterwards: the next one goes on with it.
    let put_away = run(&suite, &archive, 0);
    assert_eq!((&put_away["state"], &put_away["digest"]), (&json!("put_away"), &written["digest"]));
    assert_eq!(run(&suite, &archive, 0), put_away);
    // A freeze is read from the packed files.
    assert_eq!(run(&suite, &["freeze"], 0)["digest"], frozen["digest"]);

    // The suite dies, and the file is what there is.
    let folder = suite.kill().await;
    let suite = Suite::start_in(folder).await;
    let damaged = suite.scratch().join("damaged.parquet");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    let restore = |path: &Path, code| {
        let arguments = ["restore-month", "--from", text(path), "--reason", "asked for"];
        suite.run(&[&arguments[..], &OF, &["--format", "json"]].concat()).expect(code)
    };
    restore(&damaged, 1);
    restore(&suite.scratch().join("none.parquet"), 1);
    let restored: Value = serde_json::from_slice(&restore(&file, 0)).unwrap();
    assert_eq!(restored["archive"]["state"], "restored");
    let again = run(&suite, &["freeze"], 0);
    assert_eq!(again["digest"], frozen["digest"]);
    let listed = run(&suite, &["archives"], 0);
    assert_eq!(listed[0]["digest"], written["digest"]);
    suite.stop().await;
}
