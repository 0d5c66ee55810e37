//! The base indicators (基础指标) that a case can enter, and a set of them.

use chengping_types::named_enum;

named_enum! {
    /// A base count that one case can enter in one month (method b.1).
    ///
    /// "By basis" means: under `settlement` in the month in which the case settles, under `stock`
    /// there and wherever it was carried over, under `cohort` in the month of filing. Everything is
    /// as seen at the view; a case that is not filed, self-handled or voided enters nothing, but
    /// for [`Base::Voided`] and the counts of posts.
    ///
    /// The counts of posts, from [`Base::Reports`] on, are entered for a team, or for nobody: work
    /// that no team has touched. "Stage" means: by the team that did it, each time; in the month of
    /// when it was done or of its limit, whichever came first, or, when it was done only after the
    /// freeze of that month, in the month in which it was done (decisions.md 26).
    pub enum Base: "base count" {
        /// B15 立案数: filed this month, not voided.
        Filed = 1 => "filed",
        /// B22 应处置数 as the main vendor has it: dispatched, due or not, and not suspended now.
        /// Month of the first dispatch; under `cohort` of filing; under `stock` carried over too.
        Assigned = 2 => "assigned",
        /// B27 应结案数: handled, or overdue and open. By basis.
        Due = 3 => "due",
        /// B23 处置数: due and handed back. By basis.
        Handled = 4 => "handled",
        /// B24 按期处置数: due, and the last hand-back in time. By basis.
        OnTime = 5 => "on_time",
        /// B28 结案数: due and closed. By basis.
        Closed = 6 => "closed",
        /// B29 按期结案数: due and closed on time. By basis.
        ClosedOnTime = 7 => "closed_on_time",
        /// B30 超期未结案数: due, overdue and not handed back. By basis.
        OverdueOpen = 8 => "overdue_open",
        /// B31 返工数. In the settlement month, or, when it first fails after that freeze, in the
        /// month of the failure; once a case. Under `cohort` in the month of filing.
        Rework = 9 => "rework",
        /// B34 延期数: due, and with an extension that took effect. By basis.
        Extended = 10 => "extended",
        /// B32 回退数: returned by the unit this month, and the return not refused.
        Returned = 11 => "returned",
        /// B32 推诿数: a return refused this month.
        Shirked = 12 => "shirked",
        /// B33 挂账数: suspended at the view.
        SuspendedNow = 13 => "suspended_now",
        /// B33 历史挂账数: a suspension that took effect began this month.
        SuspendedEver = 14 => "suspended_ever",
        /// B35 作废数: filed this month and voided; with B15 all that were filed.
        Voided = 15 => "voided",
        /// B36 遗留案件: settled earlier, overdue and open at the previous freeze. Not `cohort`.
        CarriedStart = 16 => "carried_start",
        /// B36 遗留案件未处置量: of those, still overdue and open.
        CarriedOpen = 17 => "carried_open",
        /// B36 遗留案件结案量: settled earlier, not closed at the previous freeze, and closed now,
        /// whether it was overdue or handled in time. Not `cohort`.
        CarriedClosed = 18 => "carried_closed",
        /// Settlement correction of B24: was counted on time, and this month finds it late.
        UndoOnTime = 19 => "undo_on_time",
        /// Settlement correction of B29: was counted closed on time, likewise.
        UndoClosedOnTime = 20 => "undo_closed_on_time",
        /// B38 督办数: first orders given this month and not withdrawn.
        OrdersFirst = 21 => "orders_first",
        /// B38 再次督办数: second and later orders given this month and not withdrawn.
        OrdersRepeated = 22 => "orders_repeated",
        /// B41 很满意: visits of this month.
        VisitVerySatisfied = 23 => "visit_very_satisfied",
        /// B41 满意.
        VisitSatisfied = 24 => "visit_satisfied",
        /// B41 一般.
        VisitNeutral = 25 => "visit_neutral",
        /// B41 不满意.
        VisitDissatisfied = 26 => "visit_dissatisfied",
        /// B40 回访未果: nobody was reached; not a valid visit.
        VisitUnreachable = 27 => "visit_unreachable",
        /// B38 with every order twice the one before: the sum of 2ⁿ⁻¹ over the orders that
        /// [`Base::OrdersFirst`] and [`Base::OrdersRepeated`] count, each the n-th on its case.
        OrdersGeometric = 28 => "orders_geometric",
        /// B02 监督员上报数: first reported on patrol this month, and not self-handled. For the
        /// team that reported.
        Reports = 64 => "reports",
        /// B04 有效上报数: of these, filed and not voided, or as `valid_report` says.
        ValidReports = 65 => "valid_reports",
        /// B06 漏报数: filed this month, not voided, and reported by the public. For the team in
        /// whose grid it lies; out of scope not at all.
        MissedReports = 66 => "missed_reports",
        /// What missed reports are counted out of, as `missed_over` says: all that B06 could be, or
        /// B06 and B02 together. Out of scope not at all.
        MissedBasis = 67 => "missed_basis",
        /// B45 自处置数: settled on the spot this month. The case enters nothing else.
        SelfHandled = 68 => "self_handled",
        /// B11 应受理数: first reported this month, and not self-handled. For the team that
        /// decided, or else sent it to be verified; for nobody while it is untouched.
        Received = 69 => "received",
        /// B11 受理完成数: of these, accepted or declined by the view; filing and refusing imply it.
        Decided = 70 => "decided",
        /// B08 核实数. Stage.
        Verified = 71 => "verified",
        /// B08 应核实数: with a limit. Stage.
        VerifiedLimited = 72 => "verified_limited",
        /// B08 按时核实数: within the limit. Stage.
        VerifiedOnTime = 73 => "verified_on_time",
        /// B09 核查数: passed or failed. Stage.
        Checked = 74 => "checked",
        /// B09 应核查数: with a limit. Stage.
        CheckedLimited = 75 => "checked_limited",
        /// B09 按时核查数: within the limit. Stage.
        CheckedOnTime = 76 => "checked_on_time",
        /// B13 发核实数. Stage.
        VerifySent = 77 => "verify_sent",
        /// B13 应发核实数: with a limit. Stage.
        VerifySentLimited = 78 => "verify_sent_limited",
        /// B13 按时发核实数: within the limit. Stage.
        VerifySentOnTime = 79 => "verify_sent_on_time",
        /// B14 发核查数. Stage.
        CheckSent = 80 => "check_sent",
        /// B14 应发核查数: with a limit. Stage.
        CheckSentLimited = 81 => "check_sent_limited",
        /// B14 按时发核查数: within the limit. Stage.
        CheckSentOnTime = 82 => "check_sent_on_time",
        /// B11 受理数. Stage.
        Accepted = 83 => "accepted",
        /// B11 限时受理数: with a limit. Stage.
        AcceptedLimited = 84 => "accepted_limited",
        /// B11 按时受理数: within the limit. Stage.
        AcceptedOnTime = 85 => "accepted_on_time",
        /// B12 不予受理数. Stage.
        Declined = 86 => "declined",
        /// B15 立案数 of a desk, voided later or not: the first filing. Stage.
        Filings = 87 => "filings",
        /// B16 限时立案数: of these, with a limit.
        FilingsLimited = 88 => "filings_limited",
        /// B16 按时立案数: of these, within the limit.
        FilingsOnTime = 89 => "filings_on_time",
        /// B17 准确立案数: of B15 of the desk, not voided at the view.
        AccurateFilings = 90 => "accurate_filings",
        /// B18 不予立案数. Stage.
        Refused = 91 => "refused",
        /// B19 派遣数: dispatches and re-dispatches. Stage.
        Dispatched = 92 => "dispatched",
        /// B19 限时派遣数: of these, with a limit.
        DispatchedLimited = 93 => "dispatched_limited",
        /// B19 按时派遣数: of these, within the limit.
        DispatchedOnTime = 94 => "dispatched_on_time",
        /// B20 首次派遣数: the first dispatch, which a re-dispatch is charged to. Stage.
        FirstDispatches = 95 => "first_dispatches",
        /// B20 准确派遣数: of these, the unit is the one at the view, or as `accurate_dispatch`
        /// says.
        AccurateDispatches = 96 => "accurate_dispatches",
        /// B19 应派遣数: filed this month and not voided. For the team that first dispatched it; for
        /// nobody while it waits. Out of scope not at all.
        DispatchDue = 97 => "dispatch_due",
        /// B19 派遣完成数: of these, dispatched by the view.
        DispatchDone = 98 => "dispatch_done",
        /// B27 应结案数 of the desk that filed: as [`Base::Due`]. Out of scope not at all.
        FilingsDue = 99 => "filings_due",
        /// B29 按期结案数 of the desk that filed: as [`Base::ClosedOnTime`], and never corrected: what
        /// is found late afterwards is no fault of the desk. Out of scope not at all.
        FilingsClosedOnTime = 100 => "filings_closed_on_time",
    }
}

/// The code of the first count of a post.
const FIRST_OF_DESKS: u8 = 64;

impl Base {
    /// The number in the indicator catalogue, such as `B27`.
    #[must_use]
    pub const fn number(self) -> &'static str {
        self.catalogue().0
    }

    /// The Chinese name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        self.catalogue().1
    }

    /// The English name.
    #[must_use]
    pub const fn en(self) -> &'static str {
        self.catalogue().2
    }

    const fn catalogue(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Filed => ("B15", "立案数", "filed"),
            Self::Assigned => ("B22", "应处置数", "assigned for handling"),
            Self::Due => ("B27", "应结案数", "closure due"),
            Self::Handled => ("B23", "处置数", "handled"),
            Self::OnTime => ("B24", "按期处置数", "handled on time"),
            Self::Closed => ("B28", "结案数", "closed"),
            Self::ClosedOnTime => ("B29", "按期结案数", "closed on time"),
            Self::OverdueOpen => ("B30", "超期未结案数", "overdue and open"),
            Self::Rework => ("B31", "返工数", "reworked"),
            Self::Extended => ("B34", "延期数", "extended"),
            Self::Returned => ("B32", "回退数", "returned"),
            Self::Shirked => ("B32", "推诿数", "shirked"),
            Self::SuspendedNow => ("B33", "挂账数", "suspended now"),
            Self::SuspendedEver => ("B33", "历史挂账数", "suspended this month"),
            Self::Voided => ("B35", "作废数", "voided"),
            Self::CarriedStart => ("B36", "遗留案件数", "carried over"),
            Self::CarriedOpen => ("B36", "遗留案件未处置量", "carried over, still open"),
            Self::CarriedClosed => ("B36", "遗留案件结案量", "carried over, closed"),
            Self::UndoOnTime => ("B24", "按期处置更正", "correction of handled on time"),
            Self::UndoClosedOnTime => ("B29", "按期结案更正", "correction of closed on time"),
            Self::OrdersFirst => ("B38", "督办数", "first orders"),
            Self::OrdersRepeated => ("B38", "再次督办数", "repeated orders"),
            Self::VisitVerySatisfied => ("B41", "很满意数", "very satisfied"),
            Self::VisitSatisfied => ("B41", "满意数", "satisfied"),
            Self::VisitNeutral => ("B41", "一般数", "neutral"),
            Self::VisitDissatisfied => ("B41", "不满意数", "dissatisfied"),
            Self::VisitUnreachable => ("B40", "回访未果数", "not reached"),
            Self::OrdersGeometric => ("B38", "督办加权数", "orders, each twice the one before"),
            of_desks => of_desks.desk_catalogue(),
        }
    }

    const fn desk_catalogue(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Reports => ("B02", "监督员上报数", "collector reports"),
            Self::ValidReports => ("B04", "有效上报数", "valid reports"),
            Self::MissedReports => ("B06", "漏报数", "missed reports"),
            Self::MissedBasis => ("B06", "漏报基数", "reports that could be missed"),
            Self::SelfHandled => ("B45", "自处置数", "self-handled"),
            Self::Received => ("B11", "应受理数", "received"),
            Self::Decided => ("B11", "受理完成数", "accepted or declined"),
            Self::Verified => ("B08", "核实数", "verifications"),
            Self::VerifiedLimited => ("B08", "应核实数", "verifications due"),
            Self::VerifiedOnTime => ("B08", "按时核实数", "verifications on time"),
            Self::Checked => ("B09", "核查数", "checks"),
            Self::CheckedLimited => ("B09", "应核查数", "checks due"),
            Self::CheckedOnTime => ("B09", "按时核查数", "checks on time"),
            Self::VerifySent => ("B13", "发核实数", "verify tasks sent"),
            Self::VerifySentLimited => ("B13", "应发核实数", "verify tasks to send"),
            Self::VerifySentOnTime => ("B13", "按时发核实数", "verify tasks sent on time"),
            Self::CheckSent => ("B14", "发核查数", "check tasks sent"),
            Self::CheckSentLimited => ("B14", "应发核查数", "check tasks to send"),
            Self::CheckSentOnTime => ("B14", "按时发核查数", "check tasks sent on time"),
            Self::Accepted => ("B11", "受理数", "accepted"),
            Self::AcceptedLimited => ("B11", "限时受理数", "accepted with a limit"),
            Self::AcceptedOnTime => ("B11", "按时受理数", "accepted on time"),
            Self::Declined => ("B12", "不予受理数", "declined"),
            Self::Filings => ("B15", "立案数", "filings"),
            Self::FilingsLimited => ("B16", "限时立案数", "filings with a limit"),
            Self::FilingsOnTime => ("B16", "按时立案数", "filings on time"),
            Self::AccurateFilings => ("B17", "准确立案数", "accurate filings"),
            Self::Refused => ("B18", "不予立案数", "refused"),
            Self::Dispatched => ("B19", "派遣数", "dispatches"),
            Self::DispatchedLimited => ("B19", "限时派遣数", "dispatches with a limit"),
            Self::DispatchedOnTime => ("B19", "按时派遣数", "dispatches on time"),
            Self::FirstDispatches => ("B20", "首次派遣数", "first dispatches"),
            Self::AccurateDispatches => ("B20", "准确派遣数", "accurate dispatches"),
            Self::DispatchDue => ("B19", "应派遣数", "to dispatch"),
            Self::DispatchDone => ("B19", "派遣完成数", "dispatched by the view"),
            Self::FilingsDue => ("B27", "应结案数", "closure due"),
            Self::FilingsClosedOnTime => ("B29", "按期结案数", "closed on time"),
            _ => panic!("no count of a post"),
        }
    }

    /// Whether it is counted in a field of its own: a case can enter it several times in a month,
    /// or for several teams. The others are 0 or 1.
    #[must_use]
    pub const fn is_multiple(self) -> bool {
        self as u8 >= Self::OrdersFirst as u8
    }

    /// Whether it is a count of a post, entered for a team or for nobody.
    #[must_use]
    pub const fn is_of_posts(self) -> bool {
        self as u8 >= FIRST_OF_DESKS
    }

    /// Whether it is a count of a post that a case out of scope does not enter (decisions.md 34).
    #[must_use]
    pub const fn needs_scope(self) -> bool {
        matches!(
            self,
            Self::MissedReports
                | Self::MissedBasis
                | Self::DispatchDue
                | Self::DispatchDone
                | Self::FilingsDue
                | Self::FilingsClosedOnTime
        )
    }
}

/// The 0/1 counts that a case enters, as bits: bit `n` is the base count of code `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Marks(u64);

impl Marks {
    /// No count.
    pub const NONE: Self = Self(0);

    /// The marks of a column; none when a bit is set that no 0/1 count has.
    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        let known = Base::ALL
            .iter()
            .filter(|base| !base.is_multiple())
            .fold(0, |bits, base| bits | Self::bit(*base));
        (bits & !known == 0).then_some(Self(bits))
    }

    /// The bits, for a column.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether the case enters `base`.
    #[must_use]
    pub const fn has(self, base: Base) -> bool {
        self.0 & Self::bit(base) != 0
    }

    /// Whether the case enters no 0/1 count.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The counts that the case enters, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = Base> {
        Base::ALL.iter().copied().filter(move |base| self.has(*base))
    }

    /// Enters `base` when `entered`.
    ///
    /// # Panics
    ///
    /// If `base` is one that has a field of its own.
    pub fn set(&mut self, base: Base, entered: bool) {
        assert!(!base.is_multiple(), "{base} is counted in a field of its own");
        if entered {
            self.0 |= Self::bit(base);
        }
    }

    /// The bit of a 0/1 count; of others none.
    const fn bit(base: Base) -> u64 {
        if base.is_multiple() { 0 } else { 1 << base.code() }
    }
}

impl FromIterator<Base> for Marks {
    fn from_iter<I: IntoIterator<Item = Base>>(bases: I) -> Self {
        let mut marks = Self::NONE;
        bases.into_iter().for_each(|base| marks.set(base, true));
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_survive_their_bits() {
        for base in Base::ALL.iter().filter(|base| !base.is_multiple()) {
            let marks: Marks = [*base, Base::Due].into_iter().collect();
            assert_eq!(Marks::from_bits(marks.bits()), Some(marks));
            assert!(marks.has(*base) && marks.has(Base::Due));
        }
    }

    #[test]
    fn bits_of_no_mark_are_refused() {
        assert_eq!(Marks::from_bits(1), None);
        assert_eq!(Marks::from_bits(1 << Base::OrdersFirst.code()), None);
        assert_eq!(Marks::from_bits(1 << 63), None);
        assert_eq!(Marks::from_bits(0), Some(Marks::NONE));
    }

    #[test]
    fn every_base_has_its_place_in_the_catalogue() {
        for base in Base::ALL {
            assert!(base.number().starts_with('B') && !base.zh().is_empty());
            assert_eq!(base.is_of_posts(), base.code() >= 64);
            assert!(base.is_multiple() || base.code() < 64, "a bit for every 0/1 count");
            assert!(!base.needs_scope() || base.is_of_posts());
        }
    }
}
