//! Packs that derive from others, also of other jurisdictions.

use chengping_proto::rules::v1 as pb;
use tonic::Code;

use crate::pack_changes::adjust_request;
use crate::service::{PACK, Service, activate, approve, fields, refusal, source, start, submit};

const DISTRICT: &str = "jurisdictions/jinshui";
const OWN: &str = "jurisdictions/jinshui/rulePacks/jinshui";
const KEY: &str = "families.area.zones.key";

fn text(parent: &pb::RulePackRevision) -> String {
    format!(
        "# The district's own.\npack: jinshui\ntitle: {{zh: 金水区, en: Jinshui}}\n\
         extends: {{jurisdiction: zz, pack: zz-2018, revision: {}, digest: \"{}\"}}\noverrides:\n  \
         - {{path: {KEY}, value: \"0.7\", provenance: regulation}} # seven to three\n",
        parent.revision, parent.digest
    )
}

async fn commit(
    service: &mut Service,
    source: String,
) -> Result<pb::RulePackRevision, tonic::Status> {
    let request =
        pb::CommitRulePackRevisionRequest { parent: OWN.to_owned(), source, ..Default::default() };
    let answer = service.packs.commit_rule_pack_revision(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn offered(service: &mut Service) -> String {
    let request = pb::GetRulePackRequest { name: OWN.to_owned() };
    service.packs.get_rule_pack(request).await.unwrap().into_inner().offered_parent_revision
}

fn rebase(parent: &str) -> pb::RebaseRulePackRequest {
    pb::RebaseRulePackRequest {
        name: OWN.to_owned(),
        parent_revision: parent.to_owned(),
        reason: "follow the city".to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_district_derives_from_an_approved_revision_of_the_city() {
    let mut service = start().await;
    let draft = service.commit(source("一")).await;
    let validate =
        |text: String| pb::ValidateRulePackRequest { parent: DISTRICT.to_owned(), source: text };
    let request = validate(text(&draft));
    let found = service.packs.validate_rule_pack(request).await.unwrap().into_inner();
    let [error] = &found.errors[..] else { panic!("one mistake") };
    assert_eq!((error.path.as_str(), error.line), ("extends", 4));
    assert!(error.message.contains("is draft; a pack derives from"), "{}", error.message);
    let status = commit(&mut service, text(&draft)).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "RULE_PACK_INVALID".to_owned()));
    assert_eq!(fields(&status), ["source:extends"]);

    submit(&mut service.packs, &draft.name, "local").await.unwrap();
    let city = approve(&mut service.packs, &draft.name, "local").await.unwrap().into_inner();
    let missing = pb::RulePackRevision { revision: 7, ..city.clone() };
    let status = commit(&mut service, text(&missing)).await.unwrap_err();
    assert!(status.get_error_details_message().contains("does not exist"));
    let other = pb::RulePackRevision {
        digest: chengping_types::Digest::of(b"").to_string(),
        ..city.clone()
    };
    let status = commit(&mut service, text(&other)).await.unwrap_err();
    assert_eq!(fields(&status), ["source:extends.digest"]);

    let own = commit(&mut service, text(&city)).await.unwrap();
    assert_eq!(own.parent_revision, city.name);
    let overrides: Vec<_> = own
        .overrides
        .iter()
        .map(|one| (one.path.as_str(), one.before.as_str(), one.after.as_str()))
        .collect();
    assert_eq!(overrides[0], (KEY, "0.6", "0.7"));
    assert_eq!(overrides.len(), 4, "{overrides:?}");
    let whole = String::from_utf8(own.canonical.clone()).unwrap();
    let whole = chengping_rules::RulePack::parse(&whole).unwrap();
    assert_eq!((whole.digest().to_string(), whole.pack.as_str()), (own.digest.clone(), "jinshui"));
    let idle =
        text(&city).replace("\"0.7\", provenance: regulation", "\"0.6\", provenance: assumption");
    let found = service.packs.validate_rule_pack(validate(idle)).await.unwrap().into_inner();
    assert_eq!((found.warnings[0].path.as_str(), found.warnings[0].line), (KEY, 6));

    // It is reviewed and put in force like any other, and served whole.
    submit(&mut service.packs, &own.name, "local").await.unwrap();
    approve(&mut service.packs, &own.name, "local").await.unwrap();
    activate(&mut service.packs, &own.name, "2018-03").await.unwrap();
    let request = pb::GetEffectiveRulePackRequest {
        parent: DISTRICT.to_owned(),
        month: "2018-03".to_owned(),
    };
    let effective = service.packs.get_effective_rule_pack(request).await.unwrap().into_inner();
    assert_eq!((effective.canonical, effective.parent_revision), (own.canonical, city.name));
}

/// The descriptions of all bad fields.
trait Described {
    fn get_error_details_message(&self) -> String;
}

impl Described for tonic::Status {
    fn get_error_details_message(&self) -> String {
        use tonic_types::StatusExt as _;
        let details = self.get_error_details();
        let fields = details.bad_request().unwrap().field_violations.iter();
        fields.map(|field| field.description.clone()).collect::<Vec<_>>().join("; ")
    }
}

#[tokio::test]
async fn a_newer_parent_is_an_offer_that_a_rebase_takes() {
    let mut service = start().await;
    let city = service.approved(source("一")).await;
    let own = commit(&mut service, text(&city)).await.unwrap();
    assert_eq!(offered(&mut service).await, "");
    let request = pb::AdjustRulePackRequest {
        adjustments: vec![
            crate::pack_changes::adjustment(KEY, "0.65"),
            crate::pack_changes::adjustment(
                "families.area.streams[regular].items[N1].linear.weight",
                "29",
            ),
        ],
        ..adjust_request(&city.name, "", "")
    };
    let newer = service.packs.adjust_rule_pack(request).await.unwrap().into_inner();
    let status = service.packs.rebase_rule_pack(rebase(&newer.name)).await.unwrap_err();
    assert_eq!(
        refusal(&status),
        (Code::FailedPrecondition, "PARENT_REVISION_NOT_APPROVED".to_owned())
    );
    assert_eq!(offered(&mut service).await, "");
    submit(&mut service.packs, &newer.name, "local").await.unwrap();
    approve(&mut service.packs, &newer.name, "local").await.unwrap();
    assert_eq!(offered(&mut service).await, newer.name);

    let mut rehearsed = rebase(&newer.name);
    rehearsed.validate_only = true;
    let tried = service.packs.rebase_rule_pack(rehearsed).await.unwrap().into_inner();
    assert_eq!(tried.revision.unwrap().revision, 2);
    assert_eq!(offered(&mut service).await, newer.name);

    let mut request = rebase(&newer.name);
    request.request_id = "0b1f6c1e-53f5-4c51-9d2c-0c3b9d7d4b77".to_owned();
    let answer = service.packs.rebase_rule_pack(request.clone()).await.unwrap().into_inner();
    let second = answer.revision.clone().unwrap();
    assert_eq!((second.revision, &second.parent_revision), (2, &newer.name));
    assert!(second.source.contains("revision: 2") && second.source.contains("# seven to three"));
    assert_eq!(offered(&mut service).await, "");
    let told: Vec<_> = answer.parent_differences.iter().map(|one| one.path.as_str()).collect();
    assert!(
        told.contains(&KEY)
            && told.contains(&"families.area.streams[regular].items[N1].linear.weight")
    );
    assert!(answer.contested_paths.contains(&KEY.to_owned()), "{:?}", answer.contested_paths);
    assert!(answer.contested_paths.iter().all(|path| path.starts_with(KEY)));
    assert_eq!(second.overrides[0].before, "0.65");
    let again = service.packs.rebase_rule_pack(request).await.unwrap().into_inner();
    assert_eq!(again, answer);

    // Numbers of a derived pack are adjusted in its overrides, and it goes back like any other.
    let request = adjust_request(&second.name, KEY, "0.75");
    let third = service.packs.adjust_rule_pack(request).await.unwrap().into_inner();
    assert!(third.source.contains("value: \"0.75\", provenance: regulation} # seven to three"));
    let back = pb::RollbackRulePackRequest {
        name: OWN.to_owned(),
        revision: 1,
        reason: "back".to_owned(),
        ..Default::default()
    };
    let fourth = service.packs.rollback_rule_pack(back).await.unwrap().into_inner();
    assert_eq!(
        (fourth.revision, fourth.digest, fourth.parent_revision),
        (4, own.digest, city.name)
    );
    assert_eq!(offered(&mut service).await, newer.name);

    let mut whole = rebase(&newer.name);
    whole.name = PACK.to_owned();
    let status = service.packs.rebase_rule_pack(whole).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "RULE_PACK_NOT_DERIVED".to_owned()));
}

#[tokio::test]
async fn a_rebase_is_kept_also_where_the_result_is_the_same() {
    let mut service = start().await;
    let city = service.approved(source("一")).await;
    let own = commit(&mut service, text(&city)).await.unwrap();
    let newer = service.packs.adjust_rule_pack(adjust_request(&city.name, KEY, "0.65")).await;
    let newer = newer.unwrap().into_inner();
    submit(&mut service.packs, &newer.name, "local").await.unwrap();
    approve(&mut service.packs, &newer.name, "local").await.unwrap();
    let answer = service.packs.rebase_rule_pack(rebase(&newer.name)).await.unwrap().into_inner();
    let second = answer.revision.unwrap();
    assert_eq!((second.revision, second.digest), (2, own.digest));
    assert_eq!(offered(&mut service).await, "");
}
