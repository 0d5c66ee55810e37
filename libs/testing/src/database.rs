use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use anyhow::Context as _;
use chengping_chassis::config::DatabaseConfig;
use chengping_chassis::postgres::private::{Options, PrivatePostgres};
use chengping_chassis::postgres::{self, Provision};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::reachable_folder;

/// Names a server that runs already, by the URL of its superuser.
pub const POSTGRES_VARIABLE: &str = "CHENGPING_TEST_POSTGRES";

/// Waits for the end of its parent, which closes its standard input, and cleans up behind it.
const WATCHDOG: &str = r#"
    read -r nothing
    kill -INT "$1" 2>/dev/null
    while kill -0 "$1" 2>/dev/null; do sleep 0.05; done
    rm -rf "$2"
"#;

/// A PostgreSQL server with an empty data folder, for as long as this lives.
#[derive(Debug)]
pub struct Cluster {
    /// `None` after a crash.
    server: Option<PrivatePostgres>,
    options: Options,
    folder: TempDir,
}

/// Why a server is there.
const RUNNING: &str = "the server was started again after its crash";

impl Cluster {
    /// Starts a server that trades durability for speed.
    ///
    /// # Errors
    ///
    /// If there is no PostgreSQL, or it does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = reachable_folder()?;
        Self::start_in(Options::for_tests(folder.path()), folder).await
    }

    /// Starts a server that keeps what it acknowledged, for tests that break it.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_durable() -> anyhow::Result<Self> {
        let folder = reachable_folder()?;
        Self::start_in(Options::new(folder.path()), folder).await
    }

    async fn start_in(options: Options, folder: TempDir) -> anyhow::Result<Self> {
        let server = Some(PrivatePostgres::start(&options).await?);
        Ok(Self { server, options, folder })
    }

    /// The URL of the superuser.
    ///
    /// # Panics
    ///
    /// After a crash.
    pub fn admin_url(&self) -> String {
        self.server.as_ref().expect(RUNNING).admin_url()
    }

    /// Where the server listens.
    ///
    /// # Panics
    ///
    /// After a crash.
    pub fn socket(&self) -> PathBuf {
        let options: PgConnectOptions = self.admin_url().parse().expect("it is a URL");
        let folder = options.get_socket().expect("a private server has a socket");
        folder.join(format!(".s.PGSQL.{}", options.get_port()))
    }

    /// Ends the server at once, as `pg_ctl stop -m immediate` does: sessions end where they stand,
    /// and nothing is written.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub async fn crash(&mut self) -> anyhow::Result<()> {
        let server = self.server.take().context(RUNNING)?;
        let pid = server.process_id().context("the server is gone")?;
        kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGQUIT)?;
        server.stop().await;
        Ok(())
    }

    /// Starts it again after a [`crash`](Self::crash), at the same place.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.server = Some(PrivatePostgres::start(&self.options).await?);
        Ok(())
    }

    /// Stops the server and removes its data.
    ///
    /// # Errors
    ///
    /// If the data cannot be removed.
    pub async fn stop(self) -> io::Result<()> {
        if let Some(server) = self.server {
            server.stop().await;
        }
        self.folder.close()
    }
}

/// An empty database of its own, dropped with it.
#[derive(Debug)]
pub struct TestDatabase {
    admin: PgConnectOptions,
    admin_url: String,
    name: String,
}

impl TestDatabase {
    /// Creates a database on the server that the environment names, else on one that this process
    /// starts and that ends with it.
    ///
    /// # Errors
    ///
    /// If there is no server.
    pub async fn new() -> anyhow::Result<Self> {
        let server_url = match std::env::var(POSTGRES_VARIABLE) {
            Ok(url) => url,
            Err(_) => shared_cluster().await?,
        };
        Self::on(&server_url).await
    }

    /// Creates a database on the server whose superuser has this URL.
    ///
    /// # Errors
    ///
    /// If it cannot be reached.
    pub async fn on(server_url: &str) -> anyhow::Result<Self> {
        let admin: PgConnectOptions = server_url.parse().context(POSTGRES_VARIABLE)?;
        let name = format!("test_{}", Uuid::now_v7().simple());
        let mut connection = admin.connect().await?;
        // Without a checkpoint, and without copying what a template may have grown.
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 STRATEGY wal_log");
        connection.execute(AssertSqlSafe(create)).await?;
        connection.close().await?;
        let admin_url = with_database(server_url, &name);
        Ok(Self { admin, admin_url, name })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL of the superuser in this database.
    pub fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// As [`url_for`](Self::url_for), by way of `address`.
    pub fn url_through(&self, role: &str, address: SocketAddr) -> String {
        format!("postgres://{role}@{address}/{}", self.name)
    }

    /// The URL of `role` in this database, on a server that asks for no password.
    pub fn url_for(&self, role: &str) -> String {
        with_user(&self.admin_url, role)
    }

    /// Provisions `schema` for `role`, applies `migrator`, and connects as the service would.
    ///
    /// # Errors
    ///
    /// If any of it fails.
    pub async fn migrated(
        &self,
        schema: &str,
        role: &str,
        migrator: &Migrator,
    ) -> anyhow::Result<PgPool> {
        postgres::provision(&self.admin_url, &Provision::new(schema, role)?).await?;
        postgres::migrate(&self.admin_url, schema, migrator).await?;
        Ok(postgres::pool(&DatabaseConfig::at(self.url_for(role)), schema).await?)
    }
}

impl Drop for TestDatabase {
    /// Best effort: the server goes away sooner or later.
    fn drop(&mut self) {
        let admin = self.admin.clone();
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // The runtime of the test may be gone or blocked, so it has one of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                if let Ok(mut connection) = admin.connect().await {
                    let _ = connection.execute(AssertSqlSafe(drop)).await;
                }
            });
        });
        let _ = dropping.join();
    }
}

/// The URL of the server of this process, started by the first test that asks.
async fn shared_cluster() -> anyhow::Result<String> {
    static URL: OnceCell<String> = OnceCell::const_new();
    let start = || async {
        let (started, url) = mpsc::channel();
        // Outlives the runtime of the test that happened to be first.
        std::thread::spawn(move || keep_cluster(&started));
        tokio::task::spawn_blocking(move || url.recv()).await??
    };
    URL.get_or_try_init(start).await.cloned()
}

/// Starts a server and holds it for the rest of the process; a watchdog then cleans up.
fn keep_cluster(started: &mpsc::Sender<anyhow::Result<String>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime.context("no runtime for the server") {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(error))),
    };
    runtime.block_on(async {
        let cluster = Cluster::start().await.and_then(|cluster| {
            set_watchdog(&cluster)?;
            Ok(cluster)
        });
        match cluster {
            Ok(cluster) => {
                drop(started.send(Ok(cluster.admin_url())));
                std::future::pending::<()>().await;
            }
            Err(error) => drop(started.send(Err(error))),
        }
    });
}

fn set_watchdog(cluster: &Cluster) -> anyhow::Result<()> {
    let pid = cluster.server.as_ref().and_then(PrivatePostgres::process_id);
    let pid = pid.context("the server is gone")?;
    let watchdog = Command::new("sh")
        .args(["-c", WATCHDOG, "sh", &pid.to_string()])
        .arg(cluster.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Its standard input must stay open until this process ends, by whatever means.
    std::mem::forget(watchdog);
    Ok(())
}

/// `url` with another database; everything else stays.
fn with_database(url: &str, database: &str) -> String {
    let (base, query) =
        url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let authority = base.find("://").map_or(0, |index| index + 3);
    let end = base[authority..].find('/').map_or(base.len(), |index| authority + index);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{database}{query}", &base[..end])
}

/// `url` with another role, and no password.
fn with_user(url: &str, role: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.find('/').unwrap_or(rest.len());
    let host = rest[..authority].rfind('@').map_or(0, |index| index + 1);
    format!("{scheme}://{role}@{}", &rest[host..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_change_in_one_place_only() {
        let url = "postgres://postgres:x@localhost:1/postgres?host=%2Ftmp%2Fa&port=5432";
        assert_eq!(
            with_database(url, "t1"),
            "postgres://postgres:x@localhost:1/t1?host=%2Ftmp%2Fa&port=5432"
        );
        assert_eq!(
            with_user(url, "scoring"),
            "postgres://scoring@localhost:1/postgres?host=%2Ftmp%2Fa&port=5432"
        );
        assert_eq!(with_database("postgres://localhost", "t1"), "postgres://localhost/t1");
    }
}
