//! What callers see and may do who are asked who they are.

use std::time::Duration;

use chengping_chassis::client::TracedChannel;
use chengping_chassis::identity::{Grant, Issuer, Role};
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::bulletin_service_client::BulletinServiceClient;
use tempfile::TempDir;
use tonic::{Code, Request, Status};

use crate::service::{Service, Settings, ZZ, bulletin_name, refusal, start, value};

/// A service, a process beside it that asks for tokens, and who issues them.
struct Guarded {
    service: Service,
    bulletins: BulletinServiceClient<TracedChannel>,
    issuer: Issuer,
    _folder: TempDir,
}

impl Guarded {
    async fn start() -> Self {
        let service = start().await;
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::open_or_create(folder.path()).unwrap();
        let channel = service.guarded(Settings::default(), issuer.config()).await;
        let bulletins = BulletinServiceClient::new(channel);
        Self { service, bulletins, issuer, _folder: folder }
    }

    fn by<T>(&self, subject: &str, role: Role, message: T) -> Request<T> {
        let hour = Duration::from_secs(3_600);
        let grant = Grant { roles: [role].into(), ..Grant::everything(subject, hour) };
        let token = self.issuer.issue(&grant).unwrap();
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }

    async fn acknowledge(
        &self,
        (subject, role): (&str, Role),
        consumer: &str,
        resume_token: &str,
    ) -> Result<i64, Status> {
        let request = pb::AcknowledgePublicationRequest {
            parent: ZZ.to_owned(),
            consumer: consumer.to_owned(),
            resume_token: resume_token.to_owned(),
        };
        let request = self.by(subject, role, request);
        let answer = self.bulletins.clone().acknowledge_publication(request).await?;
        Ok(answer.into_inner().pending_count)
    }
}

#[tokio::test]
async fn who_sees_what_is_published_learns_of_no_draft() {
    let guarded = Guarded::start().await;
    let service = &guarded.service;
    let published = service.published("e1", "2018-03", "").await;
    for (id, month, reason) in [("e2", "2018-04", ""), ("e3", "2018-03", "an upheld inquiry")] {
        let evaluation = service.scoring.add(id, month, "95.00");
        service.create(month, &evaluation, reason).await.unwrap();
    }
    let mut bulletins = guarded.bulletins.clone();
    // A page is full of what is seen, and says of nothing else that it follows.
    let request =
        pb::ListBulletinsRequest { parent: ZZ.to_owned(), page_size: 1, ..Default::default() };
    let page = bulletins.list_bulletins(request.clone()).await.unwrap().into_inner();
    let [seen] = &page.bulletins[..] else { panic!("{page:?}") };
    assert_eq!((seen.name.as_str(), seen.newest_version), (&*bulletin_name("2018-03"), 1));
    assert_eq!(seen.update_time, published.publish_time);
    assert_eq!(page.next_page_token, "");
    let request = pb::GetBulletinRequest { name: bulletin_name("2018-03") };
    assert_eq!(&bulletins.get_bulletin(request.clone()).await.unwrap().into_inner(), seen);
    let request_of_versions = pb::ListBulletinVersionsRequest {
        parent: bulletin_name("2018-03"),
        page_size: 1,
        ..Default::default()
    };
    let page = bulletins.list_bulletin_versions(request_of_versions).await.unwrap().into_inner();
    let numbers: Vec<_> = page.bulletin_versions.iter().map(|version| version.version).collect();
    assert_eq!((numbers, page.next_page_token.as_str()), (vec![1], ""));
    let draft = pb::GetBulletinRequest { name: bulletin_name("2018-04") };
    let status = bulletins.get_bulletin(draft).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "BULLETIN_NOT_FOUND".to_owned()));

    let of_office = guarded.by("li", Role::Office, request.clone());
    let whole = bulletins.get_bulletin(of_office).await.unwrap().into_inner();
    assert_eq!(whole.newest_version, 2);
    // A withdrawal is told, and what stood stays to be read.
    service.step("withdraw", &published.name, "li", "computed from half").await.unwrap();
    let after = bulletins.get_bulletin(request).await.unwrap().into_inner();
    let withdrawn = service.version(&published.name).await;
    assert_eq!((after.newest_version, after.published_version), (1, 0));
    assert_eq!(after.update_time, withdrawn.withdraw_time);
}

#[tokio::test]
async fn a_consumer_is_moved_on_by_who_acknowledged_first_and_the_office() {
    let guarded = Guarded::start().await;
    guarded.service.published("e1", "2018-03", "").await;
    let watch = pb::WatchPublicationsRequest { parent: ZZ.to_owned(), ..Default::default() };
    let mut told =
        guarded.service.bulletins.clone().watch_publications(watch).await.unwrap().into_inner();
    let token = told.message().await.unwrap().unwrap().resume_token;
    let own = ("assessment-system", Role::Assessment);
    assert_eq!(guarded.acknowledge(own, "assessment", &token).await.unwrap(), 0);
    assert_eq!(guarded.acknowledge(own, "assessment", &token).await.unwrap(), 0);
    let another = ("d01.zhao", Role::District);
    let status = guarded.acknowledge(another, "assessment", &token).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::PermissionDenied, "PERMISSION_DENIED".to_owned()));
    assert_eq!(value(&status, "resource"), format!("{ZZ}/consumers/assessment"));
    guarded.acknowledge(("li", Role::Office), "assessment", &token).await.unwrap();

    let request = pb::ListConsumersRequest { parent: ZZ.to_owned(), ..Default::default() };
    let request = guarded.by("li", Role::Office, request);
    let listed = guarded.bulletins.clone().list_consumers(request).await.unwrap().into_inner();
    assert_eq!(listed.consumers[0].owner, "assessment-system", "it stays whose it is");
}
