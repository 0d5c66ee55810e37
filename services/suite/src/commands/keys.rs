//! `chengping keys`: the keys with which a log is signed.

use chengping_proto::publication::v1::{ListVerifierKeysRequest, LogKey, RotateLogKeyRequest};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::args::Common;
use crate::clients::{Clients, all_pages};
use crate::convert::{second_text, time_text};
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table, say};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the keys that sign or signed, newest first; as JSON, what `verify --keys` takes
    List,
    /// Have a new key sign from now on; what was signed before stays valid
    Rotate(RotateArgs),
}

/// Flags of `keys rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// Why; kept with the key
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Check that it could be done, and change nothing
    #[arg(long)]
    validate_only: bool,
}

/// Does it.
pub async fn run(
    common: &Common,
    command: &KeysCommand,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let request =
        ListVerifierKeysRequest { parent: clients.parent(), ..ListVerifierKeysRequest::default() };
    let keys = all_pages!(clients.ledger(), list_verifier_keys, request, log_keys);
    let mut keys = keys.doing("list the keys")?;
    if let KeysCommand::Rotate(args) = command {
        let expected = keys.first().map(|key| key.verifier_key.clone()).unwrap_or_default();
        let request = RotateLogKeyRequest {
            parent: clients.parent(),
            reason: args.reason.clone(),
            expected_verifier_key: expected,
            validate_only: args.validate_only,
        };
        let key = clients.ledger().rotate_log_key(request).await.doing("rotate the key")?;
        keys = vec![key.into_inner()];
        if !args.validate_only {
            say("tell the readers of the log, and back the folder of the keys up");
        }
    }
    report(&keys, out)?;
    Ok(Outcome::Done)
}

fn report(keys: &[LogKey], out: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("key", Align::Left),
        ("generation", Align::Right),
        ("first_tree_size", Align::Right),
        ("last_tree_size", Align::Right),
        ("begin_time", Align::Left),
        ("reason", Align::Left),
    ]);
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    for key in keys {
        table.row([
            key.verifier_key.clone(),
            number(key.generation),
            key.first_tree_size.to_string(),
            number(key.last_tree_size),
            second_text(key.begin_time.as_ref()),
            key.reason.clone(),
        ]);
    }
    out.report(&table, &keys.iter().map(json).collect::<Vec<Value>>())
}

fn json(key: &LogKey) -> Value {
    json!({
        "verifier_key": key.verifier_key,
        "generation": key.generation,
        "first_tree_size": key.first_tree_size,
        "last_tree_size": key.last_tree_size,
        "begin_time": time_text(key.begin_time.as_ref()),
        "reason": key.reason,
        "handover": key.handover,
    })
}
