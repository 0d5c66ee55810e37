/// Chance that a seed repeats (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// By the seed that an environment variable names, or one of chance.
    ///
    /// # Panics
    ///
    /// If the variable holds no number.
    pub fn seeded(variable: &str) -> Self {
        let told = std::env::var(variable).ok();
        let told = told.map(|seed| seed.parse().unwrap_or_else(|_| panic!("{variable}: {seed}")));
        Self(told.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0))
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.any() % end
    }

    /// A place in something of this length.
    ///
    /// # Panics
    ///
    /// If it has no place.
    pub fn place(&mut self, length: usize) -> usize {
        let place = self.below(u64::try_from(length).expect("a length fits"));
        usize::try_from(place).expect("it is below a length")
    }

    /// One of `items`.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.place(items.len())]
    }

    /// Puts `items` into an order of chance.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.place(last + 1));
        }
    }
}
