//! The events that decisions write, and how far they have come.

use std::collections::BTreeMap;

use chengping_types::{BodyId, Instant, JurisdictionId};
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, offset_date_time, parse, unsigned};
use crate::domain::decision::DecidedEvent;
use crate::domain::inquiry::Inquiry;

/// How far an event has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) event: DecidedEvent,
    /// A number of records that it is among; none before it is written.
    pub(crate) watermark: Option<u64>,
    /// Why it is not written yet; empty before the first attempt.
    pub(crate) problem: String,
    pub(crate) set_aside: bool,
}

/// An event whose time to be sent has come.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) inquiry: u64,
    pub(crate) attempts: u32,
    pub(crate) event: DecidedEvent,
}

#[derive(sqlx::FromRow)]
struct Row {
    inquiry: i64,
    event: i32,
    case_no: String,
    event_no: i64,
    kind: String,
    event_time: OffsetDateTime,
    unit: String,
    due_time: Option<OffsetDateTime>,
    outcome: String,
    no_deadline: bool,
    attempts: i32,
    problem: String,
    set_aside: bool,
    watermark: Option<i64>,
}

impl Row {
    fn event(&self) -> Result<DecidedEvent, StoreError> {
        let unit = Some(self.unit.as_str()).filter(|unit| !unit.is_empty());
        Ok(DecidedEvent {
            number: unsigned("event", self.event)?,
            case_no: parse("case number", &self.case_no)?,
            event_no: unsigned("event number", self.event_no)?,
            kind: parse("kind of an event", &self.kind)?,
            at: instant(self.event_time),
            unit: unit.map(|unit| parse("body ID", unit)).transpose()?,
            due: self.due_time.map(instant),
            outcome: self.outcome.clone(),
            no_deadline: self.no_deadline,
        })
    }
}

/// What is read of an event and its way; conditions follow.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select inquiry, event, e.case_no, e.event_no, e.kind, e.event_time, e.unit, e.due_time,
                 e.outcome, e.no_deadline, o.attempts, o.problem, o.set_aside, o.watermark
             from inquiry_outbox o join inquiry_event e using (jurisdiction, inquiry, event)
             ",
            $rest
        )
    };
}

/// Keeps the events of a decision, to be sent at once.
pub(crate) async fn put(
    connection: &mut Connection,
    inquiry: &Inquiry,
    events: &[DecidedEvent],
    now: Instant,
) -> Result<(), StoreError> {
    for event in events {
        let number = i32::try_from(event.number).expect("there are few");
        sqlx::query(
            "insert into inquiry_event
                 (jurisdiction, inquiry, event, case_no, event_no, kind, event_time, unit, due_time,
                  outcome, no_deadline)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(inquiry.jurisdiction.as_str())
        .bind(bigint(inquiry.number))
        .bind(number)
        .bind(event.case_no.as_str())
        .bind(bigint(event.event_no))
        .bind(event.kind.as_str())
        .bind(offset_date_time(event.at))
        .bind(event.unit.as_ref().map_or("", BodyId::as_str))
        .bind(event.due.map(offset_date_time))
        .bind(&event.outcome)
        .bind(event.no_deadline)
        .execute(&mut *connection)
        .await?;
        sqlx::query(
            "insert into inquiry_outbox (jurisdiction, inquiry, event, next_time)
             values ($1, $2, $3, $4)",
        )
        .bind(inquiry.jurisdiction.as_str())
        .bind(bigint(inquiry.number))
        .bind(number)
        .bind(offset_date_time(now))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The events of an inquiry, and how far each has come.
pub(crate) async fn of(
    connection: &mut Connection,
    inquiry: &Inquiry,
) -> Result<Vec<Sent>, StoreError> {
    let mut sent = of_all(connection, &inquiry.jurisdiction, &[inquiry.number]).await?;
    Ok(sent.remove(&inquiry.number).unwrap_or_default())
}

/// The events of inquiries by their numbers, as [`of`].
pub(crate) async fn of_all(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    inquiries: &[u64],
) -> Result<BTreeMap<u64, Vec<Sent>>, StoreError> {
    let numbers: Vec<_> = inquiries.iter().map(|number| bigint(*number)).collect();
    let rows: Vec<Row> = sqlx::query_as(select!(
        "where o.jurisdiction = $1 and o.inquiry = any($2) order by o.inquiry, o.event"
    ))
    .bind(jurisdiction.as_str())
    .bind(numbers)
    .fetch_all(connection)
    .await?;
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for row in rows {
        let watermark = row.watermark.map(|watermark| unsigned("watermark", watermark));
        let sent = Sent {
            event: row.event()?,
            watermark: watermark.transpose()?,
            problem: row.problem,
            set_aside: row.set_aside,
        };
        all.entry(unsigned("inquiry", row.inquiry)?).or_default().push(sent);
    }
    Ok(all)
}

/// The jurisdictions that have events to send.
pub(crate) async fn waiting(
    connection: &mut Connection,
    now: Instant,
) -> Result<Vec<JurisdictionId>, StoreError> {
    let found: Vec<String> = sqlx::query_scalar(
        "select distinct jurisdiction from inquiry_outbox
         where watermark is null and next_time <= $1 order by jurisdiction",
    )
    .bind(offset_date_time(now))
    .fetch_all(connection)
    .await?;
    found.iter().map(|jurisdiction| parse("jurisdiction ID", jurisdiction)).collect()
}

/// The next event of a jurisdiction whose time has come, which nobody else is given before `until`.
/// Events of one inquiry go in their order.
pub(crate) async fn claim(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    now: Instant,
    until: Instant,
) -> Result<Option<Due>, StoreError> {
    let row: Option<Row> = sqlx::query_as(select!(
        "where o.jurisdiction = $1 and o.watermark is null and o.next_time <= $2
             and not exists (
                 select from inquiry_outbox before
                 where before.jurisdiction = o.jurisdiction and before.inquiry = o.inquiry
                     and before.event < o.event and before.watermark is null)
         order by o.next_time, o.inquiry limit 1 for update of o skip locked"
    ))
    .bind(jurisdiction.as_str())
    .bind(offset_date_time(now))
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    sqlx::query(
        "update inquiry_outbox set next_time = $4
         where jurisdiction = $1 and inquiry = $2 and event = $3",
    )
    .bind(jurisdiction.as_str())
    .bind(row.inquiry)
    .bind(row.event)
    .bind(offset_date_time(until))
    .execute(connection)
    .await?;
    Ok(Some(Due {
        jurisdiction: jurisdiction.clone(),
        inquiry: unsigned("inquiry", row.inquiry)?,
        attempts: unsigned("attempts", row.attempts)?,
        event: row.event()?,
    }))
}

/// What became of an attempt.
#[derive(Debug, Clone)]
pub(crate) enum Attempt {
    /// It is among so many records.
    Written(u64),
    /// It is not, for this reason, and is to be sent again then.
    Failed { problem: String, set_aside: bool, next: Instant },
}

/// Keeps what became of an attempt, unless another one has written the event meanwhile.
pub(crate) async fn attempted(
    connection: &mut Connection,
    due: &Due,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let (watermark, problem, set_aside, next) = match attempt {
        Attempt::Written(watermark) => (Some(bigint(*watermark)), "", false, None),
        Attempt::Failed { problem, set_aside, next } => {
            (None, problem.as_str(), *set_aside, Some(offset_date_time(*next)))
        }
    };
    sqlx::query(
        "update inquiry_outbox set attempts = attempts + 1, watermark = $4, problem = $5,
             set_aside = $6, next_time = coalesce($7, next_time)
         where jurisdiction = $1 and inquiry = $2 and event = $3 and watermark is null",
    )
    .bind(due.jurisdiction.as_str())
    .bind(bigint(due.inquiry))
    .bind(i32::try_from(due.event.number).expect("there are few"))
    .bind(watermark)
    .bind(problem)
    .bind(set_aside)
    .bind(next)
    .execute(connection)
    .await?;
    Ok(())
}
