//! Changing a working calendar as a whole, and the requests that did.

use chengping_types::{Digest, JurisdictionId};
use uuid::Uuid;

use super::{Connection, StoreError, deadline_rules, parse};
use crate::domain::calendar::{CalendarRows, WorkCalendar};
use crate::domain::import::Changes;

/// Puts `rows` in the place of all that stand. The jurisdiction must be locked.
pub(crate) async fn replace(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    rows: CalendarRows,
) -> Result<(), StoreError> {
    sqlx::query("delete from working_hours where jurisdiction = $1")
        .bind(jurisdiction.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query("delete from calendar_day where jurisdiction = $1")
        .bind(jurisdiction.as_str())
        .execute(&mut *connection)
        .await?;
    let CalendarRows { working_hours, calendar_days } = rows;
    let changes = Changes { working_hours, calendar: calendar_days, ..Changes::default() };
    deadline_rules::write(connection, jurisdiction, &changes).await
}

/// What a request with an ID asked for and was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    /// The digest of what it asked for.
    pub content: Digest,
    pub answer: WorkCalendar,
}

/// What the request with this ID was answered, if there was one.
pub(crate) async fn answered(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: Uuid,
) -> Result<Option<Answered>, StoreError> {
    let row: Option<(String, String)> = sqlx::query_as(
        "select content_digest, answer from work_calendar_request
         where jurisdiction = $1 and request_id = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(request_id)
    .fetch_optional(connection)
    .await?;
    row.map(|(content, answer)| {
        let answer = serde_json::from_str(&answer)
            .map_err(|error| StoreError::corrupt("answer of a request", error))?;
        Ok(Answered { content: parse("digest", &content)?, answer })
    })
    .transpose()
}

/// Remembers what a request was answered.
pub(crate) async fn remember(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: Uuid,
    answered: &Answered,
) -> Result<(), StoreError> {
    let answer = serde_json::to_string(&answered.answer).expect("a calendar holds text only");
    sqlx::query(
        "insert into work_calendar_request
             (jurisdiction, request_id, content_digest, answer, create_time)
         values ($1, $2, $3, $4, now())",
    )
    .bind(jurisdiction.as_str())
    .bind(request_id)
    .bind(answered.content.to_string())
    .bind(answer)
    .execute(connection)
    .await?;
    Ok(())
}
