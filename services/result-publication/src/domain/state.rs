//! Where a version stands, and what may happen to it next (method f).

use chengping_types::{Instant, named_enum};

named_enum! {
    /// Where a version stands. The codes are those of the API.
    pub(crate) enum State: "state of a version" {
        /// Made from an evaluation.
        Computed = 1 => "computed",
        /// Shown to the bodies (6.8). Kept as this until it is decided: that the window is open
        /// follows from the time ([`Notice::state_at`]).
        UnderNotice = 2 => "under_notice",
        /// Open to objections, or waits for their decisions.
        ObjectionWindow = 3 => "objection_window",
        /// All objections are decided.
        Decided = 4 => "decided",
        /// Sealed and public.
        Published = 5 => "published",
        /// Public, and replaced by a later version.
        Corrected = 6 => "corrected",
        /// Public, and taken back: it does not stand.
        Withdrawn = 7 => "withdrawn",
    }
}

named_enum! {
    /// What happens to a version.
    pub(crate) enum Step: "step of a version" {
        /// It is shown to the bodies.
        Submit = 1 => "submit",
        /// All objections are decided.
        Approve = 2 => "approve",
        /// It is sealed.
        Publish = 3 => "publish",
        /// A later version takes its place.
        Correct = 4 => "correct",
        /// It is taken back.
        Withdraw = 5 => "withdraw",
        /// It is made from an evaluation, for the first time or anew.
        Create = 6 => "create",
    }
}

/// A step that does not follow from where the version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IllegalChange {
    /// Where it stands.
    pub(crate) from: State,
    /// Where the step would have led.
    pub(crate) to: State,
}

impl Step {
    /// Where the step leads.
    pub(crate) const fn target(self) -> State {
        match self {
            Self::Create => State::Computed,
            Self::Submit => State::UnderNotice,
            Self::Approve => State::Decided,
            Self::Publish => State::Published,
            Self::Correct => State::Corrected,
            Self::Withdraw => State::Withdrawn,
        }
    }

    /// Whether, where four eyes are asked for, somebody else must take it than who took the step
    /// before: to submit is to ask for just that, and a correction follows from another version.
    pub(crate) const fn needs_another(self) -> bool {
        matches!(self, Self::Approve | Self::Publish | Self::Withdraw)
    }
}

impl State {
    /// The state after `step`. A computed version may be published as it is, unless its number must be
    /// shown to the bodies: one that was shown once waits for the decisions, however often it is made
    /// anew.
    ///
    /// # Errors
    ///
    /// When the step is not allowed here.
    pub(crate) const fn after(
        self,
        step: Step,
        must_be_shown: bool,
    ) -> Result<Self, IllegalChange> {
        let allowed = match (self, step) {
            (Self::Computed, Step::Submit)
            | (Self::UnderNotice | Self::ObjectionWindow, Step::Approve)
            | (Self::Decided, Step::Publish)
            | (Self::Published, Step::Correct | Step::Withdraw)
            | (
                Self::Computed | Self::UnderNotice | Self::ObjectionWindow | Self::Decided,
                Step::Create,
            ) => true,
            (Self::Computed, Step::Publish) => !must_be_shown,
            _ => false,
        };
        if allowed {
            Ok(step.target())
        } else {
            Err(IllegalChange { from: self, to: step.target() })
        }
    }

    /// Whether the version is sealed and in the log.
    pub(crate) const fn is_sealed(self) -> bool {
        matches!(self, Self::Published | Self::Corrected | Self::Withdrawn)
    }
}

/// When a version was shown to the bodies, and what they may do when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notice {
    /// When it was shown.
    pub(crate) time: Instant,
    /// From when on objections are taken.
    pub(crate) objection_start: Instant,
    /// Up to when, exclusive.
    pub(crate) objection_end: Instant,
    /// When all of them are to be decided.
    pub(crate) decision_due: Instant,
}

impl Notice {
    /// Whether objections are taken now.
    pub(crate) fn takes_objections(&self, now: Instant) -> bool {
        self.objection_start <= now && now < self.objection_end
    }

    /// What the state of a version that is under notice is now.
    pub(crate) fn state_at(&self, now: Instant) -> State {
        if now < self.objection_start { State::UnderNotice } else { State::ObjectionWindow }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_state_allows_just_these_steps() {
        use State::{
            Computed, Corrected, Decided, ObjectionWindow, Published, UnderNotice, Withdrawn,
        };
        let table: [(State, [bool; 6]); 7] = [
            // submit, approve, publish, correct, withdraw, create
            (Computed, [true, false, true, false, false, true]),
            (UnderNotice, [false, true, false, false, false, true]),
            (ObjectionWindow, [false, true, false, false, false, true]),
            (Decided, [false, false, true, false, false, true]),
            (Published, [false, false, false, true, true, false]),
            (Corrected, [false; 6]),
            (Withdrawn, [false; 6]),
        ];
        for (state, allowed) in table {
            for (step, allowed) in Step::ALL.iter().zip(allowed) {
                let to = step.target();
                let expected =
                    if allowed { Ok(to) } else { Err(IllegalChange { from: state, to }) };
                assert_eq!(state.after(*step, false), expected, "{state} {step}");
                // What must be shown is not published unseen.
                let unseen = state == Computed && *step == Step::Publish;
                assert_eq!(state.after(*step, true).is_ok(), allowed && !unseen, "{state} {step}");
            }
        }
    }

    fn step() -> impl Strategy<Value = Step> {
        prop::sample::select(Step::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn no_path_leads_back_from_what_is_published(
            steps in prop::collection::vec(step(), 0..40), must_be_shown: bool,
        ) {
            let (mut state, mut seen) = (State::Computed, vec![State::Computed]);
            for step in steps {
                if let Ok(next) = state.after(step, must_be_shown) {
                    prop_assert!(!state.is_sealed() || next.is_sealed());
                    prop_assert!(next != State::Published || !state.is_sealed(), "published twice");
                    (state, _) = (next, seen.push(next));
                }
            }
            if must_be_shown && state.is_sealed() {
                // Since it was made last, it was shown, decided and published, in this order.
                let made = seen.iter().rposition(|state| *state == State::Computed).unwrap();
                let path = [State::UnderNotice, State::Decided, State::Published];
                prop_assert_eq!(&seen[made + 1..made + 4], &path);
            }
        }

        #[test]
        fn time_alone_opens_the_window_and_closes_it(times in prop::array::uniform4(0i64..1000), now in 0i64..1000) {
            let mut times = times;
            times.sort_unstable();
            let [time, objection_start, objection_end, decision_due] = times.map(Instant::from_micros);
            let notice = Notice { time, objection_start, objection_end, decision_due };
            let now = Instant::from_micros(now);
            let state = notice.state_at(now);
            prop_assert!(!notice.takes_objections(now) || state == State::ObjectionWindow);
            prop_assert_eq!(state == State::UnderNotice, now < objection_start);
        }
    }
}
