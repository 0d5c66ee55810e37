//! Files of case records.

use anyhow::Context as _;
use chengping_casework::records::{Head, Reader, RecordsError, SnapshotHead, Writer};
use chengping_casework::{CaseRecords, next_frame};
use chengping_interchange::generate::{Cases, City, Settings};
use chengping_types::registry::Registry;
use chengping_types::{Digest, Instant};

use crate::targets::Target;

/// Cases of a seed.
const CASES: u64 = 12;

/// Reads each file to its end, every case of it too.
pub(crate) struct Records(Vec<Vec<u8>>);

impl Records {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let settings = Settings { seed: 1, cases: CASES, month: "2018-04".parse()? };
        let city = City::new(&settings);
        let mut frames = Vec::new();
        let mut sequence = 0;
        for generated in Cases::new(&settings, &city) {
            sequence += 1;
            let mut records = CaseRecords::new(generated.case, sequence);
            let events = generated.events.into_iter().map(|event| {
                sequence += 1;
                (event, sequence)
            });
            records.add(events.collect::<Vec<_>>(), [])?;
            frames.push(records.pack());
        }
        let one = frames.first().context("a case")?.clone();
        Ok(Self(vec![file(&frames.concat())?, file(&one)?, file(&[])?]))
    }
}

fn file(frames: &[u8]) -> anyhow::Result<Vec<u8>> {
    let snapshot = SnapshotHead {
        month: "2018-04".parse()?,
        as_of: Instant::from_micros(1),
        decided: Instant::from_micros(2),
        watermark: 9,
        digest: Digest::of(b"cases"),
    };
    let head = Head::new("zz".parse()?, snapshot, Registry::default());
    let mut writer = Writer::new(Vec::new(), &head)?;
    writer.write(frames)?;
    Ok(writer.finish()?)
}

impl Target for Records {
    fn corpus(&self) -> &[Vec<u8>] {
        &self.0
    }

    fn words(&self) -> &[&'static [u8]] {
        &[b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\xff\xff\xff\x07", b"\0", b"\x01", b"\n{"]
    }

    fn take(&mut self, input: &[u8]) -> &'static str {
        match read(input) {
            Ok(()) => "read",
            Err(RecordsError::Head(_)) => "no head",
            Err(RecordsError::Packed { .. }) => "no case",
            Err(RecordsError::Digest { .. }) => "changed",
            Err(_) => "cut off or too long",
        }
    }
}

fn read(input: &[u8]) -> Result<(), RecordsError> {
    let mut reader = Reader::new(input)?;
    while let Some(page) = reader.next_page()? {
        let mut rest = page.frames.as_slice();
        while let Some(frame) = next_frame(&mut rest).map_err(|error| page.wrong(error))? {
            CaseRecords::unpack(frame).map_err(|error| page.wrong(error))?;
        }
    }
    Ok(())
}
