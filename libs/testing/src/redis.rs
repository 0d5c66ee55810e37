use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::net::TcpStream;

use crate::{Process, ProcessError, eventually, free_port};

/// Names a server that runs already, as `redis://host:port`.
pub const REDIS_VARIABLE: &str = "CHENGPING_TEST_REDIS";
/// Set to 1 where a missing server must fail the tests instead of skipping them.
pub const REDIS_REQUIRED_VARIABLE: &str = "CHENGPING_TEST_REQUIRE_REDIS";

/// Where programs are looked for inside `CHENGPING_TOOLS` and folders of the path.
const PROGRAMS: [&str; 2] = ["valkey-server", "redis-server"];
/// Where `deploy/tools.sh cache` links the server that it brings.
const TOOLS_BIN: &str = "bin";

/// Why a server is not broken.
const NOT_OURS: &str = "only a server of our own is broken";

/// Other tests look for free ports as well.
const ATTEMPTS: u32 = 5;

/// A Redis or Valkey server: a shared one, or its own, which ends with it.
#[derive(Debug)]
pub struct RedisServer {
    url: String,
    port: u16,
    process: Option<Process>,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum RedisUnavailable {
    /// There is no program to start.
    #[error(
        "no redis-server or valkey-server was found; install one, name it in CHENGPING_REDIS_BIN, \
         or run `deploy/tools.sh cache` and set CHENGPING_TOOLS to its folder"
    )]
    NotFound,
    /// It does not start.
    #[error("the Redis server does not start")]
    NotStarted(#[from] ProcessError),
}

impl RedisServer {
    /// The server that the environment names, else one of our own; `None`, after saying so, where
    /// there is neither and none is required.
    ///
    /// # Panics
    ///
    /// If a server is required and there is none, or if it does not start.
    pub async fn find() -> Option<Self> {
        if let Ok(url) = std::env::var(REDIS_VARIABLE) {
            return Some(Self { url, port: 0, process: None });
        }
        Self::own().await
    }

    /// A server of our own, for tests that break it; `None` as for [`find`](Self::find).
    ///
    /// # Panics
    ///
    /// If a server is required and there is none, or if it does not start.
    pub async fn own() -> Option<Self> {
        let is_required = std::env::var(REDIS_REQUIRED_VARIABLE).is_ok_and(|value| value == "1");
        match Self::start().await {
            Ok(server) => Some(server),
            Err(RedisUnavailable::NotFound) if !is_required => {
                say(&format!("skipped: {}", RedisUnavailable::NotFound));
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a server of our own, which keeps nothing on disk.
    ///
    /// # Errors
    ///
    /// If there is no program, or it does not start.
    pub async fn start() -> Result<Self, RedisUnavailable> {
        let program = program(|name| std::env::var_os(name)).ok_or(RedisUnavailable::NotFound)?;
        let mut attempt = 1;
        loop {
            let port = free_port().map_err(ProcessError::from)?;
            match Self::run(&program, port).await {
                Ok(process) => {
                    let url = format!("redis://127.0.0.1:{port}");
                    return Ok(Self { url, port, process: Some(process) });
                }
                Err(error) if attempt == ATTEMPTS => return Err(error.into()),
                Err(_) => attempt += 1,
            }
        }
    }

    async fn run(program: &PathBuf, port: u16) -> Result<Process, ProcessError> {
        let port_text = port.to_string();
        let arguments =
            ["--port", &port_text, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let mut process = Process::start(program, arguments, [("LC_ALL", "C")])?;
        process.wait_for_line("Ready to accept connections", Duration::from_secs(10)).await?;
        let connected = eventually(async || TcpStream::connect(("127.0.0.1", port)).await.ok());
        connected.await;
        Ok(process)
    }

    /// Ends it as a crash would; everything in it is lost.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    ///
    /// # Panics
    ///
    /// If it is not our own.
    pub async fn kill(&mut self) -> Result<(), ProcessError> {
        self.process.as_mut().expect(NOT_OURS).kill().await
    }

    /// Starts it again at the same address, empty.
    ///
    /// # Errors
    ///
    /// If it does not start.
    ///
    /// # Panics
    ///
    /// If it is not our own.
    pub async fn restart(&mut self) -> Result<(), RedisUnavailable> {
        assert!(self.process.is_some(), "{NOT_OURS}");
        let program = program(|name| std::env::var_os(name)).ok_or(RedisUnavailable::NotFound)?;
        self.process = Some(Self::run(&program, self.port).await?);
        Ok(())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    ///
    /// # Panics
    ///
    /// If it is not our own.
    pub fn signal(&self, signal: Signal) -> Result<(), ProcessError> {
        self.process.as_ref().expect(NOT_OURS).signal(signal)
    }

    /// Its address, for `cache.redis_url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its port, if it is our own.
    pub fn port(&self) -> Option<u16> {
        self.process.as_ref().map(|_| self.port)
    }
}

/// Test output, the one place where a library may print.
#[expect(clippy::print_stderr, reason = "people should see why a test did nothing")]
fn say(text: &str) {
    eprintln!("{text}");
}

fn program(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(program) = variable("CHENGPING_REDIS_BIN") {
        return Some(program.into());
    }
    let tools = variable("CHENGPING_TOOLS").map(PathBuf::from);
    let path = variable("PATH").unwrap_or_default();
    let folders =
        tools.iter().map(|tools| tools.join(TOOLS_BIN)).chain(std::env::split_paths(&path));
    folders
        .flat_map(|folder| PROGRAMS.map(|name| folder.join(name)))
        .find(|program| program.is_file())
}
