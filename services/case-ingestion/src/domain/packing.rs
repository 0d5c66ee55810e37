//! From records to packed case files.

use std::collections::BTreeMap;
use std::time::Duration;

use chengping_casework::{Case, CaseRecords, Event, PackedError, case_digest, next_frame};
use chengping_types::{CaseNo, Digest, Instant, JurisdictionId};

/// Records that came in during a second, up to which nobody is kept waiting by who packs.
const QUIET: i64 = 20_000;

/// Records that are not packed yet, each with its sequence.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) cases: Vec<(Case, i64)>,
    pub(crate) events: Vec<(Event, i64)>,
    /// Of a case: event number, sequence, deadline.
    pub(crate) deadlines: Vec<(CaseNo, (u64, i64, Instant))>,
}

/// A packed file as it is stored.
#[derive(Debug)]
pub(crate) struct PackedFile {
    pub(crate) case_no: CaseNo,
    /// Whether the case had no file before.
    pub(crate) is_new: bool,
    pub(crate) first_sequence: i64,
    pub(crate) sequence: i64,
    pub(crate) last_at: Option<Instant>,
    pub(crate) event_count: i64,
    /// Of the case with all its events.
    pub(crate) digest: Digest,
    pub(crate) content: Vec<u8>,
}

/// What is to be added to the file of a case.
#[derive(Debug, Default)]
pub(crate) struct Addition {
    case: Option<(Case, i64)>,
    former: Option<Vec<u8>>,
    events: Vec<(Event, i64)>,
    deadlines: Vec<(u64, i64, Instant)>,
}

/// Additions by the number of their case.
pub(crate) type Additions = BTreeMap<CaseNo, Addition>;

impl News {
    /// By case.
    pub(crate) fn by_case(self) -> Additions {
        let mut additions = Additions::new();
        for (case, sequence) in self.cases {
            let case_no = case.case_no.clone();
            additions.entry(case_no).or_default().case = Some((case, sequence));
        }
        for (event, sequence) in self.events {
            let case_no = event.case_no.clone();
            additions.entry(case_no).or_default().events.push((event, sequence));
        }
        for (case_no, deadline) in self.deadlines {
            additions.entry(case_no).or_default().deadlines.push(deadline);
        }
        additions
    }
}

/// The numbers of those cases that must have a file already.
pub(crate) fn known_cases(additions: &Additions) -> Vec<&str> {
    let known = additions.iter().filter(|(_, addition)| addition.case.is_none());
    known.map(|(case_no, _)| case_no.as_str()).collect()
}

/// Gives the additions the files that there were, in the order of their numbers, still packed: few
/// of them are in memory otherwise at a time.
pub(crate) fn join_former(additions: &mut Additions, frames: &[u8]) -> Result<(), PackedError> {
    let mut frames = frames;
    for addition in additions.values_mut().filter(|addition| addition.case.is_none()) {
        addition.former = next_frame(&mut frames)?.map(<[u8]>::to_vec);
    }
    if frames.is_empty() { Ok(()) } else { Err(PackedError::Long(frames.len())) }
}

/// The files with what is added to them, in the order of their numbers.
pub(crate) fn pack(
    additions: impl IntoIterator<Item = (CaseNo, Addition)>,
) -> Result<Vec<PackedFile>, PackedError> {
    additions.into_iter().map(|(case_no, addition)| pack_one(case_no, addition)).collect()
}

fn pack_one(case_no: CaseNo, addition: Addition) -> Result<PackedFile, PackedError> {
    let Addition { case, former, events, deadlines } = addition;
    let (is_new, mut records) = match (case, former) {
        (Some((case, sequence)), _) => (true, CaseRecords::new(case, sequence)),
        (None, Some(former)) => (false, CaseRecords::unpack(&former)?),
        (None, None) => return Err(PackedError::Invalid("an event without its case")),
    };
    if records.case().case_no != case_no {
        return Err(PackedError::Invalid("the case number"));
    }
    records.add(events, deadlines)?;
    let content = records.pack();
    let (first_sequence, sequence) = (records.sequence(), records.last_sequence());
    let last_at = records.last_at();
    let event_count = i64::try_from(records.events().len()).expect("a case fits");
    let (case, events) = records.up_to(i64::MAX).expect("no sequence is greater");
    let digest = case_digest(&case, &events);
    Ok(PackedFile {
        case_no,
        is_new,
        first_sequence,
        sequence,
        last_at,
        event_count,
        digest,
        content,
    })
}

/// The jurisdictions that may be packed now, of those that are behind with so many records each,
/// seen a second ago at `before`: while files are loaded for one, who packs stays out of the way of
/// all.
pub(crate) fn packable<'b>(
    before: &BTreeMap<JurisdictionId, i64>,
    behind: &'b BTreeMap<JurisdictionId, i64>,
) -> Vec<&'b JurisdictionId> {
    let come = |(of, now): (&'b JurisdictionId, &i64)| Some((of, now - before.get(of)?));
    let come: Vec<_> = behind.iter().filter_map(come).collect();
    if come.iter().any(|(_, records)| *records > QUIET) {
        return Vec::new();
    }
    come.into_iter().map(|(of, _)| of).collect()
}

/// Whether so many records within so long are more than who packs keeps waiting.
pub(crate) fn is_much(records: i64, within: Duration) -> bool {
    let seconds = i64::try_from(within.as_secs()).unwrap_or(i64::MAX).max(1);
    records > QUIET.saturating_mul(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_is_more_than_so_many_in_each_second_and_a_burst_is_much_at_once() {
        let within = |seconds: f32| Duration::from_secs_f32(seconds);
        assert!(!is_much(QUIET, within(0.1)));
        assert!(is_much(QUIET + 1, within(0.1)));
        assert!(!is_much(3 * QUIET, within(3.0)));
        assert!(is_much(3 * QUIET + 1, within(3.9)));
        assert!(!is_much(i64::MAX, Duration::MAX));
    }

    #[test]
    fn while_much_comes_in_nothing_is_packed_and_what_was_not_seen_before_may_be_much() {
        let seen = |counts: &[(&str, i64)]| {
            let count = |(of, count): &(&str, i64)| (of.parse().unwrap(), *count);
            counts.iter().map(count).collect::<BTreeMap<JurisdictionId, i64>>()
        };
        let packed = |before: &[(&str, i64)], now: &[(&str, i64)]| {
            let (before, now) = (seen(before), seen(now));
            packable(&before, &now).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(packed(&[("a", 5)], &[("a", 5)]), ["a"]);
        assert_eq!(packed(&[("a", 0), ("b", 7)], &[("a", QUIET), ("b", 7)]), ["a", "b"]);
        assert!(packed(&[("a", 0), ("b", 7)], &[("a", QUIET + 1), ("b", 7)]).is_empty());
        assert_eq!(packed(&[("b", 7)], &[("a", 1), ("b", 8)]), ["b"]);
    }
}
