//! What a killed process left running.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::Instant;

use super::PrivateError;
use super::layout::Layout;

/// A fast stop writes all dirty pages; an immediate one leaves that to recovery.
const FAST: Duration = Duration::from_secs(60);
const IMMEDIATE: Duration = Duration::from_secs(10);
/// How long sessions may take to notice that their server is gone. Idle ones do at once.
const NOTICE: Duration = Duration::from_secs(2);
const PROCESSES: &str = "/proc";
const POLL: Duration = Duration::from_millis(20);

/// Stops a server that still runs on the cluster, ends the sessions of one that was killed, and
/// removes PID files that mean nothing.
///
/// The caller holds the lock, so whoever started that server is gone, or is the caller.
pub(super) async fn stop(layout: &Layout) -> Result<(), PrivateError> {
    let cluster = layout.cluster();
    let pid_file = cluster.join("postmaster.pid");
    let pid = read_pid(&pid_file);
    if let Some(pid) = pid.filter(|pid| is_alive(*pid) && works_in(*pid, &cluster)) {
        tracing::warn!(pid = pid.as_raw(), "stopping a PostgreSQL server that was left behind");
        stop_server(pid).await?;
    }
    end_sessions(&cluster).await?;
    match pid {
        // The number lives on: as another process, as happens when a container starts anew, or as
        // one that nobody has reaped. A new server would take it for a server and refuse to start.
        Some(pid) if pid_file.exists() && kill(pid, None) != Err(Errno::ESRCH) => {
            remove(&pid_file)?;
            remove(&layout.socket_lock())
        }
        // Where the number is free, a new server itself sees what the file is worth.
        Some(_) | None => Ok(()),
    }
}

fn remove(file: &Path) -> Result<(), PrivateError> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(PrivateError::io(format!("remove {}", file.display()))(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn read_pid(pid_file: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(pid_file).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    // 0 and below would signal whole groups of processes.
    (pid > 1).then(|| Pid::from_raw(pid))
}

async fn stop_server(pid: Pid) -> Result<(), PrivateError> {
    for (signal, patience) in [(Signal::SIGINT, FAST), (Signal::SIGQUIT, IMMEDIATE)] {
        if kill(pid, signal) == Err(Errno::ESRCH) || is_gone(pid, patience).await {
            return Ok(());
        }
    }
    Err(PrivateError::Leftover { pid: pid.as_raw() })
}

/// The sessions of a killed server end when they notice, and a busy one may not for hours. Until
/// then they may write, and hold the memory that they share. What they did not commit is lost
/// anyway, so they are told, and then made, to end.
async fn end_sessions(cluster: &Path) -> Result<(), PrivateError> {
    let steps =
        [(None, NOTICE), (Some(Signal::SIGQUIT), NOTICE), (Some(Signal::SIGKILL), IMMEDIATE)];
    for (signal, patience) in steps {
        let end = Instant::now() + patience;
        for pid in sessions(cluster) {
            if let Some(signal) = signal {
                tracing::warn!(pid = pid.as_raw(), %signal, "ending a session of a killed server");
                // It may be gone by now, which is what is wanted.
                let _ = kill(pid, signal);
            }
        }
        while !sessions(cluster).is_empty() && Instant::now() < end {
            tokio::time::sleep(POLL).await;
        }
    }
    match sessions(cluster).first() {
        Some(pid) => Err(PrivateError::Leftover { pid: pid.as_raw() }),
        None => Ok(()),
    }
}

/// The processes that work on `cluster`.
fn sessions(cluster: &Path) -> Vec<Pid> {
    let mut pids = processes();
    pids.retain(|pid| works_in(*pid, cluster) && is_alive(*pid));
    pids
}

/// All processes, where the system tells.
fn processes() -> Vec<Pid> {
    let entries = std::fs::read_dir(PROCESSES).into_iter().flatten().filter_map(Result::ok);
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.map(Pid::from_raw).collect()
}

async fn is_gone(pid: Pid, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    while is_alive(pid) {
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
    true
}

fn is_alive(pid: Pid) -> bool {
    // A process that has ended but was not reaped still has its number.
    let is_zombie = std::fs::read_to_string(format!("{PROCESSES}/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')));
    !is_zombie && kill(pid, None) != Err(Errno::ESRCH)
}

/// Whether the process is PostgreSQL's, and works in `cluster`, as a server and its sessions do.
fn works_in(pid: Pid, cluster: &Path) -> bool {
    let process = format!("{PROCESSES}/{pid}");
    if !Path::new(PROCESSES).exists() {
        // Elsewhere its name has to do.
        let name = Command::new("ps").args(["-o", "comm=", "-p", &pid.to_string()]).output();
        return name.is_ok_and(|name| String::from_utf8_lossy(&name.stdout).contains("postgres"));
    }
    // Somebody may look around in the cluster's folder, and must not be ended for it.
    let is_postgres = || {
        std::fs::read_to_string(format!("{process}/comm"))
            .is_ok_and(|name| name.starts_with("postgres"))
    };
    std::fs::read_link(format!("{process}/cwd")).is_ok_and(|folder| folder == cluster)
        && is_postgres()
}
