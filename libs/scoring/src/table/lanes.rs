//! Sums of 0/1 marks, eight counts at a time.

use chengping_casework::Base;

use crate::counts::Counts;

/// The counts of a case by the [slot] of their base, without those of posts.
pub(super) type Sums = [u64; SLOTS];

/// Words of byte lanes: enough for a lane per bit of the marks.
const WORDS: usize = u64::BITS as usize / 8;

/// The slot of the first count that has no lane.
const LANES: usize = 8 * WORDS;

/// A slot for every lane and for every sum.
const SLOTS: usize = {
    let (mut place, mut slots) = (0, LANES);
    while place < Base::ALL.len() {
        let base = Base::ALL[place];
        assert!(base.code() > 0, "the lane of code 0 counts the facts");
        assert!(base.is_of_posts() || base.is_sum() || (base.code() as usize) < LANES);
        if base.is_sum() && slot(base.code()) >= slots {
            slots = slot(base.code()) + 1;
        }
        place += 1;
    }
    slots
};

/// The code of the first sum. The sums follow the lanes: the codes between are those of posts.
const FIRST_SUM: u8 = {
    let mut place = 0;
    while !Base::ALL[place].is_sum() {
        place += 1;
    }
    Base::ALL[place].code()
};

/// Where the count of a case of some code is summed.
const fn slot(code: u8) -> usize {
    if code < FIRST_SUM { code as usize } else { LANES + (code - FIRST_SUM) as usize }
}

/// The mark that no fact has, so that its lane counts the facts of a cell.
const FACTS: u64 = 1;

/// As many facts as a lane can count.
const LANE_MAX: u64 = 0xff;

/// A byte with each bit in a byte of its own.
const SPREAD: [u64; 256] = {
    let mut spread = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            spread[byte] |= (byte as u64 >> bit & 1) << (8 * bit);
            bit += 1;
        }
        byte += 1;
    }
    spread
};

/// The marks of a fact, a byte each.
#[derive(Clone, Copy)]
pub(super) struct Spread([u64; WORDS]);

impl Spread {
    pub(super) fn of(marks: u64) -> Self {
        let bytes = (marks | FACTS).to_le_bytes();
        let mut words = [0; WORDS];
        for (word, byte) in words.iter_mut().zip(bytes) {
            *word = SPREAD[usize::from(byte)];
        }
        Self(words)
    }
}

/// Cells that sum marks: in bytes while they fit, which is 255 facts a cell, and then in whole
/// numbers.
pub(super) struct Cells {
    narrow: Vec<[u64; WORDS]>,
    sums: Vec<Sums>,
}

impl Cells {
    pub(super) fn new(number: usize) -> Self {
        Self { narrow: vec![[0; WORDS]; number], sums: vec![[0; SLOTS]; number] }
    }

    /// Adds the marks of a fact to a cell.
    #[inline]
    pub(super) fn add(&mut self, cell: usize, marks: Spread) {
        let narrow = &mut self.narrow[cell];
        for (sum, word) in narrow.iter_mut().zip(marks.0) {
            *sum += word;
        }
        if narrow[0] & LANE_MAX == LANE_MAX {
            self.empty_lanes(cell);
        }
    }

    /// Adds a count that is more than a mark.
    pub(super) fn add_times(&mut self, cell: usize, code: u8, times: u32) {
        self.sums[cell][slot(code)] += u64::from(times);
    }

    #[cold]
    fn empty_lanes(&mut self, cell: usize) {
        let lanes = self.narrow[cell].iter().flat_map(|word| word.to_le_bytes());
        for (sum, lane) in self.sums[cell].iter_mut().zip(lanes) {
            *sum += u64::from(lane);
        }
        self.narrow[cell] = [0; WORDS];
    }

    /// The sums of every cell.
    pub(super) fn into_sums(mut self) -> Vec<Sums> {
        (0..self.narrow.len()).for_each(|cell| self.empty_lanes(cell));
        self.sums
    }
}

/// The sums as counts.
pub(super) fn counts(sums: &Sums) -> Counts {
    let of_cases = Base::ALL.iter().filter(|base| !base.is_of_posts());
    of_cases.map(|base| (*base, sums[slot(base.code())])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_emptied_before_they_overflow() {
        let due = Spread::of(1 << Base::Due.code());
        for facts in [0_u64, 1, 254, 255, 256, 511, 70_000] {
            let mut cells = Cells::new(2);
            (0..facts).for_each(|_| cells.add(1, due));
            cells.add_times(1, Base::OrdersFirst.code(), u32::MAX);
            let sums = cells.into_sums();
            assert!(counts(&sums[0]).is_zero());
            let counts = counts(&sums[1]);
            assert_eq!(counts.get(Base::Due), facts);
            assert_eq!(counts.get(Base::OrdersFirst), u64::from(u32::MAX));
            assert_eq!(counts.get(Base::Filed), 0, "the number of facts is no count");
        }
    }

    #[test]
    fn every_mark_has_a_lane_of_its_own() {
        for base in Base::ALL.iter().filter(|base| !base.is_multiple()) {
            let mut cells = Cells::new(1);
            cells.add(0, Spread::of(1 << base.code()));
            let counted: Counts = [(*base, 1)].into_iter().collect();
            assert_eq!(counts(&cells.into_sums()[0]), counted, "{base}");
        }
    }

    #[test]
    fn every_count_aside_has_a_slot_of_its_own() {
        for base in Base::ALL.iter().filter(|base| base.is_multiple() && !base.is_of_posts()) {
            let mut cells = Cells::new(1);
            cells.add_times(0, base.code(), 7);
            let counted: Counts = [(*base, 7)].into_iter().collect();
            assert_eq!(counts(&cells.into_sums()[0]), counted, "{base}");
        }
    }
}
