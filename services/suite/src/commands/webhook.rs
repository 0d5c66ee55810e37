//! `chengping webhook`: addresses that are told of publications by HTTP; and `chengping consumers`,
//! who takes publications in, and how far each is.

use chengping_proto::publication::v1::webhook_delivery::State;
use chengping_proto::publication::v1::{
    CreateWebhookRequest, DeleteWebhookRequest, ListConsumersRequest, ListWebhookDeliveriesRequest,
    ListWebhooksRequest, RetryWebhookDeliveryRequest, Webhook, WebhookDelivery,
};
use chengping_types::RecordId;
use chengping_types::name::{JurisdictionName, WebhookName};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::args::{Common, Format};
use crate::clients::{Clients, all_pages};
use crate::convert::{enum_text, last_part, second_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// What to do with webhooks.
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Register an address; prints the secret of its signatures, this once
    Create(CreateArgs),
    /// List the addresses, and how far each is
    List,
    /// End a webhook
    Delete(DeleteArgs),
    /// List what was sent to a webhook, and what became of it
    Deliveries(DeliveriesArgs),
    /// Send what was given up once more
    Retry(RetryArgs),
}

/// Flags of `webhook create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Its identifier: 1 to 63 of a-z, 0-9 and -
    #[arg(value_name = "ID")]
    id: RecordId,
    /// Where to send to
    #[arg(long, value_name = "URL")]
    url: String,
    /// Send everything that was published before as well
    #[arg(long)]
    from_start: bool,
    /// Check the address, and change nothing
    #[arg(long)]
    validate_only: bool,
}

/// Flags of `webhook delete`.
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// Its identifier
    #[arg(value_name = "ID")]
    id: RecordId,
    /// Why; kept with it
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Flags of `webhook deliveries`.
#[derive(Debug, Args)]
pub struct DeliveriesArgs {
    /// Its identifier
    #[arg(value_name = "ID")]
    id: RecordId,
    /// Only those in this state
    #[arg(long, value_enum)]
    state: Option<DeliveryState>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeliveryState {
    /// Waits for its next attempt.
    Pending,
    /// Taken in.
    Delivered,
    /// Given up.
    Dead,
}

impl From<DeliveryState> for State {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::Dead => Self::Dead,
        }
    }
}

/// Flags of `webhook retry`.
#[derive(Debug, Args)]
pub struct RetryArgs {
    /// Its identifier
    #[arg(value_name = "ID")]
    id: RecordId,
    /// Index in the log, as `webhook deliveries` lists it
    #[arg(value_name = "INDEX")]
    index: u64,
}

/// Does it.
pub async fn run(
    common: &Common,
    command: &WebhookCommand,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    match command {
        WebhookCommand::Create(args) => create(&clients, args, out).await?,
        WebhookCommand::List => {
            let request =
                ListWebhooksRequest { parent: clients.parent(), ..ListWebhooksRequest::default() };
            let found = all_pages!(clients.webhooks(), list_webhooks, request, webhooks);
            report(&found.doing("list the webhooks")?, out)?;
        }
        WebhookCommand::Delete(args) => {
            let request = DeleteWebhookRequest {
                name: name(&clients, &args.id),
                reason: args.reason.clone(),
                ..DeleteWebhookRequest::default()
            };
            let ended = clients.webhooks().delete_webhook(request).await;
            report(&[ended.doing("end the webhook")?.into_inner()], out)?;
        }
        WebhookCommand::Deliveries(args) => {
            let request = ListWebhookDeliveriesRequest {
                parent: name(&clients, &args.id),
                state: args.state.map_or(State::Unspecified, State::from).into(),
                ..ListWebhookDeliveriesRequest::default()
            };
            let found = all_pages!(
                clients.webhooks(),
                list_webhook_deliveries,
                request,
                webhook_deliveries
            );
            deliveries(&found.doing("list the deliveries")?, out)?;
        }
        WebhookCommand::Retry(args) => {
            let name = format!("{}/deliveries/{}", name(&clients, &args.id), args.index);
            let request = RetryWebhookDeliveryRequest { name };
            let taken_up = clients.webhooks().retry_webhook_delivery(request).await;
            deliveries(&[taken_up.doing("send it once more")?.into_inner()], out)?;
        }
    }
    Ok(Outcome::Done)
}

fn name(clients: &Clients, id: &RecordId) -> String {
    WebhookName { jurisdiction: clients.jurisdiction().clone(), webhook: id.clone() }.to_string()
}

async fn create(clients: &Clients, args: &CreateArgs, out: &mut Output) -> Result<(), Failure> {
    let jurisdiction = clients.jurisdiction().clone();
    let request = CreateWebhookRequest {
        parent: JurisdictionName { jurisdiction }.to_string(),
        webhook: Some(Webhook { url: args.url.clone(), ..Webhook::default() }),
        webhook_id: args.id.to_string(),
        from_start: args.from_start,
        request_id: Uuid::new_v4().to_string(),
        validate_only: args.validate_only,
    };
    let made = clients.webhooks().create_webhook(request).await;
    let made = made.doing("register the webhook")?.into_inner();
    if out.format() == Format::Table {
        report(&made.webhook.into_iter().collect::<Vec<_>>(), out)?;
        if !made.secret.is_empty() {
            out.text(&format!("\nsecret: {}\nkeep it: it is not told again", made.secret))?;
        }
        return Ok(());
    }
    out.json(&json!({"webhook": made.webhook.as_ref().map(json), "secret": made.secret}))
}

fn report(webhooks: &[Webhook], out: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("webhook", Align::Left),
        ("url", Align::Left),
        ("done", Align::Right),
        ("pending", Align::Right),
        ("dead", Align::Right),
        ("next_attempt", Align::Left),
        ("last_error", Align::Left),
    ]);
    for webhook in webhooks {
        table.row([
            last_part(&webhook.name).to_owned(),
            webhook.url.clone(),
            webhook.done_count.to_string(),
            webhook.pending_count.to_string(),
            webhook.dead_count.to_string(),
            second_text(webhook.next_attempt_time.as_ref()),
            webhook.last_error.clone(),
        ]);
    }
    out.report(&table, &webhooks.iter().map(json).collect::<Vec<Value>>())
}

fn json(webhook: &Webhook) -> Value {
    json!({
        "name": webhook.name,
        "url": webhook.url,
        "creator": webhook.creator,
        "create_time": time_text(webhook.create_time.as_ref()),
        "done_count": webhook.done_count,
        "pending_count": webhook.pending_count,
        "dead_count": webhook.dead_count,
        "last_error": webhook.last_error,
        "next_attempt_time": time_text(webhook.next_attempt_time.as_ref()),
    })
}

fn deliveries(deliveries: &[WebhookDelivery], out: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("index", Align::Right),
        ("event", Align::Left),
        ("state", Align::Left),
        ("attempts", Align::Right),
        ("status", Align::Right),
        ("last_attempt", Align::Left),
        ("last_error", Align::Left),
    ]);
    let state = |delivery: &WebhookDelivery| enum_text(delivery.state().as_str_name(), "STATE_");
    for delivery in deliveries {
        table.row([
            last_part(&delivery.name).to_owned(),
            delivery.event_id.clone(),
            state(delivery),
            delivery.attempt_count.to_string(),
            delivery.last_status.to_string(),
            second_text(delivery.last_attempt_time.as_ref()),
            delivery.last_error.clone(),
        ]);
    }
    let json = |delivery: &WebhookDelivery| {
        json!({
            "name": delivery.name,
            "event_id": delivery.event_id,
            "bulletin_version": delivery.bulletin_version,
            "state": state(delivery),
            "attempt_count": delivery.attempt_count,
            "last_status": delivery.last_status,
            "last_error": delivery.last_error,
            "last_attempt_time": time_text(delivery.last_attempt_time.as_ref()),
            "next_attempt_time": time_text(delivery.next_attempt_time.as_ref()),
        })
    };
    out.report(&table, &deliveries.iter().map(json).collect::<Vec<Value>>())
}

/// Lists who takes publications in.
pub async fn consumers(common: &Common, out: &mut Output) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let request =
        ListConsumersRequest { parent: clients.parent(), ..ListConsumersRequest::default() };
    let found = all_pages!(clients.bulletins(), list_consumers, request, consumers);
    let found = found.doing("list the consumers")?;
    let mut table = Table::new(&[
        ("consumer", Align::Left),
        ("acknowledged", Align::Right),
        ("pending", Align::Right),
        ("last", Align::Left),
    ]);
    let mut values = Vec::new();
    for consumer in &found {
        let name = last_part(&consumer.name).to_owned();
        table.row([
            name.clone(),
            consumer.acknowledged_count.to_string(),
            consumer.pending_count.to_string(),
            second_text(consumer.update_time.as_ref()),
        ]);
        values.push(json!({
            "consumer": name,
            "acknowledged_count": consumer.acknowledged_count,
            "pending_count": consumer.pending_count,
            "update_time": time_text(consumer.update_time.as_ref()),
        }));
    }
    out.report(&table, &values)?;
    Ok(Outcome::Done)
}
