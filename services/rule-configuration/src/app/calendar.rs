//! Reading a working calendar, and changing it as a whole.

use chengping_types::calendar::{CalendarDay, WorkingHours};
use chengping_types::name::WorkCalendarName;
use chengping_types::{Date, Digest, JurisdictionId, canonical};
use serde::Serialize;
use uuid::Uuid;

use super::{App, audit};
use crate::domain::audit::Change;
use crate::domain::calendar::{CalendarRows, DEFAULT, WorkCalendar};
use crate::domain::difference::Changes;
use crate::domain::registry::Standing;
use crate::error::Error;
use crate::store::registry_requests::{self, Handled};
use crate::store::{self, Connection, StoreError, activations, deadline_rules, heads};

/// What is to become of a calendar. A list that is there takes the place of the standing one.
#[derive(Debug, Clone)]
pub(crate) struct CalendarChange {
    pub name: WorkCalendarName,
    /// No two of one day.
    pub working_hours: Option<Vec<WorkingHours>>,
    /// No two of one day.
    pub calendar_days: Option<Vec<CalendarDay>>,
    /// Empty when any standing state will do.
    pub etag: String,
    pub reason: String,
    pub validate_only: bool,
    pub request_id: Option<Uuid>,
    pub actor: String,
    pub action: &'static str,
}

/// What a request asks for, but for its ID.
#[derive(Serialize)]
struct Content<'c> {
    action: &'c str,
    name: String,
    working_hours: Option<&'c [WorkingHours]>,
    calendar_days: Option<&'c [CalendarDay]>,
    etag: &'c str,
    reason: &'c str,
}

impl CalendarChange {
    fn content(&self) -> Digest {
        let content = Content {
            action: self.action,
            name: self.name.to_string(),
            working_hours: self.working_hours.as_deref(),
            calendar_days: self.calendar_days.as_deref(),
            etag: &self.etag,
            reason: &self.reason,
        };
        canonical::digest(&content).expect("texts have a canonical form")
    }
}

impl App {
    /// A calendar as it stands. That of a jurisdiction is there before its first row is.
    pub(crate) async fn work_calendar(
        &self,
        name: &WorkCalendarName,
    ) -> Result<WorkCalendar, Error> {
        require_known(name)?;
        let mut transaction = self.store.begin_reading().await?;
        Ok(load(&mut transaction, &name.jurisdiction).await?.0)
    }

    /// Changes a calendar. Deadlines that were computed stay as they are: they are stored where
    /// they were computed.
    pub(crate) async fn update_work_calendar(
        &self,
        change: CalendarChange,
    ) -> Result<WorkCalendar, Error> {
        require_known(&change.name)?;
        let jurisdiction = &change.name.jurisdiction;
        let mut transaction = self.store.begin().await?;
        let head = heads::lock(&mut transaction, jurisdiction).await?;
        if let Some(answer) = find_repeat(&mut transaction, &change).await? {
            return Ok(answer);
        }
        let (standing, before) = load(&mut transaction, jurisdiction).await?;
        if !change.etag.is_empty() && change.etag != standing.rows.etag() {
            return Err(Error::EtagMismatch { resource: change.name.to_string() });
        }
        let mut after = before.clone();
        if let Some(hours) = &change.working_hours {
            after.working_hours =
                hours.iter().map(|row| (row.effective_date, row.clone())).collect();
        }
        if let Some(days) = &change.calendar_days {
            after.calendar = days.iter().map(|row| (row.date, row.clone())).collect();
        }
        let changes = Changes::between(&before, &after);
        let digests = (before.deadline_rules().digest(), after.deadline_rules().digest());
        let changed = WorkCalendar { rows: rows(after), ..standing };
        if change.validate_only {
            return Ok(changed);
        }
        if digests.0 != digests.1 {
            deadline_rules::write(&mut transaction, jurisdiction, &changes).await?;
            let now = store::audit::now(&mut transaction).await?;
            let entry = Change {
                actor: change.actor.clone(),
                action: change.action,
                resource: change.name.to_string(),
                reason: change.reason.clone(),
                digest_before: digests.0.to_string(),
                digest_after: digests.1.to_string(),
            };
            audit::record(&mut transaction, jurisdiction, &head, now, entry).await?;
        }
        remember(&mut transaction, &change, &changed).await?;
        store::commit(transaction).await?;
        Ok(changed)
    }
}

/// There is one calendar, and it has one name.
pub(super) fn require_known(name: &WorkCalendarName) -> Result<(), Error> {
    if name.calendar == DEFAULT {
        Ok(())
    } else {
        Err(Error::NotFound { resource: name.to_string() })
    }
}

fn rows(rules: Standing) -> CalendarRows {
    CalendarRows {
        working_hours: rules.working_hours.into_values().collect(),
        calendar_days: rules.calendar.into_values().collect(),
    }
}

/// The calendar, and the deadline rules that it is part of.
async fn load(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<(WorkCalendar, Standing), StoreError> {
    let mut standing = Standing::default();
    deadline_rules::load(connection, jurisdiction, &mut standing).await?;
    let time_zone = activations::newest_time_zone(connection, jurisdiction).await?;
    let now = store::audit::now(connection).await?;
    let utc = || "UTC".parse().expect("the database has UTC");
    let today = Date::of(now, &time_zone.clone().unwrap_or_else(utc));
    Ok((WorkCalendar { rows: rows(standing.clone()), time_zone, today }, standing))
}

async fn find_repeat(
    connection: &mut Connection,
    change: &CalendarChange,
) -> Result<Option<WorkCalendar>, Error> {
    let Some(request_id) = change.request_id else { return Ok(None) };
    let jurisdiction = &change.name.jurisdiction;
    let handled = registry_requests::get(connection, jurisdiction, request_id).await?;
    let Some(handled) = handled else { return Ok(None) };
    if handled.content != change.content() {
        return Err(Error::RequestIdReused { request_id: request_id.to_string() });
    }
    let answer = serde_json::from_slice(&handled.answer);
    let corrupt = |_| Error::Corrupt { resource: format!("request {request_id}") };
    answer.map(Some).map_err(corrupt)
}

async fn remember(
    connection: &mut Connection,
    change: &CalendarChange,
    answer: &WorkCalendar,
) -> Result<(), StoreError> {
    let Some(request_id) = change.request_id else { return Ok(()) };
    let answer = serde_json::to_vec(answer).expect("a calendar holds text only");
    let handled = Handled { content: change.content(), revision: None, answer };
    registry_requests::insert(connection, &change.name.jurisdiction, request_id, &handled).await
}
