//! What whoever runs the service cannot do by itself.

use chengping_case_ingestion::SCHEMA;
use sqlx::{AssertSqlSafe, PgPool};

use super::{event_rows, filled, keep, put_away, wish};

#[tokio::test]
async fn the_service_can_neither_change_nor_remove_a_record() {
    let harness = filled(true).await;
    let options: sqlx::postgres::PgConnectOptions =
        harness.database.url_for(SCHEMA).parse().unwrap();
    let service = PgPool::connect_with(options.options([("search_path", SCHEMA)])).await.unwrap();
    for refused in [
        "DELETE FROM event",
        "UPDATE event SET note = NULL",
        "TRUNCATE event",
        "SELECT * FROM event_2018_03",
        "DELETE FROM event_2018_03",
        "DROP TABLE event_2018_03",
        "ALTER TABLE event DETACH PARTITION event_2018_03",
        "UPDATE case_record SET title = NULL",
        "UPDATE case_month SET month = '2018-04-01'",
        "INSERT INTO text_erasure VALUES ('zz', '2018-03-01', now())",
        "UPDATE archive SET state = 2",
        "DELETE FROM archive",
        "UPDATE retention_entry SET reason = 'x'",
        "DELETE FROM retention_entry",
        "SELECT next_retention_entry('zz')",
    ] {
        let error = sqlx::query(AssertSqlSafe(refused)).execute(&service).await.unwrap_err();
        let code = error.as_database_error().and_then(|error| error.code()).unwrap().into_owned();
        assert_eq!(code, "42501", "{refused}: {error}");
    }
    // Nor are the steps done for what is not there.
    for (cases, events) in [(3, 12), (2, 13), (0, 0)] {
        let step = format!(
            "SELECT put_away_month('zz', '2018-03-01', decode(repeat('00', 32), 'hex'), NULL, \
             {cases}, {events}, 0, 1, 'me', 'why', false)"
        );
        sqlx::query(AssertSqlSafe(step)).execute(&service).await.unwrap_err();
    }
    let step = "SELECT take_back_month('zz', '2018-03-01', 'me', 'why')";
    sqlx::query(step).execute(&service).await.unwrap_err();
    assert_eq!(event_rows(&harness, "zz").await, 13);

    // A table of one's own stands in nobody's way.
    sqlx::query("CREATE TEMPORARY TABLE event (LIKE event)").execute(&service).await.unwrap();
    let kept = super::keep_of(&harness, super::MARCH, true).await.unwrap();
    let text_digest = kept.sum.text_digest.clone();
    let request = chengping_proto::cases::v1::PutAwayMonthRequest { text_digest, ..wish(&kept) };
    put_away(&harness, request).await.unwrap();
    assert_eq!(event_rows(&harness, "zz").await, 0);
    let step = "SELECT take_back_month('zz', '2018-03-01', 'me', 'why')";
    sqlx::query(step).execute(&service).await.unwrap_err();
    drop(keep(&filled(false).await).await);
}
