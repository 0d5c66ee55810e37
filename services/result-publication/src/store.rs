//! All SQL of the service. Functions take a connection, so that use cases own the transactions.

pub(crate) mod bulletins;
pub(crate) mod consumers;
pub(crate) mod documents;
pub(crate) mod evidence;
pub(crate) mod feed;
pub(crate) mod inquiries;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod outbox;
pub(crate) mod reports;
pub(crate) mod requests;
pub(crate) mod standing;
pub(crate) mod stored;
pub(crate) mod touched;
pub(crate) mod versions;
pub(crate) mod webhooks;
pub(crate) mod years;

use std::error::Error;
use std::str::FromStr;

use chengping_access::AccessLog;
use chengping_types::Instant;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use sqlx::{PgConnection, Postgres};
use time::OffsetDateTime;

/// A connection, inside or outside of a transaction.
pub(crate) type Connection = PgConnection;
/// A transaction, rolled back unless committed.
pub(crate) type Transaction = sqlx::Transaction<'static, Postgres>;

/// Why the store has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The database did not do it.
    #[error("the database does not answer as it should")]
    Database(#[from] sqlx::Error),
    /// A stored value is not what was once written.
    #[error("stored {what} is corrupt")]
    Corrupt { what: &'static str, source: Box<dyn Error + Send + Sync> },
}

impl StoreError {
    /// Whether the same call may well succeed a moment later.
    pub(crate) fn is_transient(&self) -> bool {
        use chengping_chassis::postgres::Fault;
        let Self::Database(error) = self else { return false };
        matches!(Fault::of(error), Fault::Unavailable | Fault::Race)
    }
}

/// The database of the service.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pool: PgPool,
}

impl Store {
    pub(crate) const fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The log of who looked.
    pub(crate) fn access_log(&self) -> AccessLog {
        AccessLog::new(self.pool.clone())
    }

    /// A connection for a single question.
    pub(crate) async fn acquire(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(self.pool.begin().await?)
    }

    /// A transaction that reads one state of all tables, though others write.
    pub(crate) async fn begin_reading(&self) -> Result<Transaction, StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("set transaction isolation level repeatable read, read only")
            .execute(&mut *transaction)
            .await?;
        Ok(transaction)
    }
}

/// Makes the changes of a transaction hold.
pub(crate) async fn commit(transaction: Transaction) -> Result<(), StoreError> {
    Ok(transaction.commit().await?)
}

fn instant(time: OffsetDateTime) -> Instant {
    let micros = time.unix_timestamp_nanos().div_euclid(1000);
    Instant::from_micros(i64::try_from(micros).expect("PostgreSQL's times fit"))
}

fn offset_date_time(instant: Instant) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(instant.as_micros()) * 1000)
        .expect("an instant lies in the years 1 to 9999")
}

fn parse<T>(what: &'static str, text: &str) -> Result<T, StoreError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    text.parse().map_err(|error| StoreError::Corrupt { what, source: Box::new(error) })
}

/// A number that the tables keep at or above 0.
fn unsigned<T>(
    what: &'static str,
    number: impl TryInto<T, Error: Error + Send + Sync + 'static>,
) -> Result<T, StoreError> {
    number.try_into().map_err(|error| StoreError::Corrupt { what, source: Box::new(error) })
}

/// A number on its way into a `bigint`. Nothing is ever counted beyond it; one that a client made
/// up matches no row.
fn bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A version number on its way into an `integer`; as [`bigint`].
fn integer(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
