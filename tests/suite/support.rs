//! A running suite, used as a person or a script would: through the `chengping` command.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use chengping_chassis::identity::{Grant, Issuer, Role};
use chengping_suite::credentials;
use chengping_testing::Process;
use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// How long a suite may take to create its database and be ready.
const STARTING: Duration = Duration::from_secs(120);
/// How long it may take to stop.
const STOPPING: Duration = Duration::from_secs(60);

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A program of the workspace, as `make test` built it.
pub(crate) fn program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().parent().unwrap().join(name);
    assert!(program.exists(), "{} is missing; run `make build`", program.display());
    program
}

/// A temporary folder that a PostgreSQL under another account can enter.
pub(crate) fn folder() -> TempDir {
    chengping_testing::reachable_folder().unwrap()
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The standard output of a command that must have ended with `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Vec<u8> {
        let said = String::from_utf8_lossy(&self.stdout);
        assert_eq!(self.code, code, "stdout:\n{said}\nstderr:\n{}", self.stderr);
        self.stdout
    }

    /// The standard output as JSON.
    #[track_caller]
    pub(crate) fn json(self, code: i32) -> Value {
        let stdout = self.expect(code);
        serde_json::from_slice(&stdout)
            .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&stdout)))
    }
}

/// Runs `chengping` in `data` with nothing of this process's own settings.
pub(crate) fn chengping<A: AsRef<OsStr>>(data: &Path, arguments: &[A]) -> Done {
    chengping_as("", data, arguments)
}

/// As [`chengping`], in the name of whom a token speaks of.
pub(crate) fn chengping_as<A: AsRef<OsStr>>(token: &str, data: &Path, arguments: &[A]) -> Done {
    let output = Command::new(program("chengping"))
        .args(arguments)
        .current_dir(root())
        .env("CHENGPING_DATA", data)
        .env("CHENGPING_TOKEN", token)
        .env_remove("CHENGPING_SERVER")
        .env_remove("CHENGPING_JURISDICTION")
        .output()
        .unwrap();
    Done::of(output)
}

/// How long the token of a test is valid.
const TTL: Duration = Duration::from_secs(3_600);

/// A token of the issuer of a data folder, for all jurisdictions and bodies.
pub(crate) fn token(data: &Path, subject: &str, roles: &[Role]) -> String {
    let issuer = Issuer::open(&credentials::folder(data)).unwrap();
    let roles = roles.iter().copied().collect();
    issuer.issue(&Grant { roles, ..Grant::everything(subject, TTL) }).unwrap()
}

/// A connection on which every call shows a token.
pub(crate) type Connection = InterceptedService<Channel, Shown>;

/// A token for every call.
#[derive(Debug, Clone)]
pub(crate) struct Shown(MetadataValue<Ascii>);

impl Interceptor for Shown {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// Connects to `HOST:PORT`.
pub(crate) async fn connection(address: &str, token: &str) -> Connection {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let shown = Shown(format!("Bearer {token}").parse().unwrap());
    InterceptedService::new(endpoint.connect().await.unwrap(), shown)
}

/// `chengping up` with a database of its own, in a temporary folder.
pub(crate) struct Suite {
    process: Process,
    folder: TempDir,
}

impl Suite {
    pub(crate) async fn start() -> Self {
        Self::start_in(folder()).await
    }

    pub(crate) async fn start_in(folder: TempDir) -> Self {
        Self::start_with(folder, &[]).await
    }

    /// With settings from the environment.
    pub(crate) async fn start_with(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let data = folder.path().join("data");
        let arguments = [
            OsStr::new("up"),
            OsStr::new("--data"),
            data.as_os_str(),
            OsStr::new("--listen"),
            OsStr::new("127.0.0.1:0"),
        ];
        // Neither the tests' own database nor their cache: the embedded default is under test.
        let variables = [&[("DATABASE_URL", ""), ("REDIS_URL", "")], settings].concat();
        let mut process = Process::start(program("chengping"), arguments, variables).unwrap();
        wait_for_file(&mut process, &data.join("suite.json")).await;
        Self { process, folder }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A scratch folder beside the data.
    pub(crate) fn scratch(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn address(&self) -> String {
        let text = fs::read(self.data().join("suite.json")).unwrap();
        let file: Value = serde_json::from_slice(&text).unwrap();
        file["address"].as_str().unwrap().to_owned()
    }

    /// A token for all jurisdictions and bodies.
    pub(crate) fn token(&self, subject: &str, roles: &[Role]) -> String {
        token(&self.data(), subject, roles)
    }

    /// A connection that may do everything.
    pub(crate) async fn connection(&self) -> Connection {
        connection(&self.address(), &self.token("test", &Role::ALL)).await
    }

    /// Runs a command against this suite.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Done {
        chengping(&self.data(), arguments)
    }

    /// The suite dies without a word; what it kept is in the folder.
    pub(crate) async fn kill(mut self) -> TempDir {
        self.process.kill().await.unwrap();
        self.folder
    }

    /// The suite is asked to stop, and does in time.
    pub(crate) async fn stop(mut self) -> TempDir {
        self.process.signal(Signal::SIGTERM).unwrap();
        let status = self.process.wait(STOPPING).await.unwrap();
        assert!(status.success(), "{}", self.process.log());
        self.folder
    }
}

async fn wait_for_file(process: &mut Process, file: &Path) {
    let end = tokio::time::Instant::now() + STARTING;
    while !file.exists() {
        assert!(tokio::time::Instant::now() < end, "not ready in time:\n{}", process.log());
        if process.wait(Duration::from_millis(20)).await.is_ok() {
            panic!("the suite ended:\n{}", process.log());
        }
    }
}

/// The bytes of a gzip file.
pub(crate) fn unzipped(path: &Path) -> Vec<u8> {
    use std::io::Read as _;

    let mut bytes = Vec::new();
    let file = fs::File::open(path).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}
