//! Counts looked up where they lie in tallies: no sum is taken of what no formula asks for.

use chengping_casework::Base;
use chengping_rules::Counted;
use chengping_types::{Exact, Stream};

use crate::attribution::Part;
use crate::counts::{Counts, net};
use crate::tally::{BodyTallies, Tallies, selects};

/// As many as a body can have.
const CELLS: usize = Stream::ALL.len() * Part::ALL.len();

/// The cells of a body in one month, or the pool of all teams.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cells<'a>([Option<(Stream, Part, &'a Counts)>; CELLS]);

impl<'a> Cells<'a> {
    /// Those of a body in some streams; none where nothing of it was counted.
    pub(crate) fn of_body(streams: Option<&'a BodyTallies>, counts: Counted) -> Self {
        let streams = streams.into_iter().flatten();
        let streams = streams.filter(|(stream, _)| counts.includes(**stream));
        streams
            .flat_map(|(stream, parts)| {
                parts.iter().map(move |(part, counts)| (*stream, *part, counts))
            })
            .collect()
    }

    /// The counts of posts of all teams together.
    pub(crate) fn of_pool(tallies: &'a Tallies) -> Self {
        tallies.pool.iter().map(|(stream, counts)| (*stream, Part::All, counts)).collect()
    }

    /// Some of the cells together.
    pub(crate) const fn select(&self, counts: Counted, part: Part) -> Selected<'_> {
        Selected { cells: self, counts, part }
    }
}

impl<'a> FromIterator<(Stream, Part, &'a Counts)> for Cells<'a> {
    fn from_iter<T: IntoIterator<Item = (Stream, Part, &'a Counts)>>(all: T) -> Self {
        let mut cells = Self::default();
        cells.0.iter_mut().zip(all).for_each(|(cell, one)| *cell = Some(one));
        cells
    }
}

/// Some cells of a body together, as [`Tallies::sum`] adds them up.
#[derive(Clone, Copy)]
pub(crate) struct Selected<'a> {
    cells: &'a Cells<'a>,
    counts: Counted,
    part: Part,
}

impl<'a> Selected<'a> {
    fn iter(self) -> impl Iterator<Item = &'a Counts> {
        let cells = self.cells.0.iter().map_while(|cell| *cell);
        cells
            .filter(move |(stream, part, _)| selects(self.counts, self.part, *stream, *part))
            .map(|(_, _, counts)| counts)
    }

    /// As [`Counts::get`].
    pub(crate) fn get(self, base: Base) -> u64 {
        self.iter().map(|counts| counts.get(base)).sum()
    }

    /// As [`Counts::exact`].
    pub(crate) fn exact(self, base: Base) -> Exact {
        Exact::from(net(base, |base| self.get(base)))
    }

    /// As [`Counts::has_data`].
    pub(crate) fn has_data(self) -> bool {
        self.iter().any(Counts::has_data)
    }
}
