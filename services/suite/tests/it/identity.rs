//! A suite asks who calls.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chengping_proto::publication::v1::bulletin_service_client::BulletinServiceClient;
use chengping_proto::publication::v1::{
    BulletinVersion, CreateBulletinVersionRequest, GetBulletinVersionRequest, ListBulletinsRequest,
    PublishBulletinVersionRequest,
};
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;
use chengping_proto::rules::v1::{AuditEntry, ListAuditEntriesRequest};
use chengping_proto::scoring::v1::ListEvaluationsRequest;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use chengping_testing::{Process, eventually};
use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::support::{Done, PROGRAM, chengping, chengping_with, folder};

const PATIENCE: Duration = Duration::from_secs(120);

/// A suite, its folder, and what of it others reach.
struct Guarded {
    suite: Process,
    folder: TempDir,
    address: String,
}

impl Guarded {
    async fn start() -> Self {
        Self::start_in(folder(), &[]).await
    }

    async fn start_in(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let data = folder.path().join("data");
        let arguments = ["up", "--jurisdiction", "zz", "--listen", "127.0.0.1:0", "--data"];
        let arguments = arguments.map(OsStr::new).into_iter().chain([data.as_os_str()]);
        let variables =
            ["DATABASE_URL", "REDIS_URL", "CHENGPING_SERVER", "CHENGPING_TOKEN"].map(|it| (it, ""));
        let variables = [&variables, settings].concat();
        let mut suite = Process::start(PROGRAM, arguments, variables).unwrap();
        suite.wait_for_line("serving at", PATIENCE).await.unwrap();
        let file = eventually(async || fs::read(data.join("suite.json")).ok()).await.unwrap();
        let file: Value = serde_json::from_slice(&file).unwrap();
        let address = file["address"].as_str().unwrap().to_owned();
        Self { suite, folder, address }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command of the account that owns the data folder.
    fn own(&self, arguments: &[&str]) -> Done {
        let data = self.data();
        chengping(self.path(), &[arguments, &["--data", data.to_str().unwrap()]].concat())
    }

    /// A command of somebody who knows only the address.
    fn other(&self, token: &str, arguments: &[&str]) -> Done {
        let server = ["--server", &self.address, "--jurisdiction", "zz"];
        let variables = [("CHENGPING_TOKEN", token)];
        chengping_with(self.path(), &[arguments, &server].concat(), &variables)
    }

    fn token(&self, role: &str) -> String {
        let done =
            self.own(&["token", "--subject", "王芳", "--role", role, "--jurisdiction", "zz"]);
        assert_eq!(done.code, 0, "{}", done.stderr);
        done.stdout.trim().to_owned()
    }

    async fn audit_entries(&self, token: &str) -> Vec<AuditEntry> {
        let address = format!("http://{}", self.address);
        let mut packs = RulePackServiceClient::connect(address).await.unwrap();
        let parent = "jurisdictions/zz".to_owned();
        let mut request = Request::new(ListAuditEntriesRequest { parent, ..Default::default() });
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        packs.list_audit_entries(request).await.unwrap().into_inner().audit_entries
    }
}

#[track_caller]
fn refused(done: &Done, reason: &str) {
    assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{}", done.stderr);
    assert!(done.stderr.contains(reason), "{}", done.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suite_knows_its_own_and_asks_others_for_a_token() {
    let guarded = Guarded::start().await;
    // The owner's commands stay as they are, through all the services that ask one another.
    let own = |arguments: &[&str]| {
        let done = guarded.own(arguments);
        assert!(
            [0, 3].contains(&done.code),
            "{arguments:?}: {}\n{}",
            done.stderr,
            guarded.suite.log()
        );
    };
    own(&["generate", "--month", "2018-03", "--cases", "60", "--out", "city"]);
    let registry = ["bodies", "areas", "coefficients"].map(|name| format!("city/{name}.csv"));
    own(&["registry", "import", &registry[0], &registry[1], &registry[2]]);
    own(&["rules", "apply", "--activate-from", "2018-01", "zz-2018", "--actor", "li.wei"]);
    own(&["import", "city/cases.csv", "city/events.csv"]);
    own(&["evaluate", "--month", "2018-03"]);

    // The owner may name the address, too.
    own(&["rules", "list", "--server", &guarded.address]);

    // Who knows nothing but the address is told what to bring.
    let done = guarded.other("", &["rules", "list"]);
    refused(&done, "TOKEN_MISSING");
    assert!(done.stderr.contains("CHENGPING_TOKEN"), "{}", done.stderr);
    refused(&guarded.other("a.b.c", &["rules", "list"]), "TOKEN_INVALID");

    // An auditor reads, and changes nothing.
    let auditor = guarded.token("auditor");
    assert_eq!(guarded.other(&auditor, &["rules", "list"]).code, 0);
    let before = guarded.audit_entries(&auditor).await;
    assert!(before.iter().any(|entry| entry.actor == "li.wei"), "{before:?}");
    let approve = ["rules", "approve", "zz-2018@1"];
    refused(&guarded.other(&auditor, &approve), "PERMISSION_DENIED");
    let again = ["rules", "apply", "--activate-from", "2018-02", "zz-2018"];
    refused(&guarded.other(&auditor, &again), "PERMISSION_DENIED");
    assert_eq!(guarded.audit_entries(&auditor).await, before);
    // An approver is past that, and told that there is nothing to approve any more.
    refused(&guarded.other(&guarded.token("approver"), &approve), "ILLEGAL_STATE_CHANGE");
    // The token speaks of one jurisdiction.
    let elsewhere = ["rules", "list", "--server", &guarded.address, "--jurisdiction", "jh"];
    let variables = [("CHENGPING_TOKEN", auditor.as_str())];
    let done = chengping_with(guarded.path(), &elsewhere, &variables);
    refused(&done, "'jurisdictions/jh' (or it might not exist)");

    each_role_does_its_own(&guarded).await;
    let log = guarded.suite.log();
    assert!(!log.contains(auditor.split('.').nth(1).unwrap()), "a token is in the log");
    keys_are_rotated(&guarded).await;
    only_who_reads_the_key_issues_tokens(&guarded);
    guarded.suite.signal(Signal::SIGTERM).unwrap();
}

/// Platforms send, the office evaluates and publishes, and the public sees what is published.
async fn each_role_does_its_own(guarded: &Guarded) {
    let [office, integrator, public] =
        ["office", "integrator", "public"].map(|role| guarded.token(role));
    let import = ["import", "city/cases.csv", "city/events.csv"];
    let done = guarded.other(&integrator, &import);
    assert!([0, 3].contains(&done.code), "{}", done.stderr);
    refused(&guarded.other(&office, &import), "PERMISSION_DENIED");
    let evaluate = ["evaluate", "--month", "2018-03", "--format", "json"];
    refused(&guarded.other(&integrator, &evaluate), "PERMISSION_DENIED");
    // Scoring reads the facts in its own name: the office itself may not.
    let done = guarded.other(&office, &evaluate);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let evaluation = newest_evaluation(&guarded.address, &office).await;

    let mut office = bulletins(&guarded.address, &office).await;
    let mut public = bulletins(&guarded.address, &public).await;
    let parent = "jurisdictions/zz".to_owned();
    let request = CreateBulletinVersionRequest {
        parent: format!("{parent}/bulletins/2018-03"),
        bulletin_version: Some(BulletinVersion { evaluation, ..Default::default() }),
        ..Default::default()
    };
    let refusal = public.create_bulletin_version(request.clone()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);
    let BulletinVersion { name, etag, .. } =
        office.create_bulletin_version(request).await.unwrap().into_inner();
    let get = GetBulletinVersionRequest { name: name.clone() };
    let list = ListBulletinsRequest { parent, ..Default::default() };
    let refusal = public.get_bulletin_version(get.clone()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound, "a draft is as if it were not there");
    assert!(public.list_bulletins(list.clone()).await.unwrap().into_inner().bulletins.is_empty());
    let publish = PublishBulletinVersionRequest { name, etag };
    office.publish_bulletin_version(publish).await.unwrap();
    assert!(public.get_bulletin_version(get).await.is_ok());
    assert_eq!(public.list_bulletins(list).await.unwrap().into_inner().bulletins.len(), 1);
}

async fn newest_evaluation(address: &str, token: &str) -> String {
    let mut scoring = EvaluationServiceClient::connect(format!("http://{address}")).await.unwrap();
    let parent = "jurisdictions/zz".to_owned();
    let mut request = Request::new(ListEvaluationsRequest { parent, ..Default::default() });
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    let found = scoring.list_evaluations(request).await.unwrap().into_inner().evaluations;
    found.into_iter().next().unwrap().name
}

async fn bulletins(
    address: &str,
    token: &str,
) -> BulletinServiceClient<InterceptedService<Channel, impl Interceptor + use<>>> {
    let channel =
        Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let value: MetadataValue<Ascii> = format!("Bearer {token}").parse().unwrap();
    BulletinServiceClient::with_interceptor(channel, move |mut request: Request<()>| {
        request.metadata_mut().insert("authorization", value.clone());
        Ok(request)
    })
}

/// Old and new keys hold side by side, until the old one is taken away.
async fn keys_are_rotated(guarded: &Guarded) {
    let keys = |arguments: &[&str]| -> Vec<(String, bool)> {
        let done = guarded.own(&[&["token"], arguments, &["--format", "json"]].concat());
        assert_eq!(done.code, 0, "{}", done.stderr);
        let keys: Vec<Value> = serde_json::from_str(&done.stdout).unwrap();
        let key = |key: &Value| (key["kid"].as_str().unwrap().to_owned(), key["signs"] == true);
        keys.iter().map(key).collect()
    };
    let before = keys(&["keys"]);
    let former_token = guarded.token("auditor");
    let after = keys(&["rotate"]);
    let [(former, true)] = &before[..] else { panic!("{before:?}") };
    assert_eq!(after.len(), 2);
    assert_eq!(after[1], (former.clone(), false));
    let list = ["rules", "list"];
    let newer_token = guarded.token("auditor");
    for token in [&former_token, &newer_token] {
        let done = guarded.other(token, &list);
        assert_eq!(done.code, 0, "{}", done.stderr);
    }
    let done = guarded.own(&["token", "drop", &after[0].0]);
    refused(&done, "rotate first");
    refused(&guarded.own(&["token", "drop", "nonsense"]), former);
    assert_eq!(keys(&["drop", former]), after[..1]);
    let is_void = async || {
        let done = guarded.other(&former_token, &list);
        (done.code == 1 && done.stderr.contains("TOKEN_KEY_UNKNOWN")).then_some(())
    };
    eventually(is_void).await.unwrap();
    assert_eq!(guarded.other(&newer_token, &list).code, 0);
    assert_eq!(guarded.own(&list).code, 0);
    // Scoring reads the facts in its own name, with the key of now.
    let done = guarded.own(&["evaluate", "--month", "2018-03"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_is_off_by_an_open_word_alone_and_says_so_at_every_start() {
    let off = [("CHENGPING_IDENTITY", "off")];
    let mut folder = folder();
    for _ in 0..2 {
        let mut open = Guarded::start_in(folder, &off).await;
        assert!(open.suite.log().contains("identity is off: anybody who reaches this port"));
        assert_eq!(open.other("", &["rules", "list"]).code, 0);
        assert!(!open.data().join("identity").exists());
        open.suite.signal(Signal::SIGTERM).unwrap();
        open.suite.wait(PATIENCE).await.unwrap();
        folder = open.folder;
    }
    let guarded = Guarded::start_in(folder, &[]).await;
    refused(&guarded.other("", &["rules", "list"]), "TOKEN_MISSING");
    assert_eq!(guarded.own(&["rules", "list"]).code, 0);
}

fn only_who_reads_the_key_issues_tokens(guarded: &Guarded) {
    let key = guarded.data().join("identity/issuer.key");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&key), 0o600);
    assert_eq!(mode(&guarded.data().join("identity/service.token")), 0o600);
    let token = ["token", "--subject", "wang", "--role", "auditor"];
    let done = chengping(guarded.path(), &[&token[..], &["--data", "elsewhere"]].concat());
    refused(&done, "token rotate");
    let done = guarded.own(&["token", "--subject", "wang", "--role", "emperor"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("office, administrator"), "{}", done.stderr);
    // A key that others can read is nobody's any more; then the owner cannot sign in either.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    refused(&guarded.own(&token), "can be read by others");
    refused(&guarded.own(&["rules", "list"]), "can be read by others");
}
