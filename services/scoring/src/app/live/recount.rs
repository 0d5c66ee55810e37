//! Counts that follow the stream, compared with a full recount.

use std::collections::BTreeMap;
use std::fmt::Display;

use chengping_casework::Base;
use chengping_scoring::{Counts as Cell, Tallies};
use chengping_types::JurisdictionId;

use super::counts::Counts;

/// So many differences are logged one by one.
const LOGGED: usize = 50;

/// Logs what two counts of the same records and view have otherwise; gives how many that are.
pub(super) fn compare(jurisdiction: &JurisdictionId, live: &Counts, recounted: &Counts) -> u64 {
    let mut differences = Differences { jurisdiction, number: 0 };
    let none = Tallies::default();
    let months = live.tallies.keys().chain(recounted.tallies.keys());
    let months: std::collections::BTreeSet<_> = months.collect();
    for month in months {
        let of = |counts: &Counts| counts.tallies.get(month).cloned().unwrap_or(none.clone());
        let (live, recounted) = (cells(&of(live)), cells(&of(recounted)));
        let places: std::collections::BTreeSet<_> = live.keys().chain(recounted.keys()).collect();
        for place in places {
            differences.compare(month, place, live.get(place), recounted.get(place));
        }
    }
    differences.number
}

/// The cells of tallies, by a text that says where each is.
fn cells(tallies: &Tallies) -> BTreeMap<String, Cell> {
    let total = tallies.total.iter().map(|(stream, cell)| (format!("all cases, {stream}"), cell));
    let pool = tallies.pool.iter().map(|(stream, cell)| (format!("all teams, {stream}"), cell));
    let bodies = tallies.bodies.iter().flat_map(|(body, streams)| {
        streams.iter().flat_map(move |(stream, parts)| {
            parts.iter().map(move |(part, cell)| (format!("{body}, {stream}, {part}"), cell))
        })
    });
    total.chain(pool).chain(bodies).map(|(place, cell)| (place, cell.clone())).collect()
}

struct Differences<'a> {
    jurisdiction: &'a JurisdictionId,
    number: u64,
}

impl Differences<'_> {
    fn compare(
        &mut self,
        month: &dyn Display,
        place: &str,
        live: Option<&Cell>,
        recounted: Option<&Cell>,
    ) {
        for base in Base::ALL {
            let of = |cell: Option<&Cell>| cell.map_or(0, |cell| cell.get(*base));
            let (live, recounted) = (of(live), of(recounted));
            if live == recounted {
                continue;
            }
            self.number += 1;
            if self.number <= LOGGED as u64 {
                let jurisdiction = self.jurisdiction;
                tracing::error!(
                    %jurisdiction, %month, place, %base, live, recounted,
                    "a recount differs from what followed the stream"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chengping_types::Instant;
    use serde_json::json;

    use super::*;

    fn counts(months: &serde_json::Value) -> Counts {
        let tallies = serde_json::from_value(months.clone()).unwrap();
        Counts { watermark: 1, as_of: Instant::from_micros(0), tallies }
    }

    #[test]
    fn every_count_that_is_other_than_recounted_is_a_difference() {
        let jurisdiction = "zz".parse().unwrap();
        let good = json!({"2018-04": {
            "bodies": {"d01": {"regular": {"key": {"due": 3, "filed": 2}}}},
            "total": {"regular": {"due": 3}},
        }});
        let differ =
            |live: &serde_json::Value| compare(&jurisdiction, &counts(live), &counts(&good));
        assert_eq!(differ(&good), 0);
        let mut empty_month = good.clone();
        empty_month["2018-03"] = json!({"bodies": {}, "total": {}});
        assert_eq!(differ(&empty_month), 0, "a month without a count may be absent");
        let mut other = good.clone();
        other["2018-04"]["bodies"]["d01"]["regular"]["key"] = json!({"due": 4, "closed": 1});
        assert_eq!(differ(&other), 3, "due is another, closed is too many, filed is missing");
        assert_eq!(differ(&json!({})), 3);
    }
}
