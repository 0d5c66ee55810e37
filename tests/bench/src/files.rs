//! Interchange files of a made-up city.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use chengping_interchange::{FileKind, Record, Writer};
use chengping_types::TimeZone;

use crate::city::City;

/// Where files go.
pub(crate) struct Folder {
    path: PathBuf,
    zone: TimeZone,
}

pub(crate) type Rows = Writer<BufWriter<File>>;

impl Folder {
    /// A folder, made where it is not there, whose times are of a zone.
    pub(crate) fn new(path: &Path, zone: &TimeZone) -> anyhow::Result<Self> {
        std::fs::create_dir_all(path)?;
        Ok(Self { path: path.to_owned(), zone: zone.clone() })
    }

    /// A file of a kind, to write rows into.
    pub(crate) fn open(&self, kind: FileKind) -> anyhow::Result<Rows> {
        let file = File::create(self.path.join(format!("{kind}.csv")))?;
        Ok(Writer::new(kind, self.zone.clone(), BufWriter::new(file))?)
    }

    /// Writes bodies, areas and coefficients.
    pub(crate) fn write_registry(&self, city: &City) -> anyhow::Result<()> {
        let registry = &city.registry;
        let bodies = registry.bodies.iter().cloned().map(Record::Body);
        let areas = registry.areas.iter().cloned().map(Record::Area);
        let coefficients = registry.coefficients.iter().cloned().map(Record::Coefficient);
        let rows = [
            (FileKind::Bodies, bodies.collect::<Vec<_>>()),
            (FileKind::Areas, areas.collect()),
            (FileKind::Coefficients, coefficients.collect()),
        ];
        for (kind, rows) in rows {
            let mut writer = self.open(kind)?;
            rows.iter().try_for_each(|row| writer.write(row))?;
            writer.finish()?.flush()?;
        }
        Ok(())
    }
}
