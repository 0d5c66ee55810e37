//! A database of a former release is brought up to date with all that is in it.

use std::borrow::Cow;

use chengping_chassis::postgres::{self, Provision};
use chengping_rule_configuration::{MIGRATOR, SCHEMA};
use chengping_testing::TestDatabase;
use sqlx::PgPool;
use sqlx::migrate::Migrator;

/// The migration that renames `commit_request`.
const REQUESTS: i64 = 20_261_129_160_001;

/// The migrations before that of this version.
fn before(version: i64) -> Migrator {
    let earlier = MIGRATOR.iter().filter(|migration| migration.version < version);
    Migrator { migrations: Cow::Owned(earlier.cloned().collect()), ..Migrator::DEFAULT }
}

const FORMER_ROWS: &str = "
    SET search_path = rule_configuration;
    INSERT INTO rule_pack VALUES ('zz', 'p', 'P', 'Asia/Shanghai', 2, 3, '2018-01-01Z', '2018-01-02Z');
    INSERT INTO rule_pack_revision (jurisdiction, rule_pack, revision, digest, source,
                                    source_digest, canonical, warnings, author, create_time)
    VALUES ('zz', 'p', 1, 'sha256:01', 'a: 1', 'sha256:0a', '{}', '[]', 'li', '2018-01-01Z'),
           ('zz', 'p', 2, 'sha256:02', 'a: 2', 'sha256:0b', '{}', '[]', 'li', '2018-01-02Z');
    INSERT INTO rule_pack_review VALUES ('zz', 'p', 1, 'active', '2018-03', 'wang', 4),
                                        ('zz', 'p', 2, 'draft', NULL, '', 1);
    INSERT INTO commit_request VALUES
        ('zz', '0190a0b0-0000-4000-8000-000000000001', 'sha256:0c', 'p', 1, '2018-01-01Z'),
        ('zz', '0190a0b0-0000-4000-8000-000000000002', 'sha256:0d', 'p', 2, '2018-01-02Z');
";

#[tokio::test]
async fn former_commits_answer_their_repeats_as_before() {
    let database = TestDatabase::new().await.unwrap();
    let url = database.admin_url();
    postgres::provision(url, &Provision::new(SCHEMA, SCHEMA).unwrap()).await.unwrap();
    postgres::migrate(url, SCHEMA, &before(REQUESTS)).await.unwrap();
    let admin = PgPool::connect(url).await.unwrap();
    sqlx::raw_sql(FORMER_ROWS).execute(&admin).await.unwrap();
    postgres::migrate(url, SCHEMA, &MIGRATOR).await.unwrap();

    type Request = (String, String, i64, String, Option<String>, String, i64);
    let requests: Vec<Request> = sqlx::query_as(
        "SELECT content_digest, method, revision, state, active_from, approver, version
         FROM rule_configuration.rule_pack_request ORDER BY request_id",
    )
    .fetch_all(&admin)
    .await
    .unwrap();
    let method = || "chengping.rules.v1.RulePackService/CommitRulePackRevision".to_owned();
    let text = str::to_owned;
    let expected = vec![
        (text("sha256:0c"), method(), 1, text("active"), Some(text("2018-03")), text("wang"), 4),
        (text("sha256:0d"), method(), 2, text("draft"), None, String::new(), 1),
    ];
    assert_eq!(requests, expected);
    let revisions: Vec<(i64, String, Option<i64>, String)> = sqlx::query_as(
        "SELECT revision, source, parent_revision, overrides::text
         FROM rule_configuration.rule_pack_revision ORDER BY revision",
    )
    .fetch_all(&admin)
    .await
    .unwrap();
    let expected = vec![(1, text("a: 1"), None, text("[]")), (2, text("a: 2"), None, text("[]"))];
    assert_eq!(revisions, expected);
    // What is evidence is still closed to every change.
    let change = "UPDATE rule_configuration.rule_pack_revision SET author = 'x'";
    sqlx::query(change).execute(&admin).await.unwrap_err();
    // And the service reads and writes the table under its new name.
    let service = PgPool::connect(&database.url_for(SCHEMA)).await.unwrap();
    let can: bool = sqlx::query_scalar(
        "SELECT has_table_privilege('rule_configuration.rule_pack_request', 'SELECT, INSERT')",
    )
    .fetch_one(&service)
    .await
    .unwrap();
    assert!(can);
}
