//! `chengping rules`: checks, reviews and puts in force the rules of evaluation.

mod audit;
mod change;
mod diff;
mod list;
mod preview;
pub mod source;

use chengping_proto::rules::v1::rule_pack_revision::State;
use chengping_proto::rules::v1::{
    ActivateRulePackRevisionRequest, ApproveRulePackRevisionRequest, CommitRulePackRevisionRequest,
    GetEffectiveRulePackRequest, GetRulePackRevisionRequest, RefuseRulePackRevisionRequest,
    RulePackRevision, SubmitRulePackRevisionRequest,
};
use chengping_types::Month;
use chengping_types::name::RulePackName;
use clap::Subcommand;
use serde_json::{Value, json};
use tonic::Status;
use uuid::Uuid;

use self::audit::AuditArgs;
use self::diff::AnyPack;
use self::source::PackSource;
use super::evaluate::PackRevision;
use crate::args::{Common, Format};
use crate::clients::Clients;
use crate::convert::{enum_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table, say};

/// Subcommands of `rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Check a pack without a server: all mistakes and warnings at once
    Validate {
        /// YAML file, or the name of a built-in pack
        #[arg(value_name = "FILE|NAME")]
        pack: PackSource,
    },
    /// Commit, submit, approve and activate a pack in one go; does only what is left to do
    Apply {
        /// First month in which it is in force; without it the pack is committed as a draft
        #[arg(long, value_name = "YYYY-MM")]
        activate_from: Option<Month>,
        /// Why; kept in the audit log
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// YAML file, or the name of a built-in pack
        #[arg(value_name = "FILE|NAME")]
        pack: PackSource,
    },
    /// Show what is different between two packs, number by number
    Diff {
        /// The one: a YAML file, a built-in pack, or NAME@REVISION of the server
        #[arg(value_name = "BEFORE")]
        before: AnyPack,
        /// The other
        #[arg(value_name = "AFTER")]
        after: AnyPack,
    },
    /// Show what other rules would have given in past months, beside those in force (--month);
    /// changes nothing
    Preview(preview::PreviewArgs),
    /// List the packs and their revisions
    List,
    /// List or check who changed what, when and why: rules, registries and calendars
    Audit(AuditArgs),
    /// Hand a draft in for approval
    Submit {
        /// Why; kept in the audit log
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// Revision, such as zz-2018@3
        #[arg(value_name = "NAME@REVISION")]
        revision: PackRevision,
    },
    /// Approve a submitted revision
    Approve {
        /// Why; kept in the audit log
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// Revision, such as zz-2018@3
        #[arg(value_name = "NAME@REVISION")]
        revision: PackRevision,
    },
    /// Refuse a submitted revision
    Refuse {
        /// Why; kept in the audit log
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Revision, such as zz-2018@3
        #[arg(value_name = "NAME@REVISION")]
        revision: PackRevision,
    },
    /// Put an approved revision in force
    Activate {
        /// Why; kept in the audit log
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// First month in which it is in force
        #[arg(long, value_name = "YYYY-MM")]
        activate_from: Month,
        /// Revision, such as zz-2018@3
        #[arg(value_name = "NAME@REVISION")]
        revision: PackRevision,
    },
    /// Change single numbers of the newest revision, and commit the result
    Adjust(change::AdjustArgs),
    /// Commit the text of a former revision as a new one
    Rollback(change::RollbackArgs),
    /// Take a newer revision of the pack from which a pack derives
    Rebase(change::RebaseArgs),
    /// Print the text of a revision, with its comments
    Show {
        /// Print what it makes different from the pack that it derives from instead
        #[arg(long)]
        overrides: bool,
        /// Revision, such as zz-2018@3
        #[arg(value_name = "NAME@REVISION")]
        revision: PackRevision,
    },
}

/// Does what the subcommand says.
pub async fn run(
    common: &Common,
    command: &RulesCommand,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    if let RulesCommand::Validate { pack } = command {
        return source::validate(pack, out);
    }
    // A bad pack is told of before anybody waits for a server.
    if let RulesCommand::Apply { activate_from, reason, pack } = command {
        let text = pack.read()?;
        return apply(common, &text, *activate_from, reason, out).await;
    }
    if let RulesCommand::Diff { before, after } = command {
        return diff::run(common, [before, after], out).await;
    }
    if let RulesCommand::Preview(args) = command {
        return preview::run(common, args, out).await;
    }
    if let RulesCommand::Audit(args) = command {
        return audit::run(common, args, out).await;
    }
    let clients = Clients::connect(common).await?;
    let client = &mut clients.rule_packs();
    let revision = match command {
        RulesCommand::List => return list::run(&clients, out).await,
        RulesCommand::Show { overrides, revision } => {
            return show(&clients, revision, *overrides, out).await;
        }
        RulesCommand::Adjust(args) => return change::adjust(&clients, args, out).await,
        RulesCommand::Rollback(args) => return change::rollback(&clients, args, out).await,
        RulesCommand::Rebase(args) => return change::rebase(&clients, args, out).await,
        RulesCommand::Submit { revision, reason } => {
            let (name, reason) = (revision.name(clients.jurisdiction()), reason.clone());
            let request = SubmitRulePackRevisionRequest { name, reason, ..Default::default() };
            client.submit_rule_pack_revision(request).await.doing("submit the revision")
        }
        RulesCommand::Approve { revision, reason } => {
            let (name, reason) = (revision.name(clients.jurisdiction()), reason.clone());
            let request = ApproveRulePackRevisionRequest { name, reason, ..Default::default() };
            client.approve_rule_pack_revision(request).await.doing("approve the revision")
        }
        RulesCommand::Refuse { revision, reason } => {
            let (name, reason) = (revision.name(clients.jurisdiction()), reason.clone());
            let request = RefuseRulePackRevisionRequest { name, reason, ..Default::default() };
            client.refuse_rule_pack_revision(request).await.doing("refuse the revision")
        }
        RulesCommand::Activate { revision, activate_from, reason } => {
            let (name, reason) = (revision.name(clients.jurisdiction()), reason.clone());
            let active_from = activate_from.to_string();
            let request =
                ActivateRulePackRevisionRequest { name, active_from, reason, ..Default::default() };
            client.activate_rule_pack_revision(request).await.doing("activate the revision")
        }
        RulesCommand::Validate { .. }
        | RulesCommand::Apply { .. }
        | RulesCommand::Diff { .. }
        | RulesCommand::Audit(_)
        | RulesCommand::Preview(_) => return Ok(Outcome::Done),
    };
    report(&revision?.into_inner(), out)?;
    Ok(Outcome::Done)
}

async fn apply(
    common: &Common,
    text: &str,
    activate_from: Option<Month>,
    reason: &str,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let pack = source::pack_id(text)?;
    let clients = Clients::connect(common).await?;
    let name = RulePackName { jurisdiction: clients.jurisdiction().clone(), rule_pack: pack };
    let pack = name.rule_pack.clone();
    let request = CommitRulePackRevisionRequest {
        parent: name.to_string(),
        source: text.to_owned(),
        request_id: Uuid::new_v4().to_string(),
        reason: reason.to_owned(),
        ..CommitRulePackRevisionRequest::default()
    };
    let committed = clients.rule_packs().commit_rule_pack_revision(request).await;
    let committed = committed.doing(format!("commit {pack}"))?.into_inner();
    if !committed.warnings.is_empty() {
        let count = committed.warnings.len();
        say(format_args!("note: the pack has {count} warnings; see `chengping rules validate`"));
    }
    let revision = match activate_from {
        Some(from) => put_in_force(&clients, committed, (from, reason)).await,
        None => Ok(committed),
    };
    report(&revision.doing(format!("put {pack} in force"))?, out)?;
    Ok(Outcome::Done)
}

/// Takes the steps that a revision has not taken yet: none when it is in force in the month.
async fn put_in_force(
    clients: &Clients,
    mut revision: RulePackRevision,
    (from, reason): (Month, &str),
) -> Result<RulePackRevision, Status> {
    let active_from = from.to_string();
    let client = &mut clients.rule_packs();
    if revision.state() == State::Active {
        let month = active_from.clone();
        let request = GetEffectiveRulePackRequest { parent: clients.parent(), month };
        let in_force = client.get_effective_rule_pack(request).await;
        if let Ok(in_force) = in_force
            && in_force.get_ref().name == revision.name
        {
            return Ok(revision);
        }
    }
    loop {
        let (name, etag) = (revision.name.clone(), revision.etag.clone());
        let reason = reason.to_owned();
        revision = match revision.state() {
            State::Draft => {
                let request =
                    SubmitRulePackRevisionRequest { name, etag, reason, ..Default::default() };
                client.submit_rule_pack_revision(request).await?.into_inner()
            }
            State::Submitted => {
                let request =
                    ApproveRulePackRevisionRequest { name, etag, reason, ..Default::default() };
                client.approve_rule_pack_revision(request).await?.into_inner()
            }
            // Whether another month or another time will do is for the server to say.
            _ => {
                let request = ActivateRulePackRevisionRequest {
                    name,
                    active_from,
                    etag,
                    reason,
                    ..Default::default()
                };
                return Ok(client.activate_rule_pack_revision(request).await?.into_inner());
            }
        };
    }
}

async fn show(
    clients: &Clients,
    revision: &PackRevision,
    overrides: bool,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let name = revision.name(clients.jurisdiction());
    let request = GetRulePackRevisionRequest { name };
    let found = clients.rule_packs().get_rule_pack_revision(request).await;
    let found = found.doing("get the revision")?.into_inner();
    if overrides {
        return change::overrides(&found, out);
    }
    match out.format() {
        Format::Table => out.text(&found.source)?,
        Format::Csv | Format::Json => report(&found, out)?,
    }
    Ok(Outcome::Done)
}

fn report(revision: &RulePackRevision, out: &mut Output) -> Result<(), Failure> {
    let mut table = list::table();
    table.row(list::row(revision));
    out.report(&table, &revision_json(revision))
}

fn revision_json(revision: &RulePackRevision) -> Value {
    let mut value = json!({
        "name": revision.name,
        "revision": revision.revision,
        "digest": revision.digest,
        "state": enum_text(revision.state().as_str_name(), "STATE_"),
        "active_from": revision.active_from,
        "author": revision.author,
        "approver": revision.approver,
        "create_time": time_text(revision.create_time.as_ref()),
    });
    if !revision.parent_revision.is_empty() {
        value["parent_revision"] = Value::from(revision.parent_revision.as_str());
    }
    if !revision.source.is_empty() {
        value["source"] = Value::from(revision.source.as_str());
    }
    value
}
