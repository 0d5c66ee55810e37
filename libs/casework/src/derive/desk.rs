//! What post teams did with a case (regulation 3.3, 5.3).

use chengping_types::{BodyId, Instant};

use super::Deriver;
use crate::settlement::Seen;
use crate::{
    AccurateDispatch, Base, Case, DeskCount, Event, EventKind, Marks, MissedOver, Source,
    ValidReport,
};

/// The counts of posts that the case enters in the month asked for. `seen` is the case at the view,
/// and `marks` are what it counts as a case.
///
/// A desk did its work whether or not it fits where the case stood, so every stage that the view
/// shows counts; only of filings the first, and nothing but itself once the collector has settled
/// the case on the spot.
pub(super) fn count<'e>(
    deriver: &Deriver<'_>,
    case: &'e Case,
    sorted: &[&'e Event],
    seen: &Seen<'_, 'e>,
    marks: Marks,
) -> Vec<DeskCount> {
    let view = &deriver.question.view;
    let mut desk = Desk { deriver, teams: Vec::new() };
    let shown = || sorted.iter().copied().filter(|event| view.shows(event));
    if seen.state.self_handled {
        desk.enter_self_handled(shown());
    } else {
        desk.enter_report(case, shown(), seen);
        desk.enter_filed(case, shown(), seen);
        shown().for_each(|event| desk.enter_stage(event));
        desk.enter_first_dispatch(shown(), seen);
        desk.enter_closing(seen, marks);
    }
    desk.finish()
}

/// The counts of a stage: done, done with a limit, done within it.
const fn timed_stage(kind: EventKind) -> Option<[Base; 3]> {
    Some(match kind {
        EventKind::Verified => [Base::Verified, Base::VerifiedLimited, Base::VerifiedOnTime],
        EventKind::CheckPassed | EventKind::CheckFailed => {
            [Base::Checked, Base::CheckedLimited, Base::CheckedOnTime]
        }
        EventKind::VerifySent => {
            [Base::VerifySent, Base::VerifySentLimited, Base::VerifySentOnTime]
        }
        EventKind::CheckSent => [Base::CheckSent, Base::CheckSentLimited, Base::CheckSentOnTime],
        EventKind::Accepted => [Base::Accepted, Base::AcceptedLimited, Base::AcceptedOnTime],
        EventKind::Dispatched => {
            [Base::Dispatched, Base::DispatchedLimited, Base::DispatchedOnTime]
        }
        _ => return None,
    })
}

const FILING: [Base; 3] = [Base::Filings, Base::FilingsLimited, Base::FilingsOnTime];

/// How many counts of posts there can be, and the code of the first.
const SLOTS: usize = 64;
const FIRST: u8 = Base::Reports.code();

const _: () = {
    let mut left = Base::ALL;
    while let [base, rest @ ..] = left {
        let has_slot = base.code() >= FIRST && ((base.code() - FIRST) as usize) < SLOTS;
        assert!(has_slot || !base.is_of_posts(), "a slot for every count of posts");
        left = rest;
    }
};

/// What a team counts of the case, for every count of posts.
struct Team<'e> {
    /// Nobody, for work that no team has touched.
    body: Option<&'e BodyId>,
    /// A bit for every count that it has.
    has: u64,
    times: [u16; SLOTS],
}

impl Team<'_> {
    fn enter(&mut self, base: Base) {
        let slot = usize::from(base.code() - FIRST);
        self.has |= 1 << slot;
        self.times[slot] = self.times[slot].saturating_add(1);
    }

    /// In the order of their codes.
    fn counts(&self) -> impl Iterator<Item = DeskCount> {
        let mut left = self.has;
        std::iter::from_fn(move || {
            let slot = u8::try_from(left.trailing_zeros()).ok().filter(|_| left != 0)?;
            left &= left - 1;
            let base = Base::from_code(FIRST + slot).expect("it was entered");
            let times = self.times[usize::from(slot)];
            Some(DeskCount { team: self.body.cloned(), base, times })
        })
    }
}

struct Desk<'d, 'e> {
    deriver: &'d Deriver<'d>,
    /// The few that have to do with the case, each once.
    teams: Vec<Team<'e>>,
}

impl<'e> Desk<'_, 'e> {
    fn team(&mut self, body: Option<&'e BodyId>) -> &mut Team<'e> {
        let known = self.teams.iter().position(|known| known.body == body);
        let place = known.unwrap_or_else(|| {
            self.teams.push(Team { body, has: 0, times: [0; SLOTS] });
            self.teams.len() - 1
        });
        &mut self.teams[place]
    }

    fn enter(&mut self, team: Option<&'e BodyId>, base: Base) {
        self.team(team).enter(base);
    }

    fn holds(&self, at: Instant) -> bool {
        self.deriver.months.asked().holds(at)
    }

    /// Whether the month asked for is that of a stage done at `event` (decisions.md 26).
    fn settles_now(&self, event: &Event) -> bool {
        let settled = event.stage_due_at.map_or(event.at, |limit| limit.min(event.at));
        if self.holds(settled) || !self.holds(event.at) {
            return self.holds(settled);
        }
        // The limit passed in an earlier month: that month counts it, if its freeze saw it.
        let months = &self.deriver.months;
        event.at >= months.period(months.month_of(settled)).view.as_of
    }

    fn enter_timed(
        &mut self,
        team: &'e BodyId,
        event: &Event,
        [done, limited, on_time]: [Base; 3],
    ) {
        let team = self.team(Some(team));
        team.enter(done);
        if let Some(limit) = event.stage_due_at {
            team.enter(limited);
            if event.at <= limit {
                team.enter(on_time);
            }
        }
    }

    fn enter_stage(&mut self, event: &'e Event) {
        let Some(team) = event.actor.as_ref() else { return };
        let timed = timed_stage(event.kind);
        let other = match event.kind {
            EventKind::Declined => Some(Base::Declined),
            EventKind::Refused => Some(Base::Refused),
            _ => None,
        };
        if (timed.is_none() && other.is_none()) || !self.settles_now(event) {
            return;
        }
        if let Some(bases) = timed {
            self.enter_timed(team, event, bases);
        }
        if let Some(base) = other {
            self.enter(Some(team), base);
        }
    }

    fn enter_self_handled(&mut self, mut shown: impl Iterator<Item = &'e Event>) {
        let Some(event) = shown.find(|event| event.kind == EventKind::SelfHandled) else { return };
        if let Some(team) = event.actor.as_ref().filter(|_| self.holds(event.at)) {
            self.enter(Some(team), Base::SelfHandled);
        }
    }

    /// The report, for the team that made it and for the desk that has to decide about it.
    fn enter_report(
        &mut self,
        case: &'e Case,
        shown: impl Iterator<Item = &'e Event> + Clone,
        seen: &Seen<'_, '_>,
    ) {
        let first = |kinds: &[EventKind]| shown.clone().find(|event| kinds.contains(&event.kind));
        let report = first(&[EventKind::Reported]).filter(|event| self.holds(event.at));
        let Some(report) = report else { return };
        let lifecycle = seen.lifecycle;
        if let Some(team) = report.actor.as_ref().filter(|_| case.source == Source::Patrol) {
            self.enter(Some(team), Base::Reports);
            let is_valid = match lifecycle.valid_report {
                ValidReport::FiledNotVoided => seen.state.counts(),
                ValidReport::FiledOrVoided => seen.state.filed_at.is_some(),
            };
            if is_valid {
                self.enter(Some(team), Base::ValidReports);
            }
            let declined = first(&[EventKind::Declined]);
            if seen.state.filed_at.is_none() && declined.is_some_and(|event| event.is("invalid")) {
                self.enter(Some(team), Base::WrongReports);
            }
            if lifecycle.missed_over == MissedOver::PublicAndPatrol {
                self.enter(Some(team), Base::MissedBasis);
            }
        }
        // A platform without a step of acceptance accepts what it files.
        let decision = first(&[
            EventKind::Accepted,
            EventKind::Declined,
            EventKind::Filed,
            EventKind::Refused,
        ]);
        let touched = decision.or_else(|| first(&[EventKind::VerifySent]));
        let team = touched.and_then(|event| event.actor.as_ref());
        self.enter(team, Base::Received);
        if decision.is_some() {
            self.enter(team, Base::Decided);
        }
    }

    /// The first filing, for the desk that filed, the team of the grid, and whoever dispatches.
    fn enter_filed(
        &mut self,
        case: &'e Case,
        shown: impl Iterator<Item = &'e Event> + Clone,
        seen: &Seen<'_, '_>,
    ) {
        let filing = shown.clone().find(|event| event.kind == EventKind::Filed);
        let Some(filing) = filing else { return };
        if let Some(team) = filing.actor.as_ref().filter(|_| self.settles_now(filing)) {
            self.enter_timed(team, filing, FILING);
            if !seen.state.voided {
                self.enter(Some(team), Base::AccurateFilings);
            }
        }
        if !seen.state.counts() || !self.holds(filing.at) {
            return;
        }
        if let Some(team) = case.collector.as_ref() {
            let is_missed = case.source.is_public();
            if is_missed || seen.lifecycle.missed_over == MissedOver::Filed {
                self.enter(Some(team), Base::MissedBasis);
            }
            if is_missed {
                self.enter(Some(team), Base::MissedReports);
            }
        }
        let dispatch = shown.clone().find(|event| event.kind == EventKind::Dispatched);
        let team = dispatch.and_then(|event| event.actor.as_ref());
        self.enter(team, Base::DispatchDue);
        if dispatch.is_some() {
            self.enter(team, Base::DispatchDone);
        }
    }

    /// The first dispatch, charged with whether it went to the right unit (decisions.md 30).
    fn enter_first_dispatch(
        &mut self,
        mut shown: impl Iterator<Item = &'e Event>,
        seen: &Seen<'_, '_>,
    ) {
        let Some(first) = shown.find(|event| event.kind == EventKind::Dispatched) else { return };
        let Some(team) = first.actor.as_ref().filter(|_| self.settles_now(first)) else { return };
        self.enter(Some(team), Base::FirstDispatches);
        let is_accurate = match seen.lifecycle.accurate_dispatch {
            AccurateDispatch::FirstIsLast => {
                first.unit.is_some() && first.unit.as_ref() == seen.state.unit
            }
            AccurateDispatch::WithoutRework => seen.rework_at().is_none(),
        };
        if is_accurate {
            self.enter(Some(team), Base::AccurateDispatches);
        }
    }

    /// The closing, for the desk that filed (decisions.md 29).
    fn enter_closing(&mut self, seen: &Seen<'_, 'e>, marks: Marks) {
        let Some(team) = seen.state.filing_desk else { return };
        for (mark, base) in
            [(Base::Due, Base::FilingsDue), (Base::ClosedOnTime, Base::FilingsClosedOnTime)]
        {
            if marks.has(mark) {
                self.enter(Some(team), base);
            }
        }
    }

    /// In the order of team and count, each pair once.
    fn finish(mut self) -> Vec<DeskCount> {
        self.teams.sort_unstable_by_key(|team| team.body);
        let total = self.teams.iter().map(|team| team.has.count_ones() as usize).sum();
        let mut counts = Vec::with_capacity(total);
        counts.extend(self.teams.iter().flat_map(Team::counts));
        counts
    }
}
