//! `chengping doctor`: looks at this machine and the server, and says what is missing.

use std::path::Path;
use std::{env, fs};

use chengping_chassis::postgres::private::installed;
use clap::Args;
use serde_json::json;

use crate::args::Common;
use crate::discovery;
use crate::failure::{Failure, Outcome};
use crate::output::{Align, Output, Table};
use crate::suite_file::SuiteFile;

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

/// Found as `up` finds it; an empty variable names no server.
fn postgres() -> Finding {
    let is_named = env::var_os("DATABASE_URL").is_some_and(|url| !url.is_empty());
    let (well, text) = if is_named {
        (true, "DATABASE_URL is set and is used".to_owned())
    } else {
        match installed() {
            Ok((version, folder)) => (true, format!("{version} in {}", folder.display())),
            Err(error) => (false, error.to_string()),
        }
    };
    Finding { what: "PostgreSQL", well, text }
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
