//! `import --dry-run`: what would be sent, without a server.

use std::collections::BTreeMap;
use std::path::Path;

use chengping_interchange::damage;
use chengping_proto::cases::v1::Reject;
use serde_json::{Value, json};

use super::plan::Plan;
use super::read::{Rows, Source};
use crate::convert::reject::reject;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::output::{Align, Output, Table, say};
use crate::rejecting;

/// Rejects that are shown, and one more to know that there are more.
const SHOWN: usize = 21;

/// What a file holds.
#[derive(Debug, Default)]
struct Line {
    file: String,
    read: u64,
    cases: u64,
    events: u64,
    rejected: u64,
    skipped: u64,
}

/// What all files hold.
#[derive(Default)]
struct Counted {
    lines: Vec<Line>,
    codes: BTreeMap<String, u64>,
    shown: Vec<Reject>,
    unreadable: Vec<String>,
}

/// Reads everything that is planned, and prints what it holds.
pub(super) fn run(
    plan: &Plan,
    unreadable: &[String],
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let mut counted = Counted { unreadable: unreadable.to_vec(), ..Counted::default() };
    for refused in &plan.refused {
        let file = refused.position.clone().unwrap_or_default().file;
        if counted.lines.last().is_none_or(|line| line.file != file) {
            counted.lines.push(Line { file, ..Line::default() });
        }
        counted.refuse(refused.clone());
    }
    let registry = plan.registry.iter();
    let files =
        registry.map(|file| (file.path.as_path(), Source::Interchange(file.encoding))).chain(
            plan.cases
                .iter()
                .chain(&plan.events)
                .filter(|pass| !pass.again)
                .map(|pass| (pass.path.as_path(), pass.source.clone())),
        );
    for (path, source) in files {
        counted.lines.push(Line { file: files::name(path), ..Line::default() });
        if let Err(error) = counted.read(path, &source) {
            say(format_args!("error: {error:#}"));
            counted.unreadable.push(format!("{error:#}"));
        }
    }
    counted.report(out)
}

impl Counted {
    fn read(&mut self, path: &Path, source: &Source) -> anyhow::Result<()> {
        if let Some(damaged) = damage(path)? {
            self.refuse(reject(damaged));
            return Ok(());
        }
        let mut rows = Rows::open(path, source)?;
        while let Some(row) = rows.next_row() {
            self.line().read += 1;
            match row {
                Ok(row) => {
                    let (cases, events) = row.counts();
                    self.line().cases += cases;
                    self.line().events += events;
                }
                Err(refused) => self.refuse(reject(refused)),
            }
        }
        self.line().skipped = rows.skipped();
        rows.say_unknown_columns(path);
        Ok(())
    }

    fn line(&mut self) -> &mut Line {
        if self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.lines.last_mut().expect("there is one now")
    }

    fn refuse(&mut self, refused: Reject) {
        self.line().rejected += 1;
        *self.codes.entry(refused.code.clone()).or_default() += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(refused);
        }
    }

    fn report(self, out: &mut Output) -> Result<Outcome, Failure> {
        let mut total = Line { file: "total".to_owned(), ..Line::default() };
        for line in &self.lines {
            total.read += line.read;
            total.cases += line.cases;
            total.events += line.events;
            total.rejected += line.rejected;
            total.skipped += line.skipped;
        }
        rejecting::show(&self.shown);
        let mut table = Table::new(&[
            ("file", Align::Left),
            ("read", Align::Right),
            ("cases", Align::Right),
            ("events", Align::Right),
            ("rejected", Align::Right),
            ("skipped", Align::Right),
        ]);
        for line in &self.lines {
            table.row(line.cells());
        }
        if self.lines.len() > 1 {
            table.row(total.cells());
        }
        say("nothing was sent");
        out.report(
            &table,
            &json!({
                "dry_run": true,
                "files": self.lines.iter().map(Line::json).collect::<Vec<_>>(),
                "total": total.json(),
                "codes": self.codes,
                "unreadable": self.unreadable,
            }),
        )?;
        if !self.unreadable.is_empty() {
            return Ok(Outcome::FoundWanting);
        }
        Ok(Outcome::with_rejects(i64::try_from(total.rejected).unwrap_or(i64::MAX)))
    }
}

impl Line {
    fn cells(&self) -> [String; 6] {
        let numbers = [self.read, self.cases, self.events, self.rejected, self.skipped];
        let [read, cases, events, rejected, skipped] = numbers.map(|number| number.to_string());
        [self.file.clone(), read, cases, events, rejected, skipped]
    }

    fn json(&self) -> Value {
        json!({
            "file": self.file,
            "read": self.read,
            "cases": self.cases,
            "events": self.events,
            "rejected": self.rejected,
            "skipped": self.skipped,
        })
    }
}
