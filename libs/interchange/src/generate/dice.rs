//! Chance in whole numbers.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A stream of chance.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream with a number; streams of a seed do not touch.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// A number from 0 below `end`; 0 when `end` is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(end);
        u64::try_from(wide >> 64).expect("a 128-bit number shifted by 64")
    }

    /// A number in `from..=to`.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = u64::try_from(to - from + 1).expect("from <= to");
        from + i64::try_from(self.below(span)).expect("below an i64")
    }

    /// Whether something happens that happens so many times in a thousand.
    pub(super) fn chance(&mut self, per_thousand: u64) -> bool {
        self.below(1000) < per_thousand
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("below a usize")
    }

    /// One of several, each with its weight.
    pub(super) fn weighted<'a, T>(&mut self, from: &'a [(u64, T)]) -> &'a T {
        let mut point = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in from {
            if point < *weight {
                return item;
            }
            point -= weight;
        }
        &from[0].1
    }
}
