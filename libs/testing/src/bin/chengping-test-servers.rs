//! Runs a command with one PostgreSQL and one Redis that all its tests share:
//! `chengping-test-servers -- cargo nextest run --workspace`.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, ExitStatus};

use anyhow::{Context as _, bail};
use chengping_testing::{Cluster, POSTGRES_VARIABLE, REDIS_VARIABLE, RedisServer};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

/// What shells add to the number of the signal that ended a command.
const SIGNAL_EXIT_BASE: i32 = 128;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let command: Vec<_> = std::env::args_os().skip(1).skip_while(|part| part == "--").collect();
    let Some((program, arguments)) = command.split_first() else {
        bail!("usage: chengping-test-servers -- COMMAND [ARGUMENT]…");
    };
    // Installed first: a signal during start-up must still stop what was started.
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;

    let mut child = Command::new(program);
    child.args(arguments);
    let cluster = match std::env::var_os(POSTGRES_VARIABLE) {
        Some(_) => None,
        None => Some(Cluster::start().await?),
    };
    if let Some(cluster) = &cluster {
        child.env(POSTGRES_VARIABLE, cluster.admin_url());
    }
    let redis = RedisServer::find().await;
    if let Some(redis) = &redis {
        child.env(REDIS_VARIABLE, redis.url());
    }

    let outcome = match child.spawn() {
        Ok(child) => wait(child, &mut interrupts, &mut terminations).await,
        Err(error) => Err(error).with_context(|| format!("cannot run {}", program.display())),
    };
    drop(redis);
    if let Some(cluster) = cluster {
        cluster.stop().await?;
    }
    outcome.map(exit_code)
}

/// Waits for the end of `child`; signals are its business until then.
async fn wait(
    mut child: Child,
    interrupts: &mut Signals,
    terminations: &mut Signals,
) -> anyhow::Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return Ok(status?),
            _ = interrupts.recv() => pass_on(&child, Signal::SIGINT),
            _ = terminations.recv() => pass_on(&child, Signal::SIGTERM),
        }
    }
}

fn pass_on(child: &Child, signal: Signal) {
    if let Some(id) = child.id() {
        let pid = Pid::from_raw(i32::try_from(id).expect("process IDs are small"));
        // It may have ended just now; its status follows.
        let _ = kill(pid, signal);
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let by_signal = status.signal().map(|signal| SIGNAL_EXIT_BASE + signal);
    let code = status.code().or(by_signal).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
