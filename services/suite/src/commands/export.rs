//! `chengping export`: a version of a month as a file for people, from a server or from bundles.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use chengping_bulletin::{Bulletin, FileFormat, Former};
use chengping_ledger::bundle::{Bundle, Standing};
use chengping_ledger::version::SealedVersion;
use chengping_proto::publication::v1::ExportBulletinVersionRequest;
use chengping_types::{Digest, canonical};
use clap::Args;
use serde_json::json;

use super::verify::version_name;
use crate::args::Common;
use crate::clients::Clients;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table, say};

/// Flags of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Version; the published one unless given
    #[arg(long, value_name = "N", alias = "version", conflicts_with = "from")]
    version_number: Option<i32>,
    /// Bundle to make the file from, without a server
    #[arg(long, value_name = "BUNDLE")]
    from: Option<PathBuf>,
    /// Bundle of a former month to compare with; may be repeated
    #[arg(long, value_name = "BUNDLE", requires = "from")]
    former: Vec<PathBuf>,
    /// Why the version was withdrawn, if it was; the bundle says whether, and not why
    #[arg(long, value_name = "TEXT", requires = "from")]
    withdrawn: Option<String>,
    /// Where to write the file
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// File to compare, byte by byte, with the one that is made
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    check: Option<PathBuf>,
}

/// Writes or compares the file, and says what it is.
pub async fn run(common: &Common, args: &ExportArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let format = common.file_format()?;
    let bytes = match &args.from {
        Some(bundle) => offline(bundle, args, format)?,
        None => online(common, args.version_number, format).await?,
    };
    let (path, differs) = match (&args.check, &args.out) {
        (Some(path), _) => {
            let found =
                fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            (path, first_difference(&found, &bytes))
        }
        (None, Some(path)) => {
            fs::write(path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
            (path, None)
        }
        (None, None) => return Err(Failure::usage("name a file with --out FILE or --check FILE")),
    };
    report(path, format, &bytes, args.check.is_some().then_some(differs), out)?;
    if let Some(offset) = differs {
        let path = path.display();
        say(format_args!("{path} is not that file: it differs from byte {offset} on"));
        return Ok(Outcome::FoundWanting);
    }
    Ok(Outcome::Done)
}

/// Makes a file of a bundle, beside those of former months.
fn offline(bundle: &Path, args: &ExportArgs, format: FileFormat) -> anyhow::Result<Vec<u8>> {
    let compared = |path: &PathBuf| -> anyhow::Result<Former> {
        let (sealed, _) = sealed(path)?;
        let document = sealed.document();
        let results = canonical::to_vec(&document.results)?;
        Former::read(document.version, sealed.digest(), &results)
            .with_context(|| format!("{} cannot be compared with", path.display()))
    };
    let former = args.former.iter().map(compared).collect::<anyhow::Result<Vec<_>>>()?;
    let (sealed, standing) = sealed(bundle)?;
    let reason = args.withdrawn.as_deref();
    check_reason(reason, standing)
        .with_context(|| format!("{} cannot be shown so", bundle.display()))?;
    let bulletin = Bulletin::of_sealed(sealed.bytes(), former)
        .with_context(|| format!("{} cannot be shown", bundle.display()))?;
    let bulletin = match reason {
        Some(reason) => bulletin.withdrawn(reason),
        None => bulletin,
    };
    Ok(bulletin.render(format)?)
}

/// That a file says of a withdrawal what the log in the bundle says, which has no reasons.
fn check_reason(reason: Option<&str>, standing: Option<Standing>) -> anyhow::Result<()> {
    match (standing.map(|standing| standing.withdrawn), reason) {
        (Some(true), None) => {
            bail!("the log inside says that it was withdrawn; say why with --withdrawn REASON")
        }
        (Some(false), Some(_)) => {
            bail!(
                "the log inside knows of no withdrawal; leave --withdrawn out, or get the bundle \
                   anew"
            )
        }
        _ => Ok(()),
    }
}

/// The version in a bundle, and whether it stands, if the bundle says so.
fn sealed(path: &Path) -> anyhow::Result<(SealedVersion, Option<Standing>)> {
    let context = || format!("cannot read {}", path.display());
    let bytes = fs::read(path).with_context(context)?;
    let bundle = Bundle::parse(&bytes).with_context(|| {
        format!("{} is no bundle; `chengping verify --out FILE` writes one", path.display())
    })?;
    let wanting = || format!("{} is damaged; `chengping verify` names the place", path.display());
    let sealed = bundle.sealed().with_context(wanting)?;
    ensure!(sealed.digest() == bundle.digest(), wanting());
    let standing = bundle.standing(&sealed);
    Ok((sealed, standing))
}

async fn online(
    common: &Common,
    version: Option<i32>,
    format: FileFormat,
) -> Result<Vec<u8>, Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    let doing = format!("export the bulletin of {month}");
    let name = version_name(&clients, month, version, &doing).await?;
    let request = ExportBulletinVersionRequest { name, format: i32::from(format.code()) };
    let parts = clients.bulletins().export_bulletin_version(request).await;
    let mut parts = parts.doing(&doing)?.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await.doing(&doing)? {
        bytes.extend_from_slice(&part.data);
    }
    Ok(bytes)
}

/// From which byte on two files differ; none when they are the same.
fn first_difference(found: &[u8], made: &[u8]) -> Option<usize> {
    let common = found.iter().zip(made).take_while(|(found, made)| found == made).count();
    (found.len() != made.len() || common < made.len()).then_some(common)
}

fn report(
    path: &Path,
    format: FileFormat,
    bytes: &[u8],
    checked: Option<Option<usize>>,
    out: &mut Output,
) -> Result<(), Failure> {
    let digest = Digest::of(bytes).to_string();
    let mut table = Table::new(&[
        ("file", Align::Left),
        ("format", Align::Left),
        ("bytes", Align::Right),
        ("digest", Align::Left),
        ("same", Align::Left),
    ]);
    let same = checked.map(|differs| differs.is_none());
    let shown = same.map(|same| same.to_string()).unwrap_or_default();
    let file = path.display().to_string();
    table.row([file.clone(), format.to_string(), bytes.len().to_string(), digest.clone(), shown]);
    let value = json!({
        "file": file, "format": format, "bytes": bytes.len(), "digest": digest, "same": same,
    });
    out.report(&table, &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withdrawal_that_the_log_knows_has_a_reason_and_no_other() {
        let standing = |withdrawn| Some(Standing { superseded_by: None, withdrawn });
        for (reason, standing, said) in [
            (None, standing(false), None),
            (Some("x"), standing(true), None),
            (None, None, None),
            (Some("x"), None, None),
            (None, standing(true), Some("--withdrawn REASON")),
            (Some("x"), standing(false), Some("no withdrawal")),
        ] {
            let refused = check_reason(reason, standing).err().map(|error| error.to_string());
            assert_eq!(refused.is_some(), said.is_some(), "{reason:?} {standing:?}");
            assert!(said.is_none_or(|said| refused.is_some_and(|refused| refused.contains(said))));
        }
    }

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(first_difference(b"abc", b"abc"), None);
        assert_eq!(first_difference(b"abd", b"abc"), Some(2));
        assert_eq!(first_difference(b"ab", b"abc"), Some(2));
        assert_eq!(first_difference(b"abcd", b"abc"), Some(3));
        assert_eq!(first_difference(b"", b"a"), Some(0));
    }
}
