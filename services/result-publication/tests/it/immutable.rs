//! What is published stays as it is, whoever tries.

use chengping_chassis::postgres::sqlstate::INSUFFICIENT_PRIVILEGE;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::service::{Service, start};

const KEPT: [&str; 12] = [
    "log_entry",
    "checkpoint",
    "evaluation_document",
    "version_move",
    "version_request",
    "inquiry_evidence",
    "inquiry_event",
    "inquiry_move",
    "made_request",
    "touched_version",
    "publication_lines",
    "log_key",
];

/// The code of a trigger that refuses.
const RESTRICT_VIOLATION: &str = "23001";

fn attempts(table: &str) -> [String; 3] {
    [
        format!("update {table} set jurisdiction = 'other'"),
        format!("delete from {table}"),
        format!("truncate {table} cascade"),
    ]
}

async fn with_everything() -> Service {
    let service = start().await;
    let mut request = crate::service::create_request(
        "2018-04",
        &service.scoring.add("e1", "2018-04", "94.26"),
        "",
    );
    request.request_id = uuid::Uuid::new_v4().to_string();
    let version = service.bulletins.clone().create_bulletin_version(request).await.unwrap();
    service.publish(&version.get_ref().name).await.unwrap();
    crate::deciding::with_a_decision(&service).await;
    let later = service.published("e0", "2018-05", "").await;
    service.scoring.touch(&later.evaluation, "d01");
    service.published("e2", "2018-04", "because").await;
    let request = chengping_proto::publication::v1::RotateLogKeyRequest {
        parent: crate::service::ZZ.to_owned(),
        reason: "a new year".to_owned(),
        expected_verifier_key: service.log_keys().await[0].verifier_key.clone(),
        validate_only: false,
    };
    service.ledger.clone().rotate_log_key(request).await.unwrap();
    service
}

async fn code_of(connection: &mut PgConnection, attempt: &str) -> String {
    let error = connection.execute(AssertSqlSafe(attempt.to_owned())).await.unwrap_err();
    error.as_database_error().unwrap().code().unwrap().into_owned()
}

#[tokio::test]
async fn the_service_itself_may_not_change_what_is_published() {
    let service = with_everything().await;
    let mut runtime = service.pool.acquire().await.unwrap();
    for attempt in KEPT.iter().flat_map(|table| attempts(table)) {
        assert_eq!(code_of(&mut runtime, &attempt).await, INSUFFICIENT_PRIVILEGE, "{attempt}");
    }
}

#[tokio::test]
async fn neither_may_the_owner_by_mistake() {
    let service = with_everything().await;
    let mut owner = PgConnection::connect(service.database.admin_url()).await.unwrap();
    owner
        .execute("set role result_publication_owner; set search_path = result_publication")
        .await
        .unwrap();
    for attempt in KEPT.iter().flat_map(|table| attempts(table)) {
        assert_eq!(code_of(&mut owner, &attempt).await, RESTRICT_VIOLATION, "{attempt}");
    }
}

#[tokio::test]
async fn of_a_published_version_nothing_moves_but_its_state() {
    let service = with_everything().await;
    let mut runtime = service.pool.acquire().await.unwrap();
    for attempt in [
        "update bulletin_version set evaluation = 'e2' where version = 1",
        "update bulletin_version set reason = 'another' where version = 2",
        "update bulletin_version set state = 'computed' where version = 2",
        "update bulletin_version set state = 'published' where version = 1",
        "update bulletin_version set waive_reason = 'none' where version = 2",
        "update bulletin_version set create_time = now() where version = 2",
        "update bulletin_version set state = 'withdrawn' where version = 1 and month = '2018-04'",
        "delete from bulletin_version",
        "update inquiry set statement = 'another'",
        "update inquiry set answer = 'another'",
        "update inquiry set state = 'refused'",
        "delete from inquiry",
    ] {
        assert_eq!(code_of(&mut runtime, attempt).await, RESTRICT_VIOLATION, "{attempt}");
    }
}
