//! `chengping rules adjust`, `rollback` and `rebase`: new revisions out of old ones.

use chengping_proto::rules::v1::{
    AdjustRulePackRequest, Adjustment, GetRulePackRequest, GetRulePackRevisionRequest,
    RebaseRulePackRequest, RollbackRulePackRequest, RulePack, RulePackDifference, RulePackRevision,
};
use chengping_rules::differences;
use chengping_types::PackId;
use chengping_types::name::{RulePackName, RulePackRevisionName};
use clap::Args;
use serde_json::Value;
use uuid::Uuid;

use super::diff::{difference_json, difference_table};
use super::{PackRevision, list, revision_json, source};
use crate::args::Format;
use crate::clients::Clients;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Output, say};

/// A number that is to be changed, as `PATH=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NewValue {
    path: String,
    value: String,
}

impl std::str::FromStr for NewValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=').map(|(path, value)| (path.trim(), value.trim()));
        match parts {
            Some((path, value)) if !path.is_empty() && !value.is_empty() => {
                Ok(Self { path: path.to_owned(), value: value.to_owned() })
            }
            _ => Err("expected PATH=VALUE, such as families.area.zones.key=0.7".to_owned()),
        }
    }
}

/// Flags of `rules adjust`.
#[derive(Debug, Args)]
pub struct AdjustArgs {
    /// The pack; its newest revision is the one that is changed
    #[arg(value_name = "PACK")]
    pack: PackId,
    /// Numbers and what they are to be, such as families.area.zones.key=0.7
    #[arg(value_name = "PATH=VALUE", required = true)]
    values: Vec<NewValue>,
    /// Where the numbers come from: regulation, standard, city:NAME or assumption
    #[arg(long, value_name = "TEXT")]
    provenance: String,
    /// The clause that the numbers carry out; the one that stands unless given
    #[arg(long, value_name = "TEXT", default_value = "")]
    clause: String,
    /// The nearest real source, or why; the one that stands unless given
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Check and show what would be different; change nothing
    #[arg(long)]
    validate_only: bool,
}

/// Flags of `rules rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The pack
    #[arg(value_name = "PACK")]
    pack: PackId,
    /// The number of the revision to go back to
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    to: i64,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Check and show what would be different; change nothing
    #[arg(long)]
    validate_only: bool,
}

/// Flags of `rules rebase`.
#[derive(Debug, Args)]
pub struct RebaseArgs {
    /// The pack that derives
    #[arg(value_name = "PACK")]
    pack: PackId,
    /// Revision of the parent; the newest approved one unless given
    #[arg(long, value_name = "PARENT@REVISION")]
    to: Option<PackRevision>,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Check and show what would be different; change nothing
    #[arg(long)]
    validate_only: bool,
}

/// Changes numbers in the newest revision.
pub(super) async fn adjust(
    clients: &Clients,
    args: &AdjustArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let (pack, before) = newest(clients, &args.pack).await?;
    let adjustment = |one: &NewValue| Adjustment {
        path: one.path.clone(),
        value: one.value.clone(),
        provenance: args.provenance.clone(),
        clause: args.clause.clone(),
        note: args.note.clone(),
    };
    let request = AdjustRulePackRequest {
        name: before.name.clone(),
        adjustments: args.values.iter().map(adjustment).collect(),
        reason: args.reason.clone(),
        validate_only: args.validate_only,
        request_id: Uuid::new_v4().to_string(),
        etag: pack.etag,
    };
    let answer = clients.rule_packs().adjust_rule_pack(request).await;
    let after = answer.doing(format!("adjust {}", args.pack))?.into_inner();
    report(&before, &after, args.validate_only, out)
}

/// Commits the text of a former revision again.
pub(super) async fn rollback(
    clients: &Clients,
    args: &RollbackArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let (pack, before) = newest(clients, &args.pack).await?;
    let request = RollbackRulePackRequest {
        name: pack.name,
        revision: args.to,
        reason: args.reason.clone(),
        validate_only: args.validate_only,
        request_id: Uuid::new_v4().to_string(),
        etag: pack.etag,
    };
    let answer = clients.rule_packs().rollback_rule_pack(request).await;
    let after = answer.doing(format!("roll {} back", args.pack))?.into_inner();
    report(&before, &after, args.validate_only, out)
}

/// Takes a newer revision of the parent.
pub(super) async fn rebase(
    clients: &Clients,
    args: &RebaseArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let (pack, before) = newest(clients, &args.pack).await?;
    let Ok(parent) = before.parent_revision.parse::<RulePackRevisionName>() else {
        return Err(Failure::other(format!("{} derives from no other pack", args.pack)));
    };
    let parent_revision = match &args.to {
        // The parent may be of another jurisdiction, and stays in it.
        Some(revision) => revision.name(&parent.jurisdiction),
        None if pack.offered_parent_revision.is_empty() => {
            return Err(Failure::other(format!("{parent} has no newer approved revision")));
        }
        None => pack.offered_parent_revision,
    };
    let request = RebaseRulePackRequest {
        name: pack.name,
        parent_revision,
        reason: args.reason.clone(),
        validate_only: args.validate_only,
        request_id: Uuid::new_v4().to_string(),
        etag: pack.etag,
    };
    let answer = clients.rule_packs().rebase_rule_pack(request).await;
    let answer = answer.doing(format!("rebase {}", args.pack))?.into_inner();
    for path in &answer.contested_paths {
        say(format_args!(
            "note: the parent changed {path}, which this pack overrides; decide again"
        ));
    }
    report(&before, &answer.revision.unwrap_or_default(), args.validate_only, out)
}

/// The pack, and its newest revision.
async fn newest(clients: &Clients, pack: &PackId) -> Result<(RulePack, RulePackRevision), Failure> {
    let name =
        RulePackName { jurisdiction: clients.jurisdiction().clone(), rule_pack: pack.clone() };
    let request = GetRulePackRequest { name: name.to_string() };
    let found = clients.rule_packs().get_rule_pack(request).await;
    let found = found.doing(format!("get {pack}"))?.into_inner();
    let name = format!("{name}/revisions/{}", found.newest_revision);
    let request = GetRulePackRevisionRequest { name };
    let revision = clients.rule_packs().get_rule_pack_revision(request).await;
    let revision = revision.doing(format!("get {pack}"))?.into_inner();
    Ok((found, revision))
}

/// What is different, old and new, and then the revision.
fn report(
    before: &RulePackRevision,
    after: &RulePackRevision,
    validate_only: bool,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let pack =
        |revision: &RulePackRevision| source::parse(&String::from_utf8_lossy(&revision.canonical));
    let different = differences(&pack(before)?, &pack(after)?);
    match out.format() {
        Format::Table => {
            out.text(&difference_table(&different).to_string())?;
            let mut table = list::table();
            table.row(list::row(after));
            out.text(&table.to_string())?;
        }
        Format::Csv => out.raw(&difference_table(&different).to_csv())?,
        Format::Json => {
            let mut json = revision_json(after);
            json["validate_only"] = Value::from(validate_only);
            json["differences"] = different.iter().map(difference_json).collect();
            out.json(&json)?;
        }
    }
    if validate_only {
        out.remark("nothing was changed")?;
    }
    Ok(Outcome::Done)
}

/// Prints what a revision makes different from its parent.
pub(super) fn overrides(revision: &RulePackRevision, out: &mut Output) -> Result<Outcome, Failure> {
    let plain = |one: &RulePackDifference| chengping_rules::PackDifference {
        path: one.path.clone(),
        before: Some(one.before.clone()).filter(|text| !text.is_empty()),
        after: Some(one.after.clone()).filter(|text| !text.is_empty()),
    };
    let overrides: Vec<_> = revision.overrides.iter().map(plain).collect();
    let json: Vec<_> = overrides.iter().map(difference_json).collect();
    out.report(&difference_table(&overrides), &json)?;
    if revision.parent_revision.is_empty() {
        out.remark("a whole pack, which derives from no other")?;
    } else {
        out.remark(format_args!("derives from {}", revision.parent_revision))?;
    }
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_value_is_a_path_and_a_value() {
        let read: NewValue = "families.area.zones.key=2/3".parse().unwrap();
        assert_eq!((read.path.as_str(), read.value.as_str()), ("families.area.zones.key", "2/3"));
        for bad in ["families.area.zones.key", "=1", "a=", ""] {
            assert!(bad.parse::<NewValue>().unwrap_err().contains("PATH=VALUE"), "{bad}");
        }
    }
}
