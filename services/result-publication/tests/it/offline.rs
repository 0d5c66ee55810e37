//! A consumer that was away for very long, and the office that wants to know how far each is.

use std::time::Duration;

use chengping_proto::publication::v1 as pb;
use chengping_testing::PATIENCE;
use sqlx::{Connection as _, PgConnection};

use crate::service::{Service, ZZ, start};

/// How long a log is that was not looked at.
const VERSIONS: i32 = 140;

/// Publishes so many versions of one month.
async fn publish(service: &Service, versions: i32) {
    for number in 1..=versions {
        let reason = if number == 1 { "" } else { "corrected" };
        service.published(&format!("e{number}"), "2018-04", reason).await;
    }
}

#[tokio::test]
async fn everything_comes_in_order_once_though_the_consumer_was_killed_again_and_again() {
    let service = start().await;
    publish(&service, VERSIONS).await;
    let mut seen = Vec::new();
    let mut patience = 1;
    while seen.len() < VERSIONS as usize {
        let request = pb::WatchPublicationsRequest {
            parent: ZZ.to_owned(),
            consumer: "assessment".to_owned(),
            ..Default::default()
        };
        let mut told =
            service.bulletins.clone().watch_publications(request).await.unwrap().into_inner();
        // It takes in some, acknowledges them, and dies: what it did not acknowledge comes again.
        for _ in 0..patience {
            if seen.len() == VERSIONS as usize {
                break;
            }
            let message = tokio::time::timeout(PATIENCE, told.message()).await.unwrap();
            let message = message.unwrap().unwrap();
            seen.push(message.publication.unwrap().bulletin_version.unwrap().version);
            let request = pb::AcknowledgePublicationRequest {
                parent: ZZ.to_owned(),
                consumer: "assessment".to_owned(),
                resume_token: message.resume_token,
            };
            service.bulletins.clone().acknowledge_publication(request).await.unwrap();
        }
        drop(told);
        patience = patience * 2 + 1;
    }
    assert_eq!(seen, (1..=VERSIONS).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_office_sees_how_far_each_consumer_is() {
    let service = start().await;
    publish(&service, 3).await;
    let mut told = service
        .bulletins
        .clone()
        .watch_publications(pb::WatchPublicationsRequest {
            parent: ZZ.to_owned(),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let message = tokio::time::timeout(Duration::from_secs(30), told.message()).await.unwrap();
        tokens.push(message.unwrap().unwrap().resume_token);
    }
    for (consumer, token) in [("finance", &tokens[2]), ("assessment", &tokens[0])] {
        let request = pb::AcknowledgePublicationRequest {
            parent: ZZ.to_owned(),
            consumer: consumer.to_owned(),
            resume_token: token.clone(),
        };
        service.bulletins.clone().acknowledge_publication(request).await.unwrap();
    }
    let request =
        pb::ListConsumersRequest { parent: ZZ.to_owned(), page_size: 1, ..Default::default() };
    let page =
        service.bulletins.clone().list_consumers(request.clone()).await.unwrap().into_inner();
    let [first] = &page.consumers[..] else { panic!("{page:?}") };
    assert_eq!(first.name, format!("{ZZ}/consumers/assessment"));
    assert_eq!((first.acknowledged_count, first.pending_count), (1, 2));
    let request = pb::ListConsumersRequest { page_token: page.next_page_token, ..request };
    let page = service.bulletins.clone().list_consumers(request).await.unwrap().into_inner();
    assert_eq!(page.consumers[0].pending_count, 0);
    assert_eq!(page.next_page_token, "");
}

#[tokio::test]
async fn what_is_kept_as_lines_is_told_and_compared_without_the_documents() {
    let service = start().await;
    publish(&service, 1).await;
    let evaluation = service.scoring.add("f", "2018-04", "90.00");
    let name = service.create("2018-04", &evaluation, "corrected").await.unwrap().name;
    service.publish(&name).await.unwrap();
    let mut owner = PgConnection::connect(service.database.admin_url()).await.unwrap();
    sqlx::query("set session_replication_role = replica").execute(&mut owner).await.unwrap();
    let gone = "update result_publication.log_entry set document = ''";
    sqlx::query(gone).execute(&mut owner).await.unwrap();
    let request = pb::WatchPublicationsRequest { parent: ZZ.to_owned(), ..Default::default() };
    let mut told =
        service.bulletins.clone().watch_publications(request).await.unwrap().into_inner();
    tokio::time::timeout(PATIENCE, told.message()).await.unwrap().unwrap();
    let message = tokio::time::timeout(PATIENCE, told.message()).await.unwrap();
    let differences = message.unwrap().unwrap().publication.unwrap().differences;
    assert_eq!(differences[0].score_after, "90.00");
    let request = pb::CompareBulletinVersionsRequest { name, ..Default::default() };
    let compared = service.bulletins.clone().compare_bulletin_versions(request).await.unwrap();
    assert_eq!(compared.into_inner().differences, differences);
}

#[tokio::test]
async fn what_was_published_before_lines_were_kept_is_told_from_the_document() {
    let service = start().await;
    publish(&service, 2).await;
    let mut owner = PgConnection::connect(service.database.admin_url()).await.unwrap();
    sqlx::query("set session_replication_role = replica").execute(&mut owner).await.unwrap();
    let gone = "delete from result_publication.publication_lines where log_index = 0";
    sqlx::query(gone).execute(&mut owner).await.unwrap();
    let request = pb::WatchPublicationsRequest { parent: ZZ.to_owned(), ..Default::default() };
    let mut told =
        service.bulletins.clone().watch_publications(request).await.unwrap().into_inner();
    let mut lines = Vec::new();
    for _ in 0..2 {
        let message = tokio::time::timeout(PATIENCE, told.message()).await.unwrap();
        lines.push(message.unwrap().unwrap().publication.unwrap().result_lines);
    }
    assert_eq!(lines[0], lines[1]);
}
