//! Changing the registry by name, once for each request ID.

use chengping_types::name::BodyName;
use chengping_types::{Digest, canonical};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::App;
use super::revise::{Order, Revised};
use crate::domain::change::{BodyUpdate, Merge, RowKey, remove};
use crate::domain::difference::Differences;
use crate::domain::registry::{RegisteredBody, Standing};
use crate::error::Error;
use crate::store::registry_requests::{self, Handled};
use crate::store::{self, Transaction, registry_revisions};

/// A change with the ID of its request.
#[derive(Debug)]
pub(crate) struct Requested<T> {
    pub order: Order,
    pub request_id: Option<Uuid>,
    pub change: T,
}

/// How a body is to be changed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct UpdateBody {
    pub update: BodyUpdate,
    /// Empty when any standing state will do.
    pub etag: String,
    pub allow_missing: bool,
}

/// What a change answered, but for the revision.
#[derive(Serialize, Deserialize)]
struct Answer<T> {
    made: T,
    differences: Differences,
    warnings: Vec<String>,
    deadline_rules: Digest,
}

impl App {
    /// Changes a body; gives it as it stands then.
    pub(crate) async fn update_body(
        &self,
        requested: Requested<UpdateBody>,
    ) -> Result<RegisteredBody, Error> {
        let jurisdiction = requested.order.jurisdiction.clone();
        let work = move |standing: &mut Standing, change: UpdateBody| {
            let body = change.update.body_id.clone();
            let resource = BodyName { jurisdiction, body: body.clone() }.to_string();
            let etag = standing.body(&body).map(|body| body.etag());
            if etag.is_none() && !change.allow_missing {
                return Err(Error::NotFound { resource });
            }
            if !change.etag.is_empty() && etag.is_none_or(|etag| etag != change.etag) {
                return Err(Error::EtagMismatch { resource });
            }
            change.update.apply(standing)?;
            standing.body(&body).ok_or(Error::NotFound { resource })
        };
        Ok(self.change(requested, work).await?.0)
    }

    /// Joins bodies into one.
    pub(crate) async fn merge_bodies(&self, requested: Requested<Merge>) -> Result<Revised, Error> {
        let work = |standing: &mut Standing, merge: Merge| Ok(merge.apply(standing)?);
        Ok(self.change(requested, work).await?.1)
    }

    /// Takes rows out.
    pub(crate) async fn remove_registry_rows(
        &self,
        requested: Requested<Vec<RowKey>>,
    ) -> Result<Revised, Error> {
        let work = |standing: &mut Standing, keys: Vec<RowKey>| Ok(remove(standing, &keys)?);
        Ok(self.change(requested, work).await?.1)
    }

    async fn change<C, T>(
        &self,
        requested: Requested<C>,
        work: impl FnOnce(&mut Standing, C) -> Result<T, Error> + Send + 'static,
    ) -> Result<(T, Revised), Error>
    where
        C: Serialize + Send + 'static,
        T: Serialize + for<'de> Deserialize<'de> + Send + 'static,
    {
        let Requested { order, request_id, change } = requested;
        let content = content_of(&order, &change);
        let mut open = self.open(&order).await?;
        if let Some(request_id) = request_id {
            let repeat = find_repeat(&mut open.transaction, &order, request_id, content).await?;
            if let Some(answer) = repeat {
                return Ok(answer);
            }
        }
        let (mut transaction, made, revised) =
            open.revise(&order, move |standing| work(standing, change)).await?;
        if order.validate_only {
            return Ok((made, revised));
        }
        let (made, revised) = match request_id {
            Some(request_id) => {
                remember(&mut transaction, &order, (request_id, content), made, revised).await?
            }
            None => (made, revised),
        };
        store::commit(transaction).await?;
        Ok((made, revised))
    }
}

/// What a request asks for, but for its ID.
fn content_of(order: &Order, change: &impl Serialize) -> Digest {
    let change = serde_json::to_string(change).expect("a change is texts and numbers");
    let parts = [
        order.action.to_owned(),
        order.reason.clone(),
        order.expected_revision.unwrap_or_default().to_string(),
        change,
    ];
    canonical::digest(&parts).expect("texts have a canonical form")
}

async fn find_repeat<T: for<'de> Deserialize<'de>>(
    transaction: &mut Transaction,
    order: &Order,
    request_id: Uuid,
    content: Digest,
) -> Result<Option<(T, Revised)>, Error> {
    let jurisdiction = &order.jurisdiction;
    let handled = registry_requests::get(transaction, jurisdiction, request_id).await?;
    let Some(handled) = handled else { return Ok(None) };
    if handled.content != content {
        return Err(Error::RequestIdReused { request_id: request_id.to_string() });
    }
    let answer: Answer<T> = serde_json::from_slice(&handled.answer)
        .map_err(|_| Error::Corrupt { resource: format!("request {request_id}") })?;
    let revision = match handled.revision {
        Some(number) => registry_revisions::get(transaction, jurisdiction, Some(number)).await?,
        None => None,
    };
    let Answer { made, differences, warnings, deadline_rules } = answer;
    Ok(Some((made, Revised { revision, differences, warnings, deadline_rules })))
}

async fn remember<T: Serialize>(
    transaction: &mut Transaction,
    order: &Order,
    (request_id, content): (Uuid, Digest),
    made: T,
    revised: Revised,
) -> Result<(T, Revised), Error> {
    let Revised { revision, differences, warnings, deadline_rules } = revised;
    let answer = Answer { made, differences, warnings, deadline_rules };
    let json = serde_json::to_vec(&answer).expect("an answer is texts and numbers");
    let number = revision.as_ref().map(|revision| revision.revision);
    let handled = Handled { content, revision: number, answer: json };
    registry_requests::insert(transaction, &order.jurisdiction, request_id, &handled).await?;
    let Answer { made, differences, warnings, deadline_rules } = answer;
    Ok((made, Revised { revision, differences, warnings, deadline_rules }))
}
