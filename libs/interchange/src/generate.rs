//! Synthetic months: a city with its bodies and areas, and cases with everything that can happen
//! to one.
//!
//! **Nothing of it is real.** Names are put together from lists, rates are those of published
//! bulletins in size only (`docs/method.md`, part g): about one case in eight is late, one in
//! seventy reworked. The same settings give the same bytes on every machine: ChaCha8, one stream
//! a case, whole numbers only.

mod case;
mod city;
mod dice;
mod names;
mod story;

pub use case::{Cases, Generated};
pub use city::City;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use chengping_types::{Month, TimeZone};

use crate::{FileKind, Record, Writer};

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Another seed gives another city.
    pub seed: u64,
    /// Cases reported in the month. The month before gets nine tenths of it, so that there are
    /// carried-over cases and a 环比.
    pub cases: u64,
    /// The month.
    pub month: Month,
}

impl Settings {
    /// Cases of both months together.
    #[must_use]
    pub fn total_cases(&self) -> u64 {
        self.cases.saturating_add(self.cases_before())
    }

    fn cases_before(&self) -> u64 {
        self.cases / 10 * 9 + self.cases % 10 * 9 / 10
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows of `bodies.csv`.
    pub bodies: u64,
    /// Rows of `areas.csv`.
    pub areas: u64,
    /// Rows of `coefficients.csv`.
    pub coefficients: u64,
    /// Rows of `cases.csv`.
    pub cases: u64,
    /// Rows of `events.csv`.
    pub events: u64,
}

/// The zone of generated timestamps; it has no summer time.
pub(crate) fn zone() -> TimeZone {
    "Asia/Shanghai".parse().expect("every database has Asia/Shanghai")
}

/// Writes `bodies.csv`, `areas.csv`, `coefficients.csv`, `cases.csv`, `events.csv` and a
/// `README.md` into a folder, which is made if need be. `done` is told the number of cases written.
///
/// # Errors
///
/// When writing fails.
pub fn write_to(
    settings: &Settings,
    folder: &Path,
    mut done: impl FnMut(u64),
) -> io::Result<Summary> {
    fs::create_dir_all(folder)?;
    let open = |kind: FileKind| -> io::Result<Writer<BufWriter<File>>> {
        let file = File::create(folder.join(format!("{kind}.csv")))?;
        Writer::new(kind, zone(), BufWriter::with_capacity(1 << 16, file))
    };
    let city = City::new(settings);
    let write_all = |kind, records: Vec<Record>| -> io::Result<u64> {
        let mut writer = open(kind)?;
        records.iter().try_for_each(|record| writer.write(record))?;
        writer.finish()?.flush()?;
        Ok(records.len() as u64)
    };
    let mut summary = Summary {
        bodies: write_all(FileKind::Bodies, records(city.bodies(), Record::Body))?,
        areas: write_all(FileKind::Areas, records(city.areas(), Record::Area))?,
        coefficients: write_all(
            FileKind::Coefficients,
            records(city.coefficients(), Record::Coefficient),
        )?,
        ..Summary::default()
    };
    let (mut cases, mut events) = (open(FileKind::Cases)?, open(FileKind::Events)?);
    for generated in Cases::new(settings, &city) {
        cases.write(&Record::Case(generated.case))?;
        for event in generated.events {
            events.write(&Record::Event(event))?;
            summary.events += 1;
        }
        summary.cases += 1;
        done(summary.cases);
    }
    cases.finish()?.flush()?;
    events.finish()?.flush()?;
    fs::write(folder.join("README.md"), readme(settings))?;
    Ok(summary)
}

fn records<T: Clone>(rows: &[T], record: fn(T) -> Record) -> Vec<Record> {
    rows.iter().cloned().map(record).collect()
}

fn readme(settings: &Settings) -> String {
    let Settings { seed, cases, month } = settings;
    format!(
        "# Synthetic data\n\nNothing in these files is real: no body, no place, no case.\n\n\
         Made by `chengping generate` with seed {seed}, {cases} cases in {month} and nine tenths \
         of that in the month before.\nThe same settings give the same bytes.\n"
    )
}
