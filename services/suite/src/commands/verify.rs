//! `chengping verify`: checks a published version, without a server once it is there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use chengping_ledger::bundle::{Report, verify};
use chengping_ledger::note::VerifierKey;
use chengping_proto::publication::v1::{DownloadBulletinVersionRequest, GetBulletinRequest};
use chengping_scoring::{ENGINE, Input, score};
use chengping_types::Month;
use clap::Args;
use serde_json::{Value, json};

use crate::args::{Common, Format};
use crate::clients::Clients;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table, say};
use crate::selection::bulletin_name;

/// Flags of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Bundle, or folder of bundles (*.json)
    #[arg(value_name = "FILE|DIR", required_unless_present = "out")]
    path: Option<PathBuf>,
    /// Key to believe, as NAME+HASH+BASE64; may be repeated
    #[arg(long = "key", value_name = "VKEY")]
    keys: Vec<VerifierKey>,
    /// Download the bundle of --month to this file first
    #[arg(long, value_name = "FILE", conflicts_with = "path")]
    out: Option<PathBuf>,
    /// Version to download; the published one unless given
    #[arg(long, value_name = "N", requires = "out")]
    version_number: Option<i32>,
}

/// Prints every check of every bundle; anything wrong is a failure.
pub async fn run(common: &Common, args: &VerifyArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let paths = match (&args.out, &args.path) {
        (Some(file), _) => {
            download(common, args.version_number, file).await?;
            vec![file.clone()]
        }
        (None, Some(path)) => bundles(path)?,
        (None, None) => return Err(Failure::usage("name a file, or --month and --out")),
    };
    let mut reports = Vec::new();
    for path in paths {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        reports.push((path, check(&bytes, &args.keys)));
    }
    if args.keys.is_empty() {
        say("note: no --key was given, so the signature was checked with the keys in the bundle \
             itself; get the key of the office by another way to know who signed");
    }
    print(&reports, out)?;
    let verified = reports.iter().all(|(_, report)| report.verified());
    Ok(if verified { Outcome::Done } else { Outcome::FoundWanting })
}

/// Checks one bundle with the keys of the reader, or with its own where there are none.
fn check(bytes: &[u8], trusted: &[VerifierKey]) -> Report {
    if !trusted.is_empty() {
        return verify(bytes, trusted, recompute);
    }
    let bundle = serde_json::from_slice::<Value>(bytes).ok();
    let keys = bundle.and_then(|bundle| serde_json::from_value(bundle.get("keys")?.clone()).ok());
    let keys: Vec<VerifierKey> = keys.unwrap_or_default();
    verify(bytes, &keys, recompute)
}

/// The results document that follows from a sealed input.
///
/// # Errors
///
/// When the input is not one, or names other rules or another engine than it can be computed with.
fn recompute(input: &Value) -> Result<Vec<u8>, String> {
    let recompute = || {
        let input: Input = serde_json::from_value(input.clone()).context("not an input")?;
        let (stated, computed) = (input.rule_pack.digest, input.rule_pack.pack.digest());
        ensure!(stated == computed, "the rule pack is said to be {stated}, and is {computed}");
        if input.engine != ENGINE {
            bail!("it was computed by {}, and this program has {ENGINE}", input.engine);
        }
        Ok(score(&input).results_document())
    };
    recompute().map_err(|error: anyhow::Error| format!("{error:#}"))
}

/// The file itself, or all bundles of a folder by name.
fn bundles(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let context = || format!("cannot read {}", path.display());
    if !fs::metadata(path).with_context(context)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(context)? {
        let file = entry.with_context(context)?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            files.push(file);
        }
    }
    ensure!(!files.is_empty(), "{} holds no bundle (*.json)", path.display());
    files.sort();
    Ok(files)
}

/// The name of a version of a month, of the published one unless a number is given.
pub(super) async fn version_name(
    clients: &Clients,
    month: Month,
    version: Option<i32>,
    doing: &str,
) -> Result<String, Failure> {
    let bulletin = bulletin_name(clients, month);
    let version = match version {
        Some(version) => version,
        None => {
            let request = GetBulletinRequest { name: bulletin.clone() };
            let found = clients.bulletins().get_bulletin(request).await.doing(doing)?;
            found.into_inner().published_version
        }
    };
    if version == 0 {
        return Err(Failure::other(format!("nothing of {month} is published")));
    }
    Ok(format!("{bulletin}/versions/{version}"))
}

async fn download(common: &Common, version: Option<i32>, file: &Path) -> Result<(), Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    let doing = format!("download the bulletin of {month}");
    let name = version_name(&clients, month, version, &doing).await?;
    let request = DownloadBulletinVersionRequest { name };
    let parts = clients.bulletins().download_bulletin_version(request).await;
    let mut parts = parts.doing(&doing)?.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await.doing(&doing)? {
        bytes.extend_from_slice(&part.data);
    }
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

fn print(reports: &[(PathBuf, Report)], out: &mut Output) -> Result<(), Failure> {
    match out.format() {
        Format::Table => {
            for (path, report) in reports {
                out.text(&heading(path, report))?;
                out.text(&report.to_string())?;
            }
            Ok(())
        }
        Format::Json => {
            let reports: Vec<_> = reports
                .iter()
                .map(|(path, report)| {
                    json!({"file": path, "verified": report.verified(), "report": report})
                })
                .collect();
            out.json(&reports)
        }
        Format::Csv => {
            let mut table = Table::new(&[
                ("file", Align::Left),
                ("verified", Align::Left),
                ("digest", Align::Left),
            ]);
            for (path, report) in reports {
                let digest = report.digest.map(|digest| digest.to_string()).unwrap_or_default();
                table.row([path.display().to_string(), report.verified().to_string(), digest]);
            }
            out.raw(&table.to_csv())
        }
    }
}

fn heading(path: &Path, report: &Report) -> String {
    let mut parts = vec![path.display().to_string()];
    parts.extend(report.jurisdiction.as_ref().map(ToString::to_string));
    parts.extend(report.month.map(|month| month.to_string()));
    parts.extend(report.version.map(|version| format!("version {version}")));
    parts.extend(report.digest.map(|digest| digest.to_string()));
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_bundle_is_not_verified() {
        for bytes in [&b""[..], b"{}", b"[1]", b"{\"keys\": 3}"] {
            assert!(!check(bytes, &[]).verified());
        }
    }

    #[test]
    fn what_is_no_input_is_said() {
        assert!(recompute(&json!({})).unwrap_err().starts_with("not an input: "));
    }

    #[test]
    fn a_folder_stands_for_its_bundles() {
        let folder = tempfile::tempdir().unwrap();
        assert!(bundles(folder.path()).is_err());
        for name in ["b.json", "a.json", "readme.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<_> = bundles(folder.path()).unwrap();
        assert_eq!(names, [folder.path().join("a.json"), folder.path().join("b.json")]);
    }
}
