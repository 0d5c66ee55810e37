use std::borrow::Cow;

use chengping_chassis::config::DatabaseConfig;
use chengping_chassis::postgres::{
    self, Fault, MigrationError, PostgresError, Provision, check_migrations, migrate, provision,
    sqlstate, sqlstate_of,
};
use chengping_testing::TestDatabase;
use futures_util::future::join_all;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgPool;
use sqlx::{Connection as _, Executor as _, PgConnection};

const FIRST: &str = "
    CREATE TABLE toy (toy_id bigint PRIMARY KEY, name text NOT NULL CHECK (name <> ''));
    CREATE TABLE entry (entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        toy_id bigint REFERENCES toy);
    REVOKE UPDATE, DELETE ON entry FROM toy_service";
const SECOND: &str = "ALTER TABLE toy ADD COLUMN note text";

fn migrator(scripts: &[&'static str]) -> Migrator {
    let migration = |(index, sql): (usize, &&'static str)| {
        let sql = sqlx::SqlSafeStr::into_sql_str(*sql);
        let version = i64::try_from(index).unwrap() + 1;
        Migration::new(version, Cow::Borrowed("toy"), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(scripts.iter().enumerate().map(migration).collect())
}

async fn database() -> (TestDatabase, PgPool) {
    let database = TestDatabase::new().await.unwrap();
    let pool = database.migrated("toy", "toy_service", &migrator(&[FIRST])).await.unwrap();
    (database, pool)
}

async fn refusal(pool: &PgPool, sql: &'static str) -> sqlx::Error {
    pool.execute(sql).await.expect_err(sql)
}

#[tokio::test]
async fn the_service_reads_and_writes_rows_and_no_more() {
    let (_database, pool) = database().await;
    pool.execute("INSERT INTO toy VALUES (1, 'a'); UPDATE toy SET name = 'b'").await.unwrap();
    pool.execute("INSERT INTO entry (toy_id) VALUES (1)").await.unwrap();

    for sql in [
        "UPDATE entry SET toy_id = 2",
        "DELETE FROM entry",
        "TRUNCATE toy",
        "CREATE TABLE other ()",
        "DROP TABLE toy",
        "ALTER TABLE toy ADD COLUMN x text",
        "CREATE SCHEMA other",
        "DELETE FROM _sqlx_migrations",
        "SET ROLE toy_owner",
    ] {
        let error = refusal(&pool, sql).await;
        let code = sqlstate_of(&error).unwrap();
        assert_eq!(code, sqlstate::INSUFFICIENT_PRIVILEGE, "{sql}: {error}");
    }
    let other = "SELECT has_schema_privilege('toy_service', 'public', 'CREATE')";
    assert!(!sqlx::query_scalar::<_, bool>(other).fetch_one(&pool).await.unwrap());
}

#[tokio::test]
async fn sessions_are_named_and_see_their_schema_in_universal_time() {
    let (_database, pool) = database().await;
    let settings: (String, String, String) = sqlx::query_as(
        "SELECT current_setting('search_path'), current_setting('timezone'),
             current_setting('application_name')",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(settings.0, "toy");
    assert_eq!(settings.1, "UTC");
    assert!(settings.2.contains("toy"), "{}", settings.2);
}

#[tokio::test]
async fn provisioning_may_be_repeated_and_raced() {
    let first = TestDatabase::new().await.unwrap();
    let second = TestDatabase::new().await.unwrap();
    // Roles of this test alone, since roles are shared by all databases of a server.
    let role = format!("race_{}", first.name());
    let what = Provision::new(&role, &format!("{role}_rt")).unwrap();
    let admins = [&first, &second].map(TestDatabase::admin_url);
    let all = (0..12).map(|index| provision(admins[index % 2], &what));
    for outcome in join_all(all).await {
        outcome.unwrap();
    }
    provision(first.admin_url(), &what).await.unwrap();

    let mut admin = PgConnection::connect(first.admin_url()).await.unwrap();
    let logins: Vec<(String, bool)> = sqlx::query_as(
        "SELECT rolname::text, rolcanlogin FROM pg_roles WHERE starts_with(rolname, $1) ORDER BY 1",
    )
    .bind(&role)
    .fetch_all(&mut admin)
    .await
    .unwrap();
    assert_eq!(logins, [(format!("{role}_owner"), false), (format!("{role}_rt"), true)]);
}

#[tokio::test]
async fn a_schema_of_somebody_else_is_left_alone() {
    let database = TestDatabase::new().await.unwrap();
    let mut admin = PgConnection::connect(database.admin_url()).await.unwrap();
    admin.execute("CREATE SCHEMA toy").await.unwrap();
    let what = Provision::new("toy", "toy_service").unwrap();
    let error = provision(database.admin_url(), &what).await.unwrap_err();
    assert!(matches!(&error, PostgresError::ForeignSchema { found, .. } if found == "postgres"));
}

#[tokio::test]
async fn an_administrator_who_is_no_superuser_can_provision_and_migrate() {
    let database = TestDatabase::new().await.unwrap();
    let name = format!("admin_{}", database.name());
    let mut admin = PgConnection::connect(database.admin_url()).await.unwrap();
    let grant = format!(
        "CREATE ROLE {name} LOGIN CREATEROLE;
         ALTER DATABASE {} OWNER TO {name}",
        database.name()
    );
    admin.execute(sqlx::AssertSqlSafe(grant)).await.unwrap();
    let url = database.url_for(&name);
    let schema = format!("s_{}", database.name());
    provision(&url, &Provision::new(&schema, &format!("{schema}_rt")).unwrap()).await.unwrap();
    migrate(&url, &schema, &migrator(&[SECOND_ALONE])).await.unwrap();
    migrate(&url, &schema, &migrator(&[SECOND_ALONE])).await.unwrap();
}

const SECOND_ALONE: &str = "CREATE TABLE alone (alone_id bigint PRIMARY KEY)";

#[tokio::test]
async fn migrations_may_be_raced_and_are_checked() {
    let (database, pool) = database().await;
    let both = migrator(&[FIRST, SECOND]);
    let error = check_migrations(&pool, "toy", &both).await.unwrap_err();
    let MigrationError::Pending { first: 2, count: 1, .. } = &error else { panic!("{error}") };

    let all = (0..4).map(|_| migrate(database.admin_url(), "toy", &both));
    for outcome in join_all(all).await {
        outcome.unwrap();
    }
    check_migrations(&pool, "toy", &both).await.unwrap();
    // An older release goes on beside a newer one.
    check_migrations(&pool, "toy", &migrator(&[FIRST])).await.unwrap();

    let error = check_migrations(&pool, "toy", &migrator(&[SECOND])).await.unwrap_err();
    let MigrationError::Changed { version: 1, .. } = &error else { panic!("{error}") };
}

#[tokio::test]
async fn a_schema_without_any_migration_says_how_to_go_on() {
    let database = TestDatabase::new().await.unwrap();
    provision(database.admin_url(), &Provision::new("toy", "toy_service").unwrap()).await.unwrap();
    let config = DatabaseConfig::at(database.url_for("toy_service"));
    let pool = postgres::pool(&config, "toy").await.unwrap();
    let error = check_migrations(&pool, "toy", &migrator(&[FIRST])).await.unwrap_err();
    assert!(error.to_string().ends_with("run `migrate`"), "{error}");
}

#[tokio::test]
async fn a_failed_migration_leaves_no_trace_and_no_lock() {
    let (database, pool) = database().await;
    let broken = migrator(&[FIRST, "CREATE TABLE half (); SELECT 1 / 0"]);
    for _ in 0..2 {
        let error = migrate(database.admin_url(), "toy", &broken).await.unwrap_err();
        assert!(matches!(error, MigrationError::Failed { .. }), "{error}");
    }
    let half: Option<String> =
        sqlx::query_scalar("SELECT to_regclass('half')::text").fetch_one(&pool).await.unwrap();
    assert_eq!(half, None);
    migrate(database.admin_url(), "toy", &migrator(&[FIRST, SECOND])).await.unwrap();
}

#[tokio::test]
async fn faults_are_told_apart() {
    let (database, pool) = database().await;
    pool.execute("INSERT INTO toy VALUES (1, 'a')").await.unwrap();
    let fault = async |sql| Fault::of(&refusal(&pool, sql).await);

    let conflict = Fault::Conflict { constraint: "toy_pkey".to_owned() };
    assert_eq!(fault("INSERT INTO toy VALUES (1, 'b')").await, conflict);
    let check = Fault::Constraint { constraint: "toy_name_check".to_owned() };
    assert_eq!(fault("INSERT INTO toy VALUES (2, '')").await, check);
    let key = Fault::Constraint { constraint: "entry_toy_id_fkey".to_owned() };
    assert_eq!(fault("INSERT INTO entry (toy_id) VALUES (9)").await, key);
    assert_eq!(fault("SELECT nonsense").await, Fault::Other);
    assert_eq!(fault("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$").await, Fault::Race);

    // The connection is ended under the pool's hands.
    let mut victim = pool.acquire().await.unwrap();
    let pid: i32 =
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *victim).await.unwrap();
    let mut admin = PgConnection::connect(database.admin_url()).await.unwrap();
    sqlx::query("SELECT pg_terminate_backend($1)").bind(pid).execute(&mut admin).await.unwrap();
    let error = victim.execute("SELECT pg_sleep(60)").await.unwrap_err();
    assert_eq!(Fault::of(&error), Fault::Unavailable, "{error}");
}
