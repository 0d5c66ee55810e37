//! The cases behind the numbers.

use std::collections::BTreeSet;

use chengping_proto::scoring::v1 as pb;
use tonic::Code;

use crate::service::{Client, refusal, scorecard, start};

/// The inputs that are made of cases; the others are computed from these and from sizes.
const OF_CASES: [&str; 8] = ["num", "den", "count", "now", "before", "first", "repeated", "visits"];

fn request(card: &str, item: &str, zone: &str, input: &str) -> pb::ListCountedCasesRequest {
    pb::ListCountedCasesRequest {
        parent: card.to_owned(),
        item: item.to_owned(),
        zone: zone.to_owned(),
        input: input.to_owned(),
        ..Default::default()
    }
}

async fn all_pages(
    client: &mut Client,
    mut request: pb::ListCountedCasesRequest,
) -> (Vec<pb::CountedCase>, i64) {
    let mut cases = Vec::new();
    loop {
        let page = client.list_counted_cases(request.clone()).await.unwrap().into_inner();
        cases.extend(page.counted_cases);
        if page.next_page_token.is_empty() {
            return (cases, page.total_count);
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn behind_every_input_are_as_many_cases_as_it_says() {
    let mut service = start().await;
    let evaluation = service.evaluate().await.name;
    let mut seen = BTreeSet::new();
    for body in ["d01", "b01", "c01", "sup1", "cmd1"] {
        let card = scorecard(&mut service.client, &evaluation, body).await;
        for item in &card.items {
            for zone in &item.zones {
                let of_cases = |(name, _): &(&String, &String)| OF_CASES.contains(&name.as_str());
                for (input, value) in zone.inputs.iter().filter(of_cases) {
                    let request = request(&card.name, &item.item, &zone.zone, input);
                    let (cases, total) = all_pages(&mut service.client, request).await;
                    let place = format!("{body} {} {} {input}", item.item, zone.zone);
                    assert_eq!(total.to_string(), *value, "{place}");
                    let sum: i64 = cases.iter().map(|case| i64::from(case.count)).sum();
                    assert_eq!(sum, total, "{place}");
                    assert!(cases.is_sorted_by(|a, b| a.case_no < b.case_no), "{place}");
                    if total > 0 {
                        seen.insert((item.item.clone(), input.clone()));
                    }
                }
            }
        }
    }
    let seen: BTreeSet<_> = seen.iter().map(|(_, input)| input.as_str()).collect();
    assert_eq!(seen, OF_CASES.into(), "the city must have every kind of case");
}

#[tokio::test]
async fn corrections_count_against_and_the_month_before_has_its_own_cases() {
    let mut service = start().await;
    let card = format!("{}/scorecards/d01", service.evaluate().await.name);
    let num = request(&card, "N1", "key", "num");
    let (cases, _) = all_pages(&mut service.client, num).await;
    let undone: Vec<_> = cases.iter().filter(|case| case.count == -1).collect();
    assert!(!undone.is_empty());
    for case in undone {
        assert_eq!(case.base_indicators, ["undo_closed_on_time"]);
    }

    let num = request(&card, "N4", "key", "num");
    let (cases, _) = all_pages(&mut service.client, num).await;
    let through: BTreeSet<_> = cases.iter().flat_map(|case| &case.base_indicators).collect();
    let through: Vec<_> = through.into_iter().map(String::as_str).collect();
    assert_eq!(through, ["carried_open", "overdue_open"]);

    for (input, month) in [("now", "2018-04/"), ("before", "2018-03/")] {
        let (cases, _) = all_pages(&mut service.client, request(&card, "L2", "key", input)).await;
        assert!(!cases.is_empty());
        assert!(cases.iter().all(|case| case.case_no.starts_with(month)));
    }
}

#[tokio::test]
async fn counted_cases_come_page_by_page() {
    let mut service = start().await;
    let card = format!("{}/scorecards/d01", service.evaluate().await.name);
    let whole = request(&card, "N1", "key", "den");
    let (all, total) = all_pages(&mut service.client, whole.clone()).await;
    let small = pb::ListCountedCasesRequest { page_size: 4, ..whole };
    let (paged, paged_total) = all_pages(&mut service.client, small.clone()).await;
    assert!(all.len() > 4);
    assert_eq!((paged, paged_total), (all, total));

    let first = service.client.list_counted_cases(small.clone()).await.unwrap().into_inner();
    let page_token = first.next_page_token;
    let other = pb::ListCountedCasesRequest { input: "num".to_owned(), page_token, ..small };
    let status = service.client.list_counted_cases(other).await.unwrap_err();
    let mismatch = (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH".to_owned());
    assert_eq!(refusal(&status), mismatch);
}

#[tokio::test]
async fn what_a_scorecard_does_not_have_is_not_found() {
    let mut service = start().await;
    let evaluation = service.evaluate().await.name;
    let card = format!("{evaluation}/scorecards/d01");
    for (item, zone, input) in [
        ("N9", "key", "num"),
        ("N1", "all", "num"),
        ("S1", "key", "first"),
        ("N1", "key", "size"),
        ("P2", "key", "index"),
    ] {
        let request = request(&card, item, zone, input);
        let status = service.client.list_counted_cases(request).await.unwrap_err();
        let place = format!("{item} {zone} {input}");
        let expected = (Code::NotFound, "INPUT_NOT_FOUND".to_owned());
        assert_eq!(refusal(&status), expected, "{place}");
    }
    let unknown = request(&format!("{evaluation}/scorecards/d99"), "N1", "key", "num");
    let status = service.client.list_counted_cases(unknown).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "SCORECARD_NOT_FOUND".to_owned()));
}
