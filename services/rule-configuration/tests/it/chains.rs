//! The chain of audit entries under many hands at once.

use std::collections::BTreeSet;

use chengping_chassis::client::TracedChannel;
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::calendar_day::Kind;
use chengping_proto::rules::v1::registry_service_client::RegistryServiceClient;
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;

use crate::calendar::{change, day};
use crate::import::{body, row};
use crate::service::{Service, by, commit_request, source, start};
use crate::tampering::verify;

const CITIES: [&str; 2] = ["zz", "kf"];
const TASKS: usize = 50;

/// One change of a city, whose kind goes by its number.
async fn change_once(city: &str, number: usize, service: Clients) {
    let (parent, actor) = (format!("jurisdictions/{city}"), format!("{city}-{number}"));
    let Clients { mut registry, mut packs } = service;
    match number % 3 {
        0 => {
            let days = vec![day(&format!("2018-01-{:02}", number / 3 + 1), Kind::Holiday, city)];
            let mut request = change(vec![], days);
            request.work_calendar.as_mut().unwrap().name =
                format!("{parent}/workCalendars/default");
            registry.update_work_calendar(by(&actor, request)).await.unwrap();
        }
        1 => {
            let content = body(&format!("d{number:02}"), pb::BodyKind::District, "");
            let rows = vec![row("bodies.csv", 2, content)];
            let import = pb::ImportRegistryRequest { parent, rows, ..Default::default() };
            let import = by(&actor, tokio_stream::iter([import]));
            registry.import_registry(import).await.unwrap();
        }
        _ => {
            let title = format!("{city} {number}");
            let request = pb::CommitRulePackRevisionRequest {
                parent: format!("{parent}/rulePacks/zz-2018"),
                ..commit_request(source(&title))
            };
            packs.commit_rule_pack_revision(by(&actor, request)).await.unwrap();
        }
    }
}

/// What a task takes along of a service.
#[derive(Clone)]
struct Clients {
    registry: RegistryServiceClient<TracedChannel>,
    packs: RulePackServiceClient<TracedChannel>,
}

async fn actors(service: &mut Service, city: &str) -> Vec<(String, String)> {
    let parent = format!("jurisdictions/{city}");
    let request = pb::ListAuditEntriesRequest { parent, page_size: 1000, ..Default::default() };
    let page = service.packs.list_audit_entries(request).await.unwrap().into_inner();
    page.audit_entries.into_iter().map(|entry| (entry.actor, entry.name)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_hands_at_once_break_no_chain_and_cities_have_chains_of_their_own() {
    let mut service = start().await;
    let clients = Clients { registry: service.registry.clone(), packs: service.packs.clone() };
    let tasks: Vec<_> = (0..TASKS)
        .flat_map(|number| CITIES.map(|city| (city, number, clients.clone())))
        .map(|(city, number, clients)| tokio::spawn(change_once(city, number, clients)))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut digests = BTreeSet::new();
    for city in CITIES {
        let whole = verify(&mut service, &format!("jurisdictions/{city}")).await;
        assert_eq!(whole.faults, vec![]);
        assert_eq!(whole.entry_count, i64::try_from(TASKS).unwrap());
        digests.insert(whole.digest);
        // Every hand left its entry, and no other city's did.
        let found = actors(&mut service, city).await;
        let who: BTreeSet<_> = found.iter().map(|(actor, _)| actor.clone()).collect();
        assert_eq!(who, (0..TASKS).map(|number| format!("{city}-{number}")).collect());
        let places = found.iter().rev().map(|(_, name)| name.clone());
        let gapless = (1..=TASKS).map(|n| format!("jurisdictions/{city}/auditEntries/{n}"));
        assert!(places.eq(gapless));
    }
    assert_eq!(digests.len(), CITIES.len());

    // What befalls one chain does not touch the other.
    let kf = verify(&mut service, "jurisdictions/kf").await;
    change_once("zz", 51, clients).await;
    assert_eq!(verify(&mut service, "jurisdictions/kf").await, kf);
}
