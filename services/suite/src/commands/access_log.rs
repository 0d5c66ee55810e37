//! `chengping access-log`: who read what belongs to single bodies (6.6).

use chengping_proto::access::v1::{
    AccessEntry, ListAccessEntriesRequest, ListAccessEntriesResponse,
};
use clap::Args;
use serde_json::{Value, json};
use tonic::Status;

use crate::args::Common;
use crate::clients::{Clients, PAGE_SIZE};
use crate::convert::{last_part, second_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Flags of `access-log`.
#[derive(Debug, Args)]
pub struct AccessLogArgs {
    /// Only what this person read, as the log names them
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    by: String,
    /// Only readings of this and of what is below it, such as `cases/C0001`
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    resource: String,
    /// How many entries to list, the newest first
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
    limit: usize,
}

/// The newest entries of one log, at most so many.
async fn newest<F>(
    mut request: ListAccessEntriesRequest,
    limit: usize,
    mut ask: impl FnMut(ListAccessEntriesRequest) -> F,
) -> Result<Vec<AccessEntry>, Failure>
where
    F: Future<Output = Result<ListAccessEntriesResponse, Status>>,
{
    let mut entries = Vec::new();
    loop {
        let page = ask(request.clone()).await.doing("list the access entries")?;
        entries.extend(page.access_entries);
        if entries.len() >= limit || page.next_page_token.is_empty() {
            entries.truncate(limit);
            return Ok(entries);
        }
        request.page_token = page.next_page_token;
    }
}

/// Lists the logs of the three services as one.
pub async fn run(
    common: &Common,
    args: &AccessLogArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let parent = clients.parent();
    let resource = match args.resource.as_str() {
        "" => String::new(),
        whole if whole.starts_with(&parent) => whole.to_owned(),
        below => format!("{parent}/{below}"),
    };
    let request = ListAccessEntriesRequest {
        parent,
        page_size: PAGE_SIZE,
        actor: args.by.clone(),
        resource,
        ..ListAccessEntriesRequest::default()
    };
    macro_rules! of {
        ($client:ident) => {
            newest(request.clone(), args.limit, async |request| {
                let listed = clients.$client().list_access_entries(request).await;
                listed.map(tonic::Response::into_inner)
            })
            .await?
        };
    }
    let mut entries = of!(access_to_cases);
    entries.extend(of!(access_to_scores));
    entries.extend(of!(access_to_publications));
    let at = |entry: &AccessEntry| entry.create_time.map(|at| (at.seconds, at.nanos));
    entries.sort_by_key(|entry| std::cmp::Reverse(at(entry)));
    entries.truncate(args.limit);
    report(&entries, out)
}

fn report(entries: &[AccessEntry], out: &mut Output) -> Result<Outcome, Failure> {
    let columns = ["time", "actor", "through", "roles", "action", "resource"];
    let mut table = Table::new(&columns.map(|column| (column, Align::Left)));
    for entry in entries {
        table.row([
            second_text(entry.create_time.as_ref()),
            entry.actor.clone(),
            entry.through.clone(),
            entry.roles.join(" "),
            last_part(&entry.action).to_owned(),
            entry.resource.clone(),
        ]);
    }
    out.report(&table, &entries.iter().map(entry_json).collect::<Vec<_>>())?;
    out.remark(format_args!("{} entries", entries.len()))?;
    Ok(Outcome::Done)
}

fn entry_json(entry: &AccessEntry) -> Value {
    json!({
        "name": entry.name,
        "create_time": time_text(entry.create_time.as_ref()),
        "actor": entry.actor,
        "through": entry.through,
        "roles": entry.roles,
        "action": entry.action,
        "resource": entry.resource,
        "request_id": entry.request_id,
    })
}
