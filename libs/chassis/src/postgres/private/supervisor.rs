use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::PrivateError;
use super::cluster::Cluster;
use crate::error::Chain;

/// Starts after as many deaths in a row; a server that runs for a while starts with a clean slate.
const RESTARTS_MAX: u32 = 5;
const CLEAN_SLATE: Duration = Duration::from_secs(300);
/// Before the first start; twice as long before each further one, so that 6 s pass over all.
const PAUSE: Duration = Duration::from_millis(200);

/// A fast stop ends sessions and writes everything; after that, recovery has to do.
const FAST: Duration = Duration::from_secs(60);

/// Stands for "no process".
const NONE: u32 = 0;

/// Restarts the server when it dies, until it is told to stop.
#[derive(Debug)]
pub(super) struct Supervisor {
    stop: CancellationToken,
    failed: CancellationToken,
    pid: Arc<AtomicU32>,
    task: Option<JoinHandle<Result<(), PrivateError>>>,
}

impl Supervisor {
    pub(super) fn watch(cluster: Cluster, server: Child) -> Self {
        let (stop, failed) = (CancellationToken::new(), CancellationToken::new());
        let pid = Arc::new(AtomicU32::new(server.id().unwrap_or(NONE)));
        let watch =
            Watch { cluster, stop: stop.clone(), failed: failed.clone(), pid: Arc::clone(&pid) };
        Self { stop, failed, pid, task: Some(tokio::spawn(watch.run(server))) }
    }

    pub(super) fn process_id(&self) -> Option<u32> {
        Some(self.pid.load(Ordering::SeqCst)).filter(|pid| *pid != NONE)
    }

    pub(super) fn failed(&self) -> CancellationToken {
        self.failed.clone()
    }

    pub(super) async fn stop(mut self) -> Result<(), PrivateError> {
        self.stop.cancel();
        match self.task.take() {
            Some(task) => task.await.unwrap_or_else(|error| {
                Err(PrivateError::io("wait for the server to stop")(std::io::Error::other(error)))
            }),
            None => Ok(()),
        }
    }
}

impl Drop for Supervisor {
    /// Asks the server to stop, without waiting. After [`Supervisor::stop`] there is none to ask.
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(pid) = self.process_id() {
            // It may be gone already.
            let _ = kill(to_pid(pid), Signal::SIGINT);
        }
    }
}

struct Watch {
    cluster: Cluster,
    stop: CancellationToken,
    failed: CancellationToken,
    pid: Arc<AtomicU32>,
}

impl Watch {
    async fn run(self, mut server: Child) -> Result<(), PrivateError> {
        let mut restarts = 0;
        loop {
            let started = tokio::time::Instant::now();
            tokio::select! {
                () = self.stop.cancelled() => return self.end(server).await,
                status = server.wait() => self.mourn(status),
            }
            if started.elapsed() > CLEAN_SLATE {
                restarts = 0;
            }
            server = match self.restart(&mut restarts).await {
                Some(server) => server,
                None => return Ok(()),
            };
        }
    }

    fn mourn(&self, status: std::io::Result<ExitStatus>) {
        self.pid.store(NONE, Ordering::SeqCst);
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let log = self.cluster.layout.log_tail();
        tracing::error!(status, log, "the private PostgreSQL server died, starting it again");
    }

    /// A new server; `None` when it was told to stop, or after too many attempts.
    async fn restart(&self, restarts: &mut u32) -> Option<Child> {
        while *restarts < RESTARTS_MAX {
            *restarts += 1;
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = tokio::time::sleep(PAUSE * 2_u32.pow(*restarts - 1)) => {}
            }
            match self.cluster.start_after_crash().await {
                Ok(server) => {
                    self.pid.store(server.id().unwrap_or(NONE), Ordering::SeqCst);
                    tracing::info!(restarts = *restarts, "the private PostgreSQL server is back");
                    return Some(server);
                }
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "it does not start");
                }
            }
        }
        tracing::error!(restarts = *restarts, "giving up on the private PostgreSQL server");
        self.failed.cancel();
        None
    }

    async fn end(&self, mut server: Child) -> Result<(), PrivateError> {
        send(&server, Signal::SIGINT);
        if tokio::time::timeout(FAST, server.wait()).await.is_err() {
            tracing::warn!("the private PostgreSQL server takes too long, stopping it at once");
            send(&server, Signal::SIGQUIT);
        }
        server.wait().await.map_err(PrivateError::io("stop postgres"))?;
        self.pid.store(NONE, Ordering::SeqCst);
        Ok(())
    }
}

fn send(server: &Child, signal: Signal) {
    if let Some(pid) = server.id() {
        // It may be gone already; waiting for it will tell.
        let _ = kill(to_pid(pid), signal);
    }
}

fn to_pid(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).expect("process IDs are small"))
}
