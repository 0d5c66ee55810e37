//! From case files to the digest of a snapshot, which says what was known of all cases: the same
//! for who keeps the records and for who was given them.

use chengping_types::{CaseNo, Digest};
use sha2::{Digest as _, Sha256};

use crate::{Case, CaseRecords, Event, PackedError, View, case_digest, next_frame};

/// A case with its events, sorted by event number.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFile {
    /// The case.
    pub case: Case,
    /// Its events.
    pub events: Vec<Event>,
}

impl CaseFile {
    /// Without what is not packed.
    #[must_use]
    pub fn without_free_texts(mut self) -> Self {
        self.case.title = None;
        self.events.iter_mut().for_each(|event| event.note = None);
        self
    }
}

/// Case files of a page, as the first records up to some watermark have them.
#[derive(Debug, Default)]
pub struct UnpackedPage {
    /// By case number.
    pub files: Vec<CaseFile>,
    /// How many of these records they hold.
    pub records: i64,
}

/// Reads packed files, one frame behind the other in the order of their numbers, as the first
/// `watermark` records have them.
///
/// # Errors
///
/// When the bytes are no such files.
pub fn unpack_page(bytes: &[u8], watermark: i64) -> Result<UnpackedPage, PackedError> {
    let mut page = UnpackedPage::default();
    let (mut bytes, mut before): (_, Option<CaseNo>) = (bytes, None);
    while let Some(frame) = next_frame(&mut bytes)? {
        let records = CaseRecords::unpack(frame)?;
        page.records += count(records.count_up_to(watermark));
        let case_no = &records.case().case_no;
        if before.is_some_and(|before| before >= *case_no) {
            return Err(PackedError::Invalid("the order of files"));
        }
        before = Some(case_no.clone());
        let file = records.up_to(watermark);
        page.files.extend(file.map(|(case, events)| CaseFile { case, events }));
    }
    Ok(page)
}

/// What of packed files is among the first `watermark` records, as such files, and how many records
/// that is.
///
/// # Errors
///
/// When the bytes are no such files.
pub fn files_among(bytes: &[u8], watermark: i64) -> Result<(Vec<u8>, i64), PackedError> {
    let (mut files, mut number, mut bytes) = (Vec::with_capacity(bytes.len()), 0, bytes);
    while let Some(frame) = next_frame(&mut bytes)? {
        let records = CaseRecords::unpack(frame)?;
        number += count(records.count_up_to(watermark));
        if records.last_sequence() <= watermark {
            files.extend_from_slice(frame);
        } else if let Some(records) = records.among(watermark)? {
            files.extend(records.pack());
        }
    }
    Ok((files, number))
}

/// What a snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folded {
    /// Of all cases with their visible events.
    pub digest: Digest,
    /// How many cases.
    pub cases: i64,
    /// How many visible events.
    pub events: i64,
    /// What it sees and the snapshot before did not.
    pub late: Late,
}

/// Events that came late, and how many cases have some.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Late {
    /// Cases with such events.
    pub cases: i64,
    /// The events.
    pub events: i64,
}

/// What a snapshot sees: so many of the first records, in a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// How many records.
    pub watermark: i64,
    /// How far they are seen.
    pub view: View,
}

impl Sight {
    /// Whether an event of this sequence is seen.
    #[must_use]
    pub fn shows(&self, event: &Event, sequence: i64) -> bool {
        sequence <= self.watermark && self.view.shows(event)
    }
}

/// Folds case files, given in the byte order of their numbers, into the digest of a snapshot: the
/// SHA-256 over the digests of all cases with their visible events.
#[derive(Debug)]
pub struct SnapshotFold {
    sight: Sight,
    hash: Sha256,
    cases: i64,
    events: i64,
    records: i64,
    late: Late,
}

/// What a page of files adds to a fold.
#[derive(Debug, Default)]
pub struct FoldedPage {
    digests: Vec<u8>,
    events: i64,
    records: i64,
    late: Late,
}

impl SnapshotFold {
    /// A fold of what `sight` sees.
    #[must_use]
    pub fn new(sight: Sight) -> Self {
        let late = Late::default();
        Self { sight, hash: Sha256::new(), cases: 0, events: 0, records: 0, late }
    }

    /// Adds a file as the first records up to the watermark have it.
    pub fn add(&mut self, file: CaseFile) {
        let records = 1 + count(file.events.len());
        self.add_page(&Self::fold_files(self.sight, UnpackedPage { files: vec![file], records }));
    }

    /// What a page of marked files adds, and what of it `former` did not see. Pages can be computed
    /// at the same time.
    ///
    /// The mark is a byte before each file: 0 where its digest and the number of its events follow, 1
    /// where its frame does, 2 where its digest and its frame do.
    ///
    /// # Errors
    ///
    /// When the bytes are no such page.
    pub fn fold_page(
        sight: Sight,
        former: Option<Sight>,
        bytes: &[u8],
    ) -> Result<FoldedPage, PackedError> {
        let (mut page, mut bytes) = (FoldedPage::default(), bytes);
        while let Some((mark, rest)) = bytes.split_first() {
            bytes = rest;
            let digest = match mark {
                0 | 2 => Some(take::<32>(&mut bytes)?),
                1 => None,
                _ => return Err(PackedError::Invalid("the mark of a file")),
            };
            if let (0, Some(digest)) = (mark, digest) {
                let events = i64::from_be_bytes(take(&mut bytes)?);
                page.digests.extend_from_slice(&digest);
                page.events += events;
                page.records += events + 1;
                continue;
            }
            let frame = next_frame(&mut bytes)?.ok_or(PackedError::Short)?;
            page.look_into(sight, former, frame, digest)?;
        }
        Ok(page)
    }

    /// Adds what was computed of the next page.
    pub fn add_page(&mut self, page: &FoldedPage) {
        self.hash.update(&page.digests);
        self.cases += count(page.digests.len() / 32);
        self.events += page.events;
        self.records += page.records;
        self.late.cases += page.late.cases;
        self.late.events += page.late.events;
    }

    /// What the files of a page add. Pages can be computed at the same time.
    #[must_use]
    pub fn fold_files(sight: Sight, page: UnpackedPage) -> FoldedPage {
        let mut folded = FoldedPage { records: page.records, ..FoldedPage::default() };
        for CaseFile { case, mut events } in page.files {
            events.retain(|event| sight.view.shows(event));
            folded.digests.extend_from_slice(case_digest(&case, &events).as_bytes());
            folded.events += count(events.len());
        }
        folded
    }

    /// How many records up to the watermark were folded.
    #[must_use]
    pub fn records(&self) -> i64 {
        self.records
    }

    /// What all that was added comes to.
    #[must_use]
    pub fn finish(self) -> Folded {
        let digest = Digest::from_bytes(self.hash.finalize().into());
        Folded { digest, cases: self.cases, events: self.events, late: self.late }
    }
}

impl FoldedPage {
    fn look_into(
        &mut self,
        sight: Sight,
        former: Option<Sight>,
        frame: &[u8],
        digest: Option<[u8; 32]>,
    ) -> Result<(), PackedError> {
        let records = CaseRecords::unpack(frame)?;
        self.records += count(records.count_up_to(sight.watermark));
        let seen = records.sequenced().filter(|(event, sequence)| sight.shows(event, *sequence));
        let late = former.map_or(0, |former| {
            let is_late = |(event, sequence): &(&Event, i64)| !former.shows(event, *sequence);
            count(seen.clone().filter(is_late).count())
        });
        self.events += count(seen.count());
        self.late.events += late;
        self.late.cases += i64::from(late > 0);
        let digest = match digest {
            Some(digest) => digest,
            None => {
                let known = records.up_to(sight.watermark);
                let (case, mut events) = known.ok_or(PackedError::Invalid("the first record"))?;
                events.retain(|event| sight.view.shows(event));
                *case_digest(&case, &events).as_bytes()
            }
        };
        self.digests.extend_from_slice(&digest);
        Ok(())
    }
}

fn take<const LENGTH: usize>(bytes: &mut &[u8]) -> Result<[u8; LENGTH], PackedError> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(PackedError::Short)?;
    *bytes = rest;
    Ok(*taken)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).expect("what fits into memory can be counted")
}
