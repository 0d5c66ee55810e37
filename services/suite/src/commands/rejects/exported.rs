//! Rejects in a file: one JSON object a line, whose `payload` a person corrects, and which
//! `rejects replay --from` takes back.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::Value;

use super::{RejectState, complete, find, reject_json};
use crate::clients::Clients;
use crate::failure::{Failure, Outcome};
use crate::output::say;

/// Flags of `rejects export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Where to write them; a file that exists is not written over
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only rejects in this state
    #[arg(long = "in-state", value_enum, default_value_t = RejectState::Open)]
    state: RejectState,
    /// Only rejects with this code
    #[arg(long = "with-code", value_name = "CODE", default_value = "")]
    code: String,
}

/// A line of an exported file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exported {
    /// The reject.
    pub(super) reject: String,
    /// Its row as it stands in the file.
    pub(super) payload: Vec<u8>,
}

/// Writes rejects with their whole payloads.
pub(super) async fn write(clients: &Clients, args: &ExportArgs) -> Result<Outcome, Failure> {
    let mut rejects = find(clients, args.state, &args.code).await?;
    complete(clients, &mut rejects).await?;
    let file = args.file.display();
    let write = || -> anyhow::Result<()> {
        let mut out = BufWriter::new(File::create_new(&args.file)?);
        for reject in &rejects {
            serde_json::to_writer(&mut out, &reject_json(reject))?;
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    };
    write().with_context(|| format!("cannot write {file}"))?;
    say(format_args!(
        "{} {} rejects are in {file}; correct each payload, take out the lines that are not to be \
         replayed, and give the file to `chengping rejects replay --from`",
        rejects.len(),
        args.state.name()
    ));
    Ok(Outcome::Done)
}

/// Reads a file that was exported, as somebody left it.
///
/// # Errors
///
/// When it cannot be read, or a line is not one of an exported file; then it is named.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Exported>> {
    let file = path.display();
    let lines = File::open(path).with_context(|| format!("cannot read {file}"))?;
    let mut exported = Vec::new();
    for (index, line) in BufReader::new(lines).lines().enumerate() {
        let place = || format!("line {} of {file}", index + 1);
        let line = line.with_context(place)?;
        if !line.trim().is_empty() {
            exported.push(parse(&line).with_context(place)?);
        }
    }
    Ok(exported)
}

fn parse(line: &str) -> anyhow::Result<Exported> {
    // Editors of some systems begin a file with a mark.
    let line = line.trim_start_matches('\u{feff}');
    let value: Value = serde_json::from_str(line).context("is not a JSON object")?;
    let text = |key: &str| value[key].as_str();
    let Some(reject) = text("reject").filter(|reject| !reject.is_empty()) else {
        bail!("has no \"reject\" that says which it is; export the file again");
    };
    let Some(payload) = text("payload") else {
        bail!("has no \"payload\"; write the corrected row into it, or take out the line");
    };
    let original = text("payload_base64").map(|text| STANDARD.decode(text)).transpose();
    let original = original.context("has a \"payload_base64\" that is none; take it out")?;
    // Bytes that are no text can be shown only roughly; who changed the text means the text.
    let payload = match original {
        Some(bytes) if String::from_utf8_lossy(&bytes) == payload => bytes,
        _ => payload.as_bytes().to_vec(),
    };
    Ok(Exported { reject: reject.to_owned(), payload })
}

#[cfg(test)]
mod tests {
    use chengping_proto::cases::v1::Reject;

    use super::*;

    #[test]
    fn what_is_exported_is_read_back_to_the_byte() {
        for payload in [&b"a,b\n1,\"x\ny\"\n"[..], b"{\"a\":1}", "区,x".as_bytes(), b"\xffA", b""]
        {
            let name = "jurisdictions/zz/rejects/0f".to_owned();
            let reject = Reject { name, payload: payload.to_vec(), ..Reject::default() };
            let exported = parse(&reject_json(&reject).to_string()).unwrap();
            assert_eq!(exported, Exported { reject: "0f".to_owned(), payload: payload.to_vec() });
        }
    }

    #[test]
    fn a_corrected_text_wins_over_the_bytes_that_it_was() {
        let line = r#"{"reject":"0f","payload":"第A","payload_base64":"/0E="}"#;
        assert_eq!(parse(line).unwrap().payload, "第A".as_bytes());
    }

    #[test]
    fn a_line_that_is_none_of_ours_says_what_to_do() {
        for (line, hint) in [
            ("x", "not a JSON object"),
            ("[]", "export the file again"),
            (r#"{"reject":"0f"}"#, "the corrected row"),
            (r#"{"reject":"0f","payload":"x","payload_base64":"?"}"#, "take it out"),
        ] {
            let message = format!("{:#}", parse(line).unwrap_err());
            assert!(message.contains(hint), "{line}: {message}");
        }
    }
}
