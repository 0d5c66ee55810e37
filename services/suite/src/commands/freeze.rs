//! `chengping freeze`: fixes what is known of a month.

use anyhow::Context as _;
use chengping_proto::cases::v1::{CreateSnapshotRequest, Snapshot};
use chengping_proto::rules::v1::GetEffectiveRulePackRequest;
use chengping_rules::RulePack;
use chengping_types::{Instant, Month};
use clap::Args;
use serde_json::json;

use crate::args::Common;
use crate::clients::Clients;
use crate::convert::{time_text, timestamp};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table, say};

/// Flags of `freeze`.
#[derive(Debug, Args)]
pub struct FreezeArgs {}

/// The freeze of a month by the rules in force in it.
async fn freeze_of(clients: &Clients, month: Month) -> Result<Instant, Failure> {
    let request =
        GetEffectiveRulePackRequest { parent: clients.parent(), month: month.to_string() };
    let pack = clients.rule_packs().get_effective_rule_pack(request).await;
    let pack = pack.doing(format!("get the rules in force in {month}"))?.into_inner();
    let text = String::from_utf8(pack.canonical).context("the rule pack is not text")?;
    let pack = RulePack::parse(&text).context("the rule pack cannot be read by this version")?;
    Ok(month.freeze(pack.freeze.day, &pack.time_zone))
}

/// Creates a snapshot of the month, by default as of its freeze, and prints what it holds.
pub async fn run(common: &Common, _: &FreezeArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let month = common.required_month()?;
    let clients = Clients::connect(common).await?;
    let as_of = match common.as_of {
        Some(as_of) => as_of,
        None => freeze_of(&clients, month).await?,
    };
    let snapshot = Snapshot {
        month: month.to_string(),
        as_of: Some(timestamp(as_of)),
        decided: Some(timestamp(common.decided.unwrap_or(as_of))),
        ..Snapshot::default()
    };
    let request = CreateSnapshotRequest { parent: clients.parent(), snapshot: Some(snapshot) };
    let snapshot = clients.snapshots().create_snapshot(request).await;
    let snapshot = snapshot.doing(format!("freeze {month}"))?.into_inner();
    let mut table = Table::new(&[
        ("snapshot", Align::Left),
        ("revision", Align::Right),
        ("watermark", Align::Right),
        ("cases", Align::Right),
        ("events", Align::Right),
        ("open_rejects", Align::Right),
        ("digest", Align::Left),
    ]);
    table.row([
        snapshot.name.clone(),
        snapshot.revision.to_string(),
        snapshot.watermark.to_string(),
        snapshot.case_count.to_string(),
        snapshot.event_count.to_string(),
        snapshot.open_reject_count.to_string(),
        snapshot.digest.clone(),
    ]);
    out.report(
        &table,
        &json!({
            "snapshot": snapshot.name,
            "month": snapshot.month,
            "as_of": time_text(snapshot.as_of.as_ref()),
            "decided": time_text(snapshot.decided.as_ref()),
            "watermark": snapshot.watermark,
            "digest": snapshot.digest,
            "cases": snapshot.case_count,
            "events": snapshot.event_count,
            "open_rejects": snapshot.open_reject_count,
            "revision": snapshot.revision,
            "former_snapshot": snapshot.former_snapshot,
            "late_events": snapshot.late_event_count,
            "late_cases": snapshot.late_case_count,
        }),
    )?;
    remarks(month, &snapshot).into_iter().for_each(say);
    Ok(Outcome::Done)
}

/// What somebody who closes a month has to know beside the numbers, and what to run next.
fn remarks(month: Month, snapshot: &Snapshot) -> Vec<String> {
    let mut remarks = Vec::new();
    let (late, cases) = (snapshot.late_event_count, snapshot.late_case_count);
    if late > 0 {
        remarks.push(format!(
            "{month} was frozen before ({former}); since then {late} events of {cases} cases have \
             come that this revision sees. Evaluate it with `chengping evaluate --month {month}`; \
             if it is published, correct it with `chengping correct --month {month} --reason TEXT`",
            former = snapshot.former_snapshot,
        ));
    }
    let open = snapshot.open_reject_count;
    if open > 0 {
        remarks.push(format!(
            "{open} records are set aside and not counted in any month; list them with \
             `chengping rejects`"
        ));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_events_and_open_rejects_are_told_with_the_command_to_run() {
        let month = Month::new(2018, 4).unwrap();
        let quiet = Snapshot { revision: 1, ..Snapshot::default() };
        assert!(remarks(month, &quiet).is_empty());
        let late = Snapshot {
            former_snapshot: "jurisdictions/zz/snapshots/a".to_owned(),
            late_event_count: 3,
            late_case_count: 2,
            open_reject_count: 4,
            ..quiet
        };
        let [late, open] = &remarks(month, &late)[..] else { panic!("two remarks") };
        assert!(late.contains("3 events of 2 cases"), "{late}");
        assert!(late.contains("jurisdictions/zz/snapshots/a"), "{late}");
        assert!(late.contains("chengping correct --month 2018-04 --reason"), "{late}");
        assert!(open.contains("4 records") && open.contains("`chengping rejects`"), "{open}");
    }
}
