//! Files of case records are read as they were written, or refused.

use std::io::{self, BufReader, Read};

use chengping_casework::next_frame;
use chengping_casework::records::{Head, Reader, RecordsError, SnapshotHead, Writer};
use chengping_types::registry::Registry;
use chengping_types::{Digest, Instant};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::packed::{Accepted, accepted};

fn head() -> Head {
    let snapshot = SnapshotHead {
        month: "2018-04".parse().unwrap(),
        as_of: Instant::from_micros(1),
        decided: Instant::from_micros(2),
        watermark: 9,
        digest: Digest::of(b"cases"),
    };
    let registry: Registry = serde_json::from_str(
        r#"{"bodies":[{"body_id":"d01","kind":"district","name":"第1区","valid_from":"2016-01"}],
            "areas":[],"coefficients":[]}"#,
    )
    .unwrap();
    Head::new("zz".parse().unwrap(), snapshot, registry)
}

fn written(frames: &[u8], part: usize) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &head()).unwrap();
    for part in frames.chunks(part) {
        writer.write(part).unwrap();
    }
    writer.finish().unwrap()
}

/// The frames of a file, page by page.
fn read(file: impl Read) -> Result<Vec<u8>, RecordsError> {
    let mut reader = Reader::new(BufReader::with_capacity(7, file))?;
    assert_eq!(*reader.head(), head());
    let mut frames = Vec::new();
    while let Some(page) = reader.next_page()? {
        let mut rest = page.frames.as_slice();
        while next_frame(&mut rest).map_err(|error| page.wrong(error))?.is_some() {}
        frames.extend(page.frames);
    }
    assert_eq!(reader.next_page().unwrap(), None, "the end stays the end");
    Ok(frames)
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        all in prop::collection::vec(accepted(), 0..4),
        part in 1..300_usize,
    ) {
        let frames: Vec<u8> = all.iter().flat_map(Accepted::packed).collect();
        prop_assert_eq!(read(&written(&frames, part)[..]).unwrap(), frames);
    }

    #[test]
    fn no_byte_can_change_unseen(
        accepted in accepted(),
        (place, bit, how) in (any::<Index>(), 0..8_u32, 0..4_u8),
    ) {
        let mut file = written(&accepted.packed(), 100);
        let place = place.index(file.len());
        match how {
            0 => file[place] ^= 1 << bit,
            1 => drop(file.remove(place)),
            2 => file.insert(place, 1 << bit),
            _ => file.truncate(place),
        }
        prop_assert!(Reader::new(&file[..]).is_ok_and(|reader| *reader.head() != head())
            || read(&file[..]).is_err());
    }

    #[test]
    fn any_bytes_behind_a_head_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        with_head in any::<bool>(),
    ) {
        let mut file = if with_head { written(&[], 1) } else { Vec::new() };
        file.truncate(file.len().saturating_sub(33));
        file.extend(bytes);
        prop_assert!(read(&file[..]).is_err());
    }
}

/// Gives the same byte for ever.
struct Endless(u8);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(self.0);
        Ok(buffer.len())
    }
}

#[test]
fn a_length_beyond_every_case_is_refused_before_it_is_read() {
    let mut file = written(&[], 1);
    file.truncate(file.len() - 33);
    let error = read(file.chain(Endless(0xff))).unwrap_err();
    assert!(matches!(error, RecordsError::TooLong { .. }), "{error}");
    let mut file = written(&[], 1);
    file.truncate(file.len() - 33);
    // A case of 8 MiB, of which there is nothing.
    file.extend([0x80, 0x80, 0x80, 0x04]);
    assert!(matches!(read(&file[..]), Err(RecordsError::Short(_))));
}

#[test]
fn a_head_says_what_it_is_in_one_form() {
    let file = written(&[], 1);
    let text = String::from_utf8_lossy(&file).into_owned();
    let (line, _) = text.split_once('\n').unwrap();
    for other in [
        line.replace("chengping.records/1", "chengping.records/2"),
        line.replace(":", ": "),
        line.replacen("{", "{\"more\":1,", 1),
        String::new(),
    ] {
        let error = Reader::new(format!("{other}\n").as_bytes()).unwrap_err();
        assert!(matches!(error, RecordsError::Head(_)), "{error}");
    }
}
