//! All SQL of the service. Functions work on a connection; transactions belong to the use cases.
//!
//! Where cases are asked for by their numbers, `LATERAL (... OFFSET 0)` looks for one after the other,
//! and `(SELECT $1)` hides which jurisdiction is meant: of one that its statistics do not know,
//! PostgreSQL believes that it has a single row, and would read all that there is of it for each batch.
//! How many of the records are meant is asked behind that, for the same reason.

pub(crate) mod archive;
pub(crate) mod case;
pub(crate) mod change;
mod copy;
pub(crate) mod deadline;
pub(crate) mod event;
pub(crate) mod file;
pub(crate) mod jurisdiction;
pub(crate) mod month;
pub(crate) mod packed;
#[cfg(test)]
mod plans;
pub(crate) mod reject;
pub(crate) mod snapshot;
pub(crate) mod standing;
mod time;

pub(crate) use self::copy::end_lost as end_lost_copies;

use std::fmt::Display;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::time::Duration;

use chengping_chassis::postgres::Fault;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};

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
    /// The database is there, or looks as if, and does not answer.
    #[error("the database did not answer in {0:?}")]
    Late(Duration),
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
        match self {
            Self::Database(error) => {
                matches!(Fault::of(error), Fault::Unavailable | Fault::Race)
            }
            Self::Late(_) => true,
            Self::Corrupt { .. } => false,
        }
    }
}

/// Gives up on `work` after `patience`: what it did in a transaction is undone, or, where the commit
/// was on its way, not known.
pub(crate) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(patience, work).await.unwrap_or(Err(StoreError::Late(patience)))
}

/// A transaction. Dropped, it is undone together with its connection: it may have been broken off in
/// the midst of a copy, after which the database and this process no longer mean the same message.
pub(crate) struct Transaction(Option<PoolConnection<Postgres>>);

const OPEN: &str = "open until it is dropped";

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.0.as_ref().expect(OPEN)
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect(OPEN)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.0 {
            connection.close_on_drop();
        }
    }
}

/// Begins a transaction.
pub(crate) async fn begin(pool: &PgPool) -> Result<Transaction, StoreError> {
    let mut transaction = Transaction(Some(pool.acquire().await?));
    say(&mut transaction, "BEGIN").await?;
    Ok(transaction)
}

/// A transaction in which the next rows of a table are read by its key: they come by the index.
///
/// Where there are no statistics yet, as behind a large import, PostgreSQL believes that few rows
/// follow a key, and would sort all of them anew for each page.
pub(crate) struct InOrder(Transaction);

impl Deref for InOrder {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for InOrder {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl InOrder {
    /// Ends it, and keeps its connection.
    pub(crate) async fn end(self) -> Result<(), StoreError> {
        undo(self.0).await
    }
}

/// Begins to read pages.
pub(crate) async fn begin_in_order(pool: &PgPool) -> Result<InOrder, StoreError> {
    let mut transaction = Transaction(Some(pool.acquire().await?));
    say(&mut transaction, "BEGIN READ ONLY; SET LOCAL enable_sort = off").await?;
    Ok(InOrder(transaction))
}

/// Makes a transaction last.
pub(crate) async fn commit(transaction: Transaction) -> Result<(), StoreError> {
    end(transaction, "COMMIT").await
}

/// Undoes a transaction, and keeps its connection.
pub(crate) async fn undo(transaction: Transaction) -> Result<(), StoreError> {
    end(transaction, "ROLLBACK").await
}

async fn end(mut transaction: Transaction, word: &'static str) -> Result<(), StoreError> {
    say(&mut transaction, word).await?;
    // Given back as it is.
    transaction.0.take();
    Ok(())
}

/// Begins a part of a transaction that can be undone alone.
pub(crate) async fn begin_part(connection: &mut PgConnection) -> Result<(), StoreError> {
    say(connection, "SAVEPOINT part").await
}

/// Makes the part belong to its transaction.
pub(crate) async fn keep_part(connection: &mut PgConnection) -> Result<(), StoreError> {
    say(connection, "RELEASE SAVEPOINT part").await
}

/// Takes the part back.
pub(crate) async fn undo_part(connection: &mut PgConnection) -> Result<(), StoreError> {
    say(connection, "ROLLBACK TO SAVEPOINT part").await
}

async fn say(connection: &mut PgConnection, words: &'static str) -> Result<(), StoreError> {
    sqlx::raw_sql(words).execute(connection).await?;
    Ok(())
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
