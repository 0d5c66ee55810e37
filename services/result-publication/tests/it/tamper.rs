//! Whatever is changed of what was published is found: in files by the verifier, in tables, even by
//! a superuser, by `VerifyLog`.
//!
//! `CHENGPING_TAMPER_CHANGES` says how many changes of each kind are tried, `CHENGPING_TAMPER_SEED`
//! repeats a run.

use std::collections::BTreeMap;

use chengping_ledger::bundle::verify;
use chengping_ledger::note::VerifierKey;
use chengping_ledger::receipt::Receipt;
use chengping_proto::publication::v1 as pb;
use chengping_testing::Dice;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::scoring::recompute;
use crate::service::{Service, ZZ, start};

/// What repeats a run.
const SEED: &str = "CHENGPING_TAMPER_SEED";

fn changes() -> usize {
    let told = std::env::var("CHENGPING_TAMPER_CHANGES").ok();
    told.and_then(|number| number.parse().ok()).unwrap_or(300)
}

/// Three months, one of them corrected and one withdrawn, signed by two keys.
async fn published() -> Service {
    let service = start().await;
    service.published("e1", "2018-03", "").await;
    service.published("e2", "2018-04", "").await;
    let request = pb::RotateLogKeyRequest {
        parent: ZZ.to_owned(),
        reason: "a new year".to_owned(),
        expected_verifier_key: service.log_keys().await[0].verifier_key.clone(),
        validate_only: false,
    };
    service.ledger.clone().rotate_log_key(request).await.unwrap();
    service.published("e3", "2018-04", "an upheld inquiry").await;
    let last = service.published("e4", "2018-05", "").await;
    service.step("withdraw", &last.name, "li", "computed from half of the records").await.unwrap();
    service
}

#[tokio::test]
async fn every_change_of_a_file_is_found() {
    let service = published().await;
    let keys: Vec<VerifierKey> =
        service.log_keys().await.iter().map(|key| key.verifier_key.parse().unwrap()).collect();
    let name = format!("{ZZ}/bulletins/2018-04/versions/2");
    let bundle = service.bundle(&name).await;
    assert!(verify(&bundle, &keys, recompute).verified());
    let request = pb::GetResultReceiptRequest { bulletin_version: name, body_id: "d01".to_owned() };
    let receipt = service.ledger.clone().get_result_receipt(request).await.unwrap();
    let receipt = receipt.into_inner().data;
    let mut chance = Dice::seeded(SEED);
    let seed = chance.0;
    for number in 0..changes() {
        let of_bundle = chance.below(4) > 0;
        let mut bytes = if of_bundle { bundle.clone() } else { receipt.clone() };
        let place = chance.place(bytes.len());
        match chance.below(3) {
            0 => bytes[place] ^= 1 << chance.below(8),
            1 => drop(bytes.remove(place)),
            _ => bytes.insert(place, u8::try_from(chance.below(256)).unwrap()),
        }
        if of_bundle {
            let report = verify(&bytes, &keys, recompute);
            let named = report.failures().next().is_some();
            assert!(!report.verified() && named, "change {number} of {SEED}={seed}, byte {place}");
        } else {
            let read = Receipt::parse(&bytes);
            let sound = read.is_ok_and(|receipt| receipt.verify(&keys).is_ok());
            assert!(!sound, "change {number} of {SEED}={seed}, byte {place}");
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bytes,
    Text,
    Number,
    Time,
    /// Nothing is changed but that the whole row goes.
    Row,
}

/// Everything in the tables that says what was published. Not listed is what nobody relies on: when a
/// row was written, and lines that can be read from the document again.
const COLUMNS: &[(&str, &str, Kind)] = &[
    ("log_entry", "document", Kind::Bytes),
    ("log_entry", "document_digest", Kind::Text),
    ("log_entry", "lines_root", Kind::Text),
    ("log_entry", "month", Kind::Text),
    ("log_entry", "version", Kind::Number),
    ("log_entry", "log_index", Kind::Number),
    ("log_entry", "publish_time", Kind::Time),
    ("log_entry", "jurisdiction", Kind::Text),
    ("log_entry", "", Kind::Row),
    ("checkpoint", "tree_size", Kind::Number),
    ("checkpoint", "root", Kind::Text),
    ("checkpoint", "note", Kind::Text),
    ("checkpoint", "verifier_key", Kind::Text),
    ("checkpoint", "", Kind::Row),
    ("publication_lines", "lines", Kind::Bytes),
    ("publication_lines", "format", Kind::Number),
    ("evaluation_document", "results", Kind::Bytes),
    ("evaluation_document", "results_digest", Kind::Text),
    ("evaluation_document", "input", Kind::Bytes),
    ("evaluation_document", "evaluation", Kind::Text),
    ("evaluation_document", "", Kind::Row),
    ("bulletin_version", "evaluation", Kind::Text),
    ("bulletin_version", "reason", Kind::Text),
    ("bulletin_version", "withdraw_reason", Kind::Text),
    ("bulletin_version", "withdraw_time", Kind::Time),
    ("bulletin_version", "version", Kind::Number),
    ("bulletin_version", "month", Kind::Text),
    ("bulletin_version", "revision", Kind::Number),
    ("bulletin_version", "", Kind::Row),
    ("version_move", "revision", Kind::Number),
    ("version_move", "", Kind::Row),
    ("bulletin", "published_version", Kind::Number),
    ("bulletin", "month", Kind::Text),
    ("bulletin", "", Kind::Row),
    ("log_head", "size", Kind::Number),
    ("log_head", "", Kind::Row),
    ("log_key", "verifier_key", Kind::Text),
    ("log_key", "former_key", Kind::Text),
    ("log_key", "tree_size", Kind::Number),
    ("log_key", "generation", Kind::Number),
    ("log_key", "handover", Kind::Text),
    ("log_key", "", Kind::Row),
];

/// A change of one row, by chance.
fn change(chance: &mut Dice, table: &str, column: &str, kind: Kind) -> String {
    let row = format!(
        "ctid = (select ctid from {table} order by ctid offset {} % (select count(*) from {table}) limit 1)",
        chance.below(1000)
    );
    let place = chance.below(1_000_000);
    match kind {
        Kind::Row => format!("delete from {table} where {row}"),
        Kind::Bytes => format!(
            "update {table} set {column} = set_byte({column}, {place} % length({column}), \
             get_byte({column}, {place} % length({column})) # {}) where {row}",
            1 << chance.below(8)
        ),
        // Another letter in the place of one; an empty text gets one.
        Kind::Text => format!(
            "update {table} set {column} = overlay({column} placing \
             translate(coalesce(nullif(substr({column}, 1 + {place} % greatest(length({column}), 1), 1), ''), ' '), \
             '0123456789abcdef /+-ABCDEF', '1032547698badcfe+-/ZBADCFE') || '' \
             from 1 + {place} % greatest(length({column}), 1) for 1) where {row}"
        ),
        Kind::Number => {
            let by = [-2, -1, 1, 2][chance.place(4)];
            format!("update {table} set {column} = {column} + {by} where {row}")
        }
        Kind::Time => format!(
            "update {table} set {column} = {column} + interval '{} microseconds' where {row}",
            1 + chance.below(1_000_000)
        ),
    }
}

#[tokio::test]
async fn every_change_of_a_row_is_found_even_that_of_a_superuser() {
    let service = published().await;
    let sound = service.verified().await;
    assert_eq!((sound.entry_count, sound.checkpoint_count), (5, 5));
    assert_eq!(sound.findings, []);
    let mut superuser = PgConnection::connect(service.database.admin_url()).await.unwrap();
    superuser
        .execute("set search_path = result_publication; set session_replication_role = replica")
        .await
        .unwrap();
    let tables: std::collections::BTreeSet<_> = COLUMNS.iter().map(|(table, ..)| *table).collect();
    for table in &tables {
        let kept = format!("create table pg_temp.kept_{table} as table {table}");
        superuser.execute(AssertSqlSafe(kept)).await.unwrap();
    }
    let mut chance = Dice::seeded(SEED);
    let seed = chance.0;
    let (mut done, mut refused) = (0, 0);
    let mut found = BTreeMap::<&str, usize>::new();
    while done < changes() {
        let (table, column, kind) = *chance.pick(COLUMNS);
        let changing = change(&mut chance, table, column, kind);
        let changed = match superuser.execute(AssertSqlSafe(changing.clone())).await {
            Ok(changed) => changed,
            Err(error) => {
                refused += 1;
                assert!(refused < 100 * changes(), "{SEED}={seed}, after {done} changes: {error}");
                continue;
            }
        };
        assert_eq!(changed.rows_affected(), 1, "{changing}");
        let same = format!(
            "select not exists ((table {table} except table pg_temp.kept_{table})) and \
             (select count(*) from {table}) = (select count(*) from pg_temp.kept_{table})"
        );
        let same: bool =
            sqlx::query_scalar(AssertSqlSafe(same)).fetch_one(&mut superuser).await.unwrap();
        if !same {
            let verified = service.verified().await;
            let told: Vec<_> = verified.findings.iter().map(|found| found.table.as_str()).collect();
            assert!(!told.is_empty(), "{SEED}={seed}, not found: {changing}");
            assert_eq!(verified.finding_count, i64::try_from(told.len()).unwrap());
            // A version and its moves are only wrong about each other.
            let named = told.contains(&table)
                || told.len() > 1
                || table == "bulletin_version" && told == ["version_move"];
            assert!(named || kind == Kind::Row, "{SEED}={seed}: {changing}: {told:?}");
            *found.entry(table).or_default() += 1;
            done += 1;
        }
        // Else what is left of the rows put back would have to be passed over, more each time.
        if done % 100 == 99 {
            superuser.execute("vacuum").await.unwrap();
        }
        let restore =
            format!("delete from {table}; insert into {table} select * from pg_temp.kept_{table}");
        superuser.execute(AssertSqlSafe(restore)).await.unwrap();
    }
    assert_eq!(service.verified().await.findings, [], "everything is as it was");
    assert_eq!(found.len(), tables.len(), "each table was changed: {found:?}");
}

#[tokio::test]
async fn a_log_that_was_cut_off_as_a_whole_is_found_by_a_checkpoint_kept_elsewhere() {
    let service = published().await;
    let request = pb::GetCheckpointRequest { name: format!("{ZZ}/checkpoint") };
    let kept = service.ledger.clone().get_checkpoint(request).await.unwrap().into_inner().note;
    let mut superuser = PgConnection::connect(service.database.admin_url()).await.unwrap();
    superuser
        .execute(
            "set search_path = result_publication; set session_replication_role = replica;
             delete from log_entry where log_index >= 3; delete from checkpoint where tree_size > 3;
             delete from bulletin_version where month = '2018-05';
             delete from version_move where month = '2018-05';
             delete from publication_lines where log_index = 3;
             update log_head set size = 3",
        )
        .await
        .unwrap();
    assert_eq!(service.verified().await.findings, [], "by itself it is sound");
    let request = |known: &str| pb::VerifyLogRequest {
        parent: ZZ.to_owned(),
        known_checkpoint: known.to_owned(),
    };
    let mut ledger = service.ledger.clone();
    let found = ledger.verify_log(request(&kept)).await.unwrap().into_inner();
    assert_eq!(found.finding_count, 1, "{found:?}");
    assert!(found.findings[0].message.contains("checkpoint of 5 entries"), "{found:?}");
    let status = ledger.verify_log(request("nothing")).await.unwrap_err();
    assert_eq!(crate::service::fields(&status), ["known_checkpoint"]);
}
