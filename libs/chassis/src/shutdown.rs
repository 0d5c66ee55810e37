//! The wish to stop, as one token that everything listens to.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code of a process that SIGINT ended, as shells count it.
const EXIT_CODE_INTERRUPTED: i32 = 130;
/// Exit code of a process that SIGTERM ended, as shells count it.
const EXIT_CODE_TERMINATED: i32 = 143;

/// A token that is cancelled by the first SIGINT or SIGTERM.
///
/// The second signal ends the process at once: whoever asks twice does not want to wait.
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
    loop {
        let exit_code = tokio::select! {
            _ = interrupts.recv() => EXIT_CODE_INTERRUPTED,
            _ = terminations.recv() => EXIT_CODE_TERMINATED,
        };
        if shutdown.is_cancelled() {
            tracing::warn!("second signal, exiting at once");
            std::process::exit(exit_code);
        }
        tracing::info!("stopping; a second signal exits at once");
        shutdown.cancel();
    }
}
