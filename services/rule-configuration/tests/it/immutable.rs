//! What was committed stays as it is, whoever tries.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::import::city;
use crate::service::{source, start};

const KEPT: [&str; 4] =
    ["rule_pack_revision", "rule_pack_activation", "registry_revision", "audit_entry"];

fn attempts(table: &str) -> [String; 3] {
    [
        format!("update {table} set jurisdiction = 'other'"),
        format!("delete from {table}"),
        format!("truncate {table} cascade"),
    ]
}

#[tokio::test]
async fn the_service_itself_may_not_change_what_is_kept() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    service.active(source("一"), "2018-03").await;
    for table in KEPT {
        for attempt in attempts(table) {
            let error = service.pool.execute(AssertSqlSafe(attempt.clone())).await.unwrap_err();
            let code = error.as_database_error().unwrap().code().unwrap().into_owned();
            assert_eq!(
                code,
                chengping_chassis::postgres::sqlstate::INSUFFICIENT_PRIVILEGE,
                "{attempt}"
            );
        }
    }
}

#[tokio::test]
async fn neither_may_the_owner_by_mistake() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    service.active(source("一"), "2018-03").await;
    let mut owner = PgConnection::connect(service.database.admin_url()).await.unwrap();
    owner.execute("set search_path = rule_configuration").await.unwrap();
    for table in KEPT {
        for attempt in attempts(table) {
            let error = owner.execute(AssertSqlSafe(attempt.clone())).await.unwrap_err();
            let code = error.as_database_error().unwrap().code().unwrap().into_owned();
            assert_eq!(code, "23001", "{attempt}: {error}");
        }
    }
}

#[tokio::test]
async fn the_service_cannot_take_the_locks_off() {
    let service = start().await;
    for table in KEPT {
        // Granted is only what the granter may grant, here nothing; it is a warning to PostgreSQL.
        let grant = format!("grant update, delete on {table} to rule_configuration");
        service.pool.execute(AssertSqlSafe(grant)).await.unwrap();
        for attempt in [
            format!("update {table} set jurisdiction = 'other'"),
            format!("alter table {table} disable trigger all"),
            format!("drop trigger rows_are_fixed on {table}"),
            format!("drop table {table} cascade"),
            format!("create rule pass as on insert to {table} do instead nothing"),
            "set session_replication_role = replica".to_owned(),
            "create or replace function refuse_change() returns trigger language plpgsql as \
             'begin return new; end'"
                .to_owned(),
        ] {
            let error = service.pool.execute(AssertSqlSafe(attempt.clone())).await.unwrap_err();
            let code = error.as_database_error().unwrap().code().unwrap().into_owned();
            assert_eq!(
                code,
                chengping_chassis::postgres::sqlstate::INSUFFICIENT_PRIVILEGE,
                "{attempt}"
            );
        }
    }
}
