//! Who is let in, over real sockets.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chengping_chassis::client::connect;
use chengping_chassis::config::PeerConfig;
use chengping_chassis::identity::{Access, Grant, Issuer, Role, Scope};
use chengping_chassis::serve::Server;
use http::HeaderValue;
use tempfile::TempDir;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::refusals::{seen, send};
use crate::toy::{self, Handles, Served, Toy, call, free_listen};

const ACCESS: &Access = &[
    ("toy.v1.ToyService/Whoami", &[Role::Office, Role::Service]),
    ("toy.v1.ToyService/Describe", &[Role::Office, Role::Auditor]),
    ("toy.v1.ToyService/Forward", &[Role::Office]),
    ("toy.v1.ToyService/ForwardForAll", &[Role::Office, Role::Public]),
    ("toy.v1.ToyService/Roles", &[Role::Office, Role::Auditor]),
];

struct House {
    folder: TempDir,
    issuer: Issuer,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::open_or_create(folder.path()).unwrap();
        Self { folder, issuer }
    }

    async fn serve(&self, toy: Toy) -> Served {
        let mut server = Server::new(free_listen());
        server.add_service(toy).protect(&self.issuer.config(), ACCESS).unwrap();
        toy::run(server).await
    }

    fn token(&self, subject: &str, role: Role) -> String {
        self.token_of(subject, [role])
    }

    fn token_of(&self, subject: &str, roles: impl IntoIterator<Item = Role>) -> String {
        let jurisdictions = Scope::Only(BTreeSet::from(["zz".to_owned()]));
        let roles = roles.into_iter().collect();
        let hour = Duration::from_secs(3_600);
        let grant = Grant { roles, jurisdictions, ..Grant::everything(subject, hour) };
        self.issuer.issue(&grant).unwrap()
    }

    fn token_file(&self, role: Role) -> PathBuf {
        let path = self.folder.path().join("own.token");
        fs::write(&path, self.token("scoring", role) + "\n").unwrap();
        path
    }
}

fn with(token: &str, text: &str) -> Request<String> {
    let mut request = Request::new(text.to_owned());
    let value: MetadataValue<Ascii> = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

#[tokio::test]
async fn a_role_that_lets_nobody_in_gives_nothing_to_who_is_let_in_by_another() {
    let house = House::new();
    let served = house.serve(Toy::default()).await;
    let both = house.token_of("li.wei", [Role::Auditor, Role::Integrator, Role::Service]);
    let answer = call(served.channel(), "Roles", with(&both, "")).await.unwrap();
    assert_eq!(answer.into_inner(), "auditor");
    served.stop().await;
}

#[tokio::test]
async fn who_shows_a_token_with_the_role_is_let_in_and_known_to_the_handler() {
    let house = House::new();
    let served = house.serve(Toy::default()).await;
    let li = with(&house.token("li.wei", Role::Office), "jurisdictions/zz/bodies/d01");
    let answer = call(served.channel(), "Whoami", li).await.unwrap();
    assert_eq!(answer.into_inner(), "li.wei");

    let auditor = house.token("wang", Role::Auditor);
    assert!(call(served.channel(), "Describe", with(&auditor, "")).await.is_ok());
    let status = call(served.channel(), "Whoami", with(&auditor, "")).await.unwrap_err();
    let (code, reason, text) = seen(&status);
    assert_eq!((code, reason.as_str()), (Code::PermissionDenied, "PERMISSION_DENIED"));
    assert_eq!(
        text,
        "Permission 'toy.v1.ToyService/Whoami' denied on resource 'toy.v1.ToyService' (or it \
         might not exist)."
    );
    // What the table does not name is closed, whether or not it exists.
    let office = house.token("li.wei", Role::Office);
    for method in ["Echo", "Absent"] {
        let status = call(served.channel(), method, with(&office, "")).await.unwrap_err();
        assert_eq!(seen(&status).0, Code::PermissionDenied, "{method}");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_stranger_is_refused_before_a_message_is_read_and_may_ask_for_health() {
    let house = House::new();
    let served = house.serve(Toy::default()).await;
    let broken = Bytes::from_static(&[7, 0, 0, 0, 0]);
    let status = send(&served, "/toy.v1.ToyService/Whoami", broken, "identity").await;
    let (code, reason, _) = seen(&status);
    assert_eq!((code, reason.as_str()), (Code::Unauthenticated, "TOKEN_MISSING"));
    for (value, expected) in [
        ("Basic dXNlcjpwYXNz", "TOKEN_INVALID"),
        ("Bearer", "TOKEN_INVALID"),
        ("Bearer a.b.c", "TOKEN_INVALID"),
    ] {
        let mut request = Request::new(String::new());
        request.metadata_mut().insert("authorization", value.parse().unwrap());
        let status = call(served.channel(), "Whoami", request).await.unwrap_err();
        assert_eq!(seen(&status).1, expected, "{value}");
    }
    // Two tokens are one too many, whichever would be good.
    let token = house.token("li", Role::Office);
    let mut twice = with(&token, "");
    twice.metadata_mut().append("authorization", format!("Bearer {token}").parse().unwrap());
    let status = call(served.channel(), "Whoami", twice).await.unwrap_err();
    assert_eq!(seen(&status).1, "TOKEN_INVALID");
    let request = HealthCheckRequest { service: "toy.v1.ToyService".to_owned() };
    assert!(HealthClient::new(served.channel()).check(request).await.is_ok());
    served.stop().await;
}

#[tokio::test]
async fn the_name_of_another_jurisdiction_is_denied_before_anything_else_is_wrong() {
    let house = House::new();
    let served = house.serve(Toy::default()).await;
    let token = house.token("li.wei", Role::Office);
    for name in ["jurisdictions/jh", "jurisdictions/jh/bodies/d01", "jurisdictions/zz2"] {
        let status = call(served.channel(), "Whoami", with(&token, name)).await.unwrap_err();
        let (code, reason, text) = seen(&status);
        assert_eq!((code, reason.as_str()), (Code::PermissionDenied, "PERMISSION_DENIED"));
        let id = name.split('/').nth(1).unwrap();
        assert!(text.contains(&format!("on resource 'jurisdictions/{id}' (or")), "{text}");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_call_to_another_service_carries_the_callers_token_or_else_the_services_own() {
    let house = House::new();
    let inner = house.serve(Toy::default()).await;
    let peer = |token_file| {
        let at = PeerConfig::at(inner.address.to_string());
        Some(connect(&PeerConfig { token_file, ..at }).unwrap())
    };
    let front = |peer| Toy(Arc::new(Handles { peer, ..Handles::default() }));
    let empty = || Request::new(String::new());

    // In front stands a service that asks nobody: what the caller showed is passed on unread.
    let open = toy::serve(front(peer(None))).await;
    let office = house.token("li.wei", Role::Office);
    assert!(call(open.channel(), "Forward", with(&office, "")).await.is_ok());
    let status = call(open.channel(), "Forward", empty()).await.unwrap_err();
    assert_eq!(seen(&status).1, "TOKEN_MISSING");
    let status = call(open.channel(), "Forward", with("a.b.c", "")).await.unwrap_err();
    assert_eq!(seen(&status).1, "TOKEN_INVALID");

    // With a token of its own it speaks for itself, and never in place of a caller.
    let own = toy::serve(front(peer(Some(house.token_file(Role::Office))))).await;
    assert!(call(own.channel(), "Forward", empty()).await.is_ok());
    let integrator = house.token("platform", Role::Integrator);
    let status = call(own.channel(), "Forward", with(&integrator, "")).await.unwrap_err();
    assert_eq!(seen(&status).0, Code::PermissionDenied);
    // The file is read for each call, so that it can be renewed.
    house.token_file(Role::Public);
    let status = call(own.channel(), "Forward", empty()).await.unwrap_err();
    assert_eq!(seen(&status).0, Code::PermissionDenied);
    // Nor in place of somebody who was let in without a token.
    house.token_file(Role::Office);
    let guarded = house.serve(front(peer(Some(house.token_file(Role::Office))))).await;
    assert!(call(guarded.channel(), "ForwardForAll", with(&office, "")).await.is_ok());
    let status = call(guarded.channel(), "ForwardForAll", empty()).await.unwrap_err();
    assert_eq!(seen(&status).1, "TOKEN_MISSING");
    for served in [open, own, guarded, inner] {
        served.stop().await;
    }
}

/// Everything that is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_has_a_token_however_much_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let house = House::new();
    let served = house.serve(Toy::default()).await;
    let token = house.token("li.wei", Role::Office);
    let mut broken = token.clone();
    broken.replace_range(token.len() - 10.., "AAAAAAAAAA");
    assert!(call(served.channel(), "Whoami", with(&token, "")).await.is_ok());
    assert!(call(served.channel(), "Whoami", with(&broken, "")).await.is_err());
    assert!(call(served.channel(), "Echo", with(&token, "")).await.is_err());
    served.stop().await;
    drop(guard);
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("toy.v1.ToyService/Whoami"), "something is logged: {log}");
    let claims = token.split('.').nth(1).unwrap();
    assert!(!log.contains(claims), "a token is in the log");
}

#[tokio::test]
async fn with_identity_off_nobody_is_asked_and_nobody_is_known() {
    let mut server = Server::new(free_listen());
    server.add_service(Toy::default());
    server.protect(&chengping_chassis::identity::IdentityConfig::off(), ACCESS).unwrap();
    let served = toy::run(server).await;
    let mut request = Request::new("jurisdictions/jh".to_owned());
    let odd = HeaderValue::from_static("Bearer nonsense");
    request
        .metadata_mut()
        .insert("authorization", MetadataValue::try_from(odd.as_bytes()).unwrap());
    let answer = call(served.channel(), "Whoami", request).await.unwrap();
    assert_eq!(answer.into_inner(), "");
    served.stop().await;
}
