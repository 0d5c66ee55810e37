//! The numbers of a pack by their paths, and what is near to a path that names none.

use crate::document::Node;
use crate::pack::PackNumber;
use crate::path::{self, Step, join, may_mean, steps};

/// Most paths that a mistake names.
const NEAR_MAX: usize = 4;

/// The number that a path names.
pub(crate) struct Place<'a> {
    pub(crate) path: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) number: &'a PackNumber<'a>,
    /// The indices of the list elements on the way.
    indices: Vec<usize>,
}

/// Every number that can be adjusted.
pub(crate) struct Places<'a> {
    all: Vec<Place<'a>>,
    root: &'a Node,
}

impl<'a> Places<'a> {
    /// The numbers outside of formulas, which stand in the text `root`.
    pub(crate) fn of(numbers: &'a [PackNumber<'a>], root: &'a Node) -> Self {
        let written = numbers.iter().filter(|number| number.role != "formula");
        let place = |number: &'a PackNumber<'a>| {
            let path = number.place();
            let steps = steps(&path)?;
            let indices = path::find(root, &steps).map(|found| found.indices).unwrap_or_default();
            Some(Place { path, steps, number, indices })
        };
        Self { all: written.filter_map(place).collect(), root }
    }

    /// The number that `wanted` names.
    ///
    /// # Errors
    ///
    /// Says what is near, when it names none.
    pub(crate) fn find(&self, wanted: &str) -> Result<&Place<'a>, String> {
        let Some(steps) = steps(wanted) else {
            return Err(format!(
                "no path; write keys with dots between and elements in brackets, such as `{}`",
                self.all.last().map_or("families.area.zones.key", |place| &place.path)
            ));
        };
        if let Some(place) = self.all.iter().find(|place| place.steps == steps) {
            return Ok(place);
        }
        let meant = |place: &&Place<'_>| may_mean(&steps, &place.steps, &place.indices);
        let meant: Vec<_> = self.all.iter().filter(meant).collect();
        match meant.as_slice() {
            [place] => Ok(place),
            [] => Err(self.told_apart(&steps)),
            several => Err(format!("may be one of several: {}", listed(several))),
        }
    }

    /// Why the steps name no number.
    fn told_apart(&self, wanted: &[Step]) -> String {
        let within = |place: &&Place<'_>| {
            let prefix = place.steps.get(..wanted.len());
            let indices = &place.indices[..place.indices.len().min(wanted.len())];
            prefix.is_some_and(|prefix| may_mean(wanted, prefix, indices))
        };
        let within: Vec<_> = self.all.iter().filter(within).collect();
        if !within.is_empty() {
            return format!("a part and no number; numbers in it: {}", listed(&within));
        }
        if path::find(self.root, wanted).is_some() {
            return "stands in the pack, but is no number that can be adjusted; change the text"
                .to_owned();
        }
        let mut near: Vec<_> =
            self.all.iter().map(|place| (shared(wanted, &place.steps), place)).collect();
        near.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
        let most = near.first().map_or(0, |(shared, _)| *shared);
        let near: Vec<_> = near
            .into_iter()
            .filter(|(shared, _)| *shared == most)
            .map(|(_, place)| place)
            .collect();
        format!("`{}` is no path of this pack; near are {}", join(wanted), listed(&near))
    }
}

fn listed(places: &[&Place<'_>]) -> String {
    let mut names: Vec<_> =
        places.iter().take(NEAR_MAX).map(|place| format!("`{}`", place.path)).collect();
    let more = places.len().saturating_sub(NEAR_MAX);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

/// How many steps two paths share in their order, twice; one more when they end alike.
fn shared(one: &[Step], other: &[Step]) -> usize {
    let mut row = vec![0; other.len() + 1];
    for step in one {
        let mut diagonal = 0;
        for (at, known) in other.iter().enumerate() {
            let above = row[at + 1];
            let same = step.text() == known.text();
            row[at + 1] = if same { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    let ends_alike = one.last().map(Step::text) == other.last().map(Step::text);
    2 * row[other.len()] + usize::from(ends_alike)
}
