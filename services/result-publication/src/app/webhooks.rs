//! Registering webhooks, and looking after them.

use chengping_chassis::error::FieldErrors;
use chengping_types::name::{WebhookDeliveryName, WebhookName};
use chengping_types::{Digest, JurisdictionId, canonical};
use serde::Serialize;
use uuid::Uuid;

use super::{App, made_before, now, require_etag};
use crate::domain::webhook::address::Address;
use crate::domain::webhook::secret::Secret;
use crate::domain::webhook::{Delivery, DeliveryState, Webhook};
use crate::error::Error;
use crate::store::webhooks::{self, NewWebhook};
use crate::store::{Connection, commit, log, requests};

/// A wish to register an address.
#[derive(Debug, Clone)]
pub(crate) struct CreateWebhook {
    pub(crate) name: WebhookName,
    pub(crate) url: String,
    pub(crate) from_start: bool,
    pub(crate) creator: String,
    pub(crate) request_id: Option<Uuid>,
    pub(crate) validate_only: bool,
}

/// A wish to end a webhook.
#[derive(Debug, Clone)]
pub(crate) struct DeleteWebhook {
    pub(crate) name: WebhookName,
    pub(crate) reason: String,
    pub(crate) etag: String,
    pub(crate) actor: String,
    pub(crate) validate_only: bool,
}

/// What makes two wishes the same.
#[derive(Serialize)]
struct Content<'a> {
    name: String,
    url: &'a str,
    from_start: bool,
}

impl CreateWebhook {
    fn content(&self) -> Digest {
        let CreateWebhook { name, url, from_start, .. } = self;
        let content = Content { name: name.to_string(), url, from_start: *from_start };
        canonical::digest(&content).expect("texts and a truth value are canonical")
    }
}

impl App {
    /// That publications may be sent to `url`.
    fn check_address(&self, url: &str) -> Result<(), Error> {
        let allowed = self.delivering.sender.allowed();
        let checked = url.parse::<Address>().and_then(|address| allowed.check(&address));
        checked.map_err(|error| {
            let mut errors = FieldErrors::default();
            errors.push("webhook.url", error.to_string());
            errors.into()
        })
    }

    /// Registers an address, and gives the secret for its messages; none if it was only checked, or if
    /// somebody else made the same call before.
    pub(crate) async fn create_webhook(
        &self,
        wish: CreateWebhook,
    ) -> Result<(Webhook, Option<String>), Error> {
        self.check_address(&wish.url)?;
        let mut transaction = self.store.begin().await?;
        let jurisdiction = &wish.name.jurisdiction;
        log::lock(&mut transaction, jurisdiction).await?;
        let content = wish.content();
        let before = made_before(&mut transaction, jurisdiction, wish.request_id, content);
        if let Some(name) = before.await? {
            let made = webhook(&mut transaction, &name).await?;
            let is_told = made.creator == wish.creator && !wish.validate_only;
            let secret = match is_told {
                true => Some(self.kept_secret(&mut transaction, &name).await?),
                false => None,
            };
            return Ok((made, secret));
        }
        let size = log::size(&mut transaction, jurisdiction).await?;
        let secret = Secret::new()?;
        let new = NewWebhook {
            name: wish.name.clone(),
            url: wish.url.clone(),
            secret: secret.seal(self.keys.webhooks(), &wish.name)?,
            creator: wish.creator.clone(),
            create_time: now(),
            first_index: if wish.from_start { 0 } else { size },
        };
        if !webhooks::insert(&mut transaction, &new).await? {
            return Err(Error::WebhookExists { name: wish.name.to_string() });
        }
        if let Some(request_id) = wish.request_id {
            let name = &wish.name;
            requests::insert_made(&mut transaction, jurisdiction, request_id, content, name)
                .await?;
        }
        let made = webhook(&mut transaction, &wish.name).await?;
        if wish.validate_only {
            return Ok((made, None));
        }
        commit(transaction).await?;
        self.published.send_replace(());
        tracing::info!(webhook = %wish.name, creator = wish.creator, "registered");
        Ok((made, Some(secret.text())))
    }

    async fn kept_secret(
        &self,
        connection: &mut Connection,
        name: &WebhookName,
    ) -> Result<String, Error> {
        let kept = webhooks::secret(connection, name).await?;
        let kept = kept.ok_or_else(|| Error::WebhookNotFound { name: name.to_string() })?;
        Ok(Secret::open(&kept, self.keys.webhooks(), name)?.text())
    }

    pub(crate) async fn webhook(&self, name: &WebhookName) -> Result<Webhook, Error> {
        webhook(&mut *self.store.acquire().await?, name).await
    }

    /// At most `limit` webhooks behind `after`, by identifier.
    pub(crate) async fn webhooks(
        &self,
        jurisdiction: &JurisdictionId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Webhook>, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(webhooks::list(&mut connection, jurisdiction, None, after, limit).await?)
    }

    /// Ends a webhook.
    pub(crate) async fn delete_webhook(&self, wish: DeleteWebhook) -> Result<Webhook, Error> {
        let mut transaction = self.store.begin().await?;
        log::lock(&mut transaction, &wish.name.jurisdiction).await?;
        let found = webhook(&mut transaction, &wish.name).await?;
        require_etag(&wish.name, found.etag(), &wish.etag)?;
        if !wish.validate_only {
            let now = now();
            webhooks::delete(&mut transaction, &wish.name, &wish.actor, &wish.reason, now).await?;
            commit(transaction).await?;
            tracing::info!(webhook = %wish.name, actor = wish.actor, "ended");
        }
        Ok(Webhook { is_deleted: !wish.validate_only, ..found })
    }

    /// At most `limit` deliveries of a webhook behind `after`, in the order of the log.
    pub(crate) async fn deliveries(
        &self,
        name: &WebhookName,
        state: Option<DeliveryState>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        webhook(&mut transaction, name).await?;
        let states = state.map_or_else(|| DeliveryState::ALL.to_vec(), |state| vec![state]);
        let place = (None, after);
        Ok(webhooks::deliveries(&mut transaction, name, place, &states, limit).await?)
    }

    /// Takes up again what was given up.
    pub(crate) async fn retry_delivery(
        &self,
        name: &WebhookDeliveryName,
    ) -> Result<Delivery, Error> {
        let mut transaction = self.store.begin().await?;
        let WebhookDeliveryName { jurisdiction, webhook, delivery } = name.clone();
        let of = WebhookName { jurisdiction, webhook };
        webhooks::retry(&mut transaction, &of, delivery).await?;
        let place = (Some(delivery), None);
        let found = webhooks::deliveries(&mut transaction, &of, place, DeliveryState::ALL, 1);
        let found = found.await?.into_iter().next();
        let found = found.ok_or_else(|| Error::DeliveryNotFound { name: name.to_string() })?;
        commit(transaction).await?;
        self.published.send_replace(());
        Ok(found)
    }
}

async fn webhook(connection: &mut Connection, name: &WebhookName) -> Result<Webhook, Error> {
    let id = Some(&name.webhook);
    let found = webhooks::list(connection, &name.jurisdiction, id, None, 1).await?;
    let found = found.into_iter().next();
    found.ok_or_else(|| Error::WebhookNotFound { name: name.to_string() })
}
