//! PostgreSQL: pools, provisioning with least privilege, migrations, and a private server.
//!
//! One database, one schema per service. A schema belongs to `<schema>_owner`, which nobody can
//! log in as and which runs the migrations; the service logs in as a role that may only read and
//! write rows, and no more where a migration revokes it.

pub mod private;

mod dump;
mod identifier;
mod migrate;
mod provision;
mod snapshot;
pub mod sqlstate;

use std::borrow::Cow;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, PgConnection};

pub use self::dump::{DumpTools, DumpToolsError};
pub use self::identifier::{Identifier, IdentifierError};
pub use self::migrate::{MigrationError, check_migrations, migrate};
pub use self::provision::{Provision, provision, provision_roles};
pub use self::snapshot::{Snapshot, analyze, drop_schemas};
use crate::config::DatabaseConfig;

/// The oldest server that is supported, as `server_version_num` counts.
const VERSION_MIN: i32 = 150_000;

/// How long a connection that is given back may take to show that it is alive. Without an end, one
/// whose server is gone without a word would never come back, and its place in the pool neither.
const RELEASE_MAX: Duration = Duration::from_secs(2);

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The URL is malformed.
    #[error("the database URL is not one; write it as postgres://role:password@host:5432/database")]
    Url,
    /// The name of a schema or role is not a plain one.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// The server is too old.
    #[error("the PostgreSQL server is version {found}; version 15 or later is needed, upgrade it")]
    TooOld {
        /// The version of the server.
        found: String,
    },
    /// Another role owns what must be the service's own.
    #[error("schema {schema} belongs to role {found}, not {expected}; drop it or choose another")]
    ForeignSchema {
        /// The schema.
        schema: String,
        /// Its owner.
        found: String,
        /// Who should own it.
        expected: String,
    },
    /// The server cannot be reached, or refused.
    #[error("the database does not answer as it should")]
    Database(#[from] sqlx::Error),
}

/// A pool of connections that see `schema` alone.
///
/// # Errors
///
/// If the database cannot be reached within the acquire timeout, or is too old.
pub async fn pool(config: &DatabaseConfig, schema: &str) -> Result<PgPool, PostgresError> {
    let schema = Identifier::new(schema)?;
    let idle_max = config.idle_in_transaction_timeout_ms.to_string();
    let options = connect_options(config.url.expose())?
        .application_name(&format!("chengping {schema}"))
        .options([
            ("search_path", schema.as_str()),
            ("idle_in_transaction_session_timeout", idle_max.as_str()),
            ("timezone", "UTC"),
        ]);
    let pool = PgPoolOptions::new()
        .max_connections(config.connections_max.get())
        .acquire_timeout(Duration::from_millis(config.acquire_timeout_ms.get()))
        .after_release(|connection, _| {
            Box::pin(async move {
                let alive = tokio::time::timeout(RELEASE_MAX, connection.ping()).await;
                alive.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
            })
        })
        .connect_with(options)
        .await?;
    check_version(&mut *pool.acquire().await?).await?;
    Ok(pool)
}

/// What went wrong, as far as a caller can act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A unique or exclusion constraint refused the row.
    Conflict {
        /// The constraint.
        constraint: String,
    },
    /// Another constraint refused the row.
    Constraint {
        /// The constraint.
        constraint: String,
    },
    /// The transaction lost a race; the whole of it may be tried again.
    Race,
    /// The server is away, starting, stopping, or has no connection to spare; try again later.
    Unavailable,
    /// No such row.
    NotFound,
    /// A mistake of the program.
    Other,
}

impl Fault {
    /// The fault behind `error`.
    pub fn of(error: &sqlx::Error) -> Self {
        match error {
            // What a server says that dies or is cut off while it is connected to is no PostgreSQL
            // either: another connection has a chance.
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed => Self::Unavailable,
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::Database(error) => {
                let constraint = error.constraint().unwrap_or_default().to_owned();
                match error.code().as_deref() {
                    Some(sqlstate::UNIQUE_VIOLATION | sqlstate::EXCLUSION_VIOLATION) => {
                        Self::Conflict { constraint }
                    }
                    Some(code) if code.starts_with(sqlstate::CLASS_INTEGRITY) => {
                        Self::Constraint { constraint }
                    }
                    Some(code) if sqlstate::is_race(code) => Self::Race,
                    Some(code) if sqlstate::is_unavailable(code) => Self::Unavailable,
                    _ => Self::Other,
                }
            }
            _ => Self::Other,
        }
    }
}

/// The SQLSTATE of `error`, if the server sent one.
pub fn sqlstate_of(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error()?.code()
}

pub(crate) fn connect_options(url: &str) -> Result<PgConnectOptions, PostgresError> {
    // The parser's error may quote the password, so it is not kept.
    url.parse().map_err(|_| PostgresError::Url)
}

async fn connect_admin(url: &str) -> Result<PgConnection, PostgresError> {
    let options = connect_options(url)?.application_name("chengping admin");
    let mut connection = PgConnection::connect_with(&options).await?;
    check_version(&mut connection).await?;
    Ok(connection)
}

async fn check_version(connection: &mut PgConnection) -> Result<(), PostgresError> {
    let (number, text): (i32, String) = sqlx::query_as(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version')",
    )
    .fetch_one(connection)
    .await?;
    refuse_old(number, text)
}

fn refuse_old(number: i32, text: String) -> Result<(), PostgresError> {
    if number < VERSION_MIN { Err(PostgresError::TooOld { found: text }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_older_than_15_is_refused_and_says_so() {
        let error = refuse_old(140_019, "14.19 (Debian)".to_owned()).unwrap_err();
        assert!(error.to_string().contains("14.19 (Debian); version 15 or later"), "{error}");
        assert!(refuse_old(150_000, "15.0".to_owned()).is_ok());
    }

    #[test]
    fn a_connection_that_breaks_anywhere_can_be_tried_again() {
        let broken = sqlx::Error::Protocol("unexpected response from SSLRequest: 0x00".to_owned());
        assert_eq!(Fault::of(&broken), Fault::Unavailable);
        assert_eq!(
            Fault::of(&sqlx::Error::Io(std::io::ErrorKind::NotFound.into())),
            Fault::Unavailable
        );
        assert_eq!(Fault::of(&sqlx::Error::WorkerCrashed), Fault::Other);
    }

    #[test]
    fn a_url_that_is_none_does_not_leak_its_password() {
        let error = connect_options("postgres://role:hunter2@:x:y/").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
}
