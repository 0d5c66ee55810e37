//! Where a version stands, and what may happen to it next (method f).

use chengping_types::named_enum;

named_enum! {
    /// Where a version stands. The codes are those of the API.
    pub(crate) enum State: "state of a version" {
        /// Made from an evaluation.
        Computed = 1 => "computed",
        /// Shown to the bodies, who may object (6.8).
        UnderNotice = 2 => "under_notice",
        /// All objections are decided.
        Decided = 4 => "decided",
        /// Sealed and public.
        Published = 5 => "published",
        /// Public, and replaced by a later version.
        Corrected = 6 => "corrected",
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
            Self::Submit => State::UnderNotice,
            Self::Approve => State::Decided,
            Self::Publish => State::Published,
            Self::Correct => State::Corrected,
        }
    }
}

impl State {
    /// The state after `step`. Without `require_notice`, a computed version may be published as it
    /// is; one that was shown to the bodies waits for the decisions in either case.
    ///
    /// # Errors
    ///
    /// When the step is not allowed here.
    pub(crate) const fn after(
        self,
        step: Step,
        require_notice: bool,
    ) -> Result<Self, IllegalChange> {
        let allowed = match (self, step) {
            (Self::Computed, Step::Submit)
            | (Self::UnderNotice, Step::Approve)
            | (Self::Decided, Step::Publish)
            | (Self::Published, Step::Correct) => true,
            (Self::Computed, Step::Publish) => !require_notice,
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
        matches!(self, Self::Published | Self::Corrected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_allows_just_these_steps() {
        use State::{Computed, Corrected, Decided, Published, UnderNotice};
        let table: [(State, [bool; 4]); 5] = [
            // submit, approve, publish, correct
            (Computed, [true, false, true, false]),
            (UnderNotice, [false, true, false, false]),
            (Decided, [false, false, true, false]),
            (Published, [false, false, false, true]),
            (Corrected, [false, false, false, false]),
        ];
        for (state, allowed) in table {
            for (step, allowed) in Step::ALL.iter().zip(allowed) {
                let to = step.target();
                let expected =
                    if allowed { Ok(to) } else { Err(IllegalChange { from: state, to }) };
                assert_eq!(state.after(*step, false), expected, "{state} {step}");
                // Where notice is required, a version that nobody was shown is not published.
                let unseen = state == Computed && *step == Step::Publish;
                assert_eq!(state.after(*step, true).is_ok(), allowed && !unseen, "{state} {step}");
            }
        }
    }
}
