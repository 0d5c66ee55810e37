//! The year of each body, from what is published.

use chengping_proto::publication::v1 as pb;
use chengping_types::Digest;
use serde_json::Value;
use tonic::{Code, Status};

use crate::scoring::evaluation_with_rules;
use crate::service::{Service, ZZ, fields, refusal, start};

async fn publish(service: &Service, month: &str, score: &str, exact: &str, reason: &str) {
    let id = format!("e{}", score.replace('.', "-") + month);
    let evaluation = service.scoring.put(&id, evaluation_with_rules(&id, month, score, exact));
    let version = service.create(month, &evaluation, reason).await.unwrap();
    service.publish(&version.name).await.unwrap();
}

async fn year(service: &Service, year: &str) -> Result<pb::AnnualResult, Status> {
    let name = format!("{ZZ}/annualResults/{year}");
    let request = pb::GetAnnualResultRequest { name };
    Ok(service.years().get_annual_result(request).await?.into_inner())
}

#[tokio::test]
async fn the_year_is_the_exact_mean_of_the_months_that_stand() {
    let service = start().await;
    publish(&service, "2018-03", "90.00", "90", "").await;
    publish(&service, "2018-04", "94.26", "8295/88", "").await;
    publish(&service, "2017-12", "10.00", "10", "").await;
    // What was corrected does not count, what stands does.
    publish(&service, "2018-03", "92.00", "92", "an upheld inquiry").await;

    let found = year(&service, "2018").await.unwrap();
    assert_eq!(found.year, 2018);
    let months: Vec<_> = found.months.iter().map(|month| month.bulletin_version.as_str()).collect();
    let version = |month: &str, number: u32| format!("{ZZ}/bulletins/{month}/versions/{number}");
    assert_eq!(months, [version("2018-03", 2), version("2018-04", 1)]);
    let stands = service.version(&version("2018-03", 2)).await;
    assert_eq!(found.months[0].digest, stands.digest);
    assert_eq!(found.months[0].results_digest, stands.results_digest);
    assert_eq!((found.missing_months.len(), found.missing_months[0].as_str()), (10, "2018-01"));

    let line = |body: &str| found.annual_lines.iter().find(|line| line.body_id == body).unwrap();
    let best = line("d02");
    // (92 + 8295/88) / 2
    assert_eq!((best.exact_score.as_str(), best.score.as_str()), ("16391/176", "93.13"));
    assert_eq!((best.rank, best.tied, best.grade.is_empty()), (1, false, false));
    assert_eq!(best.counted_months, ["2018-03", "2018-04"]);
    assert_eq!(line("d01").assessment_code, "410101");
    assert_eq!(line("d01").rank, 2);
    let silent = line("s02");
    assert_eq!((silent.score.as_str(), silent.rank), ("", 0));
    assert_eq!(silent.not_rated_reason, "no_data");

    assert_eq!(found.digest, Digest::of(&found.document).to_string());
    let document: Value = serde_json::from_slice(&found.document).unwrap();
    assert_eq!(document["months"]["2018-04"]["results"], found.months[1].results_digest.as_str());
    assert_eq!(year(&service, "2018").await.unwrap(), found, "the same months, the same bytes");
}

#[tokio::test]
async fn years_are_listed_without_their_lines() {
    let service = start().await;
    for month in ["2017-12", "2018-03", "2018-04"] {
        publish(&service, month, "90.00", "90", "").await;
    }
    let request =
        pb::ListAnnualResultsRequest { parent: ZZ.to_owned(), page_size: 1, ..Default::default() };
    let page = service.years().list_annual_results(request.clone()).await.unwrap().into_inner();
    assert_eq!((page.annual_results.len(), page.annual_results[0].year), (1, 2018));
    assert_eq!(page.annual_results[0].months.len(), 2);
    assert!(page.annual_results[0].document.is_empty());
    let request = pb::ListAnnualResultsRequest { page_token: page.next_page_token, ..request };
    let page = service.years().list_annual_results(request).await.unwrap().into_inner();
    assert_eq!(page.annual_results[0].name, format!("{ZZ}/annualResults/2017"));
    assert_eq!(page.next_page_token, "");
}

#[tokio::test]
async fn a_year_that_cannot_be_computed_says_why() {
    let service = start().await;
    let status = year(&service, "2018").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "ANNUAL_RESULT_NOT_FOUND".to_owned()));
    for bad in ["18", "02018", "x"] {
        assert_eq!(fields(&year(&service, bad).await.unwrap_err()), ["name"], "{bad}");
    }
    // Documents without rules, as no evaluation gives them.
    service.published("e1", "2018-04", "").await;
    let status = year(&service, "2018").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::DataLoss, "DOCUMENT_CORRUPT".to_owned()));
}
