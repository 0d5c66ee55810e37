//! A database that stands still makes clients wait; it takes no memory, and loses no byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_testing::{Cluster, TestDatabase};
use futures_util::future::join_all;
use futures_util::stream::StreamExt as _;
use tonic::transport::Endpoint;

use super::ZZ;
use super::world::World;

const STREAMS: usize = 4;
const BATCHES: usize = 24;
const RECORDS: usize = 250;
/// What a record has to say, so that a batch has two million bytes.
const TITLE_BYTES: usize = 8_000;
const MEBIBYTE: usize = 1 << 20;
/// What the service may take more than before, in bytes: for each stream its four MiB, a message
/// that is read, one that waits and a window, each once on the wire and once as records, and what
/// the allocator keeps. Everything that is sent is three times as much.
const MORE_MAX: usize = 64 * MEBIBYTE;
/// Nothing moves any more when nothing did for so many looks.
const LOOKS: usize = 30;
const LOOK: Duration = Duration::from_millis(100);

/// So that a stream has a known size, and so that it waits as long as it takes.
const SETTINGS: [(&str, &str); 6] = [
    ("INTAKE__STREAM_BYTES_MAX", "4194304"),
    ("LISTEN__HTTP2_STREAM_WINDOW_BYTES", "1048576"),
    ("LISTEN__HTTP2_CONNECTION_WINDOW_BYTES", "1048576"),
    ("DATABASE__ACQUIRE_TIMEOUT_MS", "600000"),
    ("INTAKE__COMMIT_TIMEOUT_MS", "600000"),
    ("DATABASE__IDLE_IN_TRANSACTION_TIMEOUT_MS", "600000"),
];

/// A line of what the system knows of a process, in bytes.
fn memory(process: u32, line: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix(line)).unwrap();
    let kibibytes: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
    kibibytes << 10
}

fn batch(stream: usize, batch: usize) -> pb::StreamCasesRequest {
    let record = |number| pb::CaseRecord {
        case: Some(pb::Case {
            case_no: format!("{stream}-{batch}-{number}"),
            source: pb::Source::Patrol.into(),
            category_scheme: "local".to_owned(),
            category_code: "1".to_owned(),
            area_code: "R1".to_owned(),
            title: "x".repeat(TITLE_BYTES),
            ..pb::Case::default()
        }),
        position: None,
    };
    let records = (0..RECORDS).map(record).collect();
    pb::StreamCasesRequest {
        parent: ZZ.to_owned(),
        batch: 1 + i64::try_from(batch).unwrap(),
        records,
    }
}

/// Sends as fast as it can; the number that was acknowledged last.
async fn send(address: String, stream: usize, taken: Arc<AtomicUsize>) -> i64 {
    let channel = Endpoint::from_shared(address).unwrap().connect().await.unwrap();
    let requests = futures_util::stream::iter(0..BATCHES).map(move |number| {
        taken.fetch_add(1, Ordering::Relaxed);
        batch(stream, number)
    });
    let answers = CaseServiceClient::new(channel).stream_cases(requests).await;
    let mut answers = answers.unwrap().into_inner();
    let mut last = 0;
    while let Some(answer) = answers.message().await.unwrap() {
        last = answer.acknowledged_batch;
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stands_still_costs_no_memory_and_loses_no_byte() {
    let cluster = Cluster::start().await.unwrap();
    let database = TestDatabase::on(&cluster.admin_url()).await.unwrap();
    let world = World::start(&database, cluster.socket(), 10, &SETTINGS).await;
    let process = world.process_id();
    let before = memory(process, "VmRSS:");

    world.database.stall();
    let taken = Arc::new(AtomicUsize::new(0));
    let address = format!("http://{}", world.clients.address());
    let sending =
        (0..STREAMS).map(|it| tokio::spawn(send(address.clone(), it, Arc::clone(&taken))));
    let sending: Vec<_> = sending.collect();
    let (mut seen, mut looks) = (0, 0);
    while looks < LOOKS {
        tokio::time::sleep(LOOK).await;
        let now = taken.load(Ordering::Relaxed);
        looks = if now == seen && now > 0 { looks + 1 } else { 0 };
        seen = now;
    }
    assert!(seen < STREAMS * BATCHES, "{seen} batches: nobody made the clients wait");
    let grown = memory(process, "VmRSS:").saturating_sub(before);
    assert!(grown < MORE_MAX, "{} MiB more than before", grown / MEBIBYTE);

    world.database.restore();
    for last in join_all(sending).await {
        assert_eq!(last.unwrap(), i64::try_from(BATCHES).unwrap(), "{}", world.log());
    }
    let all = STREAMS * BATCHES * RECORDS;
    assert_eq!(world.check_ledger().await, i64::try_from(all).unwrap());
    let most = memory(process, "VmHWM:").saturating_sub(before);
    let offered = all * TITLE_BYTES;
    super::say(&format!(
        "{} MiB offered, {} batches taken while nothing moved: {} MiB more, {} MiB at most",
        offered / MEBIBYTE,
        seen,
        grown / MEBIBYTE,
        most / MEBIBYTE
    ));
    assert!(most < 2 * MORE_MAX, "{} MiB more than before", most / MEBIBYTE);
    world.stop().await;
}
