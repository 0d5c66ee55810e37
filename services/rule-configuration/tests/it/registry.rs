//! Reading the registry.

use chengping_proto::rules::v1 as pb;
use tonic::Code;

use crate::import::city;
use crate::service::{ZZ, fields, refusal, start};

#[tokio::test]
async fn bodies_come_in_pages_by_kind_and_id() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let mut request =
        pb::ListBodiesRequest { parent: ZZ.to_owned(), page_size: 2, ..Default::default() };
    let first = service.registry.list_bodies(request.clone()).await.unwrap().into_inner();
    request.page_token = first.next_page_token;
    let second = service.registry.list_bodies(request.clone()).await.unwrap().into_inner();
    let ids: Vec<_> =
        first.bodies.iter().chain(&second.bodies).map(|body| body.body_id.as_str()).collect();
    assert_eq!((ids, second.next_page_token.as_str()), (vec!["b1", "d01", "s001"], ""));

    // A token belongs to its list, and to nobody else's.
    let wrong = pb::ListAreasRequest {
        parent: ZZ.to_owned(),
        page_token: request.page_token,
        ..Default::default()
    };
    let status = service.registry.list_areas(wrong).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH".to_owned()));
}

#[tokio::test]
async fn areas_and_revisions_come_in_pages() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let mut seen = Vec::new();
    let mut request =
        pb::ListAreasRequest { parent: ZZ.to_owned(), page_size: 1, ..Default::default() };
    loop {
        let page = service.registry.list_areas(request.clone()).await.unwrap().into_inner();
        seen.extend(page.areas.into_iter().map(|area| (area.area_code, area.valid_from)));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let seen: Vec<_> = seen.iter().map(|(code, from)| (code.as_str(), from.as_str())).collect();
    assert_eq!(seen, [("R1", "2016-01"), ("R1", "2018-05"), ("R2", "2016-01")]);

    let request = pb::ListRegistryRevisionsRequest { parent: ZZ.to_owned(), ..Default::default() };
    let answer = service.registry.list_registry_revisions(request).await.unwrap().into_inner();
    assert_eq!(answer.registry_revisions.len(), 1);
}

#[tokio::test]
async fn a_body_is_found_by_its_name_and_one_that_is_not_there_is_not() {
    let mut service = start().await;
    service.import(vec![city()], false).await;
    let request = pb::GetBodyRequest { name: format!("{ZZ}/bodies/s001") };
    let body = service.registry.get_body(request).await.unwrap().into_inner();
    assert_eq!((body.display_name.as_str(), body.parent_body.as_str()), ("单位 s001", "d01"));
    assert_eq!(body.etag.len(), 18);

    let request = pb::GetBodyRequest { name: format!("{ZZ}/bodies/s999") };
    let status = service.registry.get_body(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
    let status = service
        .registry
        .get_body(pb::GetBodyRequest { name: "s001".to_owned() })
        .await
        .unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status), ["name"]);
}
