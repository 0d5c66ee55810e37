//! Reading bulletins and versions.

use chengping_proto::publication::v1 as pb;
use tonic::Code;

use crate::service::{ZZ, bulletin_name, refusal, start, value};

#[tokio::test]
async fn bulletins_and_versions_come_page_by_page_newest_first() {
    let service = start().await;
    let mut bulletins = service.bulletins.clone();
    for number in 1..=5 {
        let (id, month) = (format!("e{number}"), format!("2018-{number:02}"));
        service.published(&id, &month, "").await;
    }
    service.published("f2", "2018-03", "once").await;
    service.published("f3", "2018-03", "twice").await;
    let open = service.scoring.add("f4", "2018-03", "90.00");
    service.create("2018-03", &open, "thrice").await.unwrap();

    let mut months = Vec::new();
    let mut request =
        pb::ListBulletinsRequest { parent: ZZ.to_owned(), page_size: 2, ..Default::default() };
    loop {
        let page = bulletins.list_bulletins(request.clone()).await.unwrap().into_inner();
        assert!(page.bulletins.len() <= 2);
        months.extend(page.bulletins.into_iter().map(|bulletin| bulletin.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let expected = ["2018-05", "2018-04", "2018-03", "2018-02", "2018-01"].map(bulletin_name);
    assert_eq!(months, expected);

    let request = pb::GetBulletinRequest { name: bulletin_name("2018-03") };
    let bulletin = bulletins.get_bulletin(request).await.unwrap().into_inner();
    assert_eq!((bulletin.newest_version, bulletin.published_version), (4, 3));
    assert!(bulletin.update_time.unwrap().seconds >= bulletin.create_time.unwrap().seconds);

    let mut numbers = Vec::new();
    let mut request = pb::ListBulletinVersionsRequest {
        parent: bulletin_name("2018-03"),
        page_size: 3,
        ..Default::default()
    };
    for _ in 0..2 {
        let page = bulletins.list_bulletin_versions(request.clone()).await.unwrap().into_inner();
        numbers.extend(page.bulletin_versions.iter().map(|version| version.version));
        request.page_token = page.next_page_token;
    }
    assert_eq!((numbers, request.page_token.as_str()), (vec![4, 3, 2, 1], ""));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let service = start().await;
    let mut bulletins = service.bulletins.clone();
    let parent = bulletin_name("2018-04");
    let request = pb::ListBulletinVersionsRequest { parent, ..Default::default() };
    let status = bulletins.list_bulletin_versions(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "BULLETIN_NOT_FOUND".to_owned()));
    assert_eq!(value(&status, "name"), bulletin_name("2018-04"));
    for number in ["1", "99999999999"] {
        let name = format!("{}/versions/{number}", bulletin_name("2018-04"));
        let request = pb::GetBulletinVersionRequest { name: name.clone() };
        let status = bulletins.get_bulletin_version(request).await.unwrap_err();
        assert_eq!(refusal(&status), (Code::NotFound, "BULLETIN_VERSION_NOT_FOUND".to_owned()));
        let status = service.publish(&name).await.unwrap_err();
        assert_eq!(refusal(&status), (Code::NotFound, "BULLETIN_VERSION_NOT_FOUND".to_owned()));
    }
}

#[tokio::test]
async fn pages_of_another_list_are_refused() {
    let service = start().await;
    let mut bulletins = service.bulletins.clone();
    let list = |page_size, page_token: &str| pb::ListBulletinsRequest {
        parent: ZZ.to_owned(),
        page_size,
        page_token: page_token.to_owned(),
    };
    let status = bulletins.list_bulletins(list(-1, "")).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "PAGE_SIZE_NEGATIVE".to_owned()));
    let status = bulletins.list_bulletins(list(0, "made-up")).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned()));
    let foreign = chengping_chassis::page_token::issue("\"2018-04\"", &["versions", ZZ]);
    let status = bulletins.list_bulletins(list(0, &foreign)).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH".to_owned()));
}
