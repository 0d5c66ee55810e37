//! Questions of the bodies (6.8): each sees its own.

use std::collections::BTreeSet;

use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::inquiry_service_client::InquiryServiceClient;
use tonic::{Code, Status};

use super::town::{BODIES, Caller, ZZ};
use crate::support::Connection;

fn inquiry(number: usize) -> String {
    format!("{ZZ}/inquiries/{number}")
}

fn wish(body: &str) -> pb::CreateInquiryRequest {
    let inquiry = pb::Inquiry {
        kind: pb::inquiry::Kind::Inquiry.into(),
        month: "2018-03".to_owned(),
        body_id: body.to_owned(),
        subject: pb::inquiry::Subject::Formula.into(),
        statement: "请说明".to_owned(),
        ..pb::Inquiry::default()
    };
    let parent = ZZ.to_owned();
    pb::CreateInquiryRequest { parent, inquiry: Some(inquiry), ..Default::default() }
}

fn piece(number: usize) -> pb::CreateInquiryEvidenceRequest {
    let evidence = pb::InquiryEvidence {
        file_name: "a.txt".to_owned(),
        media_type: "text/plain".to_owned(),
        content: b"evidence".to_vec(),
        ..pb::InquiryEvidence::default()
    };
    let parent = inquiry(number);
    pb::CreateInquiryEvidenceRequest { parent, evidence: Some(evidence) }
}

/// One question of each body, in their order, with a piece of evidence each.
pub(super) async fn ask(connection: Connection) {
    let mut client = InquiryServiceClient::new(connection);
    for (place, body) in BODIES.iter().enumerate() {
        let filed = client.create_inquiry(wish(body.id)).await.unwrap().into_inner();
        assert_eq!(filed.name, inquiry(place + 1));
        client.create_inquiry_evidence(piece(place + 1)).await.unwrap();
    }
}

/// Reads the question of a body, and the list of those that are seen.
pub(super) async fn look(connection: Connection, body: &str) {
    let place = BODIES.iter().position(|known| known.id == body).unwrap();
    let mut client = InquiryServiceClient::new(connection);
    let request = pb::GetInquiryRequest { name: inquiry(place + 1) };
    let found = client.get_inquiry(request).await.unwrap().into_inner();
    assert_eq!(found.body_id, body);
    let request = pb::ListInquiriesRequest { parent: ZZ.to_owned(), ..Default::default() };
    client.list_inquiries(request).await.unwrap();
}

/// Whether a call was let in, whatever came of it.
fn was_let_in<T>(outcome: Result<T, Status>) -> bool {
    !matches!(outcome, Err(status) if status.code() == Code::PermissionDenied)
}

async fn try_one(client: &mut Client, short: &str, number: usize, body: &str) -> bool {
    let name = inquiry(number);
    match short {
        "CreateInquiry" => was_let_in(client.create_inquiry(wish(body)).await),
        "GetInquiry" => was_let_in(client.get_inquiry(pb::GetInquiryRequest { name }).await),
        "CreateInquiryEvidence" => was_let_in(client.create_inquiry_evidence(piece(number)).await),
        "GetInquiryEvidence" => {
            let name = format!("{name}/evidence/1");
            let request = pb::GetInquiryEvidenceRequest { name };
            was_let_in(client.get_inquiry_evidence(request).await)
        }
        other => panic!("write a probe for {other}"),
    }
}

type Client = InquiryServiceClient<Connection>;

/// Tries a method on the question of every body; how many cells that were.
pub(super) async fn named(caller: &Caller, connection: Connection, short: &str) -> usize {
    let mut client = InquiryServiceClient::new(connection);
    for (place, body) in BODIES.iter().enumerate() {
        let let_in = try_one(&mut client, short, place + 1, body.id).await;
        assert_eq!(let_in, caller.sees(body.id), "{}: {short} of {}", caller.name, body.id);
    }
    let let_in = try_one(&mut client, short, 999_999, "nobody").await;
    assert_eq!(let_in, !caller.limited, "{}: {short} of nobody", caller.name);
    BODIES.len() + 1
}

/// Whose questions are listed, page by page.
pub(super) async fn listed(connection: Connection) -> BTreeSet<String> {
    let mut client = InquiryServiceClient::new(connection);
    let (mut found, parent) = (BTreeSet::new(), ZZ.to_owned());
    let mut request = pb::ListInquiriesRequest { parent, page_size: 2, ..Default::default() };
    loop {
        let page = client.list_inquiries(request.clone()).await.unwrap().into_inner();
        found.extend(page.inquiries.into_iter().map(|inquiry| inquiry.body_id));
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

/// What a caller is told of the question of a body, and of one that is not there.
pub(super) async fn denied(connection: Connection, body: &str) -> (Status, Status) {
    let mut client = InquiryServiceClient::new(connection);
    let place = BODIES.iter().position(|known| known.id == body).unwrap();
    let mut ask =
        async |name| client.get_inquiry(pb::GetInquiryRequest { name }).await.unwrap_err();
    (ask(inquiry(place + 1)).await, ask(inquiry(999_999)).await)
}
