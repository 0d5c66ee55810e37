//! Who may do what, over a real socket.

use std::collections::BTreeSet;
use std::time::Duration;

use chengping_chassis::client::{self, TracedChannel};
use chengping_chassis::config::PeerConfig;
use chengping_chassis::identity::{Grant, Issuer, Role, Scope};
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_service_client::RegistryServiceClient;
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;
use chengping_rule_configuration::{ACCESS, SCHEMA};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use prost_types::field_descriptor_proto::Type;
use tempfile::TempDir;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use crate::service::{
    Service, Settings, ZZ, commit_request, refusal, serve_with, source, start_with,
};

/// A service that asks for tokens, and who issues them.
struct Guarded {
    service: Service,
    channel: TracedChannel,
    issuer: Issuer,
    _folder: TempDir,
}

impl Guarded {
    async fn start(settings: Settings) -> Self {
        let service = start_with(settings).await;
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::open_or_create(folder.path()).unwrap();
        let url = service.database.url_for(SCHEMA);
        let address = serve_with(url, settings, issuer.config(), &service.shutdown).await;
        let channel = client::connect(&PeerConfig::at(address.to_string())).unwrap();
        Self { service, channel, issuer, _folder: folder }
    }

    fn token(&self, subject: &str, roles: &[Role]) -> String {
        let jurisdictions = Scope::Only(BTreeSet::from(["zz".to_owned()]));
        let roles = roles.iter().copied().collect();
        let hour = Duration::from_secs(3_600);
        let grant = Grant { roles, jurisdictions, ..Grant::everything(subject, hour) };
        self.issuer.issue(&grant).unwrap()
    }

    fn packs(&self) -> RulePackServiceClient<TracedChannel> {
        RulePackServiceClient::new(self.channel.clone())
    }

    async fn audit_entries(&self, token: &str) -> Vec<pb::AuditEntry> {
        let request = pb::ListAuditEntriesRequest { parent: ZZ.to_owned(), ..Default::default() };
        let answer = self.packs().list_audit_entries(shown(token, request)).await.unwrap();
        answer.into_inner().audit_entries
    }
}

/// A request with a token, and a header that says that somebody else acts.
fn shown<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request.metadata_mut().insert("x-actor", "somebody-else".parse().unwrap());
    request
}

/// Calls any method with `name` in the first field of its request, which in every request says
/// what it is about.
async fn call(
    channel: &TracedChannel,
    token: &str,
    method: &str,
    name: &str,
) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = format!("/{method}").parse().unwrap();
    let name = name.to_owned();
    if is_nested(method) {
        let codec = ProstCodec::<Vec<u8>, ()>::default();
        let request = shown(token, name.encode_to_vec());
        grpc.server_streaming(request, path, codec).await.map(|_| ())
    } else {
        let codec = ProstCodec::<String, ()>::default();
        grpc.server_streaming(shown(token, name), path, codec).await.map(|_| ())
    }
}

/// Whether the name stands in a resource in the first field, and not in that field itself.
fn is_nested(method: &str) -> bool {
    let (service, method) = method.rsplit_once('.').unwrap().1.split_once('/').unwrap();
    let set = FileDescriptorSet::decode(chengping_proto::FILE_DESCRIPTOR_SET).unwrap();
    let ours = || set.file.iter().filter(|file| file.package() == "chengping.rules.v1");
    let services = ours().flat_map(|file| &file.service);
    let service = services.into_iter().find(|it| it.name() == service).unwrap();
    let input = service.method.iter().find(|it| it.name() == method).unwrap().input_type();
    let input = input.rsplit('.').next().unwrap();
    let message = ours().flat_map(|file| &file.message_type).find(|it| it.name() == input).unwrap();
    let first = message.field.iter().find(|field| field.number() == 1).unwrap();
    first.r#type() == Type::Message
}

#[tokio::test]
async fn every_method_is_open_to_the_roles_of_the_table_and_to_nobody_else() {
    let guarded = Guarded::start(Settings::default()).await;
    for role in Role::ALL {
        let token = guarded.token("li.wei", &[role]);
        for (method, roles) in ACCESS {
            let outcome = call(&guarded.channel, &token, method, ZZ).await;
            let is_denied = match &outcome {
                Err(status) if status.code() == Code::PermissionDenied => {
                    let service = method.split_once('/').unwrap().0;
                    let sentence = format!(
                        "Permission '{method}' denied on resource '{service}' (or it might not \
                         exist)."
                    );
                    assert_eq!(status.message(), sentence);
                    true
                }
                _ => false,
            };
            assert_eq!(is_denied, !roles.contains(&role), "{role} {method}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn no_method_tells_anything_of_another_jurisdiction() {
    let guarded = Guarded::start(Settings::default()).await;
    let token = guarded.token("li.wei", &Role::ALL);
    let mut asked = 0;
    for (method, _) in ACCESS {
        for name in ["jurisdictions/jh", "jurisdictions/jh/rulePacks/jinhua/revisions/1"] {
            let status = call(&guarded.channel, &token, method, name).await.unwrap_err();
            // What is not built reads no name.
            if status.code() != Code::Unimplemented {
                let expected = (Code::PermissionDenied, "PERMISSION_DENIED".to_owned());
                assert_eq!(refusal(&status), expected, "{method}: {status:?}");
                assert!(status.message().contains("'jurisdictions/jh' (or"), "{status:?}");
                asked += 1;
            }
        }
    }
    assert!(asked >= 40, "{asked}");
}

#[tokio::test]
async fn a_stranger_is_told_what_to_bring() {
    let guarded = Guarded::start(Settings::default()).await;
    let request = pb::ListRulePacksRequest { parent: ZZ.to_owned(), ..Default::default() };
    let status = guarded.packs().list_rule_packs(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Unauthenticated, "TOKEN_MISSING".to_owned()));
    for (method, _) in ACCESS {
        let status = call(&guarded.channel, "a.b.c", method, ZZ).await.unwrap_err();
        let expected = (Code::Unauthenticated, "TOKEN_INVALID".to_owned());
        assert_eq!(refusal(&status), expected, "{method}");
    }
}

#[tokio::test]
async fn four_eyes_are_those_of_two_subjects_whatever_a_header_says() {
    let settings = Settings { four_eyes: true, ..Settings::default() };
    let guarded = Guarded::start(settings).await;
    let both = [Role::Administrator, Role::Approver];
    let (li, wang) = (guarded.token("li.wei", &both), guarded.token("王芳", &both));
    let mut packs = guarded.packs();
    let committed = packs.commit_rule_pack_revision(shown(&li, commit_request(source("一"))));
    let committed = committed.await.unwrap().into_inner();
    assert_eq!(committed.author, "li.wei");
    let name = committed.name;
    let submit = pb::SubmitRulePackRevisionRequest { name: name.clone(), ..Default::default() };
    packs.submit_rule_pack_revision(shown(&li, submit)).await.unwrap();
    let approve = pb::ApproveRulePackRevisionRequest { name, ..Default::default() };
    // The header names somebody else, and convinces nobody.
    let status = packs.approve_rule_pack_revision(shown(&li, approve.clone())).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "FOUR_EYES_REQUIRED".to_owned()));
    let approved = packs.approve_rule_pack_revision(shown(&wang, approve)).await.unwrap();
    assert_eq!(approved.into_inner().approver, "王芳");

    let entries = guarded.audit_entries(&guarded.token("auditor", &[Role::Auditor])).await;
    let actors: Vec<_> = entries.iter().rev().map(|entry| entry.actor.as_str()).collect();
    assert_eq!(actors, ["li.wei", "li.wei", "王芳"]);
}

#[tokio::test]
async fn an_auditor_reads_everything_and_changes_nothing() {
    let mut guarded = Guarded::start(Settings::default()).await;
    let revision = guarded.service.commit(source("一")).await;
    let token = guarded.token("discipline", &[Role::Auditor]);
    let before = guarded.audit_entries(&token).await;
    assert_eq!(before.len(), 1);
    let request = pb::GetRulePackRevisionRequest { name: revision.name.clone() };
    let read = guarded.packs().get_rule_pack_revision(shown(&token, request)).await.unwrap();
    assert_eq!(read.into_inner().digest, revision.digest);

    let mut packs = guarded.packs();
    let commit = packs.commit_rule_pack_revision(shown(&token, commit_request(source("二")))).await;
    let name = revision.name.clone();
    let submit = pb::SubmitRulePackRevisionRequest { name: name.clone(), ..Default::default() };
    let submit = packs.submit_rule_pack_revision(shown(&token, submit)).await;
    let approve = pb::ApproveRulePackRevisionRequest { name, ..Default::default() };
    let approve = packs.approve_rule_pack_revision(shown(&token, approve)).await;
    let mut registry = RegistryServiceClient::new(guarded.channel.clone());
    let rows = pb::ImportRegistryRequest { parent: ZZ.to_owned(), ..Default::default() };
    let import = registry.import_registry(shown(&token, tokio_stream::iter([rows]))).await;
    let refused = [commit.err(), submit.err(), approve.err(), import.err()]
        .map(|error| error.unwrap().code());
    assert_eq!(refused, [Code::PermissionDenied; 4]);
    assert_eq!(guarded.audit_entries(&token).await, before);
}
