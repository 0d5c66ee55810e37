//! What districts report of their own jurisdictions, and what the centre makes of it.

use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::district_report::State;
use chengping_types::Digest;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::service::{Service, ZZ, fields, refusal, start, value};

/// The jurisdiction to which `zz` reports.
const CITY: &str = "jurisdictions/city";

fn request(report: pb::DistrictReport) -> pb::CreateDistrictReportRequest {
    pb::CreateDistrictReportRequest {
        parent: CITY.to_owned(),
        district_report: Some(report),
        request_id: String::new(),
        validate_only: false,
    }
}

fn computed_elsewhere() -> pb::DistrictReport {
    let line = |body: &str, score: &str, rank| pb::ReportedLine {
        body_id: body.to_owned(),
        score: score.to_owned(),
        rank,
    };
    pb::DistrictReport {
        district: "d01".to_owned(),
        month: "2018-04".to_owned(),
        lines: vec![line("s01", "91.50", 1), line("s02", "88.00", 2)],
        attachments: vec![pb::ReportAttachment {
            file_name: "评价说明.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            data: b"%PDF".to_vec(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// A report of a version of April.
fn of_version(name: &str) -> pb::DistrictReport {
    pb::DistrictReport {
        district: "d01".to_owned(),
        month: "2018-04".to_owned(),
        bulletin_version: name.to_owned(),
        ..Default::default()
    }
}

async fn create(
    service: &Service,
    report: pb::DistrictReport,
) -> Result<pb::DistrictReport, Status> {
    Ok(service.reports().create_district_report(request(report)).await?.into_inner())
}

async fn accept(service: &Service, name: &str, etag: &str) -> Result<pb::DistrictReport, Status> {
    let (name, etag) = (name.to_owned(), etag.to_owned());
    let request = pb::AcceptDistrictReportRequest { name, etag, validate_only: false };
    Ok(service.reports().accept_district_report(request).await?.into_inner())
}

async fn give_back(
    service: &Service,
    name: &str,
    reason: &str,
) -> Result<pb::DistrictReport, Status> {
    let (name, reason) = (name.to_owned(), reason.to_owned());
    let request = pb::ReturnDistrictReportRequest { name, reason, ..Default::default() };
    Ok(service.reports().return_district_report(request).await?.into_inner())
}

async fn get(service: &Service, name: &str) -> pb::DistrictReport {
    let request = pb::GetDistrictReportRequest { name: name.to_owned() };
    service.reports().get_district_report(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_version_that_stands_is_reported_with_its_lines_and_digest() {
    let service = start().await;
    let version = service.published("e1", "2018-04", "").await;
    let report = of_version(&version.name);
    let made = create(&service, report.clone()).await.unwrap();
    assert_eq!(
        (made.state(), made.bulletin_digest.as_str()),
        (State::Submitted, version.digest.as_str())
    );
    let lines: Vec<_> = made
        .lines
        .iter()
        .map(|line| (line.body_id.as_str(), line.score.as_str(), line.rank))
        .collect();
    assert_eq!(
        lines,
        [("d02", "94.26", 1), ("d01", "80.00", 2), ("s01", "99.00", 0), ("s02", "", 0)]
    );
    assert_eq!(get(&service, &made.name).await, made);

    // Corrected meanwhile: what is taken over must be what stands.
    service.published("e2", "2018-04", "an upheld inquiry").await;
    let status = accept(&service, &made.name, "").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "VERSION_NOT_STANDING".to_owned()));
    let status = create(&service, report.clone()).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "VERSION_NOT_STANDING".to_owned()));
    give_back(&service, &made.name, "it was corrected").await.unwrap();
    let bulletin_version = version.name.replace("versions/1", "versions/2");
    let newer = create(&service, pb::DistrictReport { bulletin_version, ..report }).await.unwrap();
    let accepted = accept(&service, &newer.name, &newer.etag).await.unwrap();
    assert_eq!((accepted.state(), accepted.decider.as_str()), (State::Accepted, "local"));
    assert!(accepted.decide_time.is_some());
}

#[tokio::test]
async fn whether_the_version_of_a_report_stands_is_said_when_it_is_read() {
    let service = start().await;
    let version = service.published("e1", "2018-04", "").await;
    let report = of_version(&version.name);
    let made = create(&service, report).await.unwrap();
    let accepted = accept(&service, &made.name, "").await.unwrap();
    assert!(made.version_stands && accepted.version_stands);

    service.step("withdraw", &version.name, "local", "computed from half of it").await.unwrap();
    let read = get(&service, &made.name).await;
    assert_eq!((read.state(), read.version_stands), (State::Accepted, false));
    assert_eq!((&read.lines, &read.etag), (&accepted.lines, &accepted.etag), "it is kept as it is");
    let request = pb::ListDistrictReportsRequest { parent: CITY.to_owned(), ..Default::default() };
    let listed = service.reports().list_district_reports(request).await.unwrap().into_inner();
    assert!(!listed.district_reports[0].version_stands);
}

#[tokio::test]
async fn who_reports_is_a_district_of_the_registry_where_there_is_one() {
    use chengping_proto::rules::v1::{Body, BodyKind};
    let service = start().await;
    let body = |id: &str, kind: BodyKind| Body {
        body_id: id.to_owned(),
        kind: kind.into(),
        valid_from: "2018-01".to_owned(),
        ..Default::default()
    };
    service.fakes.0.lock().unwrap().bodies =
        vec![body("d01", BodyKind::District), body("s01", BodyKind::Subdistrict)];
    for other in ["s01", "d02"] {
        let report = pb::DistrictReport { district: other.to_owned(), ..computed_elsewhere() };
        let status = create(&service, report).await.unwrap_err();
        assert_eq!(fields(&status), ["district_report.district"], "{other}");
    }
    create(&service, computed_elsewhere()).await.unwrap();
}

#[tokio::test]
async fn lines_computed_elsewhere_come_with_what_shows_how() {
    let service = start().await;
    let made = create(&service, computed_elsewhere()).await.unwrap();
    let read = get(&service, &made.name).await;
    assert_eq!(read.attachments[0].data, b"%PDF");
    assert_eq!(read.attachments[0].digest, Digest::of(b"%PDF").to_string());
    let request = pb::ListDistrictReportsRequest { parent: CITY.to_owned(), ..Default::default() };
    let listed = service.reports().list_district_reports(request).await.unwrap().into_inner();
    let [report] = &listed.district_reports[..] else { panic!("{listed:?}") };
    assert!(report.attachments[0].data.is_empty() && report.attachments[0].size_bytes == 4);
    let request = pb::ListDistrictReportsRequest {
        parent: CITY.to_owned(),
        month: "2018-05".to_owned(),
        ..Default::default()
    };
    let listed = service.reports().list_district_reports(request).await.unwrap().into_inner();
    assert!(listed.district_reports.is_empty());
}

#[tokio::test]
async fn a_report_is_accepted_or_returned_and_its_content_never_moves() {
    let service = start().await;
    let made = create(&service, computed_elsewhere()).await.unwrap();
    let status = create(&service, computed_elsewhere()).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::AlreadyExists, "DISTRICT_REPORT_EXISTS".to_owned()));
    assert_eq!(value(&status, "name"), made.name);
    let status = accept(&service, &made.name, "\"7\"").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    let status = give_back(&service, &made.name, " ").await.unwrap_err();
    assert_eq!(fields(&status), ["reason"]);

    accept(&service, &made.name, &made.etag).await.unwrap();
    let status = accept(&service, &made.name, "").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "ILLEGAL_REPORT_CHANGE".to_owned()));
    let returned = give_back(&service, &made.name, "a line is missing").await.unwrap();
    assert_eq!(
        (returned.state(), returned.return_reason.as_str()),
        (State::Returned, "a line is missing")
    );
    let status = give_back(&service, &made.name, "again").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "ILLEGAL_REPORT_CHANGE".to_owned()));
    let second = create(&service, computed_elsewhere()).await.unwrap();
    assert_ne!(second.name, made.name);

    let moves: Vec<(String, String, String)> = sqlx::query_as(
        "select state, reason, digest_before from district_report_move
         where district_report = $1 order by revision",
    )
    .bind(made.name.rsplit('/').next().unwrap())
    .fetch_all(&service.pool)
    .await
    .unwrap();
    let states: Vec<_> = moves.iter().map(|(state, ..)| state.as_str()).collect();
    assert_eq!(states, ["submitted", "accepted", "returned"]);
    assert_eq!(moves[2].1, "a line is missing");
    assert!(moves[0].2.is_empty() && moves[1].2.starts_with("sha256:"));
    for attempt in [
        "update district_report set lines = '[]'",
        "update district_report set district = 'd02'",
        "delete from district_report",
        "update district_report_attachment set data = 'x'",
        "delete from district_report_move",
    ] {
        let refused = sqlx::query(attempt).execute(&service.pool).await;
        assert!(refused.is_err(), "{attempt}");
    }
}

#[tokio::test]
async fn a_repeated_call_makes_one_report_and_a_checked_one_none() {
    let service = start().await;
    let checked =
        pb::CreateDistrictReportRequest { validate_only: true, ..request(computed_elsewhere()) };
    service.reports().create_district_report(checked).await.unwrap();
    let request_id = Uuid::new_v4().to_string();
    let call = pb::CreateDistrictReportRequest { request_id, ..request(computed_elsewhere()) };
    let first = service.reports().create_district_report(call.clone()).await.unwrap().into_inner();
    let again = service.reports().create_district_report(call.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);
    let mut other = call;
    other.district_report.as_mut().unwrap().month = "2018-05".to_owned();
    let status = service.reports().create_district_report(other).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned()));
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_report_is_named_at_once() {
    let service = start().await;
    let mut bad = computed_elsewhere();
    bad.district = "D01".to_owned();
    bad.month = "2018-13".to_owned();
    bad.lines[0].score = "91.5".to_owned();
    bad.lines[1].rank = -1;
    bad.lines[1].body_id = "s01".to_owned();
    bad.attachments[0].file_name = "../passwd".to_owned();
    bad.attachments[0].media_type = "pdf".to_owned();
    let status = create(&service, bad).await.unwrap_err();
    let part = |part: &str| format!("district_report.{part}");
    let expected = [
        "district",
        "month",
        "lines[0].score",
        "lines[1].rank",
        "lines[1].body_id",
        "attachments[0].file_name",
        "attachments[0].media_type",
    ];
    assert_eq!(fields(&status), expected.map(part));
    let empty = pb::DistrictReport { lines: Vec::new(), ..computed_elsewhere() };
    assert_eq!(fields(&create(&service, empty).await.unwrap_err()), [part("bulletin_version")]);
    let own = pb::DistrictReport {
        bulletin_version: format!("{CITY}/bulletins/2018-04/versions/1"),
        lines: Vec::new(),
        attachments: Vec::new(),
        ..computed_elsewhere()
    };
    assert_eq!(fields(&create(&service, own).await.unwrap_err()), [part("bulletin_version")]);
    let absent = pb::DistrictReport {
        bulletin_version: format!("{ZZ}/bulletins/2018-04/versions/1"),
        lines: Vec::new(),
        attachments: Vec::new(),
        ..computed_elsewhere()
    };
    let status = create(&service, absent).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "BULLETIN_VERSION_NOT_FOUND".to_owned()));
}
