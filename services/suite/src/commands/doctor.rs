//! `chengping doctor`: looks at this machine and the server, and says what is missing.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use clap::Args;
use serde_json::json;

use crate::args::Common;
use crate::discovery;
use crate::failure::{Failure, Outcome};
use crate::output::{Align, Output, Table};
use crate::suite_file::SuiteFile;

/// Where Debian keeps the binaries of each PostgreSQL version.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// Flags of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {}

/// One thing looked at.
struct Finding {
    what: &'static str,
    well: bool,
    text: String,
}

/// Prints what was found, and fails when something needed is missing.
pub async fn run(common: &Common, _: &DoctorArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let findings = [data_folder(common.data_dir()), postgres(), server(common).await];
    let mut table =
        Table::new(&[("what", Align::Left), ("ok", Align::Left), ("found", Align::Left)]);
    for finding in &findings {
        let well = if finding.well { "yes" } else { "no" };
        table.row([finding.what.to_owned(), well.to_owned(), finding.text.clone()]);
    }
    let json: Vec<_> = findings
        .iter()
        .map(|finding| json!({"what": finding.what, "ok": finding.well, "found": finding.text}))
        .collect();
    out.report(&table, &json)?;
    let well = findings.iter().all(|finding| finding.well);
    Ok(if well { Outcome::Done } else { Outcome::FoundWanting })
}

fn data_folder(data: &Path) -> Finding {
    let (well, text) = match fs::metadata(data) {
        Ok(metadata) if !metadata.is_dir() => (false, "is not a folder".to_owned()),
        Ok(metadata) if metadata.permissions().readonly() => (false, "is read-only".to_owned()),
        Ok(_) => (true, "is there".to_owned()),
        Err(_) => (true, "does not exist yet; `chengping up` creates it".to_owned()),
    };
    Finding { what: "data folder", well, text: format!("{} {text}", data.display()) }
}

fn postgres() -> Finding {
    let (well, text) = if env::var_os("DATABASE_URL").is_some() {
        (true, "DATABASE_URL is set and is used".to_owned())
    } else {
        match postgres_version() {
            Some(version) => (true, version),
            None => (
                false,
                "no postgres program found; install PostgreSQL 15 or later, or set DATABASE_URL"
                    .to_owned(),
            ),
        }
    };
    Finding { what: "PostgreSQL", well, text }
}

/// What the newest `postgres` program on this machine says of itself.
fn postgres_version() -> Option<String> {
    let versions = fs::read_dir(POSTGRES_VERSIONS).into_iter().flatten().flatten();
    let mut programs: Vec<_> = versions
        .filter_map(|entry| {
            let number: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((number, entry.path().join("bin/postgres")))
        })
        .collect();
    programs.sort();
    let programs = programs.into_iter().rev().map(|(_, program)| program);
    programs.chain(["postgres".into()]).find_map(|program| {
        let output = Command::new(&program).arg("--version").output().ok()?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then(|| format!("{version}, {}", program.display()))
    })
}

async fn server(common: &Common) -> Finding {
    let patience = Common { wait: 0, ..common.clone() };
    let (well, text) = match discovery::connect(&patience).await {
        Ok(_) => {
            let suite = SuiteFile::read(common.data_dir()).ok().flatten();
            match suite.filter(|_| common.server.is_none()) {
                Some(suite) => (true, format!("serving at {}, pid {}", suite.address, suite.pid)),
                None => (true, "serving".to_owned()),
            }
        }
        Err(failure) => (false, failure.message()),
    };
    Finding { what: "server", well, text }
}
