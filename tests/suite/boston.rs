//! The main job on Boston's real cases, against what the city itself says of them
//! (`tests/data/README.md`).

use std::collections::BTreeMap;

use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::snapshot_service_client::SnapshotServiceClient;
use chengping_types::{Instant, Month, TimeZone};
use prost_types::Timestamp;

use crate::support::{Suite, root, unzipped};

const FILE: &str = "tests/data/boston311_2011H2.csv.gz";
const MAPPING: &str = "deploy/mappings/boston-311.yaml";
const ZONE: &str = "America/New_York";

async fn suite_with_cases(import: &[&str]) -> Suite {
    let suite = Suite::start().await;
    let registry =
        ["deploy/registries/boston-2011/bodies.csv", "deploy/registries/boston-2011/areas.csv"];
    suite
        .run(&["registry", "import", "--jurisdiction", "boston", registry[0], registry[1]])
        .expect(0);
    suite
        .run(&[
            "rules",
            "apply",
            "--jurisdiction",
            "boston",
            "--activate-from",
            "2011-07",
            "boston-2011",
        ])
        .expect(0);
    let mut arguments = vec!["import", "--jurisdiction", "boston", "--mapping", MAPPING];
    arguments.extend_from_slice(import);
    arguments.push(FILE);
    suite.run(&arguments).expect(0);
    suite
}

#[tokio::test]
async fn the_twelve_published_rates_come_out_of_the_product() {
    let suite = suite_with_cases(&["--month", "2011-08"]).await;
    let expected = [
        ("2011-09-01T00:00:00-04:00", ["90.85", "81.44", "64.35"]),
        ("2011-09-11T00:00:00-04:00", ["86.29", "79.07", "68.26"]),
        ("2011-10-01T00:00:00-04:00", ["85.02", "77.66", "69.91"]),
        ("2012-01-01T00:00:00-05:00", ["82.60", "75.48", "72.44"]),
    ];
    let month = ["--jurisdiction", "boston", "--month", "2011-08"];
    for (as_of, rates) in expected {
        let mut evaluate = vec!["evaluate", "--as-of", as_of];
        evaluate.extend_from_slice(&month);
        suite.run(&evaluate).expect(0);
        let mut results = vec!["results", "--format", "json"];
        results.extend_from_slice(&month);
        let results = suite.run(&results).json(0);
        let figures = &results["figures"];
        let found = ["A", "B", "C"].map(|figure| figures[figure]["percent"].as_str().unwrap());
        assert_eq!(found, rates, "as of {as_of}: {figures}");
        assert_eq!(figures["C"]["den"], 9625, "as of {as_of}");
    }
    suite.stop().await;
}

/// A flag of the city by case number, for the rows that carry one.
fn flags_of_the_city() -> BTreeMap<String, bool> {
    let bytes = unzipped(&root().join(FILE));
    let text = String::from_utf8(bytes).unwrap();
    let mut lines = text.lines();
    let header: Vec<_> = lines.next().unwrap().split(',').collect();
    let place = |name: &str| header.iter().position(|column| *column == name).unwrap();
    // Both columns stand before the first one that may be quoted.
    let (case_no, flag) = (place("case_enquiry_id"), place("ontime"));
    lines
        .filter_map(|line| {
            let fields: Vec<_> = line.split(',').collect();
            match fields[flag] {
                "ONTIME" => Some((fields[case_no].to_owned(), true)),
                "OVERDUE" => Some((fields[case_no].to_owned(), false)),
                "" => None,
                other => panic!("a flag {other:?}"),
            }
        })
        .collect()
}

/// Of every case of half a year: whether it was on time, as the product sees it after the last
/// closing in the file. Without a deadline nothing is late.
async fn flags_of_the_product(suite: &Suite) -> BTreeMap<String, bool> {
    let zone: TimeZone = ZONE.parse().unwrap();
    let as_of: Instant = "2020-01-01T00:00:00Z".parse().unwrap();
    let as_of = Timestamp { seconds: as_of.as_micros() / 1_000_000, nanos: 0 };
    let mut client = SnapshotServiceClient::new(suite.connection().await);
    let bit = |base: chengping_casework::Base| 1_u64 << base.code();
    let [filed, due, on_time] = [
        chengping_casework::Base::Filed,
        chengping_casework::Base::Due,
        chengping_casework::Base::OnTime,
    ]
    .map(bit);
    let snapshot = pb::Snapshot {
        month: "2011-12".into(),
        as_of: Some(as_of),
        decided: Some(as_of),
        ..pb::Snapshot::default()
    };
    let parent = "jurisdictions/boston".to_owned();
    let request = pb::CreateSnapshotRequest { parent, snapshot: Some(snapshot) };
    let watermark = client.create_snapshot(request).await.unwrap().into_inner().watermark;
    let mut flags = BTreeMap::new();
    let mut month: Month = "2011-07".parse().unwrap();
    for _ in 0..6 {
        let request = pb::StreamFactsRequest {
            parent: "jurisdictions/boston".into(),
            month: month.to_string(),
            time_zone: zone.to_string(),
            as_of: Some(as_of),
            decided: Some(as_of),
            watermark,
            freeze_day: 3,
            lifecycle: Some(pb::Lifecycle {
                period_basis: "cohort".into(),
                no_deadline: "out_of_due".into(),
                ..pb::Lifecycle::default()
            }),
            further_months: Vec::new(),
            since: None,
            without_case_nos: false,
            with_desk_lists: false,
        };
        let mut stream = client.stream_facts(request).await.unwrap().into_inner();
        while let Some(message) = stream.message().await.unwrap() {
            let batch = message.batch.unwrap();
            for (case_no, marks) in batch.case_nos.into_iter().zip(batch.marks) {
                // Later months describe it further; it belongs to the one in which it was filed.
                if marks & filed != 0 {
                    flags.insert(case_no, marks & due == 0 || marks & on_time != 0);
                }
            }
        }
        month = month.next();
    }
    flags
}

#[tokio::test]
async fn the_citys_own_flag_is_reproduced_for_every_row_that_carries_one() {
    let suite = suite_with_cases(&[]).await;
    let expected = flags_of_the_city();
    assert_eq!(expected.len(), 58_093);
    let found = flags_of_the_product(&suite).await;
    let wrong: Vec<_> =
        expected.iter().filter(|(case_no, flag)| found.get(*case_no) != Some(flag)).collect();
    assert!(wrong.is_empty(), "{} of 58,093 differ, such as {:?}", wrong.len(), &wrong[..1]);
    suite.stop().await;
}
