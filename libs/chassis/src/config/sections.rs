//! The sections that every service shares. Each has defaults, so that a service's own defaults
//! name only what they change.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use super::{Mistakes, Secret, Validate};
use crate::client;

/// Where a server listens, and how its connections behave.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenConfig {
    /// The address, `127.0.0.1:50051` by default. Port 0 takes a free one.
    pub address: SocketAddr,
    /// Set to listen on an address that other machines reach, though nothing is encrypted on the way
    /// (and, with identity off, nobody is asked who they are).
    pub allow_unauthenticated: bool,
    /// How long open requests may take to finish after the wish to stop, in milliseconds.
    pub grace_ms: NonZeroU64,
    /// Whether clients may ask for the schema (gRPC reflection).
    pub reflection: bool,
    /// Requests that one connection may have open at a time.
    pub concurrent_streams_max: NonZeroU32,
    /// Calls that the whole server may have open at a time, streams included, health and schema
    /// aside; whatever comes beyond is refused. Calls between services of one process count twice.
    pub calls_max: NonZeroU32,
    /// How long a call that names no deadline may take until its answer begins, in milliseconds.
    pub answer_timeout_ms: NonZeroU64,
    /// HTTP/2 window of one stream, in bytes; throughput is at most this per round trip.
    pub http2_stream_window_bytes: NonZeroU32,
    /// HTTP/2 window of one connection, in bytes.
    pub http2_connection_window_bytes: NonZeroU32,
    /// Quiet time after which a peer is asked whether it lives, in milliseconds.
    pub keep_alive_interval_ms: NonZeroU64,
    /// How long its answer may take, in milliseconds.
    pub keep_alive_timeout_ms: NonZeroU64,
}

impl ListenConfig {
    /// How long open requests may take to finish after the wish to stop.
    pub fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms.get())
    }
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 50051)),
            allow_unauthenticated: false,
            grace_ms: non_zero_u64(10_000),
            reflection: true,
            concurrent_streams_max: non_zero_u32(1024),
            calls_max: non_zero_u32(4096),
            answer_timeout_ms: non_zero_u64(3_600_000),
            http2_stream_window_bytes: non_zero_u32(4 << 20),
            http2_connection_window_bytes: non_zero_u32(16 << 20),
            keep_alive_interval_ms: non_zero_u64(30_000),
            keep_alive_timeout_ms: non_zero_u64(20_000),
        }
    }
}

impl Validate for ListenConfig {
    fn validate(&self, mistakes: &mut Mistakes) {
        if !self.address.ip().is_loopback() && !self.allow_unauthenticated {
            mistakes.push(
                "address",
                format!(
                    "{} can be reached from other machines, and nothing is encrypted: tokens, by \
                     which callers prove who they are, could be read on the way (or, with \
                     identity off, there is no authentication at all); listen on 127.0.0.1 behind \
                     a proxy with TLS, or set allow_unauthenticated = true if the network itself \
                     is trusted",
                    self.address
                ),
            );
        }
        for (key, bytes) in [
            ("http2_stream_window_bytes", self.http2_stream_window_bytes),
            ("http2_connection_window_bytes", self.http2_connection_window_bytes),
        ] {
            if bytes.get() > i32::MAX.unsigned_abs() {
                mistakes.push(key, "must be below 2 GiB, the limit of HTTP/2");
            }
        }
    }
}

/// The PostgreSQL database of a service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `postgres://role:password@host:port/database`. Falls back to `DATABASE_URL`.
    pub url: Secret<String>,
    /// Connections that one process holds at most.
    pub connections_max: NonZeroU32,
    /// How long a request waits for a connection, in milliseconds.
    pub acquire_timeout_ms: NonZeroU64,
    /// A transaction that does nothing for this long has lost its client, and is ended by the
    /// database with the locks that it holds; in milliseconds.
    pub idle_in_transaction_timeout_ms: NonZeroU64,
}

impl DatabaseConfig {
    /// The section with its defaults and this address.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: Secret::new(url.into()), ..Self::default() }
    }

    /// After how long a session that says nothing in a transaction has lost its client.
    pub fn idle_in_transaction_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_in_transaction_timeout_ms.get())
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: Secret::new(String::new()),
            connections_max: non_zero_u32(10),
            acquire_timeout_ms: non_zero_u64(5_000),
            idle_in_transaction_timeout_ms: non_zero_u64(60_000),
        }
    }
}

impl Validate for DatabaseConfig {
    fn validate(&self, mistakes: &mut Mistakes) {
        let url = self.url.expose();
        if url.is_empty() {
            mistakes.push("url", "is not set; set it, or DATABASE_URL, to postgres://…");
        } else if url.parse::<sqlx::postgres::PgConnectOptions>().is_err() {
            // The parser's message may quote the password.
            mistakes.push("url", "is not a URL like postgres://role:password@host:5432/database");
        }
    }
}

/// The cache: in process, or shared through Redis or Valkey.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// `redis://host:port`; empty for a cache in the process. Falls back to `REDIS_URL`.
    #[serde(deserialize_with = "empty_as_none")]
    pub redis_url: Option<Secret<String>>,
    /// What the cache in the process may hold, in bytes of keys and values.
    pub capacity_bytes: NonZeroU64,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { redis_url: None, capacity_bytes: non_zero_u64(64 << 20) }
    }
}

impl Validate for CacheConfig {
    fn validate(&self, mistakes: &mut Mistakes) {
        if let Some(url) = &self.redis_url
            && redis::Client::open(url.expose().as_str()).is_err()
        {
            mistakes.push("redis_url", "is not a URL like redis://host:6379; empty for none");
        }
    }
}

/// What one line of the log looks like.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object per line.
    Json,
}

/// Logs, traces and metrics.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// Where traces and metrics go, `http://host:4317` (OTLP over gRPC); empty for nowhere.
    /// Falls back to `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[serde(deserialize_with = "empty_as_none")]
    pub otlp_endpoint: Option<String>,
    /// What one line of the log looks like: `text` or `json`.
    pub log_format: LogFormat,
    /// What is logged, as `info,chengping_scoring=debug`.
    pub filter: String,
    /// How often metrics are sent, in milliseconds.
    pub metrics_interval_ms: NonZeroU64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            log_format: LogFormat::Text,
            filter: "info".to_owned(),
            metrics_interval_ms: non_zero_u64(15_000),
        }
    }
}

impl Validate for TelemetryConfig {
    fn validate(&self, mistakes: &mut Mistakes) {
        if let Some(endpoint) = &self.otlp_endpoint
            && !endpoint.starts_with("http://")
        {
            mistakes.push(
                "otlp_endpoint",
                "must start with http://; for TLS run a collector beside the service",
            );
        }
        if let Err(error) = EnvFilter::builder().parse(&self.filter) {
            mistakes.push("filter", format!("{error}; write it as info,chengping_scoring=debug"));
        }
    }
}

/// Another service that this one calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeerConfig {
    /// `http://host:port`, or `host:port`.
    pub address: String,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: NonZeroU64,
    /// How long a call that has no deadline may take until its answer begins, in milliseconds.
    pub answer_timeout_ms: NonZeroU64,
    /// HTTP/2 window of one stream, in bytes; throughput is at most this per round trip.
    pub http2_stream_window_bytes: NonZeroU32,
    /// HTTP/2 window of the connection, in bytes.
    pub http2_connection_window_bytes: NonZeroU32,
    /// Quiet time after which the peer is asked whether it lives, in milliseconds.
    pub keep_alive_interval_ms: NonZeroU64,
    /// How long its answer may take, in milliseconds.
    pub keep_alive_timeout_ms: NonZeroU64,
    /// The file with this service's own token, for calls behind which no caller's token stands;
    /// read for each of them, so that it can be renewed. Empty for none.
    #[serde(deserialize_with = "empty_as_none")]
    pub token_file: Option<PathBuf>,
}

impl PeerConfig {
    /// The section with its defaults and this address.
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), ..Self::default() }
    }
}

impl Default for PeerConfig {
    fn default() -> Self {
        Self {
            address: "http://127.0.0.1:50051".to_owned(),
            connect_timeout_ms: non_zero_u64(3_000),
            answer_timeout_ms: non_zero_u64(600_000),
            http2_stream_window_bytes: non_zero_u32(4 << 20),
            http2_connection_window_bytes: non_zero_u32(16 << 20),
            keep_alive_interval_ms: non_zero_u64(30_000),
            keep_alive_timeout_ms: non_zero_u64(20_000),
            token_file: None,
        }
    }
}

impl Validate for PeerConfig {
    fn validate(&self, mistakes: &mut Mistakes) {
        if let Err(error) = client::endpoint_uri(&self.address) {
            mistakes.push("address", error.to_string());
        }
    }
}

/// Reads an empty text as "not set", since TOML and the environment have no null.
///
/// # Errors
///
/// If the value is neither absent nor a text.
pub fn empty_as_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<String>,
{
    let text = Option::<Secret<String>>::deserialize(deserializer)?;
    Ok(text.map(|text| text.expose().clone()).filter(|text| !text.is_empty()).map(T::from))
}

const fn non_zero_u64(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).expect("a constant above 0")
}

const fn non_zero_u32(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("a constant above 0")
}
