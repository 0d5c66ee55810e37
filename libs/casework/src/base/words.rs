//! What base counts are called in the indicator catalogue and in explanations.

use crate::Base;

impl Base {
    /// The number in the indicator catalogue, such as `B27`.
    #[must_use]
    pub const fn number(self) -> &'static str {
        self.words().0
    }

    /// The Chinese name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        self.words().1
    }

    /// The English name.
    #[must_use]
    pub const fn en(self) -> &'static str {
        self.words().2
    }

    const fn words(self) -> (&'static str, &'static str, &'static str) {
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
            of_desks if of_desks.is_of_posts() => of_desks.desk_words(),
            sum if sum.is_sum() => sum.sum_words(),
            described => described.description_words(),
        }
    }

    const fn desk_words(self) -> (&'static str, &'static str, &'static str) {
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
            Self::WrongReports => ("B07", "错误上报数", "wrong reports"),
            _ => panic!("no count of a post"),
        }
    }

    const fn description_words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Reported => ("B01", "上报数", "reported"),
            Self::ReportedOnPatrol => ("B02", "监督员上报数", "reported on patrol"),
            Self::ReportedByPublic => ("B03", "公众举报数", "reported by the public"),
            Self::ValidOnPatrol => ("B04", "有效上报数", "valid reports on patrol"),
            Self::ReportedUnclosed => ("B30", "上报未结案数", "reported and not closed"),
            Self::AcceptedCase => ("B11", "受理数", "accepted cases"),
            Self::WaitingDispatch => ("B21", "待派遣数", "waiting for dispatch"),
            Self::HandledLate => ("B25", "超期处置数", "handled late"),
            Self::OpenInTime => ("B26", "按期待处置数", "open, not yet due"),
            Self::OpenOverdue => ("B26", "超期待处置数", "open, overdue"),
            Self::ClosedLate => ("B30", "超期结案数", "closed late"),
            Self::UnclosedInTime => ("B30", "按期未结案数", "not closed, in time"),
            Self::VisitDue => ("B40", "应回访数", "visits due"),
            Self::VisitDone => ("B40", "回访数", "visited"),
            Self::Backlog => ("B43", "积存案件数", "backlog"),
            Self::LeftBacklog => ("B43", "跳出积存数", "left the backlog"),
            Self::FiledPatrol => ("B46", "监督员立案数", "filed from patrol"),
            Self::FiledVideo => ("B46", "视频立案数", "filed from video"),
            Self::FiledHotline12319 => ("B46", "12319热线立案数", "filed from hotline 12319"),
            Self::FiledTransfer12345 => ("B46", "12345转办立案数", "filed from hotline 12345"),
            Self::FiledTransfer110 => ("B46", "110转办立案数", "filed from the police, 110"),
            Self::FiledWechat => ("B46", "微信立案数", "filed from WeChat"),
            Self::FiledCitizenApp => ("B46", "市民通立案数", "filed from the citizens' app"),
            Self::FiledOtherPublic => ("B46", "其他公众立案数", "filed from others of the public"),
            Self::FiledMedia => ("B46", "媒体立案数", "filed from media"),
            Self::FiledLeader => ("B46", "领导批示立案数", "filed from a leader's note"),
            Self::FiledInspection => ("B46", "督查立案数", "filed from inspection"),
            Self::FiledOther => ("B46", "其他来源立案数", "filed from elsewhere"),
            _ => panic!("no count that only describes"),
        }
    }

    const fn sum_words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ReworkRounds => ("B31", "返工次数", "rework rounds"),
            Self::ExtensionTimes => ("B34", "延期次数", "extensions"),
            Self::ExtensionSeconds => ("B34", "延期时长", "time extended by"),
            Self::HandlingSeconds => ("B44", "处置用时", "handling time"),
            Self::OverrunSeconds => ("B44", "超时时长", "time overrun"),
            Self::ChecksPassed => ("B09", "核查通过数", "checks passed"),
            Self::ChecksFailed => ("B09", "核查不通过数", "checks failed"),
            Self::ObjectionsUpheld => ("B49", "申诉成立数", "objections upheld"),
            _ => panic!("no sum"),
        }
    }
}
