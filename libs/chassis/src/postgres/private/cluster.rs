use std::fmt::Write as _;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::process::Stdio;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::binaries::Binaries;
use super::layout::{Layout, PORT};
use super::{ADMIN, Options, PrivateError, leftover};

/// Recovery after a crash reads the log since the last checkpoint, which takes its time.
const START_MAX: Duration = Duration::from_secs(300);
/// The last line of the server's log when sessions of an earlier server are still there.
const ORPHANS_HINT: &str = "Terminate any old server processes associated with data directory";
const ORPHANS_TRIES: u32 = 20;
const ORPHANS_PAUSE: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(20);

/// Everything needed to start the server, again and again.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) options: Options,
    pub(super) layout: Layout,
    pub(super) binaries: Binaries,
}

impl Cluster {
    pub(super) fn url_for(&self, role: &str, database: &str) -> String {
        url_for(&self.layout.socket_dir().to_string_lossy(), role, database)
    }

    /// Makes a new cluster unless there is one. It appears under its name once it is complete.
    pub(super) async fn initialise(&self) -> Result<(), PrivateError> {
        let (cluster, unfinished) = (self.layout.cluster(), self.layout.unfinished());
        if self.layout.written_by()?.is_some() {
            return Ok(());
        }
        if unfinished.exists() {
            std::fs::remove_dir_all(&unfinished)
                .map_err(PrivateError::io(format!("remove {}", unfinished.display())))?;
        }
        DirBuilder::new()
            .mode(0o700)
            .create(&unfinished)
            .map_err(PrivateError::io(format!("create {}", unfinished.display())))?;
        if let Some(account) = self.layout.account() {
            account.own(&unfinished)?;
        }
        let mut initdb = self.command(&self.binaries.initdb());
        initdb.arg("-D").arg(&unfinished).args(["-U", ADMIN, "--auth=trust"]);
        initdb.args(["--encoding=UTF8", "--locale=C", "--no-instructions"]);
        if !self.options.durable {
            initdb.arg("--no-sync");
        }
        let output = initdb.output().await.map_err(PrivateError::io("run initdb"))?;
        if !output.status.success() {
            let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.push_str(&String::from_utf8_lossy(&output.stderr));
            return Err(PrivateError::Initdb { status: output.status, output: text });
        }
        std::fs::rename(&unfinished, &cluster)
            .map_err(PrivateError::io(format!("rename {}", unfinished.display())))
    }

    /// As [`start`](Self::start), once everything that a killed server left behind is gone: none
    /// may share the data with a new server. Where the system does not show what is left, the new
    /// server does, and is started again.
    pub(super) async fn start_after_crash(&self) -> Result<Child, PrivateError> {
        leftover::stop(&self.layout).await?;
        for _ in 0..ORPHANS_TRIES {
            match self.start().await {
                Err(PrivateError::Start { log, .. }) if ends_with_hint(&log) => {
                    tokio::time::sleep(ORPHANS_PAUSE).await;
                }
                outcome => return outcome,
            }
        }
        self.start().await
    }

    /// Starts the server, and waits until it takes connections.
    async fn start(&self) -> Result<Child, PrivateError> {
        let log = self.layout.open_log()?;
        let log_too = log.try_clone().map_err(PrivateError::io("open the server's log"))?;
        let mut postgres = self.command(&self.binaries.postgres());
        postgres.arg("-D").arg(self.layout.cluster());
        for setting in self.settings() {
            postgres.arg("-c").arg(setting);
        }
        // Its own group, so that Ctrl-C in a terminal reaches us alone.
        postgres.stdout(log).stderr(log_too).process_group(0);
        let mut server = postgres.spawn().map_err(PrivateError::io("run postgres"))?;
        match self.wait_until_ready(&mut server).await {
            Ok(()) => Ok(server),
            Err(error) => {
                // It is of no use, and nothing was written through it yet.
                let _ = server.kill().await;
                Err(error)
            }
        }
    }

    fn settings(&self) -> Vec<String> {
        let mut settings = vec![
            "listen_addresses=".to_owned(),
            format!("unix_socket_directories={}", self.layout.socket_dir().display()),
            "unix_socket_permissions=0700".to_owned(),
            format!("port={PORT}"),
            format!("max_connections={}", self.options.connections_max),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
            "logging_collector=off".to_owned(),
        ];
        if !self.options.durable {
            let unsafe_and_fast = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
            settings.extend(unsafe_and_fast.map(str::to_owned));
        }
        settings
    }

    async fn wait_until_ready(&self, server: &mut Child) -> Result<(), PrivateError> {
        let end = Instant::now() + START_MAX;
        let url = self.url_for(ADMIN, ADMIN);
        loop {
            if let Some(status) = server.try_wait().map_err(PrivateError::io("watch postgres"))? {
                return Err(self.not_started(format!("it ended, {status}")));
            }
            if let Ok(connection) = PgConnection::connect(&url).await {
                // The server answered, whatever it thinks of our leaving.
                let _ = connection.close().await;
                return Ok(());
            }
            if Instant::now() >= end {
                return Err(self.not_started(format!("no answer in {} s", START_MAX.as_secs())));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn not_started(&self, reason: String) -> PrivateError {
        PrivateError::Start { reason, log: self.layout.log_tail() }
    }

    /// A command in the server's account, with nothing inherited that would mislead it.
    fn command(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        // Our own folder and home may be closed to the server's account.
        command.current_dir("/").env("HOME", self.layout.home()).env("LC_ALL", "C");
        command.stdin(Stdio::null());
        if let Some(account) = self.layout.account() {
            account.apply(&mut command);
        }
        command
    }
}

/// The URL of `role` in `database` of the server behind the socket in `folder`.
pub(super) fn url_for(folder: &str, role: &str, database: &str) -> String {
    let folder = percent_encoded(folder);
    format!("postgres://{role}@localhost/{database}?host={folder}&port={PORT}")
}

fn ends_with_hint(log: &str) -> bool {
    log.lines().next_back().is_some_and(|line| line.contains(ORPHANS_HINT))
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes all text");
        }
    }
    encoded
}
