//! Which server a command talks to, and the patience to let one start.

use std::net::{IpAddr, SocketAddr};
use std::process;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::args::Common;
use crate::failure::Failure;
use crate::suite_file::{self, SuiteFile};

const DEFAULT_ADDRESS: &str = "127.0.0.1:50051";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);
/// As the servers have it, so that bulk streams are not held up by round trips.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// Addresses of the four services; of a suite all are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Servers {
    /// case-ingestion.
    pub cases: String,
    /// rule-configuration.
    pub rules: String,
    /// scoring.
    pub scoring: String,
    /// result-publication.
    pub publication: String,
}

impl Servers {
    /// One process that serves everything.
    pub fn one(address: impl Into<String>) -> Self {
        let cases = address.into();
        let (rules, scoring) = (cases.clone(), cases.clone());
        Self { publication: cases.clone(), cases, rules, scoring }
    }

    /// Whether all of them are the one at `address`.
    pub fn are_at(&self, address: SocketAddr) -> bool {
        let ip = address.ip();
        let here = ip.is_loopback() || ip.is_unspecified();
        let at_home = |named: &str| match named.strip_prefix("localhost:") {
            Some(port) => here && port == address.port().to_string(),
            None => named.parse().is_ok_and(|named: SocketAddr| {
                let is_it = named.ip() == ip || ip.is_unspecified() && named.ip().is_loopback();
                is_it && named.port() == address.port()
            }),
        };
        self.each().iter().all(|(_, named)| at_home(authority(named)))
    }

    fn each(&self) -> [(&'static str, &str); 4] {
        [
            ("cases", &self.cases),
            ("rules", &self.rules),
            ("scoring", &self.scoring),
            ("publication", &self.publication),
        ]
    }

    /// Whether all of them run on this machine, where one may be about to start.
    fn is_local(&self) -> bool {
        self.each().iter().all(|(_, address)| {
            let host = authority(address).rsplit_once(':').map_or("", |(host, _)| host);
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        })
    }
}

impl FromStr for Servers {
    type Err = Failure;

    /// `HOST:PORT`, or `cases=ADDR,rules=ADDR,scoring=ADDR,publication=ADDR` in any order.
    fn from_str(text: &str) -> Result<Self, Failure> {
        let wrong = |what: String| {
            Failure::usage(format!(
                "--server {text}: {what}; expected HOST:PORT, or \
                 cases=ADDR,rules=ADDR,scoring=ADDR,publication=ADDR"
            ))
        };
        let mut servers = Self::one("");
        if text.contains('=') {
            for part in text.split(',') {
                let (service, address) = part.split_once('=').unwrap_or((part, ""));
                let slot = match service.trim() {
                    "cases" => &mut servers.cases,
                    "rules" => &mut servers.rules,
                    "scoring" => &mut servers.scoring,
                    "publication" => &mut servers.publication,
                    other => return Err(wrong(format!("there is no service {other:?}"))),
                };
                address.trim().clone_into(slot);
            }
        } else {
            servers = Self::one(text);
        }
        for (service, address) in servers.each() {
            if address.is_empty() {
                return Err(wrong(format!("the address of {service} is missing")));
            }
            endpoint(address).map_err(|_| wrong(format!("{address:?} is not an address")))?;
        }
        Ok(servers)
    }
}

/// Open channels to the four services; of a suite all are the same.
#[derive(Debug, Clone)]
pub struct Channels {
    /// case-ingestion.
    pub cases: Channel,
    /// rule-configuration.
    pub rules: Channel,
    /// scoring.
    pub scoring: Channel,
    /// result-publication.
    pub publication: Channel,
}

/// Finds the servers that `common` means, and waits until they serve.
///
/// Named ones come first, then the suite of the data folder, then the default port of this
/// machine. A server on this machine may still be starting, and is given time; another machine's
/// has to be there.
///
/// # Errors
///
/// When what was named is no address, or when nobody serves there.
pub async fn connect(common: &Common) -> Result<Channels, Failure> {
    // An empty variable names nothing.
    let named = common.server.as_deref().filter(|server| !server.is_empty());
    let named = named.map(str::parse::<Servers>).transpose()?;
    let end = Instant::now() + Duration::from_secs(common.wait);
    loop {
        let attempt = match &named {
            Some(servers) => try_connect(servers).await,
            None => match locate(common)? {
                Some(servers) => try_connect(&servers).await,
                None => Err(format!("no suite has started in {}", common.data_dir().display())),
            },
        };
        let why = match attempt {
            Ok(channels) => return Ok(channels),
            Err(why) => why,
        };
        let waits = named.as_ref().is_none_or(Servers::is_local);
        if !waits || Instant::now() >= end {
            return Err(Failure::other(format!(
                "{why}; start one with `chengping up`, or name one with --server"
            )));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Where a server is to be expected when none was named.
///
/// Somebody who names a data folder means the suite in it, and not one that happens to have the
/// default port.
fn locate(common: &Common) -> Result<Option<Servers>, Failure> {
    let found = SuiteFile::read(common.data_dir())?;
    Ok(match found {
        Some(file) => Some(Servers::one(file.address.to_string())),
        None if common.names_data() => None,
        None => Some(Servers::one(DEFAULT_ADDRESS)),
    })
}

async fn try_connect(servers: &Servers) -> Result<Channels, String> {
    let cases = serving(&servers.cases).await?;
    let mut channels = Channels {
        rules: cases.clone(),
        scoring: cases.clone(),
        publication: cases.clone(),
        cases,
    };
    for (address, channel) in [
        (&servers.rules, &mut channels.rules),
        (&servers.scoring, &mut channels.scoring),
        (&servers.publication, &mut channels.publication),
    ] {
        if *address != servers.cases {
            *channel = serving(address).await?;
        }
    }
    Ok(channels)
}

/// Whether the suite that left `file` runs, and is not this process.
pub async fn runs(file: &SuiteFile) -> bool {
    // Numbers of processes and ports come again (a container's first process is always 1).
    let others = file.pid != process::id() && suite_file::is_running(file.pid);
    others && serving(&file.address.to_string()).await.is_ok()
}

/// A channel to a server that says it serves.
pub async fn serving(address: &str) -> Result<Channel, String> {
    let endpoint = endpoint(address).map_err(|error| format!("{address}: {error}"))?;
    let nobody = |_| format!("nothing answers at {address}");
    let channel = endpoint.connect().await.map_err(nobody)?;
    let request = HealthCheckRequest { service: String::new() };
    let mut health = HealthClient::new(channel.clone());
    let answer = tokio::time::timeout(HEALTH_TIMEOUT, health.check(request)).await;
    let answer = answer.map_err(|_| format!("{address} does not answer in time"))?;
    let answer = answer.map_err(|_| format!("what answers at {address} is no such server"))?;
    match answer.into_inner().status() {
        ServingStatus::Serving => Ok(channel),
        _ => Err(format!("the server at {address} is not serving")),
    }
}

fn endpoint(address: &str) -> Result<Endpoint, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(format!("http://{}", authority(address)))?;
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20))
        .tcp_nodelay(true))
}

fn authority(address: &str) -> &str {
    address.strip_prefix("http://").unwrap_or(address).trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Cli;

    fn common(arguments: &[&str]) -> Common {
        let command = ["chengping"].iter().chain(arguments).chain(&["registry", "show"]);
        Cli::try_parse_from(command).unwrap().common
    }

    #[test]
    fn four_processes_are_named_one_by_one() {
        let servers: Servers =
            "rules=b:2,cases=a:1,publication=http://d:4,scoring=c:3".parse().unwrap();
        assert_eq!(servers.cases, "a:1");
        assert_eq!(servers.publication, "http://d:4");
        assert!(!servers.is_local());
    }

    #[test]
    fn what_is_wrong_with_a_server_is_said() {
        for (text, what) in [
            ("cases=a:1,rules=b:2,scoring=c:3", "publication is missing"),
            ("case=a:1", "no service \"case\""),
            ("", "cases is missing"),
            ("a b:1", "not an address"),
        ] {
            let failure = text.parse::<Servers>().unwrap_err();
            assert_eq!(failure.exit_code(), 2);
            assert!(failure.message().contains(what), "{}", failure.message());
        }
    }

    #[test]
    fn this_machine_has_several_names() {
        for address in ["127.0.0.1:1", "localhost:1", "[::1]:1", "http://127.0.0.1:1/"] {
            assert!(Servers::one(address).is_local(), "{address}");
        }
        assert!(!Servers::one("10.0.0.1:1").is_local());
    }

    #[test]
    fn a_suite_that_listens_everywhere_is_the_one_on_this_machine() {
        let are_at =
            |named: &str, address: &str| Servers::one(named).are_at(address.parse().unwrap());
        for named in ["127.0.0.1:1", "localhost:1", "[::1]:1", "http://127.0.0.1:1"] {
            assert!(are_at(named, "0.0.0.0:1"), "{named}");
        }
        assert!(are_at("127.0.0.1:1", "127.0.0.1:1"));
        for (named, address) in [
            ("127.0.0.1:2", "0.0.0.0:1"),
            ("10.0.0.1:1", "0.0.0.0:1"),
            ("[::1]:1", "127.0.0.1:1"),
            ("localhost:1", "10.0.0.1:1"),
        ] {
            assert!(!are_at(named, address), "{named} {address}");
        }
    }

    #[test]
    fn the_suite_of_the_data_folder_comes_before_the_default_port() {
        let data = tempfile::tempdir().unwrap();
        let common = common(&["--data", data.path().to_str().unwrap()]);
        assert_eq!(locate(&common).unwrap(), None);
        let file = SuiteFile {
            address: "127.0.0.1:4000".parse().unwrap(),
            pid: 1,
            jurisdiction: None,
            identity_required: false,
        };
        file.write(data.path()).unwrap();
        assert_eq!(locate(&common).unwrap(), Some(Servers::one("127.0.0.1:4000")));
    }

    #[tokio::test]
    async fn without_patience_an_absent_server_is_an_error_that_says_what_to_do() {
        let data = tempfile::tempdir().unwrap();
        let common = common(&["--wait", "0", "--data", data.path().to_str().unwrap()]);
        let failure = connect(&common).await.unwrap_err();
        assert_eq!(failure.exit_code(), 1);
        assert!(failure.message().contains("chengping up"), "{}", failure.message());
    }
}
