//! The suite in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::city::month;

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
    /// Starts it in a folder, with a PostgreSQL of its own, or on that of an administrator's URL.
    pub(crate) fn start(
        program: &Path,
        data: &Path,
        database: Option<&str>,
    ) -> anyhow::Result<Self> {
        let process = Command::new(program)
            .arg("up")
            // What is measured is the services; clients speak to them without tokens.
            .args(["--identity", "off", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("RUST_LOG", "warn")
            .env("DATABASE_URL", database.unwrap_or_default())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let (program, data) = (program.to_owned(), data.to_owned());
        let mut suite = Self { process, program, data, address: String::new() };
        suite.address = suite.wait_for_address()?;
        Ok(suite)
    }

    /// Its process.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
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

    /// Imports the registry of a folder, puts rules in force, and imports its cases.
    pub(crate) fn bring_in(&self, jurisdiction: &str, files: &Path) -> anyhow::Result<()> {
        let file = |name: &str| files.join(name).display().to_string();
        let bodies = ["bodies.csv", "areas.csv", "coefficients.csv"].map(file);
        let run = |words: &[&str]| self.run(jurisdiction, words);
        run(&["registry", "import", &bodies[0], &bodies[1], &bodies[2]])?;
        let first = month().plus(-12).to_string();
        run(&["rules", "apply", "--activate-from", &first, "zz-2018"])?;
        run(&["import", &file("cases.csv"), &file("events.csv")])
    }

    /// Runs a command on a jurisdiction of it.
    pub(crate) fn run(&self, jurisdiction: &str, words: &[&str]) -> anyhow::Result<()> {
        let status = Command::new(&self.program)
            .args(words)
            .env("CHENGPING_DATA", &self.data)
            .env("CHENGPING_JURISDICTION", jurisdiction)
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
