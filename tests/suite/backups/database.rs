//! A database that was named, and a backup that a former release made.

use std::fs;

use chengping_chassis::postgres::{Provision, migrate, provision};
use chengping_testing::{Cluster, TestDatabase};
use sqlx::migrate::Migrator;
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::world::{backup, number, restore, rights};
use crate::publication::run;
use crate::support::{Suite, chengping, folder};

/// A database as the first release left it: with the first migrations of each schema.
async fn former() -> TestDatabase {
    let database = TestDatabase::new().await.unwrap();
    for (schema, migrator, kept) in [
        (chengping_rule_configuration::SCHEMA, &chengping_rule_configuration::MIGRATOR, 3),
        (chengping_case_ingestion::SCHEMA, &chengping_case_ingestion::MIGRATOR, 1),
        (chengping_scoring_service::SCHEMA, &chengping_scoring_service::MIGRATOR, 1),
        (chengping_result_publication::SCHEMA, &chengping_result_publication::MIGRATOR, 3),
    ] {
        let what = Provision::new(schema, schema).unwrap();
        provision(database.admin_url(), &what).await.unwrap();
        let first = Migrator::with_migrations(migrator.iter().take(kept).cloned().collect());
        migrate(database.admin_url(), schema, &first).await.unwrap();
    }
    let mut connection = PgConnection::connect(database.admin_url()).await.unwrap();
    connection
        .execute(
            "INSERT INTO case_ingestion.jurisdiction (jurisdiction, watermark) VALUES ('zz', 1);
             INSERT INTO case_ingestion.case_record (jurisdiction, case_no, sequence, source,
                 category_scheme, category_code, area_code) VALUES ('zz', 'A1', 1, 1, 's', '01', 'R')",
        )
        .await
        .unwrap();
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_former_release_is_brought_up_to_date_wherever_it_goes() {
    let former = former().await;
    let place = folder();
    let (data, from) = (place.path().join("data"), place.path().join("backup"));
    let of = |database: &TestDatabase| database.admin_url().to_owned();
    let manifest = backup(&data, &from, &[("DATABASE_URL", &of(&former))]).json(0);
    assert_eq!(manifest["jurisdictions"][0]["watermark"], 1);
    assert_eq!(manifest["migrations"]["scoring"].as_array().unwrap().len(), 1);
    assert!(!data.exists(), "nothing is made beside the backup");

    // To a private server.
    let target = folder();
    restore(&from, &target.path().join("data"), &[]).expect(0);
    let suite = Suite::start_in(target).await;
    let read = run(&suite, &["rejects", "--format", "json"]).json(0);
    assert_eq!(read.as_array().map(Vec::len), Some(0), "{read}");
    assert_eq!(super::watermark(&suite.data()).await, 1);
    suite.stop().await;

    // To another database, which a suite then serves from.
    let other = TestDatabase::new().await.unwrap();
    let url = of(&other);
    let target = folder();
    restore(&from, &target.path().join("data"), &[("DATABASE_URL", &url)]).expect(0);
    let suite = Suite::start_with(target, &[("DATABASE_URL", &url)]).await;
    run(&suite, &["rejects"]).expect(0);
    // It runs, and its database is not named.
    let done = backup(&suite.data(), &place.path().join("unnamed"), &[]);
    assert!(done.stderr.contains("set DATABASE_URL"), "{}", done.stderr);
    done.expect(1);
    backup(&suite.data(), &place.path().join("named"), &[("DATABASE_URL", &url)]).expect(0);
    suite.stop().await;

    // Where there are data already, nothing is touched.
    let full = restore(&from, &place.path().join("new"), &[("DATABASE_URL", &url)]);
    assert!(full.stderr.contains("has data already"), "{}", full.stderr);
    full.expect(1);
    let count = "SELECT count(*) FROM case_ingestion.case_record";
    assert_eq!(number(&url, count).await, 1);
    assert!(!place.path().join("new/keys").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_without_all_powers_backs_up_and_restores_with_all_rights() {
    let cluster = Cluster::start().await.unwrap();
    let mut connection = PgConnection::connect(&cluster.admin_url()).await.unwrap();
    for statement in [
        "CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'p@ss/1'",
        "CREATE DATABASE one OWNER keeper",
        "CREATE DATABASE two OWNER keeper",
    ] {
        connection.execute(statement).await.unwrap();
    }
    let url = |database: &str| {
        let url = cluster.admin_url().replace("//postgres@", "//keeper:p%40ss%2F1@");
        url.replace("/postgres?", &format!("/{database}?"))
    };
    let place = folder();
    let (data, from) = (place.path().join("data"), place.path().join("backup"));
    chengping(&data, &["migrate", "--database-url", &url("one")]).expect(0);
    backup(&data, &from, &[("DATABASE_URL", &url("one"))]).expect(0);
    restore(&from, &data, &[("DATABASE_URL", &url("two"))]).expect(0);
    assert_eq!(rights(&url("two")).await, rights(&url("one")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said_and_no_password_is_told() {
    let empty = TestDatabase::new().await.unwrap();
    let place = folder();
    let to = place.path().join("backup");
    let done = backup(place.path(), &to, &[("DATABASE_URL", empty.admin_url())]);
    assert!(
        done.stderr.contains("no schema") && done.stderr.contains("scoring"),
        "{}",
        done.stderr
    );
    done.expect(1);

    let bare = [("DATABASE_URL", empty.admin_url()), ("CHENGPING_POSTGRES_BIN", "/nowhere")];
    let done = backup(place.path(), &to, &bare);
    assert!(done.stderr.contains("/nowhere") && done.stderr.contains("postgresql-client-"));
    done.expect(1);

    let wrong = "postgres://nobody:hunter2@127.0.0.1:1/none";
    let done = backup(place.path(), &to, &[("DATABASE_URL", wrong)]);
    assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
    done.expect(1);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}
