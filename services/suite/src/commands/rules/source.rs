//! Where the text of a pack comes from, and the check that needs no server.

use std::convert::Infallible;
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use chengping_rules::{Mistakes, RulePack, builtin, builtin_names, is_derived, read_derived};
use chengping_types::PackId;
use serde_json::json;

use super::{Align, Table};
use crate::failure::{Failure, Outcome};
use crate::output::{Output, say};

/// A YAML file, or a pack that comes with the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackSource {
    /// The text of a built-in pack.
    Builtin(&'static str),
    /// A file.
    File(PathBuf),
}

impl FromStr for PackSource {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(builtin(text).map_or_else(|| Self::File(text.into()), Self::Builtin))
    }
}

impl PackSource {
    /// The text.
    pub(super) fn read(&self) -> anyhow::Result<String> {
        match self {
            Self::Builtin(text) => Ok((*text).to_owned()),
            Self::File(path) => fs::read_to_string(path).with_context(|| {
                let known: Vec<_> = builtin_names().collect();
                format!(
                    "cannot read {}; the built-in packs are {}",
                    path.display(),
                    known.join(", ")
                )
            }),
        }
    }
}

/// Reads a pack, and says every mistake that is in it.
pub(super) fn parse(text: &str) -> Result<RulePack, Failure> {
    RulePack::parse(text).map_err(|mistakes| told(&mistakes))
}

/// The name of a pack, also of one that derives from another, which only the server can check.
pub(super) fn pack_id(text: &str) -> Result<PackId, Failure> {
    if is_derived(text) {
        return read_derived(text).map(|derived| derived.pack).map_err(|mistakes| told(&mistakes));
    }
    parse(text).map(|pack| pack.pack)
}

fn told(mistakes: &Mistakes) -> Failure {
    for mistake in mistakes {
        say(mistake);
    }
    Failure::other(format!("the pack has {} mistakes", mistakes.iter().count()))
}

/// Prints what a pack is known by, and its warnings.
pub(super) fn validate(source: &PackSource, out: &mut Output) -> Result<Outcome, Failure> {
    let pack = parse(&source.read()?)?;
    let warnings: Vec<_> = pack.warnings().iter().map(ToString::to_string).collect();
    for warning in &warnings {
        say(format_args!("warning: {warning}"));
    }
    let mut table =
        Table::new(&[("pack", Align::Left), ("digest", Align::Left), ("warnings", Align::Right)]);
    table.row([pack.pack.to_string(), pack.digest().to_string(), warnings.len().to_string()]);
    let json = json!({
        "pack": pack.pack.to_string(),
        "digest": pack.digest().to_string(),
        "warnings": warnings,
    });
    out.report(&table, &json)?;
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_ours_is_no_file() {
        let source: PackSource = "zz-2018".parse().unwrap();
        assert!(matches!(source, PackSource::Builtin(_)));
        let source: PackSource = "./zz-2018".parse().unwrap();
        assert!(matches!(source, PackSource::File(_)));
    }

    #[test]
    fn an_unknown_pack_is_answered_with_the_known_ones() {
        let source: PackSource = "nowhere".parse().unwrap();
        let message = source.read().unwrap_err().to_string();
        assert!(message.contains("zz-2018"), "{message}");
    }
}
