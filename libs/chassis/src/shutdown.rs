//! The wish to stop, as one token that everything listens to.

use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code of a process that SIGINT ended, as shells count it.
const EXIT_CODE_INTERRUPTED: i32 = 130;
/// Exit code of a process that SIGTERM ended, as shells count it.
const EXIT_CODE_TERMINATED: i32 = 143;
/// Within what time two signals are one wish.
const TOGETHER: Duration = Duration::from_millis(500);

/// A token that is cancelled by the first SIGINT or SIGTERM.
///
/// A later signal ends the process at once: whoever asks twice does not want to wait. Signals that
/// come together are one wish: `timeout` and terminals send them to the process and to its group.
///
/// # Errors
///
/// If the signal handlers cannot be installed.
pub fn on_signals() -> io::Result<CancellationToken> {
    let interrupts = signal(SignalKind::interrupt())?;
    let terminations = signal(SignalKind::terminate())?;
    let shutdown = CancellationToken::new();
    tokio::spawn(watch(interrupts, terminations, shutdown.clone()));
    Ok(shutdown)
}

async fn watch(mut interrupts: Signal, mut terminations: Signal, shutdown: CancellationToken) {
    let mut asked_at: Option<Instant> = None;
    loop {
        let exit_code = tokio::select! {
            _ = interrupts.recv() => EXIT_CODE_INTERRUPTED,
            _ = terminations.recv() => EXIT_CODE_TERMINATED,
        };
        if asked_at.is_some_and(|at| at.elapsed() < TOGETHER) {
            continue;
        }
        if shutdown.is_cancelled() {
            tracing::warn!("second signal, exiting at once");
            std::process::exit(exit_code);
        }
        asked_at = Some(Instant::now());
        tracing::info!("stopping; a second signal exits at once");
        shutdown.cancel();
    }
}
