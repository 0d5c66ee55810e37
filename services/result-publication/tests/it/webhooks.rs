//! Webhooks, against a real HTTP server.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::webhook_delivery::State;
use chengping_testing::PATIENCE;
use ring::hmac;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::receiver::{Behaviour, Received, Receiver};
use crate::service::{Service, Settings, ZZ, acting, fields, refusal, start_with};

const HOOK: &str = "jurisdictions/zz/webhooks/assessment";

async fn start() -> Service {
    start_with(Settings { poll_ms: 20, ..Settings::default() }).await
}

fn request(url: &str) -> pb::CreateWebhookRequest {
    pb::CreateWebhookRequest {
        parent: ZZ.to_owned(),
        webhook: Some(pb::Webhook { url: url.to_owned(), ..Default::default() }),
        webhook_id: "assessment".to_owned(),
        ..Default::default()
    }
}

/// Registers an address, and gives the secret.
async fn register(service: &Service, url: &str) -> String {
    service.webhooks().create_webhook(request(url)).await.unwrap().into_inner().secret
}

async fn webhook(service: &Service) -> Result<pb::Webhook, Status> {
    let request = pb::GetWebhookRequest { name: HOOK.to_owned() };
    Ok(service.webhooks().get_webhook(request).await?.into_inner())
}

async fn deliveries(service: &Service, state: State) -> Vec<pb::WebhookDelivery> {
    let request = pb::ListWebhookDeliveriesRequest {
        parent: HOOK.to_owned(),
        state: state.into(),
        ..Default::default()
    };
    let found = service.webhooks().list_webhook_deliveries(request).await.unwrap();
    found.into_inner().webhook_deliveries
}

/// Waits until the webhook is as it should be.
async fn until(service: &Service, is_so: impl Fn(&pb::Webhook) -> bool) -> pb::Webhook {
    let waiting = async {
        loop {
            let found = webhook(service).await.unwrap();
            if is_so(&found) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("in time")
}

fn event_ids(received: &[Received]) -> Vec<&str> {
    received.iter().map(|message| message.header("webhook-id")).collect()
}

/// Whether a message carries the signature of the secret, as its receiver would check it.
fn is_signed(message: &Received, secret: &str) -> bool {
    let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let (id, time) = (message.header("webhook-id"), message.header("webhook-timestamp"));
    let signed = [format!("{id}.{time}.").as_bytes(), &message.body].concat();
    let signature = message.header("webhook-signature").strip_prefix("v1,").unwrap();
    hmac::verify(&key, &signed, &BASE64.decode(signature).unwrap()).is_ok()
}

#[tokio::test]
async fn a_withdrawal_is_an_event_of_its_own_and_the_log_with_it_is_sound() {
    let service = start().await;
    let mut receiver = Receiver::start().await;
    register(&service, &receiver.url()).await;
    let version = service.published("e1", "2018-03", "").await;
    let request = pb::WithdrawBulletinVersionRequest {
        name: version.name,
        reason: "computed from half of the records".to_owned(),
        ..Default::default()
    };
    service.bulletins.clone().withdraw_bulletin_version(request).await.unwrap();
    let received = receiver.received(2).await;
    assert_eq!(event_ids(&received), ["zz.2018-03.1", "zz.2018-03.1.withdrawn"]);
    let event: Value = serde_json::from_slice(&received[1].body).unwrap();
    assert_eq!(event["type"], "chengping.publication.v1.withdrawn");
    assert_eq!(event["data"]["withdrawal"]["reason"], "computed from half of the records");
    assert_eq!(event["data"]["lines"].as_array().unwrap().len(), 0);

    let verified = service.verified().await;
    assert_eq!((verified.entry_count, verified.findings), (2, Vec::new()));
    // Whoever says that the version stands, or was withdrawn for another reason, contradicts the log.
    let mut owner = PgConnection::connect(service.database.admin_url()).await.unwrap();
    sqlx::query("set session_replication_role = replica").execute(&mut owner).await.unwrap();
    for (table, change) in [
        ("bulletin_version", "bulletin_version set withdraw_reason = 'another'"),
        ("bulletin", "bulletin set published_version = 1"),
        ("log_entry", "log_entry set version = 2 where log_index = 1"),
    ] {
        let change = format!("update result_publication.{change}");
        sqlx::query(AssertSqlSafe(change)).execute(&mut owner).await.unwrap();
        let found = service.verified().await.findings;
        assert!(found.iter().any(|finding| finding.table == table), "{table}: {found:?}");
    }
}

#[tokio::test]
async fn each_publication_comes_once_in_order_signed_and_whole() {
    let service = start().await;
    let mut receiver = Receiver::start().await;
    service.published("e0", "2018-02", "").await;
    let secret = register(&service, &receiver.url()).await;
    for (id, month, reason) in
        [("e1", "2018-03", ""), ("e2", "2018-04", ""), ("e3", "2018-03", "an upheld inquiry")]
    {
        service.published(id, month, reason).await;
    }
    let received = receiver.received(3).await;
    assert_eq!(event_ids(&received), ["zz.2018-03.1", "zz.2018-04.1", "zz.2018-03.2"]);
    for message in &received {
        assert!(is_signed(message, &secret));
        assert_eq!(message.line, "POST /hook?a=1 HTTP/1.1");
        assert_eq!(message.header("content-type"), "application/cloudevents+json; charset=utf-8");
        let event: Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["id"], message.header("webhook-id"));
        assert_eq!(event["source"], "pingjia.example/zz");
        assert_eq!(event["data"]["lines"].as_array().unwrap().len(), 4);
        assert_eq!(event["data"]["lines"][0]["body"], "d02");
    }
    let mut forged = received[0].clone();
    forged.body[10] ^= 1;
    assert!(!is_signed(&forged, &secret));

    let standing = until(&service, |webhook| webhook.done_count == 3).await;
    assert_eq!((standing.pending_count, standing.dead_count), (0, 0));
    let told = deliveries(&service, State::Unspecified).await;
    let places: Vec<_> = told.iter().map(|delivery| delivery.attempt_count).collect();
    assert_eq!(places, [1, 1, 1]);
    assert_eq!(told[2].event_id, "zz.2018-03.2");
}

#[tokio::test]
async fn a_newcomer_may_have_everything_from_the_start() {
    let service = start().await;
    let mut receiver = Receiver::start().await;
    service.published("e1", "2018-03", "").await;
    service.published("e2", "2018-04", "").await;
    let from_start = pb::CreateWebhookRequest { from_start: true, ..request(&receiver.url()) };
    service.webhooks().create_webhook(from_start).await.unwrap();
    let received = receiver.received(2).await;
    assert_eq!(event_ids(&received), ["zz.2018-03.1", "zz.2018-04.1"]);
}

#[tokio::test]
async fn whatever_a_server_does_wrong_the_same_message_comes_again() {
    let service = start().await;
    for (number, wrong) in [
        (1, Behaviour::Status(500, "broken\u{7}".to_owned())),
        (2, Behaviour::Close),
        (3, Behaviour::Lie),
        (4, Behaviour::Stall),
        (5, Behaviour::Status(302, String::new())),
        (6, Behaviour::Flood(503)),
    ] {
        let mut receiver = Receiver::start().await;
        receiver.then([wrong.clone()]);
        let request = pb::CreateWebhookRequest {
            webhook_id: format!("hook{number}"),
            ..request(&receiver.url())
        };
        service.webhooks().create_webhook(request).await.unwrap();
        service.published(&format!("e{number}"), &format!("2018-{number:02}"), "").await;
        let received = receiver.received(2).await;
        assert_eq!(received.len(), 2, "{wrong:?}");
        assert_eq!(received[0].body, received[1].body, "{wrong:?}");
        let ids = event_ids(&received);
        assert_eq!(ids[0], ids[1], "{wrong:?}");
        let name = format!("{ZZ}/webhooks/hook{number}");
        let ended = pb::DeleteWebhookRequest {
            name,
            reason: "the next one".to_owned(),
            ..Default::default()
        };
        service.webhooks().delete_webhook(ended).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_refused_too_often_is_put_aside_and_can_be_sent_again() {
    let service = start().await;
    let mut receiver = Receiver::start().await;
    let long = "错".repeat(2_000);
    receiver.then(std::iter::repeat_n(Behaviour::Status(500, long), 3));
    register(&service, &receiver.url()).await;
    service.published("e1", "2018-03", "").await;
    service.published("e2", "2018-04", "").await;
    let standing = until(&service, |webhook| webhook.done_count == 2).await;
    assert_eq!(standing.dead_count, 1, "{standing:?}");
    let ids = receiver.received(4).await;
    let ids = event_ids(&ids);
    assert_eq!(ids, ["zz.2018-03.1", "zz.2018-03.1", "zz.2018-03.1", "zz.2018-04.1"]);
    let dead = deliveries(&service, State::Dead).await;
    let [dead] = &dead[..] else { panic!("{dead:?}") };
    assert_eq!((dead.attempt_count, dead.last_status), (3, 500));
    assert!(dead.last_error.starts_with("500 ") && dead.last_error.len() <= 1100, "{dead:?}");

    let again = pb::RetryWebhookDeliveryRequest { name: dead.name.clone() };
    let taken_up = service.webhooks().retry_webhook_delivery(again.clone()).await.unwrap();
    assert_eq!(taken_up.get_ref().state(), State::Pending);
    let received = receiver.received(5).await;
    assert_eq!(event_ids(&received)[4], "zz.2018-03.1");
    until(&service, |webhook| webhook.dead_count == 0 && webhook.done_count == 2).await;
    let told = service.webhooks().retry_webhook_delivery(again).await.unwrap().into_inner();
    assert_eq!((told.state(), told.attempt_count), (State::Delivered, 4), "nothing is sent twice");
}

#[tokio::test]
async fn what_cannot_be_read_is_given_up_like_what_nobody_takes() {
    let service = start().await;
    let mut receiver = Receiver::start().await;
    service.published("e1", "2018-03", "").await;
    service.published("e2", "2018-04", "").await;
    let mut owner = PgConnection::connect(service.database.admin_url()).await.unwrap();
    sqlx::query("set session_replication_role = replica").execute(&mut owner).await.unwrap();
    let broken = "update result_publication.publication_lines set lines = 'x' where log_index = 0";
    sqlx::query(broken).execute(&mut owner).await.unwrap();
    let from_start = pb::CreateWebhookRequest { from_start: true, ..request(&receiver.url()) };
    service.webhooks().create_webhook(from_start).await.unwrap();
    assert_eq!(event_ids(&receiver.received(1).await), ["zz.2018-04.1"]);
    let dead = deliveries(&service, State::Dead).await;
    let [dead] = &dead[..] else { panic!("{dead:?}") };
    assert_eq!((dead.attempt_count, dead.last_status), (3, 0));
    assert!(dead.last_error.contains("corrupt"), "{dead:?}");
}

#[tokio::test]
async fn a_webhook_says_what_happened_last_and_when_it_goes_on() {
    let service = start().await;
    let receiver = Receiver::start().await;
    receiver.then(std::iter::repeat_n(Behaviour::Status(500, "broken".to_owned()), 3));
    register(&service, &receiver.url()).await;
    service.published("e1", "2018-03", "").await;
    let standing = until(&service, |webhook| webhook.dead_count == 1).await;
    assert!(standing.last_error.starts_with("500 "), "also when it was given up: {standing:?}");
    assert_eq!(standing.next_attempt_time, None, "nothing waits");
    // Another process holds it, so that what is published waits without an attempt.
    let held = "update webhook set lease = gen_random_uuid(), lease_until = now() + interval '1 h'";
    sqlx::query(held).execute(&service.pool).await.unwrap();
    service.published("e2", "2018-04", "").await;
    let waiting = until(&service, |webhook| webhook.pending_count == 1).await;
    assert!(waiting.next_attempt_time.is_some(), "{waiting:?}");
    let freed = "update webhook set lease = null, lease_until = null";
    sqlx::query(freed).execute(&service.pool).await.unwrap();
    service.published("e3", "2018-05", "").await;
    let standing = until(&service, |webhook| webhook.done_count == 3).await;
    assert_eq!(standing.last_error, "", "it was taken in");
}

#[tokio::test]
async fn a_receiver_and_a_sender_may_be_killed_and_nothing_is_lost() {
    let settings = Settings { poll_ms: 20, attempts_max: 1_000_000, ..Settings::default() };
    let service = start_with(settings).await;
    let receiver = Receiver::start().await;
    register(&service, &receiver.url()).await;
    let address = receiver.kill().await;
    service.published("e1", "2018-03", "").await;
    until(&service, |webhook| !webhook.last_error.is_empty()).await;
    // The process goes as well; as one that was killed, it leaves the webhook held.
    service.shutdown.cancel();
    sqlx::query(
        "update webhook set lease = gen_random_uuid(), lease_until = now() + interval '300 ms'",
    )
    .execute(&service.pool)
    .await
    .unwrap();
    let mut receiver = Receiver::start_at(address).await;
    let (_, stop) = service.beside(settings).await;
    let received = receiver.received(1).await;
    assert_eq!(event_ids(&received), ["zz.2018-03.1"]);
    let kept = async {
        loop {
            let kept: Vec<(i64, String)> =
                sqlx::query_as("select log_index, state from webhook_delivery")
                    .fetch_all(&service.pool)
                    .await
                    .unwrap();
            if kept == [(0, "delivered".to_owned())] {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, kept).await.expect("one record, whatever happened");
    stop.cancel();
}

#[tokio::test]
async fn several_processes_send_each_publication_once() {
    let settings = Settings { poll_ms: 20, ..Settings::default() };
    let service = start_with(settings).await;
    let (_, stop) = service.beside(settings).await;
    let (_, stop_another) = service.beside(settings).await;
    let mut receiver = Receiver::start().await;
    register(&service, &receiver.url()).await;
    let mut expected = Vec::new();
    for number in 1..=12 {
        service.published(&format!("e{number}"), &format!("2018-{number:02}"), "").await;
        expected.push(format!("zz.2018-{number:02}.1"));
    }
    until(&service, |webhook| webhook.done_count == 12).await;
    let received = receiver.received(12).await;
    assert_eq!(event_ids(&received), expected, "each once, in order");
    stop.cancel();
    stop_another.cancel();
}

#[tokio::test]
async fn nothing_inside_is_reached_and_nothing_wrong_is_kept() {
    let service = start().await;
    for bad in ["http://pingjia.example/", "https://10.0.0.1/", "https://[::1]/", "ftp://a/", ""] {
        let status = service.webhooks().create_webhook(request(bad)).await.unwrap_err();
        assert_eq!(fields(&status), ["webhook.url"], "{bad}");
    }
    let everything = pb::CreateWebhookRequest {
        parent: "zz".to_owned(),
        webhook_id: "The Hook".to_owned(),
        request_id: "1".to_owned(),
        ..Default::default()
    };
    let status = service.webhooks().create_webhook(everything).await.unwrap_err();
    assert_eq!(fields(&status), ["parent", "webhook_id", "webhook.url", "request_id"]);
    let checked =
        pb::CreateWebhookRequest { validate_only: true, ..request("https://pingjia.example/") };
    let answer = service.webhooks().create_webhook(checked).await.unwrap().into_inner();
    assert_eq!(answer.secret, "");
    let status = webhook(&service).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "WEBHOOK_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn a_secret_is_told_to_who_made_it_and_kept_where_nobody_reads_it() {
    let service = start().await;
    let url = "https://pingjia.example/";
    let call = pb::CreateWebhookRequest { request_id: Uuid::new_v4().to_string(), ..request(url) };
    let first = service.webhooks().create_webhook(call.clone()).await.unwrap().into_inner();
    let again = service.webhooks().create_webhook(call.clone()).await.unwrap().into_inner();
    assert_eq!(first.secret, again.secret, "the answer to a repeated call is the first one");
    let by_another = service.webhooks().create_webhook(acting("sun", call.clone())).await.unwrap();
    assert_eq!(
        (by_another.get_ref().secret.as_str(), &by_another.get_ref().webhook),
        ("", &first.webhook)
    );
    let checked = pb::CreateWebhookRequest { validate_only: true, ..call.clone() };
    let checked = service.webhooks().create_webhook(checked).await.unwrap().into_inner();
    assert_eq!(checked.secret, "", "nothing is told where it is only checked");
    let other = pb::CreateWebhookRequest { from_start: true, ..call };
    let status = service.webhooks().create_webhook(other).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned()));
    let status = service.webhooks().create_webhook(request(url)).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::AlreadyExists, "WEBHOOK_EXISTS".to_owned()));

    let shown = format!("{:?}", webhook(&service).await.unwrap());
    assert!(!shown.contains(&first.secret), "{shown}");
    let secret = BASE64.decode(first.secret.strip_prefix("whsec_").unwrap()).unwrap();
    let kept: Vec<u8> =
        sqlx::query_scalar("select secret from webhook").fetch_one(&service.pool).await.unwrap();
    assert!(!kept.windows(8).any(|part| secret.windows(8).any(|own| own == part)));

    let end = |etag: &str, reason: &str| pb::DeleteWebhookRequest {
        name: HOOK.to_owned(),
        reason: reason.to_owned(),
        etag: etag.to_owned(),
        validate_only: false,
    };
    let status = service.webhooks().delete_webhook(end("\"9\"", "moved")).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    let status = service.webhooks().delete_webhook(end("", "")).await.unwrap_err();
    assert_eq!(fields(&status), ["reason"]);
    service.webhooks().delete_webhook(end("\"1\"", "moved")).await.unwrap();
    let gone: Option<Vec<u8>> =
        sqlx::query_scalar("select secret from webhook").fetch_one(&service.pool).await.unwrap();
    assert_eq!(gone, None);
    assert!(webhook(&service).await.is_err());
}
