//! What became of the rows of each file.

use chengping_proto::cases::v1::Reject;
use serde_json::{Value, json};

use super::pass::{Pass, Passed};
use crate::commands::registry::import::Imported;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::output::{Align, Output, Table, say};

/// The outcome of an import.
#[derive(Debug, Default)]
pub struct Summary {
    /// Files that cannot be read, each with all that is wrong with it.
    pub unreadable: Vec<String>,
    lines: Vec<Line>,
    /// Whether a file was refused as a whole, or could not be trusted.
    failed: bool,
    /// Whether it was stopped before the end.
    stopped: bool,
}

/// Rows of one file, or of several of which nothing is known apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Line {
    file: String,
    read: i64,
    accepted: i64,
    repeated: i64,
    rejected: i64,
    released: i64,
    skipped: i64,
    resumed: i64,
}

impl Summary {
    /// Adds a pass over a file, to those over the same file if there were any.
    pub(super) fn add(&mut self, pass: &Pass, passed: &Passed) {
        if let Some(error) = &passed.error {
            say(format_args!("error: {error}"));
            self.unreadable.push(error.clone());
        }
        let (read, counts) = (&passed.read, &passed.counts);
        self.failed |= passed.error.is_some() || read.damaged;
        self.stopped |= read.stopped;
        let mut line = Line {
            file: files::name(&pass.path),
            accepted: counts.accepted_count,
            repeated: counts.repeated_count,
            rejected: counts.rejected_count,
            released: counts.released_count,
            resumed: number(read.resumed),
            ..Line::default()
        };
        if !pass.again {
            line.read = number(read.rows);
            line.rejected += number(read.rejected);
            line.skipped = number(read.skipped);
        }
        let before = self.lines.iter_mut().find(|before| pass.again && before.file == line.file);
        match before {
            Some(before) => before.add(&line),
            None => self.lines.push(line),
        }
    }

    /// Adds the files that were refused for their headers.
    pub(super) fn add_refused(&mut self, rejects: &[Reject]) {
        self.failed |= !rejects.is_empty();
        for reject in rejects {
            let file = reject.position.clone().unwrap_or_default().file;
            match self.lines.iter_mut().find(|line| line.file == file) {
                Some(line) => line.rejected += 1,
                None => self.lines.push(Line { file, rejected: 1, ..Line::default() }),
            }
        }
    }

    /// Adds the registry files, which are taken in together.
    pub(super) fn add_registry(&mut self, imported: &Imported) {
        let response = &imported.response;
        self.lines.push(Line {
            file: "registry".to_owned(),
            read: number(imported.read),
            accepted: response.added_count + response.changed_count,
            repeated: response.repeated_count,
            rejected: i64::try_from(imported.rejects.len()).unwrap_or(i64::MAX),
            ..Line::default()
        });
    }

    /// Whether files were taken in as they are, but for rows that were set aside.
    pub(super) fn is_whole(&self) -> bool {
        !self.failed && !self.stopped && self.unreadable.is_empty()
    }

    /// Whether it was stopped before the end.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// How the command ends.
    pub(super) fn outcome(&self) -> Outcome {
        if self.unreadable.is_empty() {
            Outcome::with_rejects(self.total().rejected)
        } else {
            Outcome::FoundWanting
        }
    }

    /// Prints a line per file and their sum.
    pub(super) fn report(&self, out: &mut Output) -> Result<(), Failure> {
        let total = self.total();
        let mut table = Table::new(&[
            ("file", Align::Left),
            ("read", Align::Right),
            ("accepted", Align::Right),
            ("repeated", Align::Right),
            ("rejected", Align::Right),
            ("released", Align::Right),
            ("skipped", Align::Right),
        ]);
        for line in &self.lines {
            table.row(line.cells());
        }
        if self.lines.len() > 1 {
            table.row(total.cells());
        }
        if total.rejected > 0 {
            say(format_args!("{} rows were set aside; see `chengping rejects`", total.rejected));
        }
        out.report(&table, &self.json())
    }

    /// What became of the rows of each file.
    pub(super) fn json(&self) -> Value {
        json!({
            "files": self.lines.iter().map(Line::json).collect::<Vec<_>>(),
            "total": self.total().json(),
            "unreadable": self.unreadable,
        })
    }

    fn total(&self) -> Line {
        let mut total = Line { file: "total".to_owned(), ..Line::default() };
        for line in &self.lines {
            total.add(line);
        }
        total
    }
}

impl Line {
    fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.accepted += other.accepted;
        self.repeated += other.repeated;
        self.rejected += other.rejected;
        self.released += other.released;
        self.skipped += other.skipped;
        self.resumed += other.resumed;
    }

    fn cells(&self) -> [String; 7] {
        let numbers =
            [self.read, self.accepted, self.repeated, self.rejected, self.released, self.skipped];
        let [read, accepted, repeated, rejected, released, skipped] =
            numbers.map(|number| number.to_string());
        [self.file.clone(), read, accepted, repeated, rejected, released, skipped]
    }

    fn json(&self) -> Value {
        json!({
            "file": self.file,
            "read": self.read,
            "accepted": self.accepted,
            "repeated": self.repeated,
            "rejected": self.rejected,
            "released": self.released,
            "skipped": self.skipped,
            "resumed": self.resumed,
        })
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use chengping_interchange::Encoding;
    use chengping_proto::cases::v1::IntakeCounts;

    use super::super::read::{Read, Source};
    use super::*;

    fn passed(rows: u64, accepted_count: i64, rejected_count: i64) -> Passed {
        Passed {
            read: Read { rows, rejected: 1, skipped: 2, ..Read::default() },
            counts: IntakeCounts { accepted_count, rejected_count, ..IntakeCounts::default() },
            error: None,
        }
    }

    #[test]
    fn rows_of_a_table_that_is_read_twice_count_once() {
        let pass =
            |again| Pass::new("data/t.csv".into(), Source::Interchange(Encoding::Utf8), again);
        let mut summary = Summary::default();
        summary.add(&pass(false), &passed(10, 9, 0));
        summary.add(&pass(true), &passed(10, 27, 3));
        let expected = Line {
            file: "t.csv".to_owned(),
            read: 10,
            accepted: 36,
            rejected: 4,
            skipped: 2,
            ..Line::default()
        };
        assert_eq!(summary.lines, [expected]);
        assert_eq!(summary.outcome(), Outcome::DoneWithRejects);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_failure_whatever_the_others_say() {
        let mut summary = Summary::default();
        summary.unreadable.push("x.csv: is empty".to_owned());
        assert_eq!(summary.outcome(), Outcome::FoundWanting);
    }
}
