//! All SQL of the service. Functions work on a connection; transactions belong to the use cases.

pub(crate) mod archive;
pub(crate) mod case;
mod copy;
pub(crate) mod deadline;
pub(crate) mod event;
pub(crate) mod file;
pub(crate) mod jurisdiction;
pub(crate) mod month;
pub(crate) mod reject;
pub(crate) mod snapshot;
mod time;

use std::fmt::Display;
use std::str::FromStr;

use chengping_chassis::postgres::Fault;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::{Connection as _, Decode, Postgres, Row as _, Type};

pub(crate) use sqlx::migrate::Migrator;
pub(crate) use sqlx::{PgConnection, PgPool};

/// The migrations of the schema.
pub(crate) const MIGRATOR: Migrator = sqlx::migrate!();

/// Why the store did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The database failed or cannot be reached.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A row that this service cannot have written.
    #[error("{column} of a stored row is not valid: {what}")]
    Corrupt {
        /// Its column.
        column: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

impl StoreError {
    /// Whether a record was accepted before.
    pub(crate) fn is_repeat(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        error.is_unique_violation()
    }

    /// Whether the same call has a chance in a moment: the database is out of reach, not wrong.
    pub(crate) fn is_transient(&self) -> bool {
        let Self::Database(error) = self else { return false };
        matches!(Fault::of(error), Fault::Unavailable | Fault::Race)
    }
}

/// A transaction: dropped, it is undone.
pub(crate) type Transaction = sqlx::Transaction<'static, Postgres>;

/// Begins a transaction.
pub(crate) async fn begin(pool: &PgPool) -> Result<Transaction, StoreError> {
    Ok(pool.begin().await?)
}

/// Makes a transaction last.
pub(crate) async fn commit(transaction: Transaction) -> Result<(), StoreError> {
    Ok(transaction.commit().await?)
}

/// A part of a transaction that can be undone alone.
pub(crate) type Attempt<'c> = sqlx::Transaction<'c, Postgres>;

/// Begins a part of the transaction that `connection` is in.
pub(crate) async fn attempt(connection: &mut PgConnection) -> Result<Attempt<'_>, StoreError> {
    Ok(connection.begin().await?)
}

/// Makes the part belong to its transaction.
pub(crate) async fn keep(attempt: Attempt<'_>) -> Result<(), StoreError> {
    Ok(attempt.commit().await?)
}

/// Takes the part back.
pub(crate) async fn undo(attempt: Attempt<'_>) -> Result<(), StoreError> {
    Ok(attempt.rollback().await?)
}

/// A connection for reading.
pub(crate) async fn acquire(pool: &PgPool) -> Result<PoolConnection<Postgres>, StoreError> {
    Ok(pool.acquire().await?)
}

fn corrupt(column: &'static str, what: impl Display) -> StoreError {
    StoreError::Corrupt { column, what: what.to_string() }
}

/// A text column of a row as the type it was before.
fn parse<T>(row: &PgRow, column: &'static str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: Display,
{
    row.try_get::<&str, _>(column)?.parse().map_err(|error: T::Err| corrupt(column, error))
}

/// As [`parse`], for a column that may be absent.
fn parse_optional<T>(row: &PgRow, column: &'static str) -> Result<Option<T>, StoreError>
where
    T: FromStr,
    T::Err: Display,
{
    let text = row.try_get::<Option<&str>, _>(column)?;
    let value = text.map(str::parse).transpose();
    value.map_err(|error: T::Err| corrupt(column, error))
}

/// A `smallint` column of a row as the variant that it is the code of.
fn variant<T>(
    row: &PgRow,
    column: &'static str,
    from_code: impl Fn(u8) -> Option<T>,
) -> Result<T, StoreError> {
    let code: i16 = row.try_get(column)?;
    let known = u8::try_from(code).ok().and_then(from_code);
    known.ok_or_else(|| corrupt(column, format_args!("{code} is no known code")))
}

/// A column of a row, as it is.
fn get<'row, T>(row: &'row PgRow, column: &'static str) -> Result<T, StoreError>
where
    T: Decode<'row, Postgres> + Type<Postgres>,
{
    Ok(row.try_get(column)?)
}
