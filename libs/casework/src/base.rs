//! The base indicators (基础指标) that a case can enter, and a set of them.

use chengping_types::named_enum;

named_enum! {
    /// A base count that one case can enter in one month (method b.1).
    ///
    /// "By basis" means: under `settlement` in the month in which the case settles, under `stock`
    /// there and wherever it was carried over, under `cohort` in the month of filing. Everything is
    /// as seen at the view; a case that is not filed, self-handled or voided enters nothing, but
    /// for [`Base::Voided`].
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
    }
}

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
        }
    }

    /// Whether a case can enter the count several times in a month; the others are 0 or 1.
    #[must_use]
    pub const fn is_multiple(self) -> bool {
        self as u8 >= Self::OrdersFirst as u8
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
    /// If `base` is one that a case can enter several times.
    pub fn set(&mut self, base: Base, entered: bool) {
        assert!(!base.is_multiple(), "{base} is counted in a field of its own");
        if entered {
            self.0 |= Self::bit(base);
        }
    }

    const fn bit(base: Base) -> u64 {
        1 << base.code()
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
            assert!(base.code() < 64);
        }
    }
}
