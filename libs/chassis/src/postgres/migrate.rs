use std::collections::BTreeMap;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::provision::owner_of;
use super::{Identifier, PostgresError, connect_admin, sqlstate, sqlstate_of};

/// Where sqlx keeps what was applied, in the schema of the service.
pub(super) const TABLE: &str = "_sqlx_migrations";

/// Why a schema is not as the service needs it.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database cannot be used.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// A migration failed, or does not follow from those applied.
    #[error("the migrations of schema {schema} failed")]
    Failed {
        /// The schema.
        schema: String,
        /// Why.
        #[source]
        source: MigrateError,
    },
    /// Migrations wait to be applied.
    #[error("schema {schema} lacks {count} migrations, the first is {first}; run `migrate`")]
    Pending {
        /// The schema.
        schema: String,
        /// The version of the first that is missing.
        first: i64,
        /// How many are missing.
        count: usize,
    },
    /// An applied migration is not the one that this program knows.
    #[error(
        "migration {version} of schema {schema} was applied with other content; use the \
             release that applied it"
    )]
    Changed {
        /// The schema.
        schema: String,
        /// The version at fault.
        version: i64,
    },
}

impl From<sqlx::Error> for MigrationError {
    fn from(error: sqlx::Error) -> Self {
        Self::Postgres(error.into())
    }
}

/// Applies to `schema` the migrations that it lacks, as its owner. [Provision](super::provision)
/// it first.
///
/// Any number of processes may do this at once: one works, the others wait.
///
/// # Errors
///
/// If a migration fails; the database is then as the last good one left it.
pub async fn migrate(
    admin_url: &str,
    schema: &str,
    migrator: &Migrator,
) -> Result<(), MigrationError> {
    let schema = Identifier::new(schema).map_err(PostgresError::from)?;
    let mut connection = connect_admin(admin_url).await?;
    let outcome = migrate_as_owner(&mut connection, &schema, migrator).await;
    // The session holds the lock of the migrator, which outlives a failed migration.
    connection.close().await?;
    outcome
}

async fn migrate_as_owner(
    connection: &mut PgConnection,
    schema: &Identifier,
    migrator: &Migrator,
) -> Result<(), MigrationError> {
    let owner = owner_of(schema)?;
    connection
        .execute(AssertSqlSafe(format!("SET ROLE {owner}; SET search_path = {schema}")))
        .await?;
    migrator
        .run_direct(None, &mut *connection, false)
        .await
        .map_err(|source| MigrationError::Failed { schema: schema.as_str().to_owned(), source })?;
    protect_record(connection, schema).await?;
    Ok(())
}

/// Lets the runtime role read what was applied, and nobody but the owner write it.
async fn protect_record(
    connection: &mut PgConnection,
    schema: &Identifier,
) -> Result<(), sqlx::Error> {
    let writers: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT acl.grantee::regrole::text
         FROM pg_class, aclexplode(relacl) AS acl
         WHERE oid = $1::regclass AND acl.grantee <> relowner AND acl.privilege_type = 'INSERT'",
    )
    .bind(format!("{schema}.{TABLE}"))
    .fetch_all(&mut *connection)
    .await?;
    for writer in writers {
        // `regrole` has quoted the name where it needs quotes.
        let revoke = format!("REVOKE INSERT, UPDATE, DELETE ON {schema}.{TABLE} FROM {writer}");
        connection.execute(AssertSqlSafe(revoke)).await?;
    }
    Ok(())
}

/// Whether the schema behind `pool` is fit for this program.
///
/// Migrations that this program does not know are no fault: a newer release put them there, and
/// takes care that this one can go on.
///
/// # Errors
///
/// If migrations are missing or differ.
pub async fn check_migrations(
    pool: &PgPool,
    schema: &str,
    migrator: &Migrator,
) -> Result<(), MigrationError> {
    let name = Identifier::new(schema).map_err(PostgresError::from)?;
    let list = format!("SELECT version, checksum FROM {name}.{TABLE} WHERE success");
    let rows = sqlx::query_as::<_, (i64, Vec<u8>)>(AssertSqlSafe(list)).fetch_all(pool).await;
    let applied: BTreeMap<i64, Vec<u8>> = match rows {
        Ok(rows) => rows.into_iter().collect(),
        Err(error) if sqlstate_of(&error).as_deref() == Some(sqlstate::UNDEFINED_TABLE) => {
            BTreeMap::new()
        }
        Err(error) => return Err(error.into()),
    };
    let ours = || migrator.iter().filter(|migration| !migration.migration_type.is_down_migration());
    for migration in ours() {
        let found = applied.get(&migration.version);
        if found.is_some_and(|checksum| checksum[..] != migration.checksum[..]) {
            let (schema, version) = (schema.to_owned(), migration.version);
            return Err(MigrationError::Changed { schema, version });
        }
    }
    let mut missing = ours().map(|m| m.version).filter(|version| !applied.contains_key(version));
    match missing.next() {
        None => Ok(()),
        Some(first) => {
            let count = 1 + missing.count();
            Err(MigrationError::Pending { schema: schema.to_owned(), first, count })
        }
    }
}
