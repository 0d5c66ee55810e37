//! The settings of a rule pack that decide how events become counts.
//!
//! The first value of each is its default; numbers refer to the decisions on the method (docs/decisions.md).

use chengping_types::named_enum;
use serde::{Deserialize, Serialize};

macro_rules! setting {
    ($(#[$meta:meta])* $name:ident: $what:literal {
        $(#[$first_meta:meta])* $first:ident = $first_text:literal,
        $($(#[$variant_meta:meta])* $variant:ident = $code:literal $text:literal),+ $(,)?
    }) => {
        named_enum! {
            $(#[$meta])*
            pub enum $name: $what {
                $(#[$first_meta])* $first = 0 => $first_text,
                $($(#[$variant_meta])* $variant = $code => $text,)+
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$first
            }
        }
    };
}

setting! {
    /// Which month a case counts in (method e.4, decisions.md 3).
    PeriodBasis: "period basis" {
        /// The month of its settlement instant, once and for good.
        Settlement = "settlement",
        /// The month it was filed in, as seen at the view.
        Cohort = 1 "cohort",
        /// All that settle in the month and all that were carried over.
        Stock = 2 "stock",
    }
}

setting! {
    /// What a case that turns late after it was counted on time does (decisions.md 3).
    LateCorrection: "late correction" {
        /// Takes one off the numerators of the month that discovers it.
        Subtract = "subtract",
        /// Nothing.
        None = 1 "none",
    }
}

setting! {
    /// What a re-dispatch does to the whole-case deadline (decisions.md 4).
    RedispatchDeadline: "re-dispatch deadline" {
        /// Leaves it.
        Unchanged = "unchanged",
        /// Sets it anew after an upheld return.
        RestartIfUpheld = 1 "restart_if_upheld",
        /// Sets it anew.
        Literal = 2 "literal",
    }
}

setting! {
    /// Whether a suspension begun after the deadline has an effect (decisions.md 5).
    SuspensionWhenOverdue: "suspension when overdue" {
        /// None: no escape from lateness.
        Ignored = "ignored",
        /// As any other.
        Applied = 1 "applied",
    }
}

setting! {
    /// Whether suspended cases are judged (method 3.2).
    SuspendedCases: "suspended cases" {
        /// Not while they are; the deadline moves by the pause.
        Out = "out",
        /// As all others: the clock runs on, and the deadline moves only where the platform says so.
        Counted = 1 "counted",
    }
}

setting! {
    /// Whether an extension dated after the deadline has an effect (decisions.md 6).
    ExtensionWhenOverdue: "extension when overdue" {
        /// None, and it is not counted.
        Ignored = "ignored",
        /// As any other.
        Applied = 1 "applied",
    }
}

setting! {
    /// What "closed on time" means (decisions.md 9).
    OnTimeClosing: "on-time closing" {
        /// Closed by the view, and handed back in time.
        ClosedAndOnTime = "closed_and_on_time",
        /// Handed back in time, closed or not.
        HandledOnTime = 1 "handled_on_time",
        /// Closed by the deadline.
        ClosedByDeadline = 2 "closed_by_deadline",
    }
}

setting! {
    /// Which failed checks are a rework (decisions.md 10).
    ReworkRule: "rework rule" {
        /// Those with no dispatch to another unit before the next hand-back.
        SameUnit = "same_unit",
        /// All that follow a hand-back.
        AnyFailedCheck = 1 "any_failed_check",
    }
}

setting! {
    /// How a late case counts that was exempted (decisions.md 13).
    ExemptLate: "exempt late" {
        /// As on time; it stays in the denominator.
        CountsAsOnTime = "counts_as_on_time",
        /// Not at all.
        OutOfDue = 1 "out_of_due",
    }
}

setting! {
    /// How a case counts that was dispatched without a deadline.
    NoDeadline: "no deadline" {
        /// On time as soon as it is handled, never overdue.
        CountsAsOnTime = "counts_as_on_time",
        /// Not at all.
        OutOfDue = 1 "out_of_due",
    }
}

setting! {
    /// Which reports of a collector team are valid (method 3.2).
    ValidReport: "valid report" {
        /// Those of cases that were filed and not voided.
        FiledNotVoided = "filed_not_voided",
        /// Those of cases that were filed, voided later or not.
        FiledOrVoided = 1 "filed_or_voided",
    }
}

setting! {
    /// What the missed reports of a collector team are counted out of (method 3.2).
    MissedOver: "missed reports over" {
        /// All filed cases of its grid.
        Filed = "filed",
        /// The filed public reports of its grid and its own reports.
        PublicAndPatrol = 1 "public_and_patrol",
    }
}

setting! {
    /// Which first dispatches are accurate (method 3.2, decisions.md 30).
    AccurateDispatch: "accurate dispatch" {
        /// Those to the unit that the case is with at the view.
        FirstIsLast = "first_is_last",
        /// Those of cases without a rework.
        WithoutRework = 1 "without_rework",
    }
}

impl Lifecycle {
    /// Whether a suspension stops the clock.
    pub(crate) fn pauses(&self) -> bool {
        self.suspended == SuspendedCases::Out
    }
}

/// How events become counts. The default is what `zz-2018` uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lifecycle {
    /// Which month a case counts in.
    pub period_basis: PeriodBasis,
    /// What a case that turns late after it was counted on time does.
    pub late_correction: LateCorrection,
    /// What a re-dispatch does to the deadline.
    pub redispatch_deadline: RedispatchDeadline,
    /// Whether a suspension begun after the deadline has an effect.
    pub suspension_when_overdue: SuspensionWhenOverdue,
    /// Whether an extension dated after the deadline has an effect.
    pub extension_when_overdue: ExtensionWhenOverdue,
    /// What "closed on time" means.
    pub on_time_closing: OnTimeClosing,
    /// Which failed checks are a rework.
    pub rework: ReworkRule,
    /// How an exempted late case counts.
    pub exempt_late: ExemptLate,
    /// How a case without a deadline counts.
    pub no_deadline: NoDeadline,
    /// Whether suspended cases are judged. Left out where it has its first value, as all switches
    /// below, so that packs from before there were any keep their digests.
    #[serde(skip_serializing_if = "is_first")]
    pub suspended: SuspendedCases,
    /// Which reports are valid.
    #[serde(skip_serializing_if = "is_first")]
    pub valid_report: ValidReport,
    /// What missed reports are counted out of.
    #[serde(skip_serializing_if = "is_first")]
    pub missed_over: MissedOver,
    /// Which first dispatches are accurate.
    #[serde(skip_serializing_if = "is_first")]
    pub accurate_dispatch: AccurateDispatch,
}

fn is_first<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
