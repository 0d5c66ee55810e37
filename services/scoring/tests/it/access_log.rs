//! What is written down of who looked stays as it is, whoever tries.

use chengping_chassis::postgres::sqlstate::INSUFFICIENT_PRIVILEGE;
use chengping_scoring_service::{MIGRATOR, SCHEMA};
use chengping_testing::TestDatabase;
use sqlx::{Connection as _, Executor as _, PgConnection};

/// The code of a trigger that refuses.
const RESTRICT_VIOLATION: &str = "23001";
const ATTEMPTS: [&str; 3] = [
    "update access_entry set actor = 'somebody else'",
    "delete from access_entry",
    "truncate access_entry",
];

async fn code_of(connection: &mut PgConnection, attempt: &'static str) -> String {
    let error = connection.execute(attempt).await.unwrap_err();
    error.as_database_error().unwrap().code().unwrap().into_owned()
}

#[tokio::test]
async fn neither_the_service_nor_the_owner_changes_who_looked() {
    let database = TestDatabase::new().await.unwrap();
    let pool = database.migrated(SCHEMA, SCHEMA, &MIGRATOR).await.unwrap();
    let mut service = pool.acquire().await.unwrap();
    service
        .execute(
            "insert into access_entry (jurisdiction, entry, actor, through, roles, action, resource,
                 request_id)
             values ('zz', gen_random_uuid(), 'li', '', '{auditor}', 'a', 'b', 'c')",
        )
        .await
        .unwrap();
    for attempt in ATTEMPTS {
        assert_eq!(code_of(&mut service, attempt).await, INSUFFICIENT_PRIVILEGE, "{attempt}");
    }
    let mut owner = PgConnection::connect(database.admin_url()).await.unwrap();
    owner.execute("set role scoring_owner; set search_path = scoring").await.unwrap();
    for attempt in ATTEMPTS {
        assert_eq!(code_of(&mut owner, attempt).await, RESTRICT_VIOLATION, "{attempt}");
    }
}
