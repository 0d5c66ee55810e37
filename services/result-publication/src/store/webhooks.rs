//! Webhooks, what they were sent, and who is sending.

mod sending;

use chengping_types::name::WebhookName;
use chengping_types::{Instant, JurisdictionId, RecordId};
use time::OffsetDateTime;

pub(crate) use self::sending::{Claimed, Outcome, claim, finish, next, release, waiting};

use super::log::entry_kind;
use super::{Connection, StoreError, bigint, instant, offset_date_time, parse, unsigned};
use crate::domain::webhook::{Delivery, DeliveryState, Webhook};

/// A webhook that is to be kept.
#[derive(Debug, Clone)]
pub(crate) struct NewWebhook {
    pub(crate) name: WebhookName,
    pub(crate) url: String,
    pub(crate) secret: Vec<u8>,
    pub(crate) creator: String,
    pub(crate) create_time: Instant,
    pub(crate) first_index: u64,
}

/// Keeps a webhook; false when there is, or was, one of that name.
pub(crate) async fn insert(
    connection: &mut Connection,
    webhook: &NewWebhook,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into webhook (jurisdiction, webhook, url, secret, creator, create_time,
             first_index, position)
         values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict do nothing",
    )
    .bind(webhook.name.jurisdiction.as_str())
    .bind(webhook.name.webhook.as_str())
    .bind(&webhook.url)
    .bind(&webhook.secret)
    .bind(&webhook.creator)
    .bind(offset_date_time(webhook.create_time))
    .bind(bigint(webhook.first_index))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The encrypted secret of a webhook; none when there is no such webhook, or it was deleted.
pub(crate) async fn secret(
    connection: &mut Connection,
    name: &WebhookName,
) -> Result<Option<Vec<u8>>, StoreError> {
    let secret: Option<Option<Vec<u8>>> =
        sqlx::query_scalar("select secret from webhook where jurisdiction = $1 and webhook = $2")
            .bind(name.jurisdiction.as_str())
            .bind(name.webhook.as_str())
            .fetch_optional(connection)
            .await?;
    Ok(secret.flatten())
}

#[derive(sqlx::FromRow)]
struct Row {
    jurisdiction: String,
    webhook: String,
    url: String,
    creator: String,
    create_time: OffsetDateTime,
    is_deleted: bool,
    done_count: i64,
    pending_count: i64,
    dead_count: i64,
    last_error: String,
    next_attempt_time: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Webhook {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            jurisdiction: parse("jurisdiction ID", &row.jurisdiction)?,
            id: parse("webhook ID", &row.webhook)?,
            url: row.url,
            creator: row.creator,
            create_time: instant(row.create_time),
            is_deleted: row.is_deleted,
            done_count: unsigned("count", row.done_count)?,
            pending_count: unsigned("count", row.pending_count)?,
            dead_count: unsigned("count", row.dead_count)?,
            last_error: row.last_error,
            next_attempt_time: row.next_attempt_time.map(instant),
        })
    }
}

/// At most `limit` webhooks behind `after`, or the one that is `named`, by identifier; without those
/// that were deleted.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    named: Option<&RecordId>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Webhook>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select w.jurisdiction, w.webhook, w.url, w.creator, w.create_time,
             w.delete_time is not null as is_deleted,
             w.position - w.first_index - o.pending_count as done_count,
             n.new_count + o.pending_count as pending_count, o.dead_count,
             coalesce(l.last_error, '') as last_error,
             case when n.new_count + o.pending_count > 0
                 then coalesce(w.next_attempt_time, now()) end as next_attempt_time
         from webhook w
             left join log_head h using (jurisdiction)
             cross join lateral (select greatest(coalesce(h.size, 0) - w.position, 0) as new_count) n
             cross join lateral (
                 select count(*) filter (where state = 'pending') as pending_count,
                     count(*) filter (where state = 'dead') as dead_count
                 from webhook_delivery d
                 where d.jurisdiction = w.jurisdiction and d.webhook = w.webhook
                     and d.state <> 'delivered'
             ) o
             left join lateral (
                 select last_error from webhook_delivery d
                 where d.jurisdiction = w.jurisdiction and d.webhook = w.webhook
                     and last_attempt_time is not null
                 order by last_attempt_time desc, log_index desc limit 1
             ) l on true
         where w.jurisdiction = $1 and w.delete_time is null
             and ($2::text is null or w.webhook = $2) and ($3::text is null or w.webhook > $3)
         order by w.webhook limit $4",
    )
    .bind(jurisdiction.as_str())
    .bind(named.map(RecordId::as_str))
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Webhook::try_from).collect()
}

/// Ends a webhook; what was sent to it stays.
pub(crate) async fn delete(
    connection: &mut Connection,
    name: &WebhookName,
    actor: &str,
    reason: &str,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "update webhook set delete_time = $3, deleter = $4, delete_reason = $5, secret = null,
             lease = null, lease_until = null
         where jurisdiction = $1 and webhook = $2 and delete_time is null",
    )
    .bind(name.jurisdiction.as_str())
    .bind(name.webhook.as_str())
    .bind(offset_date_time(now))
    .bind(actor)
    .bind(reason)
    .execute(connection)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct DeliveryRow {
    log_index: i64,
    month: String,
    version: i32,
    kind: String,
    state: String,
    total_attempts: i32,
    last_status: i32,
    last_error: String,
    last_attempt_time: Option<OffsetDateTime>,
    next_attempt_time: Option<OffsetDateTime>,
}

/// At most `limit` deliveries of a webhook behind `after` in one of the `states`, or the one at
/// `index`, in the order of the log.
pub(crate) async fn deliveries(
    connection: &mut Connection,
    name: &WebhookName,
    (index, after): (Option<u64>, Option<u64>),
    states: &[DeliveryState],
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let states: Vec<_> = states.iter().map(ToString::to_string).collect();
    let rows: Vec<DeliveryRow> = sqlx::query_as(
        "select d.log_index, e.month, e.version, e.kind, d.state, d.total_attempts, d.last_status,
             d.last_error, d.last_attempt_time,
             case when d.state = 'pending' then coalesce(w.next_attempt_time, now()) end
                 as next_attempt_time
         from webhook_delivery d
             join webhook w using (jurisdiction, webhook)
             join log_entry e using (jurisdiction, log_index)
         where d.jurisdiction = $1 and d.webhook = $2 and w.delete_time is null
             and d.state = any($3) and ($4::bigint is null or d.log_index = $4)
             and ($5::bigint is null or d.log_index > $5)
         order by d.log_index limit $6",
    )
    .bind(name.jurisdiction.as_str())
    .bind(name.webhook.as_str())
    .bind(states)
    .bind(index.map(bigint))
    .bind(after.map(bigint))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    let delivery = |row: DeliveryRow| {
        Ok(Delivery {
            webhook: name.clone(),
            log_index: unsigned("log index", row.log_index)?,
            month: parse("month", &row.month)?,
            version: unsigned("version", row.version)?,
            kind: entry_kind(&row.kind)?,
            state: parse("state of a delivery", &row.state)?,
            total_attempts: unsigned("count", row.total_attempts)?,
            last_status: unsigned("status", row.last_status)?,
            last_error: row.last_error,
            last_attempt_time: row.last_attempt_time.map(instant),
            next_attempt_time: row.next_attempt_time.map(instant),
        })
    };
    rows.into_iter().map(delivery).collect()
}

/// Takes up again what was given up; the webhook is tried at once.
pub(crate) async fn retry(
    connection: &mut Connection,
    name: &WebhookName,
    index: u64,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update webhook_delivery set state = 'pending', attempts = 0
         where jurisdiction = $1 and webhook = $2 and log_index = $3 and state = 'dead'",
    )
    .bind(name.jurisdiction.as_str())
    .bind(name.webhook.as_str())
    .bind(bigint(index))
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 1 {
        sqlx::query(
            "update webhook set next_attempt_time = null where jurisdiction = $1 and webhook = $2",
        )
        .bind(name.jurisdiction.as_str())
        .bind(name.webhook.as_str())
        .execute(connection)
        .await?;
    }
    Ok(())
}
