//! The requests that changed working calendars.

use chengping_types::{Digest, JurisdictionId};
use uuid::Uuid;

use super::{Connection, StoreError, parse};
use crate::domain::calendar::WorkCalendar;

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
