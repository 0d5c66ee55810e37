//! Who may call what here, and which versions they see (clauses 1.1, 6.2, 6.4, 6.6 to 6.9 and 7.3 of
//! the regulation).

use chengping_access::{Detail, Details};
use chengping_chassis::identity::{
    Access,
    Role::{
        self, Administrator, Approver, Assessment, Auditor, Bureau, Collector, District, Office,
        Service,
    },
    principal,
};

use crate::domain::state::State;

/// The office makes and publishes (6.2).
const PUBLISH: &[Role] = &[Office];
/// Somebody else decides what of it is final.
const DECIDE: &[Role] = &[Approver];
/// What is published is for everybody (6.9); who sees more is said by [`sees`].
const READ: &[Role] = &Role::ALL;
/// Whoever takes results into a system of their own (7.3).
const CONSUME: &[Role] = &[Assessment, Office, District, Service];
/// Whoever is judged may object and ask (6.8).
const ASK: &[Role] = &[District, Bureau, Collector];
/// Questions, for those who ask, answer and oversee: each body sees its own.
const FOLLOW_ASKED: &[Role] =
    &[District, Bureau, Collector, Office, Administrator, Approver, Auditor];
/// Reports, for those who make, take and oversee them.
const FOLLOW: &[Role] = &[District, Office, Administrator, Approver, Auditor];
/// Who read what (6.6).
const OVERSEE: &[Role] = &[Auditor];
/// Districts report on their own jurisdictions (6.4).
const REPORT: &[Role] = &[District];

/// Where publications are sent to, and who takes them in, is for those who run the office's systems.
const CONNECT: &[Role] = &[Office, Administrator];
/// They, and those who oversee them.
const CONNECTED: &[Role] = &[Office, Administrator, Auditor];
/// The keys of the logs.
const KEEP_KEYS: &[Role] = &[Administrator];

/// The roles of which the callers of each method need one.
pub const ACCESS: &Access = &[
    ("chengping.publication.v1.BulletinService/CreateBulletinVersion", PUBLISH),
    ("chengping.publication.v1.BulletinService/GetBulletin", READ),
    ("chengping.publication.v1.BulletinService/ListBulletins", READ),
    ("chengping.publication.v1.BulletinService/GetBulletinVersion", READ),
    ("chengping.publication.v1.BulletinService/ListBulletinVersions", READ),
    ("chengping.publication.v1.BulletinService/ListBulletinVersionMoves", INSIDE),
    ("chengping.publication.v1.BulletinService/CompareBulletinVersions", READ),
    ("chengping.publication.v1.BulletinService/SubmitBulletinVersion", PUBLISH),
    ("chengping.publication.v1.BulletinService/ApproveBulletinVersion", DECIDE),
    ("chengping.publication.v1.BulletinService/PublishBulletinVersion", PUBLISH),
    ("chengping.publication.v1.BulletinService/CorrectBulletin", PUBLISH),
    ("chengping.publication.v1.BulletinService/WithdrawBulletinVersion", PUBLISH),
    ("chengping.publication.v1.BulletinService/DownloadBulletinVersion", READ),
    ("chengping.publication.v1.BulletinService/ExportBulletinVersion", READ),
    ("chengping.publication.v1.BulletinService/WatchPublications", CONSUME),
    ("chengping.publication.v1.BulletinService/AcknowledgePublication", CONSUME),
    ("chengping.publication.v1.BulletinService/ListConsumers", CONNECTED),
    ("chengping.publication.v1.InquiryService/CreateInquiry", ASK),
    ("chengping.publication.v1.InquiryService/GetInquiry", FOLLOW_ASKED),
    ("chengping.publication.v1.InquiryService/ListInquiries", FOLLOW_ASKED),
    ("chengping.publication.v1.InquiryService/ReviewInquiry", PUBLISH),
    ("chengping.publication.v1.InquiryService/DecideInquiry", DECIDE),
    ("chengping.publication.v1.InquiryService/CreateInquiryEvidence", ASK),
    ("chengping.publication.v1.InquiryService/GetInquiryEvidence", FOLLOW_ASKED),
    ("chengping.publication.v1.DistrictReportService/CreateDistrictReport", REPORT),
    ("chengping.publication.v1.DistrictReportService/GetDistrictReport", FOLLOW),
    ("chengping.publication.v1.DistrictReportService/ListDistrictReports", FOLLOW),
    ("chengping.publication.v1.DistrictReportService/AcceptDistrictReport", PUBLISH),
    ("chengping.publication.v1.DistrictReportService/ReturnDistrictReport", PUBLISH),
    ("chengping.publication.v1.LedgerService/GetCheckpoint", READ),
    ("chengping.publication.v1.LedgerService/GetInclusionProof", READ),
    ("chengping.publication.v1.LedgerService/GetConsistencyProof", READ),
    ("chengping.publication.v1.LedgerService/ListVerifierKeys", READ),
    ("chengping.publication.v1.AccessService/ListAccessEntries", OVERSEE),
    ("chengping.publication.v1.LedgerService/RotateLogKey", KEEP_KEYS),
    ("chengping.publication.v1.LedgerService/GetResultReceipt", READ),
    ("chengping.publication.v1.LedgerService/VerifyLog", CONNECTED),
    ("chengping.publication.v1.WebhookService/CreateWebhook", CONNECT),
    ("chengping.publication.v1.WebhookService/GetWebhook", CONNECTED),
    ("chengping.publication.v1.WebhookService/ListWebhooks", CONNECTED),
    ("chengping.publication.v1.WebhookService/DeleteWebhook", CONNECT),
    ("chengping.publication.v1.WebhookService/ListWebhookDeliveries", CONNECTED),
    ("chengping.publication.v1.WebhookService/RetryWebhookDelivery", CONNECT),
    ("chengping.publication.v1.AnnualService/GetAnnualResult", READ),
    ("chengping.publication.v1.AnnualService/ListAnnualResults", READ),
];

/// What shows, or takes, something that belongs to single bodies. What is published, and what is shown
/// to all before, is none of it.
pub const DETAILS: &Details = &[
    ("chengping.publication.v1.InquiryService/CreateInquiry", Detail::Named),
    ("chengping.publication.v1.InquiryService/GetInquiry", Detail::Named),
    ("chengping.publication.v1.InquiryService/ListInquiries", Detail::Filtered),
    ("chengping.publication.v1.InquiryService/CreateInquiryEvidence", Detail::Named),
    ("chengping.publication.v1.InquiryService/GetInquiryEvidence", Detail::Named),
    ("chengping.publication.v1.DistrictReportService/CreateDistrictReport", Detail::Named),
    ("chengping.publication.v1.DistrictReportService/GetDistrictReport", Detail::Named),
    ("chengping.publication.v1.DistrictReportService/ListDistrictReports", Detail::Filtered),
];

/// Those who make versions, decide on them, or oversee it, see them in every state.
const INSIDE: &[Role] = &[Office, Administrator, Approver, Auditor, Service];
/// Those to whom a version is shown before it is published, so that they may object (6.8).
const SHOWN: &[Role] = &[District, Bureau, Collector];

/// Whether whoever makes the call being handled sees versions in this state. Where nobody is asked
/// who they are, everybody does.
pub(crate) fn sees(state: State) -> bool {
    let Some(caller) = principal() else { return true };
    match state {
        State::Published | State::Corrected | State::Withdrawn => true,
        State::UnderNotice | State::ObjectionWindow | State::Decided => {
            caller.has_any(INSIDE) || caller.has_any(SHOWN)
        }
        State::Computed => caller.has_any(INSIDE),
    }
}

/// The states in which whoever makes the call being handled sees versions.
pub(crate) fn seen_states() -> Vec<State> {
    State::ALL.iter().copied().filter(|state| sees(*state)).collect()
}

/// Under whose name the call being handled acknowledges publications; empty where nobody is asked.
/// And whether it may do so for consumers that are somebody else's.
pub(crate) fn acknowledges_as() -> (String, bool) {
    match principal() {
        Some(caller) => (caller.subject().to_owned(), caller.has_any(&[Office, Administrator])),
        None => (String::new(), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_contract_is_in_the_table_once() {
        let methods = chengping_testing::methods(
            chengping_proto::FILE_DESCRIPTOR_SET,
            "chengping.publication.v1",
        );
        chengping_testing::assert_covers(ACCESS, &methods);
        chengping_access::assert_details(ACCESS, DETAILS);
    }

    #[test]
    fn nobody_both_publishes_and_decides_and_those_who_oversee_change_nothing() {
        for (method, roles) in ACCESS {
            let verb = method.rsplit('/').next().unwrap();
            let reads = ["Get", "List", "Download", "Export", "Compare", "Verify"];
            let reads = reads.iter().any(|read| verb.starts_with(read));
            assert_eq!(roles.contains(&Auditor), reads, "{method}");
            assert!(reads || !(roles.contains(&Office) && roles.contains(&Approver)), "{method}");
        }
    }
}
