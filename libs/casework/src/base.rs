//! The base indicators (基础指标) that a case can enter, and a set of them.

mod marks;
mod words;

use chengping_types::named_enum;

use crate::Source;

pub use marks::Marks;

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
    ///
    /// The codes 29 to 63 and from 192 on only describe: they are published and may be named in
    /// formulas, but alone they are no data (decisions.md 83). "Of the stock" means: filed before
    /// the end of the month, not voided, and so at the view, in each month anew.
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
        /// B01 上报数: first reported this month, whatever became of it, but self-handled. A case
        /// that was never filed lies where its area was in the month of the report, and is with no
        /// department.
        Reported = 29 => "reported",
        /// B02 监督员上报数 of an area: of B01, on patrol.
        ReportedOnPatrol = 30 => "reported_on_patrol",
        /// B03 公众举报数: of B01, by the public (4.1.3).
        ReportedByPublic = 31 => "reported_by_public",
        /// B04 有效上报数 of an area: of B02, filed and not voided at the view, or as
        /// `valid_report` says.
        ValidOnPatrol = 32 => "valid_on_patrol",
        /// B30 上报未结案数: of B01, filed, not voided and not closed at the view.
        ReportedUnclosed = 33 => "reported_unclosed",
        /// B11 受理数 of an area: first accepted this month, whatever became of it; filing and
        /// refusing imply it. Where it lies as [`Base::Reported`].
        AcceptedCase = 34 => "accepted_case",
        /// B21 待派遣数: never dispatched and not closed, or sent back by an upheld return and not
        /// dispatched again. Of the stock.
        WaitingDispatch = 35 => "waiting_dispatch",
        /// B25 超期处置数: due, handed back, and not on time. By basis.
        HandledLate = 36 => "handled_late",
        /// B26 按期待处置数: dispatched, not handed back, closed or suspended, and not overdue. Of
        /// the stock.
        OpenInTime = 37 => "open_in_time",
        /// B26 超期待处置数: overdue and not handed back, whenever it fell due. Of the stock.
        OpenOverdue = 38 => "open_overdue",
        /// B30 超期结案数: due and closed, and not closed on time. By basis.
        ClosedLate = 39 => "closed_late",
        /// B30 按期未结案数: not closed, and neither overdue nor handled late. Of the stock.
        UnclosedInTime = 40 => "unclosed_in_time",
        /// B40 应回访数: reported by the public, and its closing that stands at the view was this
        /// month.
        VisitDue = 41 => "visit_due",
        /// B40 回访数: of these, visited after the closing by the view, answered or not.
        VisitDone = 42 => "visit_done",
        /// B43 积存案件数: overdue and open for more than 60 days after its deadline, extensions
        /// and pauses included. Of the stock.
        Backlog = 43 => "backlog",
        /// B43 跳出积存数: in the backlog at the previous freeze, and not any more, other than by
        /// an exemption or voiding. Not `cohort`.
        LeftBacklog = 44 => "left_backlog",
        /// B46: of B15, found on patrol.
        FiledPatrol = 45 => "filed_patrol",
        /// B46: of B15, seen on video.
        FiledVideo = 46 => "filed_video",
        /// B46: of B15, from the hotline 12319.
        FiledHotline12319 = 47 => "filed_hotline_12319",
        /// B46: of B15, passed on by the hotline 12345.
        FiledTransfer12345 = 48 => "filed_transfer_12345",
        /// B46: of B15, passed on by the police, 110.
        FiledTransfer110 = 49 => "filed_transfer_110",
        /// B46: of B15, from 微信.
        FiledWechat = 50 => "filed_wechat",
        /// B46: of B15, from 市民通.
        FiledCitizenApp = 51 => "filed_citizen_app",
        /// B46: of B15, from the public in another way.
        FiledOtherPublic = 52 => "filed_other_public",
        /// B46: of B15, from press, radio, television.
        FiledMedia = 53 => "filed_media",
        /// B46: of B15, from a leader's note.
        FiledLeader = 54 => "filed_leader",
        /// B46: of B15, from an inspection.
        FiledInspection = 55 => "filed_inspection",
        /// B46: of B15, from anywhere else.
        FiledOther = 56 => "filed_other",
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
        /// B07 错误上报数: of B02, declined as invalid and not filed at the view. For the team that
        /// reported.
        WrongReports = 101 => "wrong_reports",
        /// B31 返工次数: failed checks of this month that are a rework, each of them.
        ReworkRounds = 192 => "rework_rounds",
        /// B34 延期次数: extensions that took effect, of B34. By basis.
        ExtensionTimes = 193 => "extension_times",
        /// B34 延期时长: by how many whole seconds they moved the deadline, a case. By basis.
        ExtensionSeconds = 194 => "extension_seconds",
        /// B44 处置用时: whole seconds from the first dispatch to the last hand-back, pauses left
        /// out, of B23. By basis.
        HandlingSeconds = 195 => "handling_seconds",
        /// B44 超时时长: whole seconds from the deadline to the last hand-back, of B25. By basis.
        OverrunSeconds = 196 => "overrun_seconds",
        /// B09 核查通过数: checks passed this month, each of them.
        ChecksPassed = 197 => "checks_passed",
        /// B09 核查不通过数: checks failed this month, rework or not, each of them.
        ChecksFailed = 198 => "checks_failed",
        /// B49 申诉成立数: exemptions decided this month, each of them.
        ObjectionsUpheld = 199 => "objections_upheld",
    }
}

impl Base {
    /// Whether it is counted in a field of its own: a case can enter it several times in a month,
    /// or for several teams. The others are 0 or 1.
    #[must_use]
    pub const fn is_multiple(self) -> bool {
        matches!(self as u8, 21..=28 | 64..)
    }

    /// Whether it is a count of a post, entered for a team or for nobody.
    #[must_use]
    pub const fn is_of_posts(self) -> bool {
        matches!(self as u8, 64..=191)
    }

    /// Whether it is a sum of what a case has several of, or of seconds.
    #[must_use]
    pub const fn is_sum(self) -> bool {
        matches!(self as u8, 192..)
    }

    /// Whether it only describes: a body with nothing else has nothing to judge.
    #[must_use]
    pub const fn is_description(self) -> bool {
        matches!(self as u8, 29..=63 | 192..)
    }

    /// B46 来源分项立案数: the count of filed cases of a source.
    #[must_use]
    pub const fn filed_from(source: Source) -> Self {
        match source {
            Source::Patrol => Self::FiledPatrol,
            Source::Video => Self::FiledVideo,
            Source::Hotline12319 => Self::FiledHotline12319,
            Source::Transfer12345 => Self::FiledTransfer12345,
            Source::Transfer110 => Self::FiledTransfer110,
            Source::Wechat => Self::FiledWechat,
            Source::CitizenApp => Self::FiledCitizenApp,
            Source::OtherPublic => Self::FiledOtherPublic,
            Source::Media => Self::FiledMedia,
            Source::Leader => Self::FiledLeader,
            Source::Inspection => Self::FiledInspection,
            Source::Other => Self::FiledOther,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_base_has_its_place_in_the_catalogue() {
        for base in Base::ALL {
            assert!(base.number().starts_with('B') && !base.zh().is_empty());
            assert!(!base.en().is_empty());
            assert!(base.is_multiple() || base.code() < 64, "a bit for every 0/1 count");
            assert!(!base.needs_scope() || base.is_of_posts());
            assert!(!(base.is_description() && base.is_of_posts()));
            assert!(!base.is_sum() || base.is_multiple());
        }
    }

    #[test]
    fn every_source_has_a_count_of_its_own() {
        for source in Source::ALL {
            assert_eq!(Base::filed_from(*source).as_str(), format!("filed_{source}"));
        }
    }
}
