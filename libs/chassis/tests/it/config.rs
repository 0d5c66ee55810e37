use std::io::Write as _;

use chengping_chassis::config::{
    CacheConfig, ConfigError, DatabaseConfig, Environment, Ladder, ListenConfig, Mistakes,
    PeerConfig, TelemetryConfig, Validate, dump,
};
use serde::{Deserialize, Serialize};

const DEFAULTS: &str = r#"
workers = 2
[listen]
address = "127.0.0.1:50053"
[database]
connections_max = 4
[telemetry]
filter = "info"
[peers.rules]
address = "127.0.0.1:50052"
"#;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Toy {
    workers: u8,
    listen: ListenConfig,
    database: DatabaseConfig,
    telemetry: TelemetryConfig,
    peers: Peers,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Peers {
    rules: PeerConfig,
}

impl Validate for Toy {
    fn validate(&self, mistakes: &mut Mistakes) {
        if self.workers == 0 {
            mistakes.push("workers", "must be at least 1");
        }
        mistakes.section("listen", &self.listen);
        mistakes.section("database", &self.database);
        mistakes.section("telemetry", &self.telemetry);
        mistakes.section("peers.rules", &self.peers.rules);
    }
}

fn ladder(variables: &[(&str, &str)]) -> Ladder {
    let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Ladder::new("toy-service", DEFAULTS).environment(pairs.collect::<Environment>())
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

const URL: (&str, &str) = ("CHENGPING_TOY_SERVICE__DATABASE__URL", "postgres://toy:hunter2@db/x");

#[test]
fn later_rungs_win() {
    let file =
        file("workers = 3\n[listen]\naddress = \"127.0.0.1:3\"\n[telemetry]\nfilter = \"warn\"");
    let config: Toy = ladder(&[
        ("DATABASE_URL", "postgres://fallback/x"),
        URL,
        ("CHENGPING_TOY_SERVICE__LISTEN__ADDRESS", "127.0.0.1:4"),
        ("CHENGPING_OTHER__WORKERS", "9"),
    ])
    .file(Some(file.path()))
    .flag("listen.address", Some("127.0.0.1:5"))
    .flag("workers", None::<String>)
    .load()
    .unwrap();

    assert_eq!(config.workers, 3);
    assert_eq!(config.listen.address.port(), 5);
    assert_eq!(config.telemetry.filter, "warn");
    assert_eq!(config.database.url.expose(), URL.1);
    assert_eq!(config.database.connections_max.get(), 4);
    assert_eq!(config.peers.rules.address, "127.0.0.1:50052");
}

#[test]
fn well_known_variables_stand_in_where_they_apply() {
    let config: Toy = ladder(&[
        ("DATABASE_URL", "postgres://fallback/x"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"),
        // This service has no cache, and should not stumble over one.
        ("REDIS_URL", "redis://127.0.0.1"),
    ])
    .load()
    .unwrap();
    assert_eq!(config.database.url.expose(), "postgres://fallback/x");
    assert_eq!(config.telemetry.otlp_endpoint.as_deref(), Some("http://127.0.0.1:4317"));
}

#[test]
fn an_empty_text_unsets_what_is_optional() {
    let config: Toy = ladder(&[
        URL,
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"),
        ("CHENGPING_TOY_SERVICE__TELEMETRY__OTLP_ENDPOINT", ""),
    ])
    .load()
    .unwrap();
    assert_eq!(config.telemetry.otlp_endpoint, None);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let file =
        file("wrokers = 3\n[listen]\naddress = \"nowhere\"\n[telemetry]\nfilter = \"a=b=c\"");
    let error = ladder(&[
        ("CHENGPING_TOY_SERVICE__WORKERS", "0"),
        ("CHENGPING_TOY_SERVICE__DATABASE__CONNECTIONS_MAX", "0"),
        ("CHENGPING_TOY_SERVICE__DATABASE__ULR", "postgres://typo/x"),
        ("CHENGPING_TOY_SERVICE__PEERS__RULES__ADDRESS", "https://rules:1"),
    ])
    .file(Some(file.path()))
    .load::<Toy>()
    .unwrap_err();

    let ConfigError::Invalid(mistakes) = error else { panic!("{error}") };
    let expected = [
        "wrokers",
        "listen.address",
        "telemetry.filter",
        "workers: must be at least 1",
        "database.connections_max",
        "database.ulr",
        "database.url: is not set",
        "peers.rules.address",
    ];
    for start in expected {
        assert!(
            mistakes.iter().any(|mistake| mistake.starts_with(start)),
            "{start}: {mistakes:#?}"
        );
    }
    assert_eq!(mistakes.len(), expected.len(), "{mistakes:#?}");
}

#[test]
fn a_file_that_is_no_toml_or_not_there_is_named() {
    let broken = file("workers = [");
    let error = ladder(&[URL]).file(Some(broken.path())).load::<Toy>().unwrap_err();
    assert!(error.to_string().contains(&broken.path().display().to_string()), "{error}");

    let missing = broken.path().with_extension("missing");
    let error = ladder(&[URL]).file(Some(&missing)).load::<Toy>().unwrap_err();
    assert!(matches!(error, ConfigError::File { .. }), "{error}");
}

#[test]
fn other_machines_are_let_in_only_on_purpose() {
    let listen = ("CHENGPING_TOY_SERVICE__LISTEN__ADDRESS", "0.0.0.0:50053");
    let error = ladder(&[URL, listen]).load::<Toy>().unwrap_err().to_string();
    assert!(error.contains("listen.address: 0.0.0.0:50053 can be reached"), "{error}");
    assert!(error.contains("allow_unauthenticated = true"), "{error}");

    let allow = ("CHENGPING_TOY_SERVICE__LISTEN__ALLOW_UNAUTHENTICATED", "true");
    let config: Toy = ladder(&[URL, listen, allow]).load().unwrap();
    assert!(config.listen.address.ip().is_unspecified());
}

#[test]
fn secrets_are_neither_dumped_nor_quoted_in_errors() {
    let config: Toy = ladder(&[URL]).load().unwrap();
    let shown = format!("{} {config:?}", dump(&config));
    assert!(!shown.contains("hunter2"));
    assert!(shown.contains("***"));

    let broken = "hunter2 is not a url";
    let error = ladder(&[(URL.0, broken)]).load::<Toy>().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}

#[test]
fn a_cache_url_is_checked_without_being_shown() {
    let mut mistakes = Mistakes::default();
    let redis_url = Some("http://:hunter2@cache".to_owned().into());
    mistakes.section("cache", &CacheConfig { redis_url, ..CacheConfig::default() });
    let shown = format!("{mistakes:?}");
    assert!(shown.contains("cache.redis_url") && !shown.contains("hunter2"), "{shown}");
}
