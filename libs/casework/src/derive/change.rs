//! Whether time alone makes another fact of a case.

use super::{Deriver, View};
use crate::Event;
use crate::fold::State;
use crate::settlement::backlog_from;

impl Deriver<'_> {
    /// Whether the fact at `later` may be another than at the view of the question, from the same
    /// events: false only where both are equal, and every fact at a view in between. `later` is a
    /// view of the same month.
    ///
    /// A fact follows from the events that a view shows, from whether the deadline lies before it,
    /// and from whether the case has been overdue for long (`Base::Backlog`); earlier months are
    /// seen at most as far. So nothing happens between two views that have none of these instants
    /// between them.
    #[must_use]
    pub fn may_change(&self, events: &[Event], later: View) -> bool {
        let former = self.question.view;
        if later.as_of < former.as_of || later.decided < former.decided {
            return true;
        }
        if events.iter().any(|event| later.shows(event) && !former.shows(event)) {
            return true;
        }
        // Without a deadline given anywhere there is none.
        if events.iter().all(|event| event.due_at.is_none()) {
            return false;
        }
        let mut shown: Vec<_> = events.iter().filter(|event| former.shows(event)).collect();
        shown.sort_unstable_by_key(|event| (event.at, event.event_no));
        let mut state = State::NEW;
        for event in shown {
            // As in `History`: only the effect matters.
            let _ = state.apply(event, &self.question.lifecycle);
        }
        let Some(deadline) = state.deadline else { return false };
        let passes = |at| former.as_of <= at && at < later.as_of;
        passes(deadline) || passes(backlog_from(deadline))
    }
}
