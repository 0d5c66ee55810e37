//! `chengping-verify`: checks bundles and receipts of published results. It needs no server, no
//! database and no network, reads the files that are named and nothing else.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context as _, bail};
use chengping_types::BodyId;
use chengping_verify::{Trust, Verdict, check, check_with_records, files, receipt, without_key};
use serde_json::Value;

const USAGE: &str = "\
usage: chengping-verify [--key VKEY]... [--keys FILE] [--json] FILE|DIR...
       chengping-verify [--key VKEY]... [--keys FILE] [--json] --facts RECORDS BUNDLE
       chengping-verify [--key VKEY]... [--keys FILE] --line BODY --receipt OUT BUNDLE

Checks seal, chain, proof and signature of published versions, and computes every score again from
the sealed input; of receipts, the proof from the line to the checkpoint.

  --key VKEY     believe this key, NAME+HASH+BASE64
  --keys FILE    believe these keys: one a line, or what `chengping keys list --format json` prints
  --facts FILE   count again what the bundle was counted from: the case records that
                 `chengping export-records` writes for who may see all cases
  --line BODY    take the line of this body and its proof out of a bundle that verifies
  --receipt OUT  where to write them
  --json         print findings for programs

Exit codes: 0 everything verified, 1 something is wrong, 2 wrong usage.
";

/// What is asked for.
#[derive(Default)]
struct Options {
    trust: Trust,
    json: bool,
    facts: Option<PathBuf>,
    line: Option<BodyId>,
    receipt: Option<PathBuf>,
    paths: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let options = match options(env::args_os().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            say(&format!("error: {error:#}\n\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn options(mut words: impl Iterator<Item = OsString>) -> anyhow::Result<Options> {
    let mut options = Options::default();
    while let Some(word) = words.next() {
        let option = word.to_string_lossy().into_owned();
        let mut value = || words.next().with_context(|| format!("{option} needs a value"));
        match option.as_str() {
            "--key" => {
                options.trust = options.trust.and(text(&value()?)?.parse().context("--key")?);
            }
            "--keys" => {
                let file = PathBuf::from(value()?);
                let context = || format!("cannot read {}", file.display());
                let listed = fs::read_to_string(&file).with_context(context)?;
                options.trust = options.trust.and_listed(&listed).with_context(context)?;
            }
            "--line" => options.line = Some(text(&value()?)?.parse().context("--line")?),
            "--receipt" => options.receipt = Some(value()?.into()),
            "--facts" => options.facts = Some(value()?.into()),
            "--json" => options.json = true,
            _ if option.starts_with('-') => bail!("there is no option {option}"),
            _ => options.paths.push(word.into()),
        }
    }
    if options.paths.is_empty() {
        bail!("name a file or folder");
    }
    if options.line.is_some() != options.receipt.is_some() {
        bail!("--line and --receipt go together");
    }
    if options.line.is_some() && options.paths.len() > 1 {
        bail!("--line takes one bundle");
    }
    if options.facts.is_some() && (options.paths.len() != 1 || options.line.is_some()) {
        bail!("--facts takes one bundle, and no --line");
    }
    Ok(options)
}

fn text(value: &OsStr) -> anyhow::Result<&str> {
    value.to_str().with_context(|| format!("{} is not UTF-8", value.display()))
}

/// Whether everything is as it should be.
fn run(options: &Options) -> anyhow::Result<bool> {
    let mut verdicts = Vec::new();
    if let (Some(body), Some(out), [bundle]) = (&options.line, &options.receipt, &options.paths[..])
    {
        let (report, receipt) = receipt(&read(bundle)?, body, &options.trust)?;
        if let Some(receipt) = receipt {
            fs::write(out, receipt).with_context(|| format!("cannot write {}", out.display()))?;
        }
        verdicts.push((bundle.clone(), Verdict::Bundle(report)));
    } else {
        for path in &options.paths {
            for file in files(path)? {
                let bytes = read(&file)?;
                let verdict = match &options.facts {
                    Some(facts) => check_with_records(&bytes, facts, &options.trust)?,
                    None => check(&bytes, &options.trust),
                };
                verdicts.push((file, verdict));
            }
        }
    }
    if let Some(note) = without_key(&options.trust, verdicts.iter().map(|(_, verdict)| verdict)) {
        say(&format!("note: {note}\n"));
    }
    print(&verdicts, options.json)?;
    Ok(verdicts.iter().all(|(_, verdict)| verdict.verified()))
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn print(verdicts: &[(PathBuf, Verdict)], as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        let all: Vec<Value> = verdicts.iter().map(|(file, verdict)| verdict.json(file)).collect();
        return writeln!(out, "{}", Value::from(all));
    }
    for (file, verdict) in verdicts {
        writeln!(out, "{}", file.display())?;
        write!(out, "{}", verdict.text())?;
    }
    Ok(())
}

/// To standard error; when nobody reads it, nobody is told.
fn say(text: &str) {
    io::stderr().write_all(text.as_bytes()).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> anyhow::Result<Options> {
        options(text.split_whitespace().map(OsString::from))
    }

    #[test]
    fn what_is_typed_wrongly_is_said() {
        for (typed, said) in [
            ("", "name a file"),
            ("--key", "--key needs a value"),
            ("--key nonsense a.json", "--key"),
            ("--strange a.json", "no option --strange"),
            ("--line d01 a.json", "go together"),
            ("--line D01 --receipt r.json a.json", "--line"),
            ("--facts r.records a.json b.json", "--facts takes one bundle"),
            ("--line d01 --receipt r.json a.json b.json", "one bundle"),
        ] {
            let error = words(typed).err().unwrap();
            assert!(format!("{error:#}").contains(said), "{typed}: {error:#}");
        }
        let options = words("--line d01 --receipt r.json --json a.json").unwrap();
        assert!(options.json && options.line.is_some() && options.receipt.is_some());
        assert_eq!(words("a.json b.json").unwrap().paths.len(), 2);
    }
}
