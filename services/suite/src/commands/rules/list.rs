//! Lists of rule packs and their revisions.

use chengping_proto::rules::v1::{
    ListRulePackRevisionsRequest, ListRulePacksRequest, RulePackRevision,
};

use serde_json::Value;

use super::{Align, Table, revision_json};
use crate::clients::{Clients, all_pages};
use crate::convert::{enum_text, second_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::Output;

/// Prints every revision of every pack, newest first.
pub(super) async fn run(clients: &Clients, out: &mut Output) -> Result<Outcome, Failure> {
    let request =
        ListRulePacksRequest { parent: clients.parent(), ..ListRulePacksRequest::default() };
    let packs = all_pages!(clients.rule_packs(), list_rule_packs, request, rule_packs);
    let packs = packs.doing("list the packs")?;
    let mut table = table();
    let mut json = Vec::new();
    let mut offers = Vec::new();
    for pack in packs {
        if !pack.offered_parent_revision.is_empty() {
            offers.push((pack.name.clone(), pack.offered_parent_revision.clone()));
        }
        let request = ListRulePackRevisionsRequest {
            parent: pack.name.clone(),
            ..ListRulePackRevisionsRequest::default()
        };
        let revisions =
            all_pages!(clients.rule_packs(), list_rule_pack_revisions, request, revisions);
        for revision in revisions.doing("list the revisions")? {
            table.row(row(&revision));
            let offer =
                offers.last().filter(|(pack, _)| revision.name.starts_with(&format!("{pack}/")));
            let mut one = revision_json(&revision);
            if let Some((_, offered)) = offer.filter(|_| revision.revision == pack.newest_revision)
            {
                one["offered_parent_revision"] = Value::from(offered.as_str());
            }
            json.push(one);
        }
    }
    out.report(&table, &json)?;
    for (pack, offered) in offers {
        out.remark(format_args!(
            "{pack} derives from an older revision than {offered}; see `chengping rules rebase`"
        ))?;
    }
    Ok(Outcome::Done)
}

/// A table of revisions.
pub(super) fn table() -> Table {
    Table::new(&[
        ("pack", Align::Left),
        ("revision", Align::Right),
        ("state", Align::Left),
        ("active_from", Align::Left),
        ("created", Align::Left),
        ("digest", Align::Left),
    ])
}

/// A row of such a table.
pub(super) fn row(revision: &RulePackRevision) -> [String; 6] {
    let pack = revision.name.split('/').nth(3).unwrap_or_default();
    [
        pack.to_owned(),
        revision.revision.to_string(),
        enum_text(revision.state().as_str_name(), "STATE_"),
        revision.active_from.clone(),
        second_text(revision.create_time.as_ref()),
        revision.digest.clone(),
    ]
}
