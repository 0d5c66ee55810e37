//! The facts as columns in files, for the other programs: whole numbers, least byte first.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chengping_casework::Base;
use chengping_types::{BodyId, Stream, Zone};
use serde_json::{Value, json};

use crate::city::{City, Made};

/// What a fact says of places; the counts are columns beside.
const PLACES: [(&str, usize); 8] = [
    ("area_row", 2),
    ("district", 2),
    ("subdistrict", 2),
    ("window_unit", 2),
    ("unit", 2),
    ("zone", 1),
    ("stream", 1),
    ("marks", 8),
];

/// The base counts of areas and departments.
pub(crate) fn bases() -> impl Iterator<Item = Base> {
    Base::ALL.iter().copied().filter(|base| !base.is_of_posts())
}

/// Bytes of a count in its column.
const fn width_of(base: Base) -> usize {
    match base {
        Base::OrdersGeometric => 4,
        _ if base.is_sum() => 4,
        _ if base.is_multiple() => 2,
        _ => 1,
    }
}

/// A folder of columns, gone when dropped.
pub(crate) struct Columns {
    folder: PathBuf,
    files: Vec<(String, usize, BufWriter<File>)>,
    facts: usize,
}

impl Columns {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("chengping-bench-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let places = PLACES.iter().map(|(name, width)| ((*name).to_owned(), *width));
        let counts = bases().map(|base| (base.to_string(), width_of(base)));
        let files = places.chain(counts).map(|(name, width)| {
            let file = File::create(folder.join(&name))?;
            Ok((name, width, BufWriter::new(file)))
        });
        let files = files.collect::<anyhow::Result<_>>()?;
        Ok(Self { folder, files, facts: 0 })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds a fact. One that counts for no area has nobody and zone 0.
    pub(crate) fn add(&mut self, made: &Made, city: &City, stream: Stream) -> anyhow::Result<()> {
        let row = made.row.map(|row| &city.rows[row]);
        let zone = row.map_or(0, |row| zone_number(row.area.zone));
        let of_row = |number: fn(&crate::city::Row) -> u16| u64::from(row.map_or(0, number));
        let places = [
            made.row.map_or(0, |row| row as u64 + 1),
            of_row(|row| row.district),
            of_row(|row| row.subdistrict),
            of_row(|row| row.window),
            if row.is_some() { u64::from(made.unit) } else { 0 },
            zone,
            u64::from(stream.code()),
            made.fact.marks.bits(),
        ];
        let counts = bases().map(|base| u64::from(made.fact.count(base)));
        for ((_, width, file), number) in
            self.files.iter_mut().zip(places.into_iter().chain(counts))
        {
            file.write_all(&number.to_le_bytes()[..*width])?;
        }
        self.facts += 1;
        Ok(())
    }

    /// Ends the files, with a description beside them.
    pub(crate) fn finish(&mut self, threads: usize) -> anyhow::Result<()> {
        for (_, _, file) in &mut self.files {
            file.flush()?;
        }
        let columns: BTreeMap<_, _> =
            self.files.iter().map(|(name, width, _)| (name.as_str(), *width)).collect();
        let counts: Vec<_> = bases().map(|base| base.to_string()).collect();
        let schema = json!({
            "facts": self.facts,
            "threads": threads,
            "columns": columns,
            "counts": counts,
            "marks": bases().filter(|base| !base.is_multiple())
                .map(|base| (base.to_string(), base.code()))
                .collect::<BTreeMap<_, _>>(),
        });
        let file = self.folder.join("schema.json");
        fs::write(&file, schema.to_string()).with_context(|| file.display().to_string())
    }
}

impl Drop for Columns {
    fn drop(&mut self) {
        // Files of a temporary folder: whoever cleans that finds them, too.
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn zone_number(zone: Zone) -> u64 {
    u64::from(zone.code())
}

/// The tallies as the other programs give them: rows of family, body, stream, zone and counts.
pub(crate) fn rows_of(tallies: &chengping_scoring::Tallies, city: &City) -> Value {
    let numbers: BTreeMap<&BodyId, usize> =
        city.units.iter().enumerate().map(|(index, id)| (id, index + 1)).collect();
    let mut rows = BTreeMap::new();
    for (body, streams) in &tallies.bodies {
        let (letter, number) = body.as_str().split_at(1);
        let (family, number) = match letter {
            "d" => ("district", number.parse().unwrap_or(0)),
            "s" => ("subdistrict", number.parse().unwrap_or(0)),
            "w" => ("window_unit", number.parse().unwrap_or(0)),
            _ => match numbers.get(body) {
                Some(number) => ("unit", *number),
                // Posts: the others count none.
                None => continue,
            },
        };
        for (stream, parts) in streams {
            for (part, counts) in parts {
                let zone = match part {
                    chengping_scoring::Part::All => 0,
                    chengping_scoring::Part::Key => zone_number(Zone::Key),
                    chengping_scoring::Part::General => zone_number(Zone::General),
                };
                let counts: Vec<u64> = bases().map(|base| counts.get(base)).collect();
                rows.insert(format!("{family} {number} {} {zone}", stream.code()), counts);
            }
        }
    }
    json!(rows)
}
