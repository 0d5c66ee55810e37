use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::{Identifier, PostgresError, connect_admin, sqlstate, sqlstate_of};
use crate::config::Secret;

/// Roles and schemas belong to the whole cluster or database, and others may be at it as well.
const ATTEMPTS_MAX: u32 = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// What a service needs before its first migration.
#[derive(Debug, Clone)]
pub struct Provision {
    schema: Identifier,
    owner: Identifier,
    role: Identifier,
    password: Option<Secret<String>>,
}

impl Provision {
    /// `schema`, owned by `<schema>_owner`, for a service that logs in as `role`.
    ///
    /// # Errors
    ///
    /// If a name is not a plain one.
    pub fn new(schema: &str, role: &str) -> Result<Self, PostgresError> {
        Ok(Self {
            schema: Identifier::new(schema)?,
            owner: owner_of(&Identifier::new(schema)?)?,
            role: Identifier::new(role)?,
            password: None,
        })
    }

    /// Gives the role a password; where the server trusts its socket, none is needed.
    #[must_use]
    pub fn password(mut self, password: Secret<String>) -> Self {
        self.password = Some(password);
        self
    }
}

/// The role that owns `schema` and runs its migrations.
pub(super) fn owner_of(schema: &Identifier) -> Result<Identifier, PostgresError> {
    Ok(Identifier::new(format!("{}_owner", schema.as_str()))?)
}

/// Creates what is missing: the owner (which nobody can log in as), the runtime role, the schema,
/// and the privileges. The runtime role may read and write rows of tables that migrations create,
/// unless a migration revokes it, and may neither create nor change a table.
///
/// It may be repeated, and run by any number of processes at once.
///
/// # Errors
///
/// If the server is too old, cannot be reached, or `admin_url` may not create roles.
pub async fn provision(admin_url: &str, what: &Provision) -> Result<(), PostgresError> {
    repeat(admin_url, what, Extent::Everything).await
}

/// Creates what a dump of the schema takes for granted: its owner, the runtime role, and that this
/// may enter the database. The schema itself, with its privileges, comes out of the dump.
///
/// # Errors
///
/// As [`provision`].
pub async fn provision_roles(admin_url: &str, what: &Provision) -> Result<(), PostgresError> {
    repeat(admin_url, what, Extent::Roles).await
}

/// How much is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Roles,
    Everything,
}

async fn repeat(admin_url: &str, what: &Provision, extent: Extent) -> Result<(), PostgresError> {
    let mut connection = connect_admin(admin_url).await?;
    let mut attempt = 1;
    let outcome = loop {
        match try_provision(&mut connection, what, extent).await {
            Err(PostgresError::Database(error)) if attempt < ATTEMPTS_MAX && lost_race(&error) => {
                tokio::time::sleep(PAUSE * attempt).await;
                attempt += 1;
            }
            outcome => break outcome,
        }
    };
    connection.close().await?;
    outcome
}

/// Whether somebody else created or changed the same thing at the same moment.
fn lost_race(error: &sqlx::Error) -> bool {
    sqlstate_of(error).is_some_and(|code| {
        let code = code.as_ref();
        let exists = [
            sqlstate::UNIQUE_VIOLATION,
            sqlstate::DUPLICATE_OBJECT,
            sqlstate::DUPLICATE_SCHEMA,
            sqlstate::INTERNAL_ERROR,
        ];
        exists.contains(&code) || sqlstate::is_race(code)
    })
}

/// One attempt, all or nothing. It looks before it writes, so that repeating it writes nothing.
async fn try_provision(
    connection: &mut PgConnection,
    what: &Provision,
    extent: Extent,
) -> Result<(), PostgresError> {
    let Provision { schema, owner, role, password } = what;
    let mut transaction = connection.begin().await?;
    ensure_role(&mut transaction, owner, "NOLOGIN").await?;
    ensure_role(&mut transaction, role, "LOGIN").await?;
    if let Some(password) = password {
        let set: String = sqlx::query_scalar("SELECT format('ALTER ROLE %I PASSWORD %L', $1, $2)")
            .bind(role.as_str())
            .bind(password.expose())
            .fetch_one(&mut *transaction)
            .await?;
        transaction.execute(AssertSqlSafe(set)).await?;
    }
    ensure_membership(&mut transaction, owner).await?;
    match extent {
        Extent::Roles => grant_connect(&mut transaction, role).await?,
        Extent::Everything => {
            ensure_schema(&mut transaction, schema, owner).await?;
            ensure_privileges(&mut transaction, what).await?;
        }
    }
    transaction.commit().await?;
    Ok(())
}

async fn ensure_role(
    connection: &mut PgConnection,
    role: &Identifier,
    attribute: &str,
) -> Result<(), sqlx::Error> {
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
            .bind(role.as_str())
            .fetch_one(&mut *connection)
            .await?;
    if !exists {
        connection.execute(AssertSqlSafe(format!("CREATE ROLE {role} {attribute}"))).await?;
    }
    Ok(())
}

/// Lets the administrator act as the owner; a superuser can anyway.
async fn ensure_membership(
    connection: &mut PgConnection,
    owner: &Identifier,
) -> Result<(), sqlx::Error> {
    // From version 16 on, being a member does not mean that one may act as the role.
    let may_act: bool = sqlx::query_scalar(
        "SELECT pg_has_role(current_user, $1, CASE
             WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER'
         END)",
    )
    .bind(owner.as_str())
    .fetch_one(&mut *connection)
    .await?;
    if !may_act {
        connection.execute(AssertSqlSafe(format!("GRANT {owner} TO CURRENT_USER"))).await?;
    }
    Ok(())
}

async fn ensure_schema(
    connection: &mut PgConnection,
    schema: &Identifier,
    owner: &Identifier,
) -> Result<(), PostgresError> {
    let found: Option<String> =
        sqlx::query_scalar("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = $1")
            .bind(schema.as_str())
            .fetch_optional(&mut *connection)
            .await?;
    match found {
        None => {
            let create = format!("CREATE SCHEMA {schema} AUTHORIZATION {owner}");
            connection.execute(AssertSqlSafe(create)).await?;
            Ok(())
        }
        Some(found) if found.trim_matches('"') == owner.as_str() => Ok(()),
        Some(found) => Err(PostgresError::ForeignSchema {
            schema: schema.as_str().to_owned(),
            found,
            expected: owner.as_str().to_owned(),
        }),
    }
}

async fn ensure_privileges(
    connection: &mut PgConnection,
    what: &Provision,
) -> Result<(), sqlx::Error> {
    let Provision { schema, owner, role, .. } = what;
    // Revoked rights on existing tables stay revoked: these are defaults for tables to come.
    let done: bool = sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT FROM pg_default_acl, aclexplode(defaclacl) AS acl
             WHERE defaclrole = $1::regrole AND defaclnamespace = $2::regnamespace
                 AND defaclobjtype = 'S' AND acl.grantee = $3::regrole
         ) AND has_schema_privilege($3, $2, 'USAGE')
           AND has_database_privilege($3, current_database(), 'CONNECT')",
    )
    .bind(owner.as_str())
    .bind(schema.as_str())
    .bind(role.as_str())
    .fetch_one(&mut *connection)
    .await?;
    if done {
        return Ok(());
    }
    grant_connect(connection, role).await?;
    let defaults = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema}");
    let grants = format!(
        "SET LOCAL ROLE {owner};
         GRANT USAGE ON SCHEMA {schema} TO {role};
         {defaults} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
         {defaults} GRANT USAGE, SELECT ON SEQUENCES TO {role};
         RESET ROLE"
    );
    connection.execute(AssertSqlSafe(grants)).await?;
    Ok(())
}

async fn grant_connect(
    connection: &mut PgConnection,
    role: &Identifier,
) -> Result<(), sqlx::Error> {
    let grant = format!(
        "DO $$ BEGIN
             EXECUTE format('GRANT CONNECT ON DATABASE %I TO {role}', current_database());
         END $$"
    );
    connection.execute(AssertSqlSafe(grant)).await?;
    Ok(())
}
