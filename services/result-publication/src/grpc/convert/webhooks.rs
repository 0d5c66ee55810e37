//! Webhooks.

use chengping_chassis::error::FieldErrors;
use chengping_proto::publication::v1 as pb;
use chengping_types::name::{
    BulletinVersionName, JurisdictionName, WebhookDeliveryName, WebhookName,
};
use uuid::Uuid;

use super::{CHECKED, int64, reason, timestamp};
use crate::app::{CreateWebhook, DeleteWebhook};
use crate::domain::webhook::address::Address;
use crate::domain::webhook::{Delivery, DeliveryState, Webhook, event};
use crate::error::Error;

pub(in crate::grpc) fn create(
    request: pb::CreateWebhookRequest,
    creator: String,
) -> Result<CreateWebhook, Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let id = errors.parse("webhook_id", &request.webhook_id);
    let url = request.webhook.unwrap_or_default().url;
    // Whether it may be reached depends on the configuration, which is not known here.
    if let Err(error) = url.parse::<Address>() {
        errors.push("webhook.url", error.to_string());
    }
    let request_id = errors.parse_optional::<Uuid>("request_id", &request.request_id);
    errors.into_result()?;
    let jurisdiction = parent.expect(CHECKED).jurisdiction;
    Ok(CreateWebhook {
        name: WebhookName { jurisdiction, webhook: id.expect(CHECKED) },
        url,
        from_start: request.from_start,
        creator,
        request_id: request_id.expect(CHECKED),
        validate_only: request.validate_only,
    })
}

pub(in crate::grpc) fn name(field: &str, text: &str) -> Result<WebhookName, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse(field, text);
    errors.into_result()?;
    Ok(name.expect(CHECKED))
}

pub(in crate::grpc) fn delete(
    request: pb::DeleteWebhookRequest,
    actor: String,
) -> Result<DeleteWebhook, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("name", &request.name);
    let reason = reason(&mut errors, "reason", &request.reason);
    errors.into_result()?;
    Ok(DeleteWebhook {
        name: name.expect(CHECKED),
        reason,
        etag: request.etag,
        actor,
        validate_only: request.validate_only,
    })
}

pub(in crate::grpc) fn deliveries(
    request: &pb::ListWebhookDeliveriesRequest,
) -> Result<(WebhookName, Option<DeliveryState>), Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("parent", &request.parent);
    let state = DeliveryState::ALL.iter().find(|state| i32::from(state.code()) == request.state);
    if state.is_none() && request.state != 0 {
        errors.push("state", "must be one of the states of a delivery, or absent");
    }
    errors.into_result()?;
    Ok((name.expect(CHECKED), state.copied()))
}

pub(in crate::grpc) fn delivery_name(text: &str) -> Result<WebhookDeliveryName, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("name", text);
    errors.into_result()?;
    Ok(name.expect(CHECKED))
}

pub(in crate::grpc) fn webhook(webhook: &Webhook) -> pb::Webhook {
    pb::Webhook {
        name: webhook.name().to_string(),
        url: webhook.url.clone(),
        creator: webhook.creator.clone(),
        create_time: Some(timestamp(webhook.create_time)),
        done_count: int64(webhook.done_count),
        pending_count: int64(webhook.pending_count),
        dead_count: int64(webhook.dead_count),
        last_error: webhook.last_error.clone(),
        next_attempt_time: webhook.next_attempt_time.map(timestamp),
        etag: webhook.etag().to_owned(),
    }
}

pub(in crate::grpc) fn delivery(delivery: &Delivery) -> pb::WebhookDelivery {
    let WebhookName { jurisdiction, .. } = &delivery.webhook;
    let version = BulletinVersionName {
        jurisdiction: jurisdiction.clone(),
        month: delivery.month,
        version: delivery.version.into(),
    };
    pb::WebhookDelivery {
        name: delivery.name().to_string(),
        event_id: event::id(jurisdiction, delivery.month, delivery.version, delivery.kind),
        bulletin_version: version.to_string(),
        kind: super::kind(delivery.kind).into(),
        state: delivery.state.code().into(),
        attempt_count: super::int32(delivery.total_attempts),
        last_status: delivery.last_status.into(),
        last_error: delivery.last_error.clone(),
        last_attempt_time: delivery.last_attempt_time.map(timestamp),
        next_attempt_time: delivery.next_attempt_time.map(timestamp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_codes_of_the_api() {
        for state in DeliveryState::ALL {
            let name = format!("STATE_{}", state.as_str().to_uppercase());
            let code = pb::webhook_delivery::State::from_str_name(&name).unwrap();
            assert_eq!(i32::from(state.code()), i32::from(code), "{state}");
        }
    }
}
