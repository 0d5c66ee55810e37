//! DuckDB and Polars, asked by a program of their own, one run at a time.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::stopwatch::Times;

/// Where the program lies that asks them.
const COMPARE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/compare.py");

/// Both programs with the facts in their memory, waiting to be asked.
pub(crate) struct Others {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// What they count, all ways alike.
    pub(crate) rows: Value,
    pub(crate) versions: Value,
    /// Program and way, and how long its runs took.
    ways: Vec<([String; 2], Times)>,
}

impl Others {
    /// Lets them read the columns of a folder, and count once in every way.
    pub(crate) fn ask(python: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(python);
        command.arg(COMPARE).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child =
            command.spawn().with_context(|| format!("cannot run {}", python.display()))?;
        let questions = child.stdin.take().context("its input is a pipe")?;
        let mut answers = BufReader::new(child.stdout.take().context("its output is a pipe")?);
        let mut first = answer(&mut answers)?;
        let ways: Vec<[String; 2]> = serde_json::from_value(first["ways"].take())?;
        let ways = ways.into_iter().map(|way| (way, Times::default())).collect();
        let (rows, versions) = (first["rows"].take(), first["versions"].take());
        Ok(Self { child, questions, answers, rows, versions, ways })
    }

    /// One run in every way.
    pub(crate) fn run(&mut self) -> anyhow::Result<()> {
        for (way, times) in &mut self.ways {
            writeln!(self.questions, "{}", json!(way))?;
            let answer = answer(&mut self.answers)?;
            let [wall, cpu] =
                ["seconds", "cpu_seconds"].map(|of| answer[of].as_f64().unwrap_or(f64::NAN));
            times.add(wall, cpu);
        }
        Ok(())
    }

    /// The ways and their times.
    pub(crate) fn to_json(&self) -> Value {
        let way = |([program, way], times): &([String; 2], Times)| {
            let mut measured = times.to_json();
            measured["program"] = json!(program);
            measured["way"] = json!(way);
            measured
        };
        self.ways.iter().map(way).collect()
    }
}

fn answer(answers: &mut impl BufRead) -> anyhow::Result<Value> {
    let mut line = String::new();
    if answers.read_line(&mut line)? == 0 {
        bail!("{COMPARE} ended without an answer");
    }
    Ok(serde_json::from_str(&line)?)
}

impl Drop for Others {
    fn drop(&mut self) {
        // It ends by itself when nobody asks any more, but perhaps not at once.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
