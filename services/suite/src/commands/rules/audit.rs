//! `chengping rules audit`: who changed what, when and why, and whether that is still what it was.

use chengping_proto::rules::v1::{
    AuditEntry, AuditFault, ListAuditEntriesRequest, VerifyAuditEntriesRequest,
};
use clap::Args;
use serde_json::{Value, json};

use crate::args::{Common, Format};
use crate::clients::{Clients, all_pages};
use crate::convert::{last_part, second_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Characters of a digest by which people tell it from others.
const DIGEST_SHOWN: usize = "sha256:".len() + 12;

/// Arguments of `rules audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only entries that this means, such as 'actor = "wang" AND create_time >=
    /// 2018-03-01T00:00:00+08:00' (AIP-160; docs/api.md)
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
    filter: String,
    /// Follow the log from its beginning and name every entry that is not what it was
    #[arg(long, conflicts_with = "filter")]
    verify: bool,
}

/// Lists or checks the audit log.
pub(super) async fn run(
    common: &Common,
    args: &AuditArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    if args.verify { verify(&clients, out).await } else { list(&clients, &args.filter, out).await }
}

async fn list(clients: &Clients, filter: &str, out: &mut Output) -> Result<Outcome, Failure> {
    let request = ListAuditEntriesRequest {
        parent: clients.parent(),
        filter: filter.to_owned(),
        ..ListAuditEntriesRequest::default()
    };
    let entries = all_pages!(clients.rule_packs(), list_audit_entries, request, audit_entries);
    let entries = entries.doing("list the audit entries")?;
    let mut table = Table::new(&[
        ("entry", Align::Right),
        ("time", Align::Left),
        ("actor", Align::Left),
        ("action", Align::Left),
        ("resource", Align::Left),
        ("reason", Align::Left),
        ("before", Align::Left),
        ("after", Align::Left),
    ]);
    // Whole digests are for programs.
    let shown = if out.format() == Format::Table { DIGEST_SHOWN } else { usize::MAX };
    for entry in &entries {
        let digest = |digest: &str| digest.chars().take(shown).collect();
        table.row([
            last_part(&entry.name).to_owned(),
            second_text(entry.create_time.as_ref()),
            entry.actor.clone(),
            last_part(&entry.action).to_owned(),
            entry.resource.clone(),
            entry.reason.clone(),
            digest(&entry.digest_before),
            digest(&entry.digest_after),
        ]);
    }
    out.report(&table, &entries.iter().map(entry_json).collect::<Vec<_>>())?;
    out.remark(format_args!("{} entries", entries.len()))?;
    Ok(Outcome::Done)
}

fn entry_json(entry: &AuditEntry) -> Value {
    json!({
        "name": entry.name,
        "create_time": time_text(entry.create_time.as_ref()),
        "actor": entry.actor,
        "action": entry.action,
        "resource": entry.resource,
        "reason": entry.reason,
        "digest_before": entry.digest_before,
        "digest_after": entry.digest_after,
        "previous_digest": entry.previous_digest,
        "digest": entry.digest,
        "digest_form": entry.digest_form,
    })
}

async fn verify(clients: &Clients, out: &mut Output) -> Result<Outcome, Failure> {
    let request = VerifyAuditEntriesRequest { parent: clients.parent() };
    let verified = clients.rule_packs().verify_audit_entries(request).await;
    let verified = verified.doing("check the audit log")?.into_inner();
    let mut table =
        Table::new(&[("entry", Align::Right), ("code", Align::Left), ("message", Align::Left)]);
    let mut faults = Vec::new();
    for AuditFault { name, code, message } in verified.faults {
        faults.push(json!({"name": name, "code": code, "message": message}));
        table.row([last_part(&name).to_owned(), code, message]);
    }
    let is_intact = faults.is_empty();
    if !is_intact || out.format() != Format::Table {
        out.report(
            &table,
            &json!({
                "intact": is_intact,
                "entry_count": verified.entry_count,
                "digest": verified.digest,
                "faults": faults,
            }),
        )?;
    }
    let found = if is_intact { "intact" } else { "NOT what it was" };
    out.remark(format_args!(
        "{} entries, {found}; newest digest {}",
        verified.entry_count, verified.digest
    ))?;
    Ok(if is_intact { Outcome::Done } else { Outcome::FoundWanting })
}
