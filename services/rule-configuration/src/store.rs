//! All SQL of the service. Functions take a connection, so that use cases own the transactions.

pub(crate) mod activations;
pub(crate) mod audit;
pub(crate) mod categories;
pub(crate) mod deadline_rules;
pub(crate) mod heads;
pub(crate) mod holders;
pub(crate) mod pointer_holders;
pub(crate) mod registry;
pub(crate) mod registry_lists;
mod registry_removal;
pub(crate) mod registry_requests;
pub(crate) mod registry_revisions;
pub(crate) mod requests;
pub(crate) mod revisions;
pub(crate) mod rule_packs;

use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;

use chengping_chassis::postgres::Fault;
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
    Corrupt {
        /// The value.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl StoreError {
    fn corrupt(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Corrupt { what, source: source.into() }
    }

    /// What a caller can do about it.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::Database(error) => Fault::of(error),
            Self::Corrupt { .. } => Fault::Other,
        }
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

    /// A connection, for what takes a single statement or needs no one state of all tables.
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
    text.parse().map_err(|error| StoreError::corrupt(what, error))
}

fn parse_optional<T>(what: &'static str, text: Option<&str>) -> Result<Option<T>, StoreError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    text.map(|text| parse(what, text)).transpose()
}

/// A number that the tables keep above or at 0.
fn unsigned(what: &'static str, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|error| StoreError::corrupt(what, error))
}

/// A number on its way into a `bigint`. Nothing is ever counted beyond it; a number that a client
/// made up matches no row.
fn bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn texts<T: Display>(values: impl Iterator<Item = T>) -> Vec<String> {
    values.map(|value| value.to_string()).collect()
}

fn optional_texts<'a, T: Display + 'a>(
    values: impl Iterator<Item = &'a Option<T>>,
) -> Vec<Option<String>> {
    values.map(|value| value.as_ref().map(ToString::to_string)).collect()
}
