use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::migrate::TABLE;
use super::{Identifier, PostgresError, connect_admin};

/// One moment of a database, which does not pass for as long as this lives.
#[derive(Debug)]
pub struct Snapshot {
    connection: PgConnection,
    id: String,
    version_number: u32,
    version: String,
}

impl Snapshot {
    /// The moment that is now, seen by an administrator.
    ///
    /// # Errors
    ///
    /// If the server is too old, or cannot be reached.
    pub async fn take(admin_url: &str) -> Result<Self, PostgresError> {
        let mut connection = connect_admin(admin_url).await?;
        connection
            .execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
                 SET LOCAL idle_in_transaction_session_timeout = 0;
                 SET LOCAL statement_timeout = 0",
            )
            .await?;
        let (id, number, version): (String, i32, String) = sqlx::query_as(
            "SELECT pg_export_snapshot(), current_setting('server_version_num')::int,
                 current_setting('server_version')",
        )
        .fetch_one(&mut connection)
        .await?;
        Ok(Self { connection, id, version_number: number.unsigned_abs(), version })
    }

    /// Its name, by which other sessions see the same moment.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The major version of the server.
    pub const fn major(&self) -> u32 {
        self.version_number / 10_000
    }

    /// The version of the server, as it writes it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Those of `names` that are schemas.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn schemas_among(&mut self, names: &[&str]) -> Result<Vec<String>, PostgresError> {
        let found = sqlx::query_scalar(
            "SELECT nspname::text FROM pg_namespace WHERE nspname = ANY($1) ORDER BY 1",
        )
        .bind(names)
        .fetch_all(&mut self.connection)
        .await?;
        Ok(found)
    }

    /// The versions of the migrations of `schema` that were applied, in order.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn migrations(&mut self, schema: &str) -> Result<Vec<i64>, PostgresError> {
        let schema = Identifier::new(schema)?;
        let list = format!("SELECT version FROM {schema}.{TABLE} WHERE success ORDER BY version");
        Ok(sqlx::query_scalar(AssertSqlSafe(list)).fetch_all(&mut self.connection).await?)
    }

    /// The connection, on which names are those of `schema`.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn within(&mut self, schema: &str) -> Result<&mut PgConnection, PostgresError> {
        let set = format!("SET LOCAL search_path = {}", Identifier::new(schema)?);
        self.connection.execute(AssertSqlSafe(set)).await?;
        Ok(&mut self.connection)
    }

    /// Lets it pass.
    pub async fn close(self) {
        // The server ends the session in any case.
        let _ = self.connection.close().await;
    }
}

/// Gathers what the planner of the database knows of its tables, which no dump holds.
///
/// # Errors
///
/// If the server does not answer.
pub async fn analyze(admin_url: &str) -> Result<(), PostgresError> {
    let mut connection = connect_admin(admin_url).await?;
    connection.execute("ANALYZE").await?;
    Ok(connection.close().await?)
}

/// Removes schemas with everything in them; one that is not there is none to remove.
///
/// # Errors
///
/// If the server refuses; then all are still there.
pub async fn drop_schemas(admin_url: &str, schemas: &[&str]) -> Result<(), PostgresError> {
    let mut connection = connect_admin(admin_url).await?;
    let mut transaction = connection.begin().await?;
    for schema in schemas {
        let schema = Identifier::new(*schema)?;
        let drop = format!("DROP SCHEMA IF EXISTS {schema} CASCADE");
        transaction.execute(AssertSqlSafe(drop)).await?;
    }
    transaction.commit().await?;
    Ok(connection.close().await?)
}
