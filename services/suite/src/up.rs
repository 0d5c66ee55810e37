//! `chengping up`: all four services in one process on one port.

pub mod schemas;

pub mod config;
pub mod database;
pub mod identity;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use std::{fs, process};

use anyhow::{Context as _, bail};
use chengping_chassis::serve::{self, Server};
use chengping_chassis::{CancellationToken, shutdown, telemetry};
use clap::Args;
use tokio::net::TcpListener;

use self::config::{Services, SuiteConfig};
use self::database::Database;
use self::identity::{Asking, Identity};
use crate::args::Common;
use crate::discovery;
use crate::failure::{Failure, Outcome};
use crate::output::say;
use crate::suite_file::SuiteFile;

/// How long a server that has just started may take to say that it serves.
const READY: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);
/// How long the last traces may take.
const FLUSH: Duration = Duration::from_secs(5);

/// Flags of `up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Address to serve on; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50051")]
    listen: SocketAddr,
    /// Serve on an address that other machines reach, though nothing is encrypted on the way
    #[arg(long)]
    allow_unauthenticated: bool,
    /// Whether callers are asked who they are; `required` makes a key in the data folder, with
    /// which commands sign in and `token` makes tokens [default: required, by the issuers that
    /// settings of the services name where there are some]
    #[arg(long, value_enum, env = "CHENGPING_IDENTITY")]
    identity: Option<Identity>,
}

/// Serves until SIGINT or SIGTERM.
pub async fn run(common: &Common, args: &UpArgs) -> Result<Outcome, Failure> {
    let config = SuiteConfig::load(args.listen, args.allow_unauthenticated)?;
    let telemetry = telemetry::init("chengping", &config.telemetry).map_err(anyhow::Error::from)?;
    let outcome = start(common, config, args.identity).await;
    telemetry.shutdown(FLUSH).await;
    outcome?;
    Ok(Outcome::Done)
}

async fn start(
    common: &Common,
    config: SuiteConfig,
    identity: Option<Identity>,
) -> anyhow::Result<()> {
    let shutdown = shutdown::on_signals().context("cannot listen for signals")?;
    let data = common.data_dir();
    fs::create_dir_all(data).with_context(|| format!("cannot create {}", data.display()))?;
    let data = data.canonicalize().with_context(|| format!("cannot enter {}", data.display()))?;
    refuse_second(&data).await?;
    // The port first: it fails at once, and a database takes a while to start.
    let listener = serve::bind(&config.listen).await?;
    let asking = Asking::open(identity, &data)?;
    let url = database::named();
    let database = tokio::select! {
        database = Database::open(&data, url.as_deref()) => database?,
        () = shutdown.cancelled() => bail!("stopped before the database was ready"),
    };
    let suite = Suite { common, config, data: &data, asking, shutdown };
    let outcome = suite.serve(listener, &database).await;
    SuiteFile::remove(&data, process::id());
    database.stop().await;
    outcome
}

/// Refuses to start beside a suite that uses the same folder, and removes what one that was killed
/// has left.
async fn refuse_second(data: &Path) -> anyhow::Result<()> {
    let Some(file) = SuiteFile::read(data).unwrap_or_default() else {
        return Ok(());
    };
    let SuiteFile { address, pid, .. } = file;
    if discovery::runs(&file).await {
        let data = data.display();
        bail!("a suite (pid {pid}) runs in {data} already, at {address}; stop it first");
    }
    SuiteFile::remove(data, pid);
    Ok(())
}

/// A suite about to serve.
struct Suite<'a> {
    common: &'a Common,
    config: SuiteConfig,
    data: &'a Path,
    asking: Asking,
    shutdown: CancellationToken,
}

impl Suite<'_> {
    async fn serve(self, listener: TcpListener, database: &Database) -> anyhow::Result<()> {
        let address = reachable(listener.local_addr().context("the port is gone")?);
        let services = Services::load(database, address, self.data, &self.asking)?;
        let mut server = Server::new(self.config.listen.clone());
        services.mount(&mut server, &self.shutdown).await?;
        let serving = server.serve(listener, self.shutdown.clone());
        let announcing = self.announce(address);
        let failed = database.failed();
        let watching = async {
            failed.cancelled().await;
            self.shutdown.cancel();
            // The server ends by itself from here on.
            std::future::pending::<()>().await;
        };
        let served = tokio::select! {
            served = async { tokio::join!(serving, announcing) } => served,
            () = watching => bail!("the server outlived its database"),
            () = self.asking.keep() => bail!("the services' token was given up"),
        };
        served.0?;
        served.1?;
        if failed.is_cancelled() {
            bail!("the private PostgreSQL died and could not be brought back");
        }
        Ok(())
    }

    /// Leaves the suite file once the server says that it serves.
    async fn announce(&self, address: SocketAddr) -> anyhow::Result<()> {
        let outcome = tokio::select! {
            () = ready(address) => self.leave_file(address),
            () = tokio::time::sleep(READY) => Err(anyhow::anyhow!("the server does not get ready")),
            () = self.shutdown.cancelled() => Ok(()),
        };
        if outcome.is_err() {
            self.shutdown.cancel();
        }
        outcome
    }

    fn leave_file(&self, address: SocketAddr) -> anyhow::Result<()> {
        let file = SuiteFile {
            address,
            pid: process::id(),
            jurisdiction: self.common.jurisdiction.clone(),
            identity_required: self.asking.is_own(),
        };
        file.write(self.data)?;
        say(format_args!("serving at {address}, data in {}", self.data.display()));
        Ok(())
    }
}

async fn ready(address: SocketAddr) {
    while discovery::serving(&address.to_string()).await.is_err() {
        tokio::time::sleep(PAUSE).await;
    }
}

/// The address by which this machine reaches a server that may listen on all of its own.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_reached_on_this_machine() {
        let reached = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(reached("0.0.0.0:7"), "127.0.0.1:7");
        assert_eq!(reached("[::]:7"), "[::1]:7");
        assert_eq!(reached("10.0.0.1:7"), "10.0.0.1:7");
    }
}
