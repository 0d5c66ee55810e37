//! The suite in a process of its own, with the rules in force and everything imported.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::city::month;

/// Whose evaluation is measured.
pub(crate) const JURISDICTION: &str = "jurisdictions/bench";

const READY: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

/// A suite that serves; it stops when it is dropped.
pub(crate) struct Suite {
    process: Child,
    program: PathBuf,
    data: PathBuf,
    pub(crate) address: String,
}

impl Suite {
    /// Starts it in a folder, and brings in what the files have.
    pub(crate) async fn start(program: &Path, data: &Path, files: &Path) -> anyhow::Result<Self> {
        let process = Command::new(program)
            .arg("up")
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let (program, data) = (program.to_owned(), data.to_owned());
        let mut suite = Self { process, program, data, address: String::new() };
        suite.address = suite.wait_for_address()?;
        let file = |name: &str| files.join(name).display().to_string();
        let bodies = ["bodies.csv", "areas.csv", "coefficients.csv"].map(file);
        suite.run(&["registry", "import", &bodies[0], &bodies[1], &bodies[2]])?;
        let first = month().plus(-12).to_string();
        suite.run(&["rules", "apply", "--activate-from", &first, "zz-2018"])?;
        suite.run(&["import", &file("cases.csv"), &file("events.csv")])?;
        Ok(suite)
    }

    fn wait_for_address(&mut self) -> anyhow::Result<String> {
        let start = Instant::now();
        while start.elapsed() < READY {
            let text = std::fs::read(self.data.join("suite.json")).unwrap_or_default();
            let found: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
            if let Some(address) = found["address"].as_str() {
                let has_scheme = address.starts_with("http");
                return Ok(if has_scheme {
                    address.to_owned()
                } else {
                    format!("http://{address}")
                });
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("the suite ended with {status}");
            }
            sleep(PAUSE);
        }
        bail!("the suite does not serve")
    }

    fn run(&self, words: &[&str]) -> anyhow::Result<()> {
        let status = Command::new(&self.program)
            .args(words)
            .env("CHENGPING_DATA", &self.data)
            .env("CHENGPING_JURISDICTION", "bench")
            .stdout(Stdio::null())
            .status()?;
        ensure!(status.success(), "`chengping {}` ended with {status}", words.join(" "));
        Ok(())
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        let process = nix::unistd::Pid::from_raw(self.process.id().cast_signed());
        // It stops its database, which a killed one would leave running.
        let asked = nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM);
        if asked.is_err() || self.process.wait().is_err() {
            self.process.kill().ok();
        }
    }
}
