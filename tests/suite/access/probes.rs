//! Calls of every method, and what of the answers each caller is to see.

use std::collections::BTreeSet;

use chengping_access::Detail;
use chengping_chassis::identity::Role;
use chengping_proto::access::v1::{AccessEntry, ListAccessEntriesRequest};
use chengping_proto::cases::v1 as cases;
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_proto::publication::v1 as publication;
use chengping_proto::publication::v1::district_report_service_client::DistrictReportServiceClient;
use chengping_proto::scoring::v1 as scoring;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use prost_types::field_descriptor_proto::Type;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;

use super::questions;
use super::town::{BODIES, CALLERS, Caller, Town, ZZ};
use crate::support::Connection;

/// Calls any method with the jurisdiction in the first field of its request, which in every request
/// says what it is about, or in the first field of the resource that stands there.
pub(super) async fn call(town: &Town, token: &Option<String>, method: &str) -> Result<(), Status> {
    let channel = Endpoint::from_shared(town.uri()).unwrap().connect().await.unwrap();
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let path = format!("/{method}").parse().unwrap();
    let name = ZZ.to_owned();
    let message = if is_nested(method) { name.encode_to_vec() } else { ZZ.as_bytes().to_vec() };
    let mut request = Request::new(message);
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    let codec = ProstCodec::<Vec<u8>, ()>::default();
    let mut answer = grpc.server_streaming(request, path, codec).await?.into_inner();
    // Of a stream that goes on the head says that it was let in.
    let first = tokio::time::timeout(std::time::Duration::from_millis(500), answer.message());
    match first.await {
        // The answer is no empty message, which does not matter here.
        Ok(Err(status)) if status.code() != Code::Internal => Err(status),
        _ => Ok(()),
    }
}

/// Whether the name stands in a resource in the first field, and not in that field itself.
fn is_nested(method: &str) -> bool {
    let (service, method) = method.split_once('/').unwrap();
    let set = FileDescriptorSet::decode(chengping_proto::FILE_DESCRIPTOR_SET).unwrap();
    let services = set.file.iter().flat_map(|file| {
        file.service.iter().map(move |it| (format!("{}.{}", file.package(), it.name()), it))
    });
    let (_, service) = services.into_iter().find(|(name, _)| name == service).unwrap();
    let input = service.method.iter().find(|it| it.name() == method).unwrap().input_type();
    let messages = set.file.iter().flat_map(|file| {
        let of = move |it| (format!(".{}.{}", file.package(), prost_name(it)), it);
        file.message_type.iter().map(of)
    });
    let (_, message) = messages.into_iter().find(|(name, _)| name == input).unwrap();
    let first = message.field.iter().find(|field| field.number() == 1).unwrap();
    first.r#type() == Type::Message
}

fn prost_name(message: &prost_types::DescriptorProto) -> &str {
    message.name()
}

/// Whether something was shown, and not denied; anything else is a mistake of the test.
#[track_caller]
fn was_shown<T>(outcome: Result<T, Status>) -> bool {
    match outcome {
        Ok(_) => true,
        // There is nothing of the kind, which only who may see it learns.
        Err(status) if status.code() == Code::NotFound => true,
        Err(status) if status.code() == Code::PermissionDenied => false,
        Err(status) => panic!("{status:?}"),
    }
}

/// Tries a method that shows something of single bodies on every body; how many cells that were.
pub(super) async fn probe(town: &Town, caller: &Caller, method: &str, detail: Detail) -> usize {
    let connection = town.connect(caller).await;
    let (_, short) = method.split_once('/').unwrap();
    match detail {
        // Nobody gets here whose bodies would matter.
        Detail::Whole => {
            assert!(!caller.limited, "{method} lets {} in", caller.name);
            0
        }
        Detail::Named if method.contains("InquiryService") => {
            questions::named(caller, connection, short).await
        }
        Detail::Named if method.contains("DistrictReportService") => {
            named_report(town, caller, connection, short).await
        }
        Detail::Named => named(town, caller, connection, short).await,
        Detail::Filtered => filtered(town, caller, connection, short).await,
    }
}

async fn named(town: &Town, caller: &Caller, connection: Connection, short: &str) -> usize {
    for body in &BODIES {
        let shown = match short {
            "GetScorecard" | "ListCountedCases" => {
                show_scorecard(town, connection.clone(), short, body.id).await
            }
            _ => show_case(connection.clone(), short, body.cases[0]).await,
        };
        let expected = match short {
            "GetScorecard" | "ListCountedCases" => caller.sees(body.id),
            _ => caller.cases().contains(body.cases[0]),
        };
        assert_eq!(shown, expected, "{}: {short} of {}", caller.name, body.id);
    }
    let shown = match short {
        "GetScorecard" | "ListCountedCases" => {
            show_scorecard(town, connection, short, "nobody").await
        }
        _ => show_case(connection, short, "nothing").await,
    };
    assert_eq!(shown, !caller.limited, "{}: {short} of nobody", caller.name);
    BODIES.len() + 1
}

/// The bodies that report of their own.
const DISTRICTS: [&str; 2] = ["d1", "d2"];

fn report(district: &str) -> publication::CreateDistrictReportRequest {
    let line =
        publication::ReportedLine { body_id: "s1".to_owned(), score: "90.00".to_owned(), rank: 1 };
    let report = publication::DistrictReport {
        district: district.to_owned(),
        month: "2018-03".to_owned(),
        lines: vec![line],
        ..Default::default()
    };
    let (parent, district_report) = (ZZ.to_owned(), Some(report));
    publication::CreateDistrictReportRequest { parent, district_report, ..Default::default() }
}

/// The report of a district, which is handed in unless it has been.
async fn report_of(town: &Town, district: &str) -> String {
    let mut client = DistrictReportServiceClient::new(town.suite.connection().await);
    match client.create_district_report(report(district)).await {
        Ok(made) => made.into_inner().name,
        Err(status) => {
            assert_eq!(status.code(), Code::AlreadyExists, "{status:?}");
            status.get_error_details().error_info().unwrap().metadata["name"].clone()
        }
    }
}

async fn show_report(connection: &Connection, name: &str) -> Result<(), Status> {
    let request = publication::GetDistrictReportRequest { name: name.to_owned() };
    let mut client = DistrictReportServiceClient::new(connection.clone());
    client.get_district_report(request).await.map(drop)
}

async fn named_report(town: &Town, caller: &Caller, connection: Connection, short: &str) -> usize {
    let who = &caller.name;
    match short {
        "CreateDistrictReport" => {
            let mut client = DistrictReportServiceClient::new(connection);
            for body in BODIES.iter().map(|body| body.id).chain(["nobody"]) {
                let outcome = client.create_district_report(report(body)).await;
                // What comes of it, as that it is no district, is no matter here.
                let denied = outcome.is_err_and(|status| status.code() == Code::PermissionDenied);
                assert_eq!(!denied, caller.sees(body), "{who}: {short} of {body}");
            }
        }
        "GetDistrictReport" => {
            for district in DISTRICTS {
                let name = report_of(town, district).await;
                let shown = was_shown(show_report(&connection, &name).await);
                assert_eq!(shown, caller.sees(district), "{who}: {short} of {district}");
            }
            let missing = format!("{ZZ}/districtReports/r0");
            let shown = was_shown(show_report(&connection, &missing).await);
            assert_eq!(shown, !caller.limited, "{who}: {short} of nobody");
        }
        other => panic!("write a probe for {other}"),
    }
    DISTRICTS.len() + 1
}

/// Whose reports are listed, page by page.
async fn reports(town: &Town, connection: Connection) -> BTreeSet<String> {
    for district in DISTRICTS {
        report_of(town, district).await;
    }
    let mut client = DistrictReportServiceClient::new(connection);
    let (mut found, parent) = (BTreeSet::new(), ZZ.to_owned());
    let mut request =
        publication::ListDistrictReportsRequest { parent, page_size: 1, ..Default::default() };
    loop {
        let page = client.list_district_reports(request.clone()).await.unwrap().into_inner();
        found.extend(page.district_reports.into_iter().map(|report| report.district));
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

async fn show_scorecard(town: &Town, connection: Connection, method: &str, body: &str) -> bool {
    let mut client = EvaluationServiceClient::new(connection);
    let name = town.scorecard(body);
    match method {
        "GetScorecard" => {
            was_shown(client.get_scorecard(scoring::GetScorecardRequest { name }).await)
        }
        "ListCountedCases" => was_shown(client.list_counted_cases(counted(name, "num")).await),
        other => panic!("write a probe for {other}"),
    }
}

fn counted(parent: String, input: &str) -> scoring::ListCountedCasesRequest {
    scoring::ListCountedCasesRequest {
        parent,
        item: "N1".to_owned(),
        zone: "key".to_owned(),
        input: input.to_owned(),
        ..Default::default()
    }
}

async fn show_case(connection: Connection, method: &str, case: &str) -> bool {
    let mut client = CaseServiceClient::new(connection);
    let name = format!("{ZZ}/cases/{case}");
    match method {
        "GetCase" => was_shown(client.get_case(cases::GetCaseRequest { name }).await),
        "ListEvents" => {
            let request = cases::ListEventsRequest { parent: name, ..Default::default() };
            was_shown(client.list_events(request).await)
        }
        "GetTimeline" => {
            let request = cases::GetTimelineRequest { name, ..Default::default() };
            was_shown(client.get_timeline(request).await)
        }
        other => panic!("write a probe for {other}"),
    }
}

async fn filtered(town: &Town, caller: &Caller, connection: Connection, short: &str) -> usize {
    let seen: BTreeSet<_> =
        BODIES.iter().map(|body| body.id).filter(|body| caller.sees(body)).collect();
    match short {
        "ListCases" => list_cases(caller, connection).await,
        "ListScorecards" => {
            let found = scorecards(town, connection).await;
            let found: BTreeSet<_> = found.iter().map(String::as_str).collect();
            assert_eq!(found, seen, "{}", caller.name);
        }
        "WatchLiveScores" => watch(caller, connection, &seen).await,
        "ListInquiries" => {
            let found = questions::listed(connection).await;
            let found: BTreeSet<_> = found.iter().map(String::as_str).collect();
            assert_eq!(found, seen, "{}", caller.name);
        }
        "ListDistrictReports" => {
            let found = reports(town, connection).await;
            let seen = DISTRICTS.into_iter().filter(|body| seen.contains(body));
            assert_eq!(found, seen.map(str::to_owned).collect(), "{}", caller.name);
        }
        other => panic!("write a probe for {other}"),
    }
    BODIES.len()
}

/// Page by page, so that tokens are right for what this caller sees.
async fn list_cases(caller: &Caller, connection: Connection) {
    let mut client = CaseServiceClient::new(connection);
    for page_size in [1, 2, 100] {
        let mut found = Vec::new();
        let parent = ZZ.to_owned();
        let mut request = cases::ListCasesRequest { parent, page_size, ..Default::default() };
        loop {
            let page = client.list_cases(request.clone()).await.unwrap().into_inner();
            assert!(page.cases.len() <= usize::try_from(page_size).unwrap());
            found.extend(page.cases.into_iter().map(|case| case.case_no));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let expected: Vec<_> = caller.cases().into_iter().collect();
        assert_eq!(found, expected, "{}, {page_size} a page", caller.name);
    }
}

async fn scorecards(town: &Town, connection: Connection) -> Vec<String> {
    let mut client = EvaluationServiceClient::new(connection);
    let (mut found, parent) = (Vec::new(), town.evaluation.clone());
    let mut request = scoring::ListScorecardsRequest { parent, page_size: 3, ..Default::default() };
    loop {
        let page = client.list_scorecards(request.clone()).await.unwrap().into_inner();
        found.extend(page.scorecards.into_iter().map(|card| card.body_id));
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

async fn watch(caller: &Caller, connection: Connection, seen: &BTreeSet<&str>) {
    let mut client = EvaluationServiceClient::new(connection);
    let ask = |body_ids: &[&str]| scoring::WatchLiveScoresRequest {
        parent: ZZ.to_owned(),
        body_ids: body_ids.iter().map(|body| (*body).to_owned()).collect(),
    };
    if seen.is_empty() {
        let status = client.watch_live_scores(ask(&[])).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{}", caller.name);
    } else {
        let mut told = client.watch_live_scores(ask(&[])).await.unwrap().into_inner();
        let first = told.message().await.unwrap().unwrap();
        let found: BTreeSet<_> =
            first.scorecards.iter().map(|card| card.body_id.as_str()).collect();
        assert_eq!(&found, seen, "{}", caller.name);
    }
    for body in &BODIES {
        let told = client.watch_live_scores(ask(&[body.id])).await;
        assert_eq!(was_shown(told), seen.contains(body.id), "{} {}", caller.name, body.id);
    }
}

/// From the scorecards of a caller down to the events of every case that they count; how many that are.
pub(super) async fn follow(town: &Town, caller: &Caller) -> usize {
    let connection = town.connect(caller).await;
    let mut client = EvaluationServiceClient::new(connection.clone());
    let mut followed = BTreeSet::new();
    for body in caller.sees {
        let name = town.scorecard(body);
        let request = scoring::GetScorecardRequest { name: name.clone() };
        let card = client.get_scorecard(request).await.unwrap().into_inner();
        for (item, zone) in
            card.items.iter().flat_map(|item| item.zones.iter().map(move |zone| (item, zone)))
        {
            for input in zone.inputs.keys() {
                let request = scoring::ListCountedCasesRequest {
                    parent: name.clone(),
                    item: item.item.clone(),
                    zone: zone.zone.clone(),
                    input: input.clone(),
                    ..Default::default()
                };
                // Some inputs count no cases.
                let Ok(page) = client.list_counted_cases(request).await else { continue };
                let found = page.into_inner().counted_cases;
                followed.extend(found.into_iter().map(|case| case.case_no));
            }
        }
    }
    for case in &followed {
        let own = caller.cases().contains(case.as_str());
        let shown = show_case(connection.clone(), "GetTimeline", case).await;
        assert_eq!(shown, own, "{} {case}", caller.name);
    }
    followed.iter().filter(|case| caller.cases().contains(case.as_str())).count()
}

/// What a caller is told of something that is not theirs, and of something that is not there.
pub(super) async fn denied_pairs(town: &Town, caller: &Caller) -> Vec<(Status, Status)> {
    let connection = town.connect(caller).await;
    let mut client = EvaluationServiceClient::new(connection.clone());
    let mut case_client = CaseServiceClient::new(connection.clone());
    let foreign = BODIES.iter().find(|body| !caller.sees(body.id)).unwrap().id;
    let case = ["A1", "B1", "W1"].into_iter().find(|case| !caller.cases().contains(case)).unwrap();
    let mut pairs = vec![questions::denied(connection.clone(), foreign).await];
    let district = DISTRICTS.into_iter().find(|body| !caller.sees(body)).unwrap();
    let report = show_report(&connection, &report_of(town, district).await).await;
    let missing = show_report(&connection, &format!("{ZZ}/districtReports/r0")).await;
    pairs.push((report.unwrap_err(), missing.unwrap_err()));
    let mut told = Vec::new();
    for body in [foreign, "nobody"] {
        let name = town.scorecard(body);
        let request = scoring::GetScorecardRequest { name: name.clone() };
        told.push(client.get_scorecard(request).await.unwrap_err());
        told.push(client.list_counted_cases(counted(name, "num")).await.unwrap_err());
        let body_ids = vec![body.to_owned()];
        let request = scoring::WatchLiveScoresRequest { parent: ZZ.to_owned(), body_ids };
        told.push(client.watch_live_scores(request).await.unwrap_err());
    }
    for case in [case, "nothing"] {
        let name = format!("{ZZ}/cases/{case}");
        let request = cases::GetCaseRequest { name: name.clone() };
        told.push(case_client.get_case(request).await.unwrap_err());
        let request = cases::ListEventsRequest { parent: name.clone(), ..Default::default() };
        told.push(case_client.list_events(request).await.unwrap_err());
        let request = cases::GetTimelineRequest { name, ..Default::default() };
        told.push(case_client.get_timeline(request).await.unwrap_err());
    }
    for half in told.chunks(6) {
        pairs.extend((0..3).map(|place| (half[place].clone(), half[place + 3].clone())));
    }
    pairs
}

/// Has everybody look at what they see, and gives what the logs of the services say then.
pub(super) async fn looks(town: &Town) -> Vec<(&'static str, Vec<AccessEntry>)> {
    let lookers = ["office", "auditor", "service", "district-1", "bureau"];
    for caller in CALLERS.iter().filter(|caller| lookers.contains(&caller.name)) {
        let connection = town.connect(caller).await;
        let body = caller.sees.first().copied().unwrap_or("d1");
        assert!(show_scorecard(town, connection.clone(), "GetScorecard", body).await);
        assert!(show_case(connection.clone(), "GetTimeline", "A1").await);
        assert!(show_case(connection.clone(), "GetCase", "A1").await);
        scorecards(town, connection.clone()).await;
        list_cases(caller, connection.clone()).await;
        // Services ask nothing about questions.
        if caller.role != Role::Service {
            questions::look(connection, body).await;
        }
    }
    assert_eq!(CALLERS[3].role, Role::Auditor);
    let connection = town.connect(&CALLERS[3]).await;
    let request = || ListAccessEntriesRequest { parent: ZZ.to_owned(), ..Default::default() };
    use chengping_proto::{cases, publication, scoring};
    let mut of_cases =
        cases::v1::access_service_client::AccessServiceClient::new(connection.clone());
    let mut of_scoring =
        scoring::v1::access_service_client::AccessServiceClient::new(connection.clone());
    let mut of_publication =
        publication::v1::access_service_client::AccessServiceClient::new(connection);
    let cases = of_cases.list_access_entries(request()).await.unwrap().into_inner();
    // The town itself was filled by the account that owns it.
    let own = |entries: Vec<AccessEntry>| -> Vec<AccessEntry> {
        entries.into_iter().filter(|entry| entry.roles.len() == 1).collect()
    };
    let mine = ListAccessEntriesRequest {
        resource: format!("{ZZ}/cases/A1"),
        actor: "office".to_owned(),
        page_size: 1,
        ..request()
    };
    let first = of_cases.list_access_entries(mine.clone()).await.unwrap().into_inner();
    let second = ListAccessEntriesRequest { page_token: first.next_page_token.clone(), ..mine };
    let second = of_cases.list_access_entries(second).await.unwrap().into_inner();
    let resources = [&first, &second].map(|page| page.access_entries[0].resource.as_str());
    let newest = [format!("{ZZ}/cases/A1"), format!("{ZZ}/cases/A1/timeline")];
    assert_eq!(resources, newest.each_ref().map(String::as_str));
    assert!(second.next_page_token.is_empty());
    let scored = of_scoring.list_access_entries(request()).await.unwrap().into_inner();
    let asked = of_publication.list_access_entries(request()).await.unwrap().into_inner();
    vec![
        ("cases", own(cases.access_entries)),
        ("scoring", own(scored.access_entries)),
        ("publication", own(asked.access_entries)),
    ]
}
