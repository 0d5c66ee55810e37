//! Backups and restores as commands, and what a database says of itself.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use chengping_chassis::postgres::private::url_of_running;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::{Done, program, root};

fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    let output = Command::new(program("chengping"))
        .args(arguments)
        .args(["--format", "json"])
        .current_dir(root())
        .env("DATABASE_URL", "")
        .env_remove("CHENGPING_DATA")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    Done::of(output)
}

pub(super) fn backup(data: &Path, to: &Path, variables: &[(&str, &str)]) -> Done {
    let (data, to) = (data.to_str().unwrap(), to.to_str().unwrap());
    command(&["backup", "--data", data, "--to", to], variables)
}

pub(super) fn restore(from: &Path, data: &Path, variables: &[(&str, &str)]) -> Done {
    let (data, from) = (data.to_str().unwrap(), from.to_str().unwrap());
    command(&["restore", "--data", data, "--from", from], variables)
}

pub(super) fn validate(from: &Path) -> Done {
    command(&["restore", "--validate-only", "--from", from.to_str().unwrap()], &[])
}

pub(super) fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// The URL of the private server of a data folder; `None` where none runs.
pub(super) fn of_server(data: &Path) -> Option<String> {
    url_of_running(&data.join("postgres"), "chengping").unwrap()
}

pub(super) async fn number(url: &str, query: &'static str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
}

/// How many records were taken in.
pub(super) async fn watermark(data: &Path) -> i64 {
    let sum = "SELECT coalesce(sum(watermark), 0)::bigint FROM case_ingestion.jurisdiction";
    number(&of_server(data).unwrap(), sum).await
}

/// How many there are.
pub(super) async fn rows(data: &Path) -> i64 {
    let count = "SELECT (SELECT count(*) FROM case_ingestion.case_record)
        + (SELECT count(*) FROM case_ingestion.event)";
    number(&of_server(data).unwrap(), count).await
}

/// Who owns what, and may do what: everything that PostgreSQL keeps of it, in order. What it keeps
/// of rights that are the default is nothing, or these.
const RIGHTS: &str = "
    WITH ours AS (SELECT oid, nspname, nspowner, nspacl FROM pg_namespace
        WHERE nspname IN ('case_ingestion', 'rule_configuration', 'scoring', 'result_publication')),
    things AS (
        SELECT 'schema ' || nspname AS thing, nspowner AS owner, nspacl AS acl FROM ours
        UNION ALL
        SELECT relkind::text || ' ' || relname, relowner, coalesce(relacl, acldefault('r', relowner))
            FROM pg_class JOIN ours ON ours.oid = relnamespace
        UNION ALL
        SELECT 'function ' || proname, proowner, coalesce(proacl, acldefault('f', proowner))
            FROM pg_proc JOIN ours ON ours.oid = pronamespace
        UNION ALL
        SELECT 'default of ' || nspname || ' ' || defaclobjtype::text, defaclrole, defaclacl
            FROM pg_default_acl JOIN ours ON ours.oid = defaclnamespace
        UNION ALL
        SELECT 'database', datdba, datacl FROM pg_database WHERE datname = current_database()
        UNION ALL
        SELECT 'column ' || relname || '.' || attname, relowner, attacl
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN ours ON ours.oid = relnamespace
            WHERE attacl IS NOT NULL
        UNION ALL
        SELECT 'trigger ' || relname || ' ' || tgname || ' ' || tgenabled::text, relowner, NULL
            FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN ours ON ours.oid = relnamespace
            WHERE NOT tgisinternal
    )
    SELECT thing || ' of ' || owner::regrole::text || ': ' || coalesce((
        SELECT string_agg(item::text, ' ' ORDER BY item::text) FROM unnest(acl) AS item), '-')
    FROM things
    UNION ALL
    SELECT 'role ' || rolname || ' ' || rolcanlogin::text || rolsuper::text || rolinherit::text
            || rolcreaterole::text || rolcreatedb::text || rolbypassrls::text
        FROM pg_roles WHERE rolname !~ '^pg_'
    ORDER BY 1";

pub(super) async fn rights(url: &str) -> BTreeSet<String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let found: Vec<String> = sqlx::query_scalar(RIGHTS).fetch_all(&mut connection).await.unwrap();
    assert!(found.len() > 100, "only {} rights", found.len());
    found.into_iter().collect()
}

/// What nobody may do, the administrator included: the role, what it tries, and how it is refused.
pub(super) const PROMISES: [(&str, &str, &str); 4] = [
    ("postgres", "UPDATE result_publication.log_entry SET month = '2020-01'", "23001"),
    ("postgres", "DELETE FROM result_publication.checkpoint", "23001"),
    ("result_publication", "UPDATE result_publication.log_entry SET month = '2020-01'", "42501"),
    ("scoring", "SELECT * FROM case_ingestion.case_record", "42501"),
];

/// The SQLSTATE by which a statement of a role is refused, if it is.
pub(super) async fn refused(data: &Path, role: &str, statement: &str) -> Option<String> {
    let url = of_server(data).unwrap().replace("//postgres@", &format!("//{role}@"));
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let tried = sqlx::query(AssertSqlSafe(statement)).execute(&mut *transaction).await;
    tried.err()?.as_database_error()?.code().map(|code| code.into_owned())
}
