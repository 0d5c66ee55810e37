//! What psql does with the same rows.

use std::fmt::{Display, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, iter};

use anyhow::ensure;
use chengping_proto::cases::v1 as pb;
use chengping_types::Month;

use super::story::Block;

/// How often is looked whether everything is packed, and how long.
const LOOK: Duration = Duration::from_millis(200);
const PACKED_MAX: Duration = Duration::from_secs(600);

/// The database of the suite, for its administrator.
pub(super) struct Database {
    url: String,
    files: PathBuf,
}

impl Database {
    pub(super) fn new(url: String, files: PathBuf) -> anyhow::Result<Self> {
        Ok(Self { url, files })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.files.join(name)
    }

    /// What psql says to commands.
    fn run(&self, commands: &[String]) -> anyhow::Result<String> {
        let mut psql = Command::new("psql");
        psql.args(["-q", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.url]);
        psql.args(commands.iter().flat_map(|command| ["-c", command]));
        psql.env("PGOPTIONS", "-c search_path=case_ingestion").stderr(Stdio::inherit());
        let output = psql.output()?;
        ensure!(output.status.success(), "psql ended with {}", output.status);
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Waits until the suite has packed all that it has taken in.
    pub(super) async fn until_packed(&self) -> anyhow::Result<()> {
        let behind = "SELECT jurisdiction FROM jurisdiction
                      LEFT JOIN case_file_state AS state USING (jurisdiction)
                      WHERE jurisdiction.watermark > coalesce(state.watermark, 0)";
        let end = Instant::now() + PACKED_MAX;
        while !self.run(&[behind.to_owned()])?.is_empty() {
            ensure!(Instant::now() < end, "case files are still not packed");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// What PostgreSQL has done by itself with rows that have been there for long.
    pub(super) fn vacuum(&self) -> anyhow::Result<()> {
        self.run(&["VACUUM (ANALYZE)".to_owned(), "CHECKPOINT".to_owned()])?;
        Ok(())
    }

    /// Makes a place for a month, and stores its cases.
    pub(super) fn cases(
        &self,
        jurisdiction: &str,
        month: Month,
        block: &Block,
    ) -> anyhow::Result<()> {
        let file = self.file("cases.tsv");
        let mut text = String::new();
        for (case_no, sequence) in block.case_nos().iter().zip(1..) {
            writeln!(
                text,
                "{jurisdiction}\t{case_no}\t{sequence}\t1\tgbt-30428.2-2013-event\t0101\t410102"
            )?;
        }
        fs::write(&file, text)?;
        let copy = copy(
            "case_record",
            "jurisdiction, case_no, sequence, source, category_scheme, category_code, area_code",
            &file,
        );
        self.run(&[format!("SELECT begin_month('{month}-01')"), copy])?;
        Ok(())
    }

    /// Copies cases, and then months and events, which alone are measured; events a second.
    pub(super) fn copy(
        &self,
        jurisdiction: &str,
        month: Month,
        block: &Block,
    ) -> anyhow::Result<f64> {
        self.cases(jurisdiction, month, block)?;
        let (months, events) = (self.file("months.tsv"), self.file("events.tsv"));
        let of_case = |case_no: &String| format!("{jurisdiction}\t{case_no}\t{month}-01\n");
        fs::write(&months, block.case_nos().iter().map(of_case).collect::<String>())?;
        fs::write(&events, rows(jurisdiction, month, block)?)?;
        let columns = "jurisdiction, case_no, event_no, month, sequence, event_time, kind, actor, \
                       unit, due_time, stage_due_time, outcome, note";
        let commands = [
            copy("case_month", "jurisdiction, case_no, month", &months),
            copy("event", columns, &events),
        ];
        let start = Instant::now();
        self.run(&commands)?;
        Ok(block.events() as f64 / start.elapsed().as_secs_f64())
    }
}

fn copy(table: &str, columns: &str, file: &Path) -> String {
    format!("\\copy {table} ({columns}) from '{}'", file.display())
}

/// The events as `COPY` reads them.
fn rows(jurisdiction: &str, month: Month, block: &Block) -> anyhow::Result<String> {
    let first = block.case_nos().len() + 1;
    let mut text = String::with_capacity(block.events() * 120);
    for (event, sequence) in block.each_event().zip(first..) {
        let pb::Event { case_no, event_no, kind, actor, unit, outcome, .. } = event;
        let at = |time: &Option<prost_types::Timestamp>| match time {
            Some(time) => format!("{}", Epoch(time.seconds)),
            None => "\\N".to_owned(),
        };
        let or_null = |text: &String| match text.as_str() {
            "" => "\\N".to_owned(),
            text => text.to_owned(),
        };
        let fields: [&dyn Display; 12] = [
            &case_no,
            &event_no,
            &format_args!("{month}-01"),
            &sequence,
            &at(&event.event_time),
            &kind,
            &or_null(actor),
            &or_null(unit),
            &at(&event.due_time),
            &at(&event.stage_due_time),
            &or_null(outcome),
            &"\\N",
        ];
        text.push_str(jurisdiction);
        fields.iter().try_for_each(|field| write!(text, "\t{field}"))?;
        text.extend(iter::once('\n'));
    }
    Ok(text)
}

/// Seconds since 1970, as PostgreSQL reads a time.
struct Epoch(i64);

impl Display for Epoch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let instant = chengping_types::Instant::from_micros(self.0 * 1_000_000);
        write!(f, "{instant}")
    }
}
