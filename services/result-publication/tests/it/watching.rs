//! Being told of publications.

use chengping_chassis::client::TracedChannel;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::bulletin_service_client::BulletinServiceClient;
use chengping_proto::publication::v1::bulletin_version::State;
use chengping_testing::PATIENCE;
use tonic::{Code, Status, Streaming};

use crate::service::{Service, Settings, ZZ, fields, refusal, start, start_with, value};

type Told = Streaming<pb::WatchPublicationsResponse>;

fn request(resume_token: &str, consumer: &str) -> pb::WatchPublicationsRequest {
    pb::WatchPublicationsRequest {
        parent: ZZ.to_owned(),
        resume_token: resume_token.to_owned(),
        consumer: consumer.to_owned(),
        keep_alive: None,
    }
}

async fn watch(service: &Service, resume_token: &str, consumer: &str) -> Told {
    let request = request(resume_token, consumer);
    service.bulletins.clone().watch_publications(request).await.unwrap().into_inner()
}

async fn next(told: &mut Told) -> pb::WatchPublicationsResponse {
    let message = tokio::time::timeout(PATIENCE, told.message()).await;
    message.expect("a message in time").unwrap().unwrap()
}

/// The month that the next message tells, and the token behind it.
async fn month(told: &mut Told) -> (String, String) {
    let message = next(told).await;
    (message.publication.unwrap().month, message.resume_token)
}

async fn acknowledge(
    bulletins: &mut BulletinServiceClient<TracedChannel>,
    consumer: &str,
    resume_token: &str,
) -> Result<i64, Status> {
    let request = pb::AcknowledgePublicationRequest {
        parent: ZZ.to_owned(),
        consumer: consumer.to_owned(),
        resume_token: resume_token.to_owned(),
    };
    Ok(bulletins.acknowledge_publication(request).await?.into_inner().pending_count)
}

#[tokio::test]
async fn a_publication_holds_the_lines_of_all_bodies() {
    let service = start().await;
    let version = service.published("e1", "2018-04", "").await;
    let mut told = watch(&service, "", "").await;
    let publication = next(&mut told).await.publication.unwrap();
    assert_eq!(publication.month, "2018-04");
    assert_eq!(publication.bulletin_version, Some(version));
    let line = |body: &str, group: &str, score: &str, rank, reason: &str| pb::ResultLine {
        body_id: body.to_owned(),
        group: group.to_owned(),
        score: score.to_owned(),
        score_max: "100".to_owned(),
        rank,
        grade: if score.is_empty() { String::new() } else { "A".to_owned() },
        not_rated_reason: reason.to_owned(),
        ..Default::default()
    };
    let expected = [
        line("d02", "district", "94.26", 1, ""),
        line("d01", "district", "80.00", 2, ""),
        line("s01", "street", "99.00", 0, "too_few_cases"),
        line("s02", "street", "", 0, "no_data"),
    ];
    assert_eq!(publication.result_lines, expected);
}

#[tokio::test]
async fn a_single_publication_is_told_at_once() {
    let service = start().await;
    let mut told = watch(&service, "", "").await;
    // The store is not asked again for ten minutes, so only the wake-up can tell.
    service.published("e1", "2018-04", "").await;
    assert_eq!(month(&mut told).await.0, "2018-04");
    service.published("e2", "2018-05", "").await;
    assert_eq!(month(&mut told).await.0, "2018-05");
}

#[tokio::test]
async fn what_another_process_publishes_is_told_as_well() {
    let service = start_with(Settings { poll_ms: 20, ..Settings::default() }).await;
    let (mut other, _other_process) = service.beside(Settings::default()).await;
    let mut told = watch(&service, "", "").await;
    let evaluation = service.scoring.add("e1", "2018-04", "94.26");
    let name = service.create("2018-04", &evaluation, "").await.unwrap().name;
    let publish = pb::PublishBulletinVersionRequest { name, ..Default::default() };
    other.publish_bulletin_version(publish).await.unwrap();
    assert_eq!(month(&mut told).await.0, "2018-04");
}

#[tokio::test]
async fn a_consumer_that_was_killed_sees_each_version_once_and_in_order() {
    let service = start().await;
    for number in 1..=3 {
        let (id, month) = (format!("e{number}"), format!("2018-{number:02}"));
        service.published(&id, &month, "").await;
    }
    let mut seen = Vec::new();
    let mut told = watch(&service, "", "").await;
    let mut token = String::new();
    for _ in 0..2 {
        let (month, behind) = month(&mut told).await;
        seen.push(month);
        token = behind;
    }
    drop(told);
    service.published("e4", "2018-04", "").await;
    service.published("e5", "2018-02", "corrected").await;

    // Another process serves it from here on.
    let (mut other, _other_process) = service.beside(Settings::default()).await;
    let mut told = other.watch_publications(request(&token, "")).await.unwrap().into_inner();
    for _ in 0..3 {
        seen.push(month(&mut told).await.0);
    }
    assert_eq!(seen, ["2018-01", "2018-02", "2018-03", "2018-04", "2018-02"]);
    drop(told);

    let mut told = watch(&service, &token, "").await;
    assert_eq!(month(&mut told).await.0, "2018-03", "the same token gives the same again");
    let mut told = watch(&service, "", "").await;
    next(&mut told).await;
    let corrected = next(&mut told).await.publication.unwrap().bulletin_version.unwrap();
    assert_eq!((corrected.version, corrected.state()), (1, State::Corrected));
}

#[tokio::test]
async fn a_consumer_goes_on_where_it_acknowledged_and_never_goes_back() {
    let service = start().await;
    let mut bulletins = service.bulletins.clone();
    for number in 1..=3 {
        let (id, month) = (format!("e{number}"), format!("2018-{number:02}"));
        service.published(&id, &month, "").await;
    }
    let mut told = watch(&service, "", "assessment").await;
    let (_, first) = month(&mut told).await;
    let (_, second) = month(&mut told).await;
    assert_eq!(acknowledge(&mut bulletins, "assessment", &second).await.unwrap(), 1);
    assert_eq!(acknowledge(&mut bulletins, "assessment", &first).await.unwrap(), 1);
    assert_eq!(acknowledge(&mut bulletins, "archive", &first).await.unwrap(), 2);

    let mut told = watch(&service, "", "assessment").await;
    assert_eq!(month(&mut told).await.0, "2018-03");
    let mut told = watch(&service, &first, "assessment").await;
    assert_eq!(month(&mut told).await.0, "2018-02", "a token goes before what was acknowledged");
    let mut told = watch(&service, "", "newcomer").await;
    assert_eq!(month(&mut told).await.0, "2018-01");
}

#[tokio::test]
async fn tokens_of_other_logs_are_refused() {
    let service = start().await;
    let mut bulletins = service.bulletins.clone();
    service.published("e1", "2018-04", "").await;
    let mut told = watch(&service, "", "").await;
    let (_, token) = month(&mut told).await;

    let expected = (Code::InvalidArgument, "RESUME_TOKEN_INVALID".to_owned());
    let beyond = chengping_chassis::page_token::issue("2", &["publications", "pingjia.example/zz"]);
    for bad in ["made up", "AAAA", &token[1..], &beyond] {
        let status = bulletins.watch_publications(request(bad, "")).await.unwrap_err();
        assert_eq!(refusal(&status), expected, "{bad}");
        assert_eq!(value(&status, "jurisdiction"), "zz");
        let status = acknowledge(&mut bulletins, "assessment", bad).await.unwrap_err();
        assert_eq!(refusal(&status), expected, "{bad}");
    }
    let foreign = pb::WatchPublicationsRequest {
        parent: "jurisdictions/kf".to_owned(),
        ..request(&token, "")
    };
    let status = bulletins.watch_publications(foreign).await.unwrap_err();
    assert_eq!(refusal(&status), expected);
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives() {
    let service = start().await;
    let keep_alive = Some(prost_types::Duration { seconds: 1, nanos: 0 });
    let request = pb::WatchPublicationsRequest { keep_alive, ..request("", "") };
    let mut bulletins = service.bulletins.clone();
    let mut told = bulletins.watch_publications(request).await.unwrap().into_inner();
    let message = next(&mut told).await;
    assert_eq!(message.publication, None);
    service.published("e1", "2018-04", "").await;
    let mut resumed = watch(&service, &message.resume_token, "").await;
    assert_eq!(month(&mut resumed).await.0, "2018-04");
}

#[tokio::test]
async fn a_stopping_service_tells_its_watchers() {
    let service = start().await;
    let mut told = watch(&service, "", "").await;
    service.shutdown.cancel();
    let status = tokio::time::timeout(PATIENCE, told.message()).await.unwrap().unwrap_err();
    assert_eq!(refusal(&status), (Code::Unavailable, "SERVICE_STOPPING".to_owned()));
}

#[tokio::test]
async fn all_bad_fields_of_a_watch_are_named() {
    let service = start().await;
    let request = pb::WatchPublicationsRequest {
        parent: "zz".to_owned(),
        consumer: "The Assessment".to_owned(),
        keep_alive: Some(prost_types::Duration { seconds: 0, nanos: 5 }),
        resume_token: String::new(),
    };
    let status = service.bulletins.clone().watch_publications(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status), ["parent", "consumer", "keep_alive"]);
    let mut bulletins = service.bulletins.clone();
    let status = acknowledge(&mut bulletins, "", "").await.unwrap_err();
    assert_eq!(fields(&status), ["consumer", "resume_token"]);
}
