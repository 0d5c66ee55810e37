//! Where a revision of a rule pack stands, and what may happen to it next.

use chengping_types::{Month, named_enum};

named_enum! {
    /// Where a revision stands. The codes are those of the API.
    pub(crate) enum State: "state of a revision" {
        /// Validated and stored.
        Draft = 1 => "draft",
        /// Waits for approval.
        Submitted = 2 => "submitted",
        /// Approved, in force nowhere yet.
        Approved = 3 => "approved",
        /// In force from a month on.
        Active = 4 => "active",
        /// Was in force until another took its place.
        Superseded = 5 => "superseded",
        /// Refused by the approver.
        Refused = 6 => "refused",
    }
}

named_enum! {
    /// What somebody does to a revision.
    pub(crate) enum Step: "step of a review" {
        /// Hand it in. A refused one may be handed in again: the approver may have been convinced.
        Submit = 1 => "submit",
        /// Approve it.
        Approve = 2 => "approve",
        /// Refuse it.
        Refuse = 3 => "refuse",
        /// Put it in force.
        Activate = 4 => "activate",
    }
}

/// A step that does not follow from where the revision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IllegalChange {
    /// Where it stands.
    pub from: State,
    /// Where the step would have led.
    pub to: State,
}

impl Step {
    /// Where the step leads.
    pub(crate) const fn target(self) -> State {
        match self {
            Self::Submit => State::Submitted,
            Self::Approve => State::Approved,
            Self::Refuse => State::Refused,
            Self::Activate => State::Active,
        }
    }
}

impl State {
    /// The state after `step`.
    ///
    /// # Errors
    ///
    /// When the step is not allowed here. An active revision may be brought forward only, which
    /// [`brings_forward`] decides; a superseded one may come back from any month on.
    pub(crate) fn after(self, step: Step) -> Result<Self, IllegalChange> {
        let allowed = matches!(
            (self, step),
            (Self::Draft | Self::Refused, Step::Submit)
                | (Self::Submitted, Step::Approve | Step::Refuse)
                | (Self::Approved | Self::Active | Self::Superseded, Step::Activate)
        );
        if allowed {
            Ok(step.target())
        } else {
            Err(IllegalChange { from: self, to: step.target() })
        }
    }
}

/// Whether an activation from `wanted` on adds something to one from `standing` on.
pub(crate) fn brings_forward(standing: Option<Month>, wanted: Month) -> bool {
    standing.is_none_or(|standing| wanted < standing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_allows_just_these_steps() {
        use State::{Active, Approved, Draft, Refused, Submitted, Superseded};
        let table: [(State, [bool; 4]); 6] = [
            // submit, approve, refuse, activate
            (Draft, [true, false, false, false]),
            (Submitted, [false, true, true, false]),
            (Approved, [false, false, false, true]),
            (Active, [false, false, false, true]),
            (Superseded, [false, false, false, true]),
            (Refused, [true, false, false, false]),
        ];
        for (state, allowed) in table {
            for (step, allowed) in Step::ALL.iter().zip(allowed) {
                let expected = if allowed {
                    Ok(step.target())
                } else {
                    Err(IllegalChange { from: state, to: step.target() })
                };
                assert_eq!(state.after(*step), expected, "{state} {step}");
            }
        }
    }

    #[test]
    fn an_active_revision_is_only_ever_brought_forward() {
        let month = |text: &str| text.parse::<Month>().unwrap();
        assert!(brings_forward(None, month("2018-03")));
        assert!(brings_forward(Some(month("2018-03")), month("2018-02")));
        assert!(!brings_forward(Some(month("2018-03")), month("2018-03")));
        assert!(!brings_forward(Some(month("2018-03")), month("2018-04")));
    }
}
