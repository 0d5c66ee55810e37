//! Cases that were accepted, and the month under which the events of each are kept.

use std::sync::LazyLock;

use chengping_types::{CaseNo, Instant, Month, TimeZone};
use foldhash::{HashMap, HashMapExt as _};

use super::record::SentEvent;
use super::retention::Retention;

static UTC: LazyLock<TimeZone> = LazyLock::new(|| "UTC".parse().expect("a time zone"));

/// What taking in an event of an accepted case needs. It never changes once the month is fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownCase {
    /// The month under which its events are kept, once there is one.
    pub(crate) month: Option<Month>,
    /// Whether it names a filing condition, so that deadlines can be computed for it.
    pub(crate) is_conditional: bool,
}

/// The accepted ones among the cases of a batch of events.
#[derive(Debug, Default)]
pub(crate) struct KnownCases(HashMap<CaseNo, KnownCase>);

impl KnownCases {
    pub(crate) fn get(&self, case_no: &CaseNo) -> Option<KnownCase> {
        self.0.get(case_no).copied()
    }

    /// The months that are fixed.
    pub(crate) fn months(&self) -> impl Iterator<Item = Month> {
        self.0.values().filter_map(|known| known.month)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&CaseNo, &mut KnownCase)> {
        self.0.iter_mut()
    }

    /// Whether the case is known and names a filing condition.
    pub(crate) fn is_conditional(&self, case_no: &CaseNo) -> bool {
        self.get(case_no).is_some_and(|known| known.is_conditional)
    }

    /// The month of a case of which events are about to be stored.
    pub(crate) fn month(&self, case_no: &CaseNo) -> Month {
        let known = self.get(case_no).and_then(|known| known.month);
        known.expect("fixed before its events are stored")
    }

    /// Fixes the month of each case that has none yet, by its earliest event among these; gives
    /// those cases. None is kept under a month that is put away, but under the next that is not.
    pub(crate) fn fix_months<'e>(
        &mut self,
        events: impl Iterator<Item = &'e SentEvent>,
        retention: &Retention,
    ) -> Vec<(CaseNo, Month)> {
        let mut earliest: HashMap<&CaseNo, Instant> = HashMap::new();
        for SentEvent { event, .. } in events {
            if self.get(&event.case_no).is_some_and(|known| known.month.is_none()) {
                let first = earliest.entry(&event.case_no).or_insert(event.at);
                *first = event.at.min(*first);
            }
        }
        let mut fixed = Vec::with_capacity(earliest.len());
        for (case_no, at) in earliest {
            let month = retention.open_month(kept_month(at));
            self.0.get_mut(case_no).expect("just found").month = Some(month);
            fixed.push((case_no.clone(), month));
        }
        fixed.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        fixed
    }
}

impl FromIterator<(CaseNo, KnownCase)> for KnownCases {
    fn from_iter<I: IntoIterator<Item = (CaseNo, KnownCase)>>(known: I) -> Self {
        Self(known.into_iter().collect())
    }
}

impl Extend<(CaseNo, KnownCase)> for KnownCases {
    fn extend<I: IntoIterator<Item = (CaseNo, KnownCase)>>(&mut self, known: I) {
        self.0.extend(known);
    }
}

/// The month under which the events of a case are kept whose earliest event happened at `at`. It
/// says where they lie, and nothing of what they count for. Times that no platform can mean share
/// the first and the last month, so that nobody can make up months without end.
fn kept_month(at: Instant) -> Month {
    static BOUNDS: LazyLock<(Month, Month)> = LazyLock::new(|| {
        let month = |year, month| Month::new(year, month).expect("a month");
        (month(2000, 1), month(2099, 12))
    });
    let (first, last) = *BOUNDS;
    Month::of(at, &UTC).clamp(first, last)
}

#[cfg(test)]
mod tests {
    use chengping_casework::{Event, EventKind};

    use super::*;

    fn event(case_no: &str, at: &str) -> SentEvent {
        SentEvent::from(Event {
            case_no: case_no.parse().unwrap(),
            event_no: 1,
            at: Instant::parse(at).unwrap(),
            kind: EventKind::Filed,
            actor: None,
            unit: None,
            due_at: None,
            stage_due_at: None,
            outcome: None,
            note: None,
        })
    }

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn a_case_is_kept_under_its_earliest_event_for_good() {
        let new = KnownCase { month: None, is_conditional: false };
        let case = |text: &str| text.parse::<CaseNo>().unwrap();
        let mut known: KnownCases = [(case("a"), new), (case("b"), new)].into_iter().collect();
        let events = [
            event("a", "2018-05-01T00:00:00Z"),
            event("a", "2018-04-30T23:59:59Z"),
            event("unknown", "2018-01-01T00:00:00Z"),
        ];
        let none = Retention::default();
        let fixed = known.fix_months(events.iter(), &none);
        assert_eq!(fixed, [(case("a"), month("2018-04"))]);
        let earlier = [event("a", "2018-01-01T00:00:00Z")];
        assert!(known.fix_months(earlier.iter(), &none).is_empty());
        assert_eq!(known.month(&case("a")), month("2018-04"));
    }

    #[test]
    fn no_case_is_kept_under_a_month_that_is_put_away() {
        let new = KnownCase { month: None, is_conditional: false };
        let mut known: KnownCases = [("a".parse().unwrap(), new)].into_iter().collect();
        let mut retention = Retention::default();
        retention.archived.extend([month("2018-04"), month("2018-05"), month("2018-07")]);
        let events = [event("a", "2018-04-30T23:59:59Z")];
        let fixed = known.fix_months(events.iter(), &retention);
        assert_eq!(fixed, [("a".parse().unwrap(), month("2018-06"))]);
    }

    #[test]
    fn times_that_nobody_means_share_a_month() {
        for (at, kept) in [
            ("0001-01-01T00:00:00Z", "2000-01"),
            ("1999-12-31T23:59:59Z", "2000-01"),
            ("2018-04-30T23:59:59Z", "2018-04"),
            ("9999-12-31T23:59:59Z", "2099-12"),
        ] {
            assert_eq!(kept_month(Instant::parse(at).unwrap()), month(kept));
        }
    }
}
