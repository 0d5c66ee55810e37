//! `WebhookService`.

use chengping_chassis::error::to_status;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::webhook_service_server::WebhookService;
use tonic::{Request, Response};

use super::page::Page;
use super::{Answer, actor, convert};
use crate::app::App;
use crate::error::Error;

pub(super) struct Webhooks {
    pub(super) app: App,
}

impl Webhooks {
    async fn create(
        &self,
        request: pb::CreateWebhookRequest,
        creator: String,
    ) -> Result<pb::CreateWebhookResponse, Error> {
        let wish = convert::webhooks::create(request, creator)?;
        let (webhook, secret) = self.app.create_webhook(wish).await?;
        Ok(pb::CreateWebhookResponse {
            webhook: Some(convert::webhooks::webhook(&webhook)),
            secret: secret.unwrap_or_default(),
        })
    }

    async fn list(
        &self,
        request: pb::ListWebhooksRequest,
    ) -> Result<pb::ListWebhooksResponse, Error> {
        let jurisdiction = convert::parent(&request.parent)?;
        let arguments = ["webhooks", &request.parent];
        let page = Page::<String>::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.webhooks(&jurisdiction, page.after.as_deref(), page.limit()).await?;
        let (webhooks, next_page_token) = page.cut(found, |webhook| webhook.id.to_string());
        let webhooks = webhooks.iter().map(convert::webhooks::webhook).collect();
        Ok(pb::ListWebhooksResponse { webhooks, next_page_token })
    }

    async fn list_deliveries(
        &self,
        request: pb::ListWebhookDeliveriesRequest,
    ) -> Result<pb::ListWebhookDeliveriesResponse, Error> {
        let (name, state) = convert::webhooks::deliveries(&request)?;
        let arguments = ["deliveries", &request.parent, &request.state.to_string()];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.deliveries(&name, state, page.after, page.limit()).await?;
        let (found, next_page_token) = page.cut(found, |delivery| delivery.log_index);
        let webhook_deliveries = found.iter().map(convert::webhooks::delivery).collect();
        Ok(pb::ListWebhookDeliveriesResponse { webhook_deliveries, next_page_token })
    }

    async fn delete(
        &self,
        request: pb::DeleteWebhookRequest,
        actor: String,
    ) -> Result<pb::Webhook, Error> {
        let wish = convert::webhooks::delete(request, actor)?;
        Ok(convert::webhooks::webhook(&self.app.delete_webhook(wish).await?))
    }
}

#[tonic::async_trait]
impl WebhookService for Webhooks {
    async fn create_webhook(
        &self,
        request: Request<pb::CreateWebhookRequest>,
    ) -> Answer<pb::CreateWebhookResponse> {
        let creator = actor(&request).map_err(to_status)?;
        self.create(request.into_inner(), creator).await.map(Response::new).map_err(to_status)
    }

    async fn get_webhook(&self, request: Request<pb::GetWebhookRequest>) -> Answer<pb::Webhook> {
        let name = convert::webhooks::name("name", &request.get_ref().name).map_err(to_status)?;
        let webhook = self.app.webhook(&name).await.map_err(to_status)?;
        Ok(Response::new(convert::webhooks::webhook(&webhook)))
    }

    async fn list_webhooks(
        &self,
        request: Request<pb::ListWebhooksRequest>,
    ) -> Answer<pb::ListWebhooksResponse> {
        self.list(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn delete_webhook(
        &self,
        request: Request<pb::DeleteWebhookRequest>,
    ) -> Answer<pb::Webhook> {
        let actor = actor(&request).map_err(to_status)?;
        self.delete(request.into_inner(), actor).await.map(Response::new).map_err(to_status)
    }

    async fn list_webhook_deliveries(
        &self,
        request: Request<pb::ListWebhookDeliveriesRequest>,
    ) -> Answer<pb::ListWebhookDeliveriesResponse> {
        self.list_deliveries(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn retry_webhook_delivery(
        &self,
        request: Request<pb::RetryWebhookDeliveryRequest>,
    ) -> Answer<pb::WebhookDelivery> {
        let name = convert::webhooks::delivery_name(&request.get_ref().name).map_err(to_status)?;
        let delivery = self.app.retry_delivery(&name).await.map_err(to_status)?;
        Ok(Response::new(convert::webhooks::delivery(&delivery)))
    }
}
