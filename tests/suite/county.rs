//! The fictitious county of `docs/new-city.md`: its commands print the ranking that the page shows.

use std::fs;

use serde_json::json;

use crate::support::{Suite, root};

/// The rows of the page's ranking: group, rank, body, score, grade.
fn ranking_of_the_page() -> Vec<[String; 5]> {
    let page = fs::read_to_string(root().join("docs/new-city.md")).unwrap();
    let table = page.split("### The ranking").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        <[&str; 5]>::try_from(cells).unwrap().map(str::to_owned)
    };
    rows.map(row).collect()
}

#[tokio::test]
async fn the_walk_through_of_a_new_city_gives_the_ranking_that_it_prints() {
    let suite = Suite::start().await;
    let file = |name: &str| format!("docs/examples/county/{name}");
    let run = |arguments: &[&str]| {
        suite.run(&[arguments, &["--jurisdiction", "shili"]].concat()).expect(0)
    };
    let registry = ["bodies.csv", "areas.csv", "coefficients.csv"].map(file);
    let [bodies, areas, coefficients] = registry.each_ref().map(String::as_str);
    run(&["registry", "import", bodies, areas, coefficients]);
    run(&["rules", "apply", "--activate-from", "2024-05", &file("pack.yaml")]);
    run(&["import", &file("cases.csv"), &file("events.csv")]);
    run(&["evaluate", "--month", "2024-05"]);

    let csv = run(&["results", "--month", "2024-05", "--format", "csv"]);
    let csv = String::from_utf8(csv).unwrap();
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let place = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let columns = ["group", "rank", "body", "score", "grade"].map(place);
    let found: Vec<_> = lines.map(|row| columns.map(|column| row[column].to_owned())).collect();
    assert_eq!(found, ranking_of_the_page());

    let explained =
        run(&["explain", "--month", "2024-05", "--body", "chengguan", "--lang", "en", "--cases"]);
    let explained = String::from_utf8(explained).unwrap();
    assert!(explained.contains("0.7 × 3 + 0.3 × 0 = 2.1"), "{explained}");

    // The office thinks about a dearer A2, and nothing is stored.
    let dearer = suite.scratch().join("dearer.yaml");
    let text = fs::read_to_string(root().join(file("pack.yaml"))).unwrap();
    fs::write(&dearer, text.replacen("points: 3", "points: 4", 1)).unwrap();
    let dearer = dearer.to_str().unwrap();
    let kept = suite.run(&["rules", "list", "--jurisdiction", "shili", "--format", "json"]).json(0);
    let revision = kept[0]["name"].as_str().unwrap().replace("/revisions/", "@");
    let revision = revision.rsplit('/').next().unwrap();
    let different = suite.run(&[
        "rules",
        "diff",
        revision,
        dearer,
        "--jurisdiction",
        "shili",
        "--format",
        "json",
    ]);
    let different = different.json(0);
    assert_eq!(different.as_array().unwrap().len(), 1, "{different}");
    assert_eq!((&different[0]["before"], &different[0]["after"]), (&json!("3"), &json!("4")));
    let preview = ["rules", "preview", "--month", "2024-05", dearer, "--format", "json"];
    let preview = suite.run(&[&preview[..], &["--jurisdiction", "shili"]].concat()).json(0);
    // chengguan: 0.7 × 1; donghe: 0.3 × 1; nanling: half of one point.
    let moved = preview[0]["differences"].as_array().unwrap().iter();
    let moved: Vec<_> = moved.map(|one| (&one["body"], &one["difference"])).collect();
    let [chengguan, nanling, donghe] =
        [("chengguan", "-0.70"), ("nanling", "-0.50"), ("donghe", "-0.30")]
            .map(|(body, difference)| (json!(body), json!(difference)));
    let expected = [&chengguan, &nanling, &donghe].map(|(body, difference)| (body, difference));
    assert_eq!(moved, expected, "{preview}");
    // The same of a single number, without a text; and what the ranks depend on.
    let set = format!("{}=4", different[0]["path"].as_str().unwrap());
    let single = ["rules", "preview", "--month", "2024-05", "--set", &set, "--sensitivity"];
    let rest = ["--step", "0.5", "--jurisdiction", "shili", "--format", "json"];
    let single = suite.run(&[&single[..], &rest].concat()).json(0);
    assert_eq!(single[0]["differences"], preview[0]["differences"]);
    let weights = single[0]["sensitivities"].as_array().unwrap();
    assert!(weights.iter().any(|one| one["weight"] == different[0]["path"]), "{single}");
    let of_revision = ["rules", "preview", "--month", "2024-05", revision, "--format", "json"];
    let same = suite.run(&[&of_revision[..], &["--jurisdiction", "shili"]].concat()).json(0);
    assert_eq!(same[0]["differences"], json!([]));
    suite.stop().await;
}
