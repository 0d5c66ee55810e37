//! `chengping rules diff`: what is different between two packs.

use std::convert::Infallible;
use std::str::FromStr;

use chengping_proto::rules::v1::GetRulePackRevisionRequest;
use chengping_rules::{PackDifference, RulePack, differences};
use serde_json::{Value, json};

use super::PackRevision;
use super::source::{self, PackSource};
use crate::args::Common;
use crate::clients::Clients;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// A pack, wherever it is.
#[derive(Debug, Clone)]
pub enum AnyPack {
    /// A file, or one that comes with the program.
    Local(PackSource),
    /// A revision that the server has.
    Kept(PackRevision),
}

impl FromStr for AnyPack {
    type Err = Infallible;

    /// `NAME@REVISION` is a revision of the server unless a file is called so.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let is_file = std::path::Path::new(text).exists();
        Ok(match text.parse() {
            Ok(revision) if !is_file => Self::Kept(revision),
            _ => {
                let Ok(local) = text.parse();
                Self::Local(local)
            }
        })
    }
}

impl AnyPack {
    /// Its text.
    pub(super) async fn text(&self, common: &Common) -> Result<String, Failure> {
        Ok(match self {
            Self::Local(source) => source.read()?,
            Self::Kept(revision) => {
                let clients = Clients::connect(common).await?;
                let name = revision.name(clients.jurisdiction());
                let request = GetRulePackRevisionRequest { name };
                let found = clients.rule_packs().get_rule_pack_revision(request).await;
                // The whole pack also where the text derives from another.
                let canonical = found.doing("get the revision")?.into_inner().canonical;
                String::from_utf8_lossy(&canonical).into_owned()
            }
        })
    }

    async fn read(&self, common: &Common) -> Result<RulePack, Failure> {
        source::parse(&self.text(common).await?)
    }
}

/// Prints one line a difference, and how many there are.
pub(super) async fn run(
    common: &Common,
    [before, after]: [&AnyPack; 2],
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let (before, after) = (before.read(common).await?, after.read(common).await?);
    let different = differences(&before, &after);
    let json: Vec<_> = different.iter().map(difference_json).collect();
    out.report(&difference_table(&different), &json)?;
    out.remark(format_args!("{} differences", different.len()))?;
    Ok(Outcome::Done)
}

/// One row a difference.
pub(super) fn difference_table(differences: &[PackDifference]) -> Table {
    let mut table =
        Table::new(&[("path", Align::Left), ("before", Align::Left), ("after", Align::Left)]);
    for one in differences.iter().cloned() {
        table.row([one.path, one.before.unwrap_or_default(), one.after.unwrap_or_default()]);
    }
    table
}

/// A difference as an object.
pub(super) fn difference_json(one: &PackDifference) -> Value {
    json!({"path": one.path, "before": one.before, "after": one.after})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_told_from_a_file_and_a_name() {
        let parse = |text: &str| text.parse::<AnyPack>().unwrap();
        assert!(matches!(parse("zz-2018@3"), AnyPack::Kept(_)));
        assert!(matches!(parse("zz-2018"), AnyPack::Local(PackSource::Builtin(_))));
        assert!(matches!(parse("./rules.yaml"), AnyPack::Local(PackSource::File(_))));
    }
}
