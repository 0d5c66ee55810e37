//! That queries read what they are asked for and little else, also of a jurisdiction that has come
//! beside another one's history, and that no statistics know.

use chengping_testing::TestDatabase;
use chengping_types::{CaseNo, Digest, JurisdictionId, Month};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::{
    MIGRATOR, PgConnection, StoreError, Transaction, begin, case, change, deadline, event, month,
    packed, reject, undo,
};
use crate::SCHEMA;
use crate::domain::{EventKey, MISSING_DUE_AT, PackedFile, RejectState};

/// What statistics know: a jurisdiction with its history. Then comes another one.
const RECORDS: &str = "
    CREATE FUNCTION fill(name text, cases int) RETURNS void LANGUAGE sql AS $$
        SELECT begin_month('2018-04-01');
        INSERT INTO case_record (jurisdiction, case_no, sequence, source, category_scheme,
                                 category_code, area_code)
        SELECT name, 'c' || n, n, 1, 's', '0101', '' FROM generate_series(1, cases) AS n;
        INSERT INTO case_month SELECT jurisdiction, case_no, '2018-04-01' FROM case_record
        WHERE jurisdiction = name;
        INSERT INTO event (jurisdiction, case_no, event_no, month, sequence, event_time, kind)
        SELECT name, 'c' || n, no, '2018-04-01', cases * no + n, now(), 1
        FROM generate_series(1, cases) AS n, generate_series(1, 2) AS no;
        INSERT INTO computed_deadline (jurisdiction, case_no, event_no, sequence, due_time,
                                       start_time, condition_id, limit_value, limit_unit,
                                       rules_digest)
        SELECT name, 'c' || n, 1, cases + n, now(), now(), 'x', '1', 'work_hour',
               'sha256:' || repeat('a', 64)
        FROM generate_series(1, cases) AS n;
        INSERT INTO case_file (jurisdiction, case_no, first_sequence, sequence, last_time,
                               event_count, digest, content)
        SELECT name, 'c' || n, n, 2 * cases + n, now(), 2, sha256(''), sha256('')
        FROM generate_series(1, cases) AS n;
        INSERT INTO reject (jurisdiction, reject_id, file, row_no, line_no, column_name, code,
                            message, payload, case_no, waiting_no)
        SELECT name, lpad(to_hex(n), 32, '0'), 'f', n, n, '', 'unknown_case', 'm', '', 'c' || n, n
        FROM generate_series(1, cases) AS n;
    $$;
    ALTER TABLE case_record SET (autovacuum_enabled = off);
    ALTER TABLE case_month SET (autovacuum_enabled = off);
    ALTER TABLE computed_deadline SET (autovacuum_enabled = off);
    ALTER TABLE case_file SET (autovacuum_enabled = off);
    ALTER TABLE reject SET (autovacuum_enabled = off);
    SELECT begin_month('2018-04-01');
    ALTER TABLE event_2018_04 SET (autovacuum_enabled = off);
    SELECT fill('old', 20000);
    ANALYZE;
    SELECT fill('new', 4000);";
const CASES: i64 = 4_000;

/// Cases that are asked for.
const ASKED: usize = 40;
/// Rows that may be read for each: of a few tables, of each what there is of a case.
const READ_FOR_EACH: i64 = 12;
/// More often than PostgreSQL makes a plan for the parameters at hand, before it may keep one.
const TIMES: usize = 7;

struct Reader {
    transaction: Transaction,
    new: JurisdictionId,
    case_nos: Vec<String>,
}

impl Reader {
    /// Rows that were read in the transaction.
    async fn rows_read(&mut self) -> i64 {
        sqlx::query_scalar(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint
             FROM pg_stat_xact_user_tables",
        )
        .fetch_one(&mut *self.transaction)
        .await
        .unwrap()
    }

    /// Reads again and again.
    async fn assert_reads_little<T>(
        &mut self,
        what: &str,
        mut read: impl AsyncFnMut(&mut PgConnection, &JurisdictionId, &[&str]) -> Result<T, StoreError>,
    ) -> T {
        let mut answer = None;
        let (new, case_nos) = (self.new.clone(), self.case_nos.clone());
        let case_nos: Vec<_> = case_nos.iter().map(String::as_str).collect();
        for time in 0..TIMES {
            let before = self.rows_read().await;
            answer = Some(read(&mut self.transaction, &new, &case_nos).await.unwrap());
            let rows = self.rows_read().await - before;
            let most = READ_FOR_EACH * i64::try_from(ASKED).unwrap();
            assert!(rows <= most, "{what} read {rows} rows at time {time}, of {most} at most");
        }
        answer.unwrap()
    }
}

fn case_no(text: &str) -> CaseNo {
    text.parse().unwrap()
}

async fn with_history() -> (TestDatabase, Reader) {
    let database = TestDatabase::new().await.unwrap();
    let pool = database.migrated(SCHEMA, SCHEMA, &MIGRATOR).await.unwrap();
    let mut admin = PgConnection::connect(database.admin_url()).await.unwrap();
    admin.execute(AssertSqlSafe(format!("SET search_path = {SCHEMA}"))).await.unwrap();
    admin.execute(RECORDS).await.unwrap();
    let transaction = begin(&pool).await.unwrap();
    let case_nos = (1..=ASKED).map(|n| format!("c{}", n * 97)).collect();
    (database, Reader { transaction, new: "new".parse().unwrap(), case_nos })
}

#[tokio::test]
async fn what_is_asked_for_by_case_is_found_by_case() {
    let (_database, mut reader) = with_history().await;
    let cases = reader.assert_reads_little("cases", case::find).await;
    assert_eq!(cases.len(), ASKED);
    let known = reader.assert_reads_little("known cases", case::find_known).await;
    assert!(known.len() == ASKED && known.iter().all(|(_, known)| known.month.is_some()));

    let month: Month = "2018-04".parse().unwrap();
    let find = async |connection: &mut PgConnection, new: &_, case_nos: &[&str]| {
        let key = |text: &&str| EventKey { case_no: case_no(text), event_no: 2 };
        let keys: Vec<_> = case_nos.iter().map(|text| (key(text), month)).collect();
        event::find(connection, new, &keys).await
    };
    assert_eq!(reader.assert_reads_little("events", find).await.len(), ASKED);
    let of_cases = async |connection: &mut PgConnection, new: &_, case_nos: &[&str]| {
        event::of_cases(connection, new, case_nos, 3 * CASES).await
    };
    assert_eq!(reader.assert_reads_little("events of cases", of_cases).await.len(), 2 * ASKED);
    let list = async |connection: &mut PgConnection, new: &_, case_nos: &[&str]| {
        event::list(connection, new, &case_no(case_nos[0]), 0, None).await
    };
    assert_eq!(reader.assert_reads_little("events of a case", list).await.len(), 2);

    let deadlines = reader.assert_reads_little("deadlines", deadline::of_cases).await;
    assert_eq!(deadlines.len(), ASKED);
    let rows = async |connection: &mut PgConnection, new: &_, case_nos: &[&str]| {
        deadline::rows_of_cases(connection, new, case_nos, 3 * CASES).await
    };
    assert_eq!(reader.assert_reads_little("all deadlines", rows).await.len(), ASKED);
    let versions = async |connection: &mut PgConnection, new: &_, case_nos: &[&str]| {
        change::versions(connection, new, (CASES, 3 * CASES), case_nos).await
    };
    assert_eq!(reader.assert_reads_little("versions", versions).await.len(), ASKED);
    undo(reader.transaction).await.unwrap();
}

#[tokio::test]
async fn pages_of_a_month_are_read_one_after_the_other() {
    let (_database, mut reader) = with_history().await;
    let page = async |connection: &mut PgConnection, new: &_, _: &[&str]| {
        let (kept, limit) = ("2018-04".parse().unwrap(), u32::try_from(ASKED).unwrap());
        month::page(connection, new, kept, 3 * CASES, ("c2", limit)).await
    };
    let page = reader.assert_reads_little("a page", page).await;
    assert_eq!(page.records.len(), 4 * ASKED);
    undo(reader.transaction).await.unwrap();
}

#[tokio::test]
async fn what_waits_for_a_case_is_found_by_it() {
    let (_database, mut reader) = with_history().await;
    assert!(reader.assert_reads_little("whether one waits", reject::is_waiting).await);
    let waiting = async |connection: &mut PgConnection, new: &_, case_nos: &[&str]| {
        reject::waiting(connection, new, MISSING_DUE_AT, case_nos).await
    };
    assert!(reader.assert_reads_little("what waits", waiting).await.is_empty());
    let month = "2018-04".parse().unwrap();
    let before = reader.rows_read().await;
    let all = reject::waiting_cases(&mut reader.transaction, &reader.new, "unknown_case", month);
    assert_eq!(all.await.unwrap().len(), usize::try_from(CASES).unwrap());
    assert!(reader.rows_read().await - before <= READ_FOR_EACH * CASES);
    let ids: Vec<_> = (1..=ASKED).map(|n| format!("{n:032x}")).collect();
    let reword = async |connection: &mut PgConnection, new: &_, _: &[&str]| {
        let messages: Vec<_> = ids.iter().map(|id| (id.as_str(), "anew")).collect();
        reject::reword(connection, new, &messages).await
    };
    reader.assert_reads_little("messages", reword).await;
    let close = async |connection: &mut PgConnection, new: &_, _: &[&str]| {
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        reject::close(connection, new, &ids, RejectState::Replayed, None).await
    };
    reader.assert_reads_little("closing", close).await;
    undo(reader.transaction).await.unwrap();
}

#[tokio::test]
async fn packing_reads_the_files_that_it_continues() {
    let (_database, mut reader) = with_history().await;
    reader.assert_reads_little("files", packed::of_cases).await;
    let write = async |connection: &mut PgConnection, new: &_, case_nos: &[&str]| {
        let file = |text: &&str| PackedFile {
            case_no: case_no(text),
            is_new: false,
            first_sequence: 1,
            sequence: 3 * CASES,
            last_at: None,
            event_count: 2,
            digest: Digest::of(b""),
            content: Vec::new(),
        };
        let files: Vec<_> = case_nos.iter().map(file).collect();
        packed::write(connection, new, &files).await
    };
    reader.assert_reads_little("files anew", write).await;
    undo(reader.transaction).await.unwrap();
}

#[tokio::test]
async fn what_came_since_a_watermark_is_found_by_it() {
    let (_database, mut reader) = with_history().await;
    let asked = i64::try_from(ASKED).unwrap();
    let news = async |connection: &mut PgConnection, new: &_, _: &[&str]| {
        packed::news(connection, new, (2 * CASES, 2 * CASES + asked)).await
    };
    assert_eq!(reader.assert_reads_little("news", news).await.events.len(), ASKED);
    let case_nos = async |connection: &mut PgConnection, new: &_, _: &[&str]| {
        change::case_nos(connection, new, 2 * CASES, 2 * CASES + asked).await
    };
    assert_eq!(reader.assert_reads_little("numbers", case_nos).await.len(), ASKED);
    let history = async |connection: &mut PgConnection, new: &_, _: &[&str]| {
        change::history(connection, new, 3 * CASES).await
    };
    assert!(!reader.assert_reads_little("the last record", history).await.is_empty());
    undo(reader.transaction).await.unwrap();
}
