use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// A process under test. Killed when dropped; what it said is kept.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: watch::Receiver<Vec<String>>,
}

/// What did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The process cannot be started or asked.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The process did not say or do it in time, or ended first.
    #[error("{what} did not happen; the process said:\n{log}")]
    DidNotHappen {
        /// What was waited for.
        what: String,
        /// Everything the process said.
        log: String,
    },
}

impl Process {
    /// Starts `program` with `arguments`, and `variables` on top of this process's own.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start<A, N, V>(
        program: impl AsRef<Path>,
        arguments: impl IntoIterator<Item = A>,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, ProcessError>
    where
        A: AsRef<OsStr>,
        N: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        let mut child = Command::new(program.as_ref())
            .args(arguments)
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (heard, lines) = watch::channel(Vec::new());
        tokio::spawn(listen(child.stdout.take().expect("it is piped"), heard.clone()));
        tokio::spawn(listen(child.stderr.take().expect("it is piped"), heard));
        Ok(Self { child, lines })
    }

    /// Its process ID, `None` once it has been waited for.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for a line, on either output, that contains `text`; past lines count.
    ///
    /// # Errors
    ///
    /// If there is none within `patience`, or the process closes its outputs without it.
    pub async fn wait_for_line(
        &mut self,
        text: &str,
        patience: Duration,
    ) -> Result<String, ProcessError> {
        let find = |lines: &Vec<String>| lines.iter().find(|line| line.contains(text)).cloned();
        let said = self.lines.wait_for(|lines| find(lines).is_some());
        let found = match tokio::time::timeout(patience, said).await {
            Ok(Ok(lines)) => find(&lines),
            Ok(Err(_)) | Err(_) => None,
        };
        found.ok_or_else(|| self.did_not_happen(format!("a line with {text:?}")))
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    ///
    /// If it does not within `patience`.
    pub async fn wait(&mut self, patience: Duration) -> Result<ExitStatus, ProcessError> {
        match tokio::time::timeout(patience, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => Err(self.did_not_happen("its end".to_owned())),
        }
    }

    /// Sends `signal`, unless it has ended.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn signal(&self, signal: Signal) -> Result<(), ProcessError> {
        if let Some(id) = self.id() {
            let pid = Pid::from_raw(i32::try_from(id).expect("process IDs are small"));
            kill(pid, signal).map_err(io::Error::from)?;
        }
        Ok(())
    }

    /// Ends it as a crash would (SIGKILL), and waits until it is gone.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub async fn kill(&mut self) -> Result<(), ProcessError> {
        Ok(self.child.kill().await?)
    }

    /// Everything it has said so far, on both outputs.
    pub fn log(&self) -> String {
        self.lines.borrow().join("\n")
    }

    fn did_not_happen(&self, what: String) -> ProcessError {
        ProcessError::DidNotHappen { what, log: self.log() }
    }
}

async fn listen(output: impl AsyncRead + Unpin, heard: watch::Sender<Vec<String>>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        heard.send_modify(|lines| lines.push(line));
    }
}
