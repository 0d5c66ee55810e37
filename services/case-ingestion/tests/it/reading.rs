//! Cases, their events and their whole process.

use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::timeline::State;
use tonic::Code;

use crate::builders::{APRIL, case, event, events, time};
use crate::harness::{Harness, ZZ, fields, reason};

#[tokio::test]
async fn a_case_is_given_back_as_it_came() {
    let harness = Harness::start().await;
    let sent = pb::Case { title: "占道".to_owned(), ..case("郑/1%") };
    harness.take_cases(std::slice::from_ref(&sent)).await;
    let name = format!("{ZZ}/cases/郑%2F1%25");
    let found = pb::GetCaseRequest { name: name.clone() };
    let found = harness.cases.clone().get_case(found).await.unwrap().into_inner();
    assert!(found.create_time.is_some());
    let expected = pb::Case { name, sequence: 1, create_time: found.create_time, ..sent };
    assert_eq!(found, expected);
}

#[tokio::test]
async fn events_are_given_back_as_they_came_in_pages() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    harness.take_events(&events("A")).await;
    let mut request = pb::ListEventsRequest {
        parent: format!("{ZZ}/cases/A"),
        page_size: 2,
        ..pb::ListEventsRequest::default()
    };
    let mut found = Vec::new();
    loop {
        let page = harness.cases.clone().list_events(request.clone()).await.unwrap().into_inner();
        found.extend(page.events);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
        request.page_size = 1;
    }
    assert_eq!(found.len(), 5);
    for (found, sent) in found.into_iter().zip(events("A")) {
        let expected = pb::Event {
            name: format!("{ZZ}/cases/A/events/{}", sent.event_no),
            sequence: sent.event_no + 1,
            create_time: found.create_time,
            ..sent
        };
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn cases_are_listed_by_number_in_pages() {
    let harness = Harness::start().await;
    harness.take_cases(&["b", "a", "Z", "号"].map(case)).await;
    let mut request = pb::ListCasesRequest {
        parent: ZZ.to_owned(),
        page_size: 3,
        ..pb::ListCasesRequest::default()
    };
    let mut client = harness.cases.clone();
    let first = client.list_cases(request.clone()).await.unwrap().into_inner();
    let numbers: Vec<_> = first.cases.iter().map(|case| case.case_no.as_str()).collect();
    assert_eq!(numbers, ["Z", "a", "b"]);
    request.page_token.clone_from(&first.next_page_token);
    let second = client.list_cases(request.clone()).await.unwrap().into_inner();
    assert_eq!((second.cases.len(), second.next_page_token.as_str()), (1, ""));

    request.parent = "jurisdictions/other".to_owned();
    let status = client.list_cases(request.clone()).await.unwrap_err();
    assert_eq!(reason(&status), (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH".to_owned()));
    request.page_size = -1;
    let status = client.list_cases(request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::InvalidArgument, "PAGE_SIZE_NEGATIVE".to_owned()));
}

#[tokio::test]
async fn a_timeline_shows_a_case_as_it_stood() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    harness.take_events(&events("A")).await;
    harness.take_events(&[event("A", 6, pb::EventKind::Handled, 7)]).await;
    let ask = async |as_of| {
        let name = format!("{ZZ}/cases/A");
        let request = pb::GetTimelineRequest { name, as_of, lifecycle: None };
        harness.cases.clone().get_timeline(request).await.unwrap().into_inner()
    };
    let whole = ask(None).await;
    assert_eq!((whole.state(), whole.unit.as_str()), (State::Closed, "b01"));
    assert_eq!((whole.on_time, whole.events.len()), (Some(true), 6));
    assert_eq!(whole.irregularities, ["after_closing"]);

    let earlier = ask(Some(time(APRIL + 5 * 3_600))).await;
    assert_eq!((earlier.state(), earlier.on_time), (State::Dispatched, None));
    assert_eq!(earlier.due_time, Some(time(APRIL + 48 * 3_600)));
    assert_eq!(earlier.events.len(), 3);
}

#[tokio::test]
async fn an_unknown_case_is_not_found_and_a_name_that_is_none_is_refused() {
    let harness = Harness::start().await;
    let name = format!("{ZZ}/cases/none");
    let status = harness.cases.clone().get_case(pb::GetCaseRequest { name: name.clone() }).await;
    assert_eq!(reason(&status.unwrap_err()), (Code::NotFound, "CASE_NOT_FOUND".to_owned()));
    let request = pb::ListEventsRequest { parent: name, ..pb::ListEventsRequest::default() };
    let status = harness.cases.clone().list_events(request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::NotFound, "CASE_NOT_FOUND".to_owned()));
    let name = "cases/1".to_owned();
    let request = pb::GetTimelineRequest { name, as_of: None, lifecycle: None };
    let status = harness.cases.clone().get_timeline(request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status), ["name"]);
}
