//! `chengping rejects`: lists, exports, replays and dismisses rows that were set aside.

pub mod exported;
pub mod replay;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chengping_proto::cases::v1::reject::State;
use chengping_proto::cases::v1::{
    DismissRejectRequest, GetRejectRequest, ListRejectsRequest, Position, Reject,
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::args::{Common, Format};
use crate::clients::{Clients, all_pages};
use crate::convert::last_part;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Payloads are shown so far in a table.
const PAYLOAD_CHARS_MAX: usize = 60;

/// Flags of `rejects`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RejectsArgs {
    /// Only rejects in this state
    #[arg(long, value_enum, default_value_t = RejectState::Open)]
    state: RejectState,
    /// Only rejects with this code
    #[arg(long, value_name = "CODE", default_value = "")]
    code: String,
    #[command(subcommand)]
    command: Option<RejectsCommand>,
}

/// What can be done with a reject.
#[derive(Debug, Subcommand)]
pub enum RejectsCommand {
    /// Write rejects into a file, one JSON object a line, to be corrected and replayed
    Export(exported::ExportArgs),
    /// Take in the corrected row of a reject, or those of an exported file
    Replay(replay::ReplayArgs),
    /// Mark a reject as looked at and not to be replayed
    Dismiss {
        /// Reject, as `rejects` lists it
        #[arg(value_name = "ID")]
        reject: String,
        /// Why the row is left out
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// The states of a reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RejectState {
    /// Waits for a correction, or for its case.
    Open,
    /// Taken in since.
    Replayed,
    /// Left out for a reason.
    Dismissed,
}

impl RejectState {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Replayed => "replayed",
            Self::Dismissed => "dismissed",
        }
    }
}

/// Lists rejects, or does what the subcommand says.
pub async fn run(
    common: &Common,
    args: &RejectsArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    match &args.command {
        None => list(&clients, args, out).await,
        Some(RejectsCommand::Export(export)) => exported::write(&clients, export).await,
        Some(RejectsCommand::Replay(args)) => replay::run(&clients, args, out).await,
        Some(RejectsCommand::Dismiss { reject, reason }) => {
            let name = reject_name(&clients, reject);
            let request = DismissRejectRequest { name, reason: reason.clone() };
            let reject = clients.rejects().dismiss_reject(request).await;
            report(&[reject.doing("dismiss the reject")?.into_inner()], out)?;
            Ok(Outcome::Done)
        }
    }
}

async fn list(clients: &Clients, args: &RejectsArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let mut rejects = find(clients, args.state, &args.code).await?;
    if out.format() != Format::Table {
        complete(clients, &mut rejects).await?;
    }
    report(&rejects, out)?;
    out.remark(format_args!("{} {} rejects", rejects.len(), args.state.name()))?;
    Ok(Outcome::Done)
}

/// The rejects of a state, with a code where one is given. Long payloads are cut.
async fn find(clients: &Clients, state: RejectState, code: &str) -> Result<Vec<Reject>, Failure> {
    let state = match state {
        RejectState::Open => State::Open,
        RejectState::Replayed => State::Replayed,
        RejectState::Dismissed => State::Dismissed,
    };
    let request = ListRejectsRequest {
        parent: clients.parent(),
        state: state.into(),
        code: code.to_owned(),
        ..ListRejectsRequest::default()
    };
    let rejects = all_pages!(clients.rejects(), list_rejects, request, rejects);
    rejects.doing("list the rejects")
}

/// Fetches the payloads that the list has cut.
async fn complete(clients: &Clients, rejects: &mut [Reject]) -> Result<(), Failure> {
    for reject in rejects {
        if i64::try_from(reject.payload.len()).is_ok_and(|length| length < reject.payload_size) {
            let request = GetRejectRequest { name: reject.name.clone() };
            let whole = clients.rejects().get_reject(request).await;
            *reject = whole.doing("get a reject")?.into_inner();
        }
    }
    Ok(())
}

/// The resource name of a reject that is given as that or as its ID.
fn reject_name(clients: &Clients, text: &str) -> String {
    if text.contains('/') {
        text.to_owned()
    } else {
        format!("{}/rejects/{text}", clients.parent())
    }
}

fn report(rejects: &[Reject], out: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("file", Align::Left),
        ("row", Align::Right),
        ("line", Align::Right),
        ("column", Align::Left),
        ("code", Align::Left),
        ("message", Align::Left),
        ("payload", Align::Left),
        ("reject", Align::Left),
    ]);
    let cut = out.format() == Format::Table;
    for reject in rejects {
        let position = reject.position.clone().unwrap_or_default();
        let payload = String::from_utf8_lossy(&reject.payload).into_owned();
        table.row([
            position.file.clone(),
            known(position.row),
            known(position.line),
            reject.column.clone(),
            reject.code.clone(),
            reject.message.clone(),
            if cut { shortened(&payload) } else { payload },
            last_part(&reject.name).to_owned(),
        ]);
    }
    out.report(&table, &rejects.iter().map(reject_json).collect::<Vec<_>>())
}

fn reject_json(reject: &Reject) -> Value {
    let Position { file, row, line } = reject.position.clone().unwrap_or_default();
    let mut value = json!({
        "file": file,
        "row": (row > 0).then_some(row),
        "line": (line > 0).then_some(line),
        "column": (!reject.column.is_empty()).then_some(reject.column.as_str()),
        "code": reject.code,
        "message": reject.message,
        "payload": String::from_utf8_lossy(&reject.payload),
        "reject": last_part(&reject.name),
    });
    if std::str::from_utf8(&reject.payload).is_err() {
        value["payload_base64"] = Value::from(STANDARD.encode(&reject.payload));
    }
    value
}

fn known(number: i64) -> String {
    if number > 0 { number.to_string() } else { String::new() }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(PAYLOAD_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_are_those_of_the_contract() {
        let reject = Reject {
            name: "jurisdictions/zz/rejects/0199".to_owned(),
            position: Some(Position { file: "events.csv".to_owned(), row: 3, line: 0 }),
            code: "bad_timestamp".to_owned(),
            payload: "第1区,x".into(),
            ..Reject::default()
        };
        let value = reject_json(&reject);
        let members: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        let expected = ["code", "column", "file", "line", "message", "payload", "reject", "row"];
        assert_eq!(members, expected);
        assert_eq!(value["payload"], "第1区,x");
        assert_eq!((&value["row"], &value["line"]), (&json!(3), &Value::Null));
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_whole() {
        let reject = Reject { payload: b"\xffA".to_vec(), ..Reject::default() };
        let value = reject_json(&reject);
        assert_eq!(
            (&value["payload"], &value["payload_base64"]),
            (&json!("\u{fffd}A"), &json!("/0E="))
        );
    }

    #[test]
    fn a_long_payload_is_cut_between_characters() {
        assert_eq!(shortened(&"区".repeat(61)), format!("{}…", "区".repeat(60)));
        assert_eq!(shortened("x"), "x");
    }
}
