//! Who sends what: a webhook is held by one attempt at a time, for a while.

use std::time::Duration;

use chengping_types::JurisdictionId;
use chengping_types::name::WebhookName;
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

use super::super::{Connection, StoreError, bigint, parse, unsigned};

/// A webhook that is held.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) name: WebhookName,
    pub(crate) url: String,
    pub(crate) secret: Vec<u8>,
    pub(crate) lease: Uuid,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Taken in.
    Delivered,
    /// To be tried again after a pause.
    Again(Duration),
    /// Given up.
    Dead,
}

fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}

/// Whether webhook `w` has something to send and nobody holds it.
macro_rules! is_due {
    () => {
        "w.delete_time is null and (w.lease_until is null or w.lease_until < now())
             and (w.next_attempt_time is null or w.next_attempt_time <= now())
             and (w.position < (select size from log_head h where h.jurisdiction = w.jurisdiction)
                 or exists (select from webhook_delivery d
                     where d.jurisdiction = w.jurisdiction and d.webhook = w.webhook
                         and d.state = 'pending'))"
    };
}

/// At most `limit` jurisdictions that have webhooks with something to send that nobody holds, those
/// first that wait the longest.
pub(crate) async fn waiting(
    connection: &mut Connection,
    limit: u32,
) -> Result<Vec<JurisdictionId>, StoreError> {
    let found: Vec<String> = sqlx::query_scalar(concat!(
        "select w.jurisdiction from webhook w where ",
        is_due!(),
        " group by w.jurisdiction
         order by min(coalesce(w.next_attempt_time, '-infinity')), w.jurisdiction limit $1"
    ))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    found.iter().map(|jurisdiction| parse("jurisdiction ID", jurisdiction)).collect()
}

/// Holds at most `limit` webhooks of a jurisdiction that have something to send and that nobody holds,
/// for `hold`.
pub(crate) async fn claim(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    hold: Duration,
    limit: u32,
) -> Result<Vec<Claimed>, StoreError> {
    let lease = Uuid::new_v4();
    let rows: Vec<(String, String, Vec<u8>)> = sqlx::query_as(concat!(
        "with due as (
             select w.jurisdiction, w.webhook from webhook w where w.jurisdiction = $4 and ",
        is_due!(),
        "    order by w.next_attempt_time nulls first limit $3
             for update of w skip locked
         )
         update webhook w set lease = $1, lease_until = now() + $2 from due
         where w.jurisdiction = due.jurisdiction and w.webhook = due.webhook
         returning w.webhook, w.url, w.secret"
    ))
    .bind(lease)
    .bind(interval(hold))
    .bind(i64::from(limit))
    .bind(jurisdiction.as_str())
    .fetch_all(connection)
    .await?;
    let claimed = |(webhook, url, secret): (String, String, Vec<u8>)| {
        let webhook = parse("webhook ID", &webhook)?;
        let name = WebhookName { jurisdiction: jurisdiction.clone(), webhook };
        Ok(Claimed { name, url, secret, lease })
    };
    rows.into_iter().map(claimed).collect()
}

/// What the holder of a webhook sends next, and how often it was tried: the oldest that waits, else
/// the next entry of the log, which gets its delivery now. None when there is nothing, or another
/// attempt holds the webhook. The hold begins anew.
pub(crate) async fn next(
    connection: &mut Connection,
    claimed: &Claimed,
    hold: Duration,
) -> Result<Option<(u64, u32)>, StoreError> {
    let WebhookName { jurisdiction, webhook } = &claimed.name;
    let position: Option<i64> = sqlx::query_scalar(
        "update webhook set lease_until = now() + $4
         where jurisdiction = $1 and webhook = $2 and lease = $3 returning position",
    )
    .bind(jurisdiction.as_str())
    .bind(webhook.as_str())
    .bind(claimed.lease)
    .bind(interval(hold))
    .fetch_optional(&mut *connection)
    .await?;
    let Some(position) = position else { return Ok(None) };
    let waits: Option<(i64, i32)> = sqlx::query_as(
        "select log_index, attempts from webhook_delivery
         where jurisdiction = $1 and webhook = $2 and state = 'pending'
         order by log_index limit 1",
    )
    .bind(jurisdiction.as_str())
    .bind(webhook.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    if let Some((index, attempts)) = waits {
        return Ok(Some((unsigned("log index", index)?, unsigned("count", attempts)?)));
    }
    let is_new = sqlx::query(
        "insert into webhook_delivery (jurisdiction, webhook, log_index, state)
         select $1, $2, $3, 'pending' from log_head where jurisdiction = $1 and size > $3",
    )
    .bind(jurisdiction.as_str())
    .bind(webhook.as_str())
    .bind(position)
    .execute(&mut *connection)
    .await?;
    if is_new.rows_affected() == 0 {
        return Ok(None);
    }
    sqlx::query(
        "update webhook set position = position + 1 where jurisdiction = $1 and webhook = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(webhook.as_str())
    .execute(connection)
    .await?;
    Ok(Some((unsigned("log index", position)?, 0)))
}

/// Notes what became of an attempt; false when another one holds the webhook meanwhile, which then
/// notes what became of its own.
pub(crate) async fn finish(
    connection: &mut Connection,
    claimed: &Claimed,
    index: u64,
    outcome: &Outcome,
    (status, error): (u16, &str),
) -> Result<bool, StoreError> {
    let WebhookName { jurisdiction, webhook } = &claimed.name;
    let (state, pause) = match outcome {
        Outcome::Delivered => ("delivered", None),
        Outcome::Again(pause) => ("pending", Some(interval(*pause))),
        Outcome::Dead => ("dead", None),
    };
    let held = sqlx::query(
        "update webhook set next_attempt_time = now() + $4::interval
         where jurisdiction = $1 and webhook = $2 and lease = $3",
    )
    .bind(jurisdiction.as_str())
    .bind(webhook.as_str())
    .bind(claimed.lease)
    .bind(pause)
    .execute(&mut *connection)
    .await?;
    if held.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(
        "update webhook_delivery set state = $4, attempts = attempts + 1,
             total_attempts = total_attempts + 1, last_status = $5, last_error = $6,
             last_attempt_time = now()
         where jurisdiction = $1 and webhook = $2 and log_index = $3 and state = 'pending'",
    )
    .bind(jurisdiction.as_str())
    .bind(webhook.as_str())
    .bind(bigint(index))
    .bind(state)
    .bind(i32::from(status))
    .bind(error)
    .execute(connection)
    .await?;
    Ok(true)
}

/// Lets go of a webhook.
pub(crate) async fn release(
    connection: &mut Connection,
    claimed: &Claimed,
) -> Result<(), StoreError> {
    sqlx::query(
        "update webhook set lease = null, lease_until = null
         where jurisdiction = $1 and webhook = $2 and lease = $3",
    )
    .bind(claimed.name.jurisdiction.as_str())
    .bind(claimed.name.webhook.as_str())
    .bind(claimed.lease)
    .execute(connection)
    .await?;
    Ok(())
}
