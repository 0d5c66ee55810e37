//! Rows as `COPY ... (FORMAT binary)` takes them: the cheapest way into a table.

use std::time::Duration;

use sqlx::PgConnection;

use super::StoreError;
use super::time::{FirstDay, Time};

/// What comes before the first row: the signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What comes after the last row.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// What goes to the database at a time, so that it begins while the rest is made.
const CHUNK: usize = 64 << 10;

/// A row on its way into a table.
pub(super) struct RowBuffer<'b>(&'b mut Vec<u8>);

impl RowBuffer<'_> {
    fn field(&mut self, bytes: &[u8]) {
        let length = i32::try_from(bytes.len()).expect("a message is smaller");
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.0.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
    }

    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.field(value);
    }

    pub(super) fn text(&mut self, value: &str) {
        self.field(value.as_bytes());
    }

    pub(super) fn optional_text(&mut self, value: Option<&str>) {
        self.optional(value, Self::text);
    }

    pub(super) fn bigint(&mut self, value: i64) {
        self.field(&value.to_be_bytes());
    }

    pub(super) fn smallint(&mut self, value: i16) {
        self.field(&value.to_be_bytes());
    }

    pub(super) fn time(&mut self, value: Time) {
        self.bigint(value.to_postgres());
    }

    pub(super) fn optional_time(&mut self, value: Option<Time>) {
        self.optional(value, Self::time);
    }

    pub(super) fn first_day(&mut self, value: FirstDay) {
        self.field(&value.to_postgres().to_be_bytes());
    }
}

/// Copies rows of `columns` columns into a table, with the statement that says which.
pub(super) async fn copy_in<R>(
    connection: &mut PgConnection,
    statement: &str,
    columns: i16,
    rows: impl Iterator<Item = R>,
    write: impl Fn(R, &mut RowBuffer<'_>),
) -> Result<(), StoreError> {
    let mut copy = connection.copy_in_raw(statement).await?;
    let mut bytes = Vec::with_capacity(CHUNK + (CHUNK >> 3));
    bytes.extend_from_slice(HEADER);
    for row in rows {
        bytes.extend_from_slice(&columns.to_be_bytes());
        write(row, &mut RowBuffer(&mut bytes));
        if bytes.len() >= CHUNK {
            copy.send(bytes.as_slice()).await?;
            bytes.clear();
        }
    }
    bytes.extend_from_slice(&TRAILER);
    copy.send(bytes.as_slice()).await?;
    copy.finish().await?;
    Ok(())
}

/// Ends the sessions of this role that began a copy into the database longer ago than `lost_after`
/// and bring nothing of it; tells how many. No timeout of the database concerns them: a statement that
/// waits for its client is not idle, and cannot be cancelled, only ended.
pub(crate) async fn end_lost(
    connection: &mut PgConnection,
    lost_after: Duration,
) -> Result<i64, StoreError> {
    let ended = sqlx::query_scalar(
        "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = current_user AND state = 'active'
           AND wait_event = 'ClientRead' AND query LIKE 'COPY %'
           AND query_start < clock_timestamp() - make_interval(secs => $1)",
    )
    .bind(lost_after.as_secs_f64())
    .fetch_one(connection)
    .await?;
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_their_length_before_them_and_nothing_has_none() {
        let mut bytes = Vec::new();
        let mut row = RowBuffer(&mut bytes);
        row.text("ab");
        row.optional_text(None);
        row.smallint(-2);
        row.bigint(1);
        row.first_day(FirstDay("2000-02".parse().unwrap()));
        let fields: [&[u8]; 5] = [
            &[0, 0, 0, 2, b'a', b'b'],
            &[255, 255, 255, 255],
            &[0, 0, 0, 2, 255, 254],
            &[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0, 0, 0, 4, 0, 0, 0, 31],
        ];
        assert_eq!(bytes, fields.concat());
    }
}
