//! Bytes to records. Total: any bytes give records or an error.

use chengping_types::{BodyId, CaseNo, Instant};

use super::words::{
    ACTOR, COLLECTOR, CONDITION, DUE, KNOWN, OUTCOME, SECOND, SHARED_BYTES_MAX, STAGE_DUE, UNIT,
};
use super::{CaseRecords, KnownDeadline, PACKED_VERSION, PackedError};
use crate::{Case, Event, EventKind, Source};

/// An event takes at least so many bytes: number, sequence, kind, flags, time.
const EVENT_BYTES_MIN: usize = 5;
/// And a deadline: place, sequence, time.
const DEADLINE_BYTES_MIN: usize = 3;

/// Takes the first of several frames; none at the end.
///
/// # Errors
///
/// When the bytes end before the frame does.
pub fn next_frame<'b>(bytes: &mut &'b [u8]) -> Result<Option<&'b [u8]>, PackedError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader { bytes };
    let length = reader.length()?;
    reader.take(length)?;
    let taken = bytes.len() - reader.bytes.len();
    let (frame, rest) = bytes.split_at(taken);
    *bytes = rest;
    Ok(Some(frame))
}

pub(super) fn decode(frame: &[u8]) -> Result<CaseRecords, PackedError> {
    let mut reader = Reader { bytes: frame };
    let length = reader.length()?;
    let bytes = reader.take(length)?;
    if !reader.bytes.is_empty() {
        return Err(PackedError::Long(reader.bytes.len()));
    }
    let mut reader = Reader { bytes };
    match reader.byte()? {
        PACKED_VERSION => {}
        version => return Err(PackedError::Version(version)),
    }
    let case_no = reader.text()?.parse().map_err(|_| PackedError::Invalid("the case number"))?;
    let words = Words::read(&mut reader)?;
    let mut file = File { reader, words };
    let (sequence, case) = file.case(case_no)?;
    let mut records = CaseRecords::new(case, sequence);
    file.events(&mut records)?;
    file.deadlines(&mut records)?;
    match file.reader.bytes.len() {
        0 => Ok(records),
        left => Err(PackedError::Long(left)),
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
}

impl<'b> Reader<'b> {
    fn take(&mut self, length: usize) -> Result<&'b [u8], PackedError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(PackedError::Short)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, PackedError> {
        let (first, rest) = self.bytes.split_first().ok_or(PackedError::Short)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn varint(&mut self) -> Result<u64, PackedError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(PackedError::Invalid("a number"))
    }

    fn signed(&mut self) -> Result<i64, PackedError> {
        let number = self.varint()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn length(&mut self) -> Result<usize, PackedError> {
        usize::try_from(self.varint()?).map_err(|_| PackedError::Short)
    }

    /// How many follow that take at least so many bytes each.
    fn count(&mut self, bytes_min: usize) -> Result<usize, PackedError> {
        let count = self.length()?;
        if count > self.bytes.len() / bytes_min { Err(PackedError::Short) } else { Ok(count) }
    }

    fn text(&mut self) -> Result<&'b str, PackedError> {
        let length = self.length()?;
        str::from_utf8(self.take(length)?).map_err(|_| PackedError::Invalid("a text"))
    }

    fn flags(&mut self, known: u8) -> Result<u8, PackedError> {
        let flags = self.byte()?;
        if flags & !known == 0 { Ok(flags) } else { Err(PackedError::Invalid("a set of flags")) }
    }

    fn time(&mut self, before: Instant) -> Result<Instant, PackedError> {
        let scaled = self.signed()?;
        let unit = if scaled & 1 == 0 { SECOND } else { 1 };
        let distance = (scaled >> 1).checked_mul(unit);
        let at = distance.and_then(|distance| before.as_micros().checked_add(distance));
        let at = at.ok_or(PackedError::Invalid("a time"))?;
        let instant = Instant::from_micros(at);
        // Outside of the years that there are it is moved.
        if instant.as_micros() == at { Ok(instant) } else { Err(PackedError::Invalid("a time")) }
    }
}

/// The texts of a file.
struct Words<'b> {
    texts: Vec<Word<'b>>,
}

struct Word<'b> {
    text: &'b str,
    is_used: bool,
    /// What it names, once that was asked.
    body: Option<BodyId>,
}

impl<'b> Words<'b> {
    fn read(reader: &mut Reader<'b>) -> Result<Self, PackedError> {
        let count = reader.count(1)?;
        let word = |text| Word { text, is_used: false, body: None };
        let texts: Result<_, _> = (0..count).map(|_| reader.text().map(word)).collect();
        Ok(Self { texts: texts? })
    }

    /// A long text is told once, or few bytes would become many.
    fn text(&mut self, index: u64) -> Result<&'b str, PackedError> {
        let wrong = PackedError::Invalid("the place of a text");
        let index = usize::try_from(index).map_err(|_| wrong)?;
        let Some(own) = index.checked_sub(KNOWN.len()) else { return Ok(KNOWN[index]) };
        let word = self.texts.get_mut(own).ok_or(wrong)?;
        if word.text.len() > SHARED_BYTES_MAX && std::mem::replace(&mut word.is_used, true) {
            return Err(wrong);
        }
        Ok(word.text)
    }

    /// Each body is made once a file.
    fn body(&mut self, index: u64) -> Result<BodyId, PackedError> {
        let parse = |text: &str| text.parse().map_err(|_| PackedError::Invalid("a body"));
        let own = usize::try_from(index).ok().and_then(|index| index.checked_sub(KNOWN.len()));
        let Some(word) = own.and_then(|own| self.texts.get_mut(own)) else {
            return parse(self.text(index)?);
        };
        match &word.body {
            Some(body) => Ok(body.clone()),
            None => Ok(word.body.insert(parse(word.text)?).clone()),
        }
    }
}

struct File<'b> {
    reader: Reader<'b>,
    words: Words<'b>,
}

impl File<'_> {
    fn string(&mut self) -> Result<String, PackedError> {
        let index = self.reader.varint()?;
        Ok(self.words.text(index)?.to_owned())
    }

    fn body(&mut self) -> Result<BodyId, PackedError> {
        let index = self.reader.varint()?;
        self.words.body(index)
    }

    fn case(&mut self, case_no: CaseNo) -> Result<(i64, Case), PackedError> {
        let sequence = self.reader.signed()?;
        let source = Source::from_code(self.reader.byte()?);
        let source = source.ok_or(PackedError::Invalid("the source"))?;
        let (category_scheme, category_code) = (self.string()?, self.string()?);
        let area_code = self.string()?;
        let flags = self.reader.flags(COLLECTOR | CONDITION)?;
        let collector = (flags & COLLECTOR != 0).then(|| self.body()).transpose()?;
        let filing_condition = (flags & CONDITION != 0).then(|| self.string()).transpose()?;
        let case = Case {
            case_no,
            source,
            category_scheme,
            category_code,
            area_code,
            collector,
            title: None,
            filing_condition,
        };
        Ok((sequence, case))
    }

    fn events(&mut self, records: &mut CaseRecords) -> Result<(), PackedError> {
        let count = self.reader.count(EVENT_BYTES_MIN)?;
        records.events.reserve_exact(count);
        records.sequences.reserve_exact(count);
        let (mut number, mut sequence, mut at) = (0_u64, records.sequence, Instant::from_micros(0));
        for place in 0..count {
            let step = self.reader.varint()?;
            let is_next = place == 0 || step > 0;
            let next = number.checked_add(step).filter(|_| is_next);
            number = next.ok_or(PackedError::Invalid("the number of an event"))?;
            sequence = sequence.wrapping_add(self.reader.signed()?);
            let event = self.event(&records.case, number, at)?;
            at = event.at;
            records.events.push(event);
            records.sequences.push(sequence);
        }
        Ok(())
    }

    fn event(&mut self, case: &Case, event_no: u64, before: Instant) -> Result<Event, PackedError> {
        let kind = EventKind::from_code(self.reader.byte()?);
        let kind = kind.ok_or(PackedError::Invalid("the kind of an event"))?;
        let flags = self.reader.flags(ACTOR | UNIT | DUE | STAGE_DUE | OUTCOME)?;
        let has = |flag: u8| flags & flag != 0;
        let at = self.reader.time(before)?;
        Ok(Event {
            case_no: case.case_no.clone(),
            event_no,
            at,
            kind,
            actor: has(ACTOR).then(|| self.body()).transpose()?,
            unit: has(UNIT).then(|| self.body()).transpose()?,
            due_at: has(DUE).then(|| self.reader.time(at)).transpose()?,
            stage_due_at: has(STAGE_DUE).then(|| self.reader.time(at)).transpose()?,
            outcome: has(OUTCOME).then(|| self.string()).transpose()?,
            note: None,
        })
    }

    fn deadlines(&mut self, records: &mut CaseRecords) -> Result<(), PackedError> {
        let count = self.reader.count(DEADLINE_BYTES_MIN)?;
        records.deadlines.reserve_exact(count);
        let mut place = 0_usize;
        for _ in 0..count {
            let next = self.reader.length().ok().and_then(|step| place.checked_add(step));
            place = next.ok_or(PackedError::Invalid("the place of a deadline"))?;
            let event = records.events.get(place);
            let event = event.ok_or(PackedError::Invalid("the place of a deadline"))?;
            let sequence = records.sequences[place].wrapping_add(self.reader.signed()?);
            let due_at = self.reader.time(event.at)?;
            let deadline = KnownDeadline { place, sequence, due_at };
            let before = records.deadlines.last();
            let is_next =
                before.is_none_or(|before| (before.place, before.sequence) < (place, sequence));
            if !is_next {
                return Err(PackedError::Invalid("the order of deadlines"));
            }
            records.deadlines.push(deadline);
        }
        Ok(())
    }
}
