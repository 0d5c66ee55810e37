//! A database of a former release is brought up to date with all that is in it.

use std::borrow::Cow;

use chengping_case_ingestion::{MIGRATOR, SCHEMA};
use chengping_chassis::postgres::{self, Provision};
use chengping_testing::TestDatabase;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, PgPool};

/// The migration after which events are kept by month.
const BY_MONTH: i64 = 20_261_130_000_101;

/// The migrations before that of this version.
fn before(version: i64) -> Migrator {
    let mut former = Migrator { migrations: Cow::Owned(Vec::new()), ..Migrator::DEFAULT };
    let earlier = MIGRATOR.iter().filter(|migration| migration.version < version);
    former.migrations = Cow::Owned(earlier.cloned().collect());
    former
}

const FORMER_ROWS: &str = "
    SET search_path = case_ingestion;
    INSERT INTO jurisdiction VALUES ('zz', 8, 0), ('yy', 2, 0);
    INSERT INTO case_record (jurisdiction, case_no, sequence, source, category_scheme,
                             category_code, area_code, title, filing_condition)
    VALUES ('zz', 'A', 1, 1, 's', '01', 'R1', '题', NULL), ('zz', 'B', 2, 2, 's', '02', '', NULL, 'c1'),
           ('zz', 'C', 8, 2, 's', '02', '', NULL, NULL), ('yy', 'A', 1, 1, 's', '01', 'R1', NULL, NULL);
    INSERT INTO event (jurisdiction, case_no, event_no, sequence, event_time, kind, actor, unit,
                       due_time, stage_due_time, outcome, note, create_time)
    VALUES ('zz', 'A', 1, 4, '2018-04-01T00:00:00+08', 1, NULL, NULL, NULL, NULL, NULL, '记', '2018-04-02Z'),
           ('zz', 'A', 2, 3, '2018-05-02T00:00:00Z', 9, 'cmd1', 'b01', '2018-05-03Z', '2018-05-04Z', NULL, NULL, '2018-04-02Z'),
           ('zz', 'A', 9223372036854775807, 5, '2018-05-02T00:00:00.000001Z', 18, NULL, NULL, NULL, NULL, 'normal', NULL, now()),
           ('zz', 'B', 1, 6, '0001-01-01T00:00:00Z', 7, NULL, NULL, NULL, NULL, NULL, NULL, now()),
           ('zz', 'B', 2, 7, '9999-12-31T23:59:59.999999Z', 11, NULL, NULL, NULL, NULL, NULL, NULL, now()),
           ('yy', 'A', 1, 2, '9999-12-01T00:00:00Z', 1, NULL, NULL, NULL, NULL, NULL, NULL, now());
    INSERT INTO computed_deadline (jurisdiction, case_no, event_no, sequence, due_time, start_time,
                                   condition_id, limit_value, limit_unit, rules_digest)
    VALUES ('zz', 'B', 2, 7, '2018-05-02Z', '2018-05-01Z', 'c1', '4', 'work_hour', 'sha256:00');
";

/// Every row of a table, without what was added to it since, in one text a row.
async fn rows(pool: &PgPool, table: &str, added: &str) -> Vec<String> {
    let rows = format!(
        "SELECT (to_jsonb(one) - '{added}')::text FROM case_ingestion.{table} AS one ORDER BY 1"
    );
    sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(pool).await.unwrap()
}

#[tokio::test]
async fn former_events_are_all_there_under_the_month_of_their_case() {
    let database = TestDatabase::new().await.unwrap();
    let url = database.admin_url();
    postgres::provision(url, &Provision::new(SCHEMA, SCHEMA).unwrap()).await.unwrap();
    postgres::migrate(url, SCHEMA, &before(BY_MONTH)).await.unwrap();
    let admin = PgPool::connect(url).await.unwrap();
    sqlx::raw_sql(FORMER_ROWS).execute(&admin).await.unwrap();
    let tables = ["jurisdiction", "case_record", "event", "computed_deadline"];
    let mut former = Vec::new();
    for table in tables {
        former.push(rows(&admin, table, "month").await);
    }
    postgres::migrate(url, SCHEMA, &MIGRATOR).await.unwrap();
    for (table, former) in tables.into_iter().zip(former) {
        assert_eq!(rows(&admin, table, "month").await, former, "{table}");
    }
    let months: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT jurisdiction, case_no, to_char(month, 'YYYY-MM') FROM case_ingestion.case_month
         ORDER BY 1, 2",
    )
    .fetch_all(&admin)
    .await
    .unwrap();
    let month = |jurisdiction: &str, case_no: &str, month: &str| {
        (jurisdiction.to_owned(), case_no.to_owned(), month.to_owned())
    };
    let expected =
        [month("yy", "A", "2099-12"), month("zz", "A", "2018-03"), month("zz", "B", "2000-01")];
    assert_eq!(months, expected);
    let misplaced: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM case_ingestion.event
         LEFT JOIN case_ingestion.case_month USING (jurisdiction, case_no, month)
         WHERE case_month.month IS NULL",
    )
    .fetch_one(&admin)
    .await
    .unwrap();
    assert_eq!(misplaced, 0);
    // The service has its rights, and no more, to what was made anew.
    let service = PgPool::connect(&database.url_for(SCHEMA)).await.unwrap();
    let can = |privilege: &'static str, table: &'static str| {
        let service = service.clone();
        async move {
            sqlx::query_scalar::<_, bool>("SELECT has_table_privilege($1, $2)")
                .bind(format!("case_ingestion.{table}"))
                .bind(privilege)
                .fetch_one(&service)
                .await
                .unwrap()
        }
    };
    for table in ["event", "case_month"] {
        assert!(can("SELECT", table).await && can("INSERT", table).await, "{table}");
        assert!(!can("UPDATE", table).await && !can("DELETE", table).await, "{table}");
    }
    assert!(!can("SELECT", "event_2018_03").await);
}
