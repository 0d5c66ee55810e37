//! Who may call what here (clauses 1.1, 6.2, 6.6, 7.1 and 7.2 of the regulation).

use chengping_access::{Detail, Details};
use chengping_chassis::identity::{
    Access,
    Role::{self, Administrator, Approver, Auditor, Bureau, Collector, District, Office, Service},
};

/// The office evaluates (6.2).
const EVALUATE: &[Role] = &[Office, Service];
/// Those who make evaluations, approve them or oversee it (6.6) read all of them; others read what is
/// published.
const READ: &[Role] = &[Office, Administrator, Approver, Auditor, Service];
/// And each body its own, down to the cases that a number counts (7.1).
const ASK: &[Role] =
    &[Office, Administrator, Approver, Auditor, Service, District, Bureau, Collector];
/// Who read what (6.6).
const OVERSEE: &[Role] = &[Auditor];
/// What every number means is no secret.
const LOOK_UP: &[Role] = &Role::ALL;

/// The roles of which the callers of each method need one.
pub const ACCESS: &Access = &[
    ("chengping.scoring.v1.EvaluationService/CreateEvaluation", EVALUATE),
    ("chengping.scoring.v1.EvaluationService/GetEvaluation", ASK),
    ("chengping.scoring.v1.EvaluationService/ListEvaluations", ASK),
    ("chengping.scoring.v1.EvaluationService/DownloadEvaluation", READ),
    ("chengping.scoring.v1.EvaluationService/GetScorecard", ASK),
    ("chengping.scoring.v1.EvaluationService/ListScorecards", ASK),
    ("chengping.scoring.v1.EvaluationService/ListCountedCases", ASK),
    ("chengping.scoring.v1.EvaluationService/TraceCorrection", READ),
    ("chengping.scoring.v1.EvaluationService/ListIndicators", LOOK_UP),
    ("chengping.scoring.v1.EvaluationService/WatchLiveScores", ASK),
    ("chengping.scoring.v1.EvaluationService/PreviewRulePack", READ),
    ("chengping.scoring.v1.AccessService/ListAccessEntries", OVERSEE),
];

/// What shows something that belongs to single bodies.
pub const DETAILS: &Details = &[
    ("chengping.scoring.v1.EvaluationService/DownloadEvaluation", Detail::Whole),
    ("chengping.scoring.v1.EvaluationService/GetScorecard", Detail::Named),
    ("chengping.scoring.v1.EvaluationService/ListScorecards", Detail::Filtered),
    ("chengping.scoring.v1.EvaluationService/ListCountedCases", Detail::Named),
    ("chengping.scoring.v1.EvaluationService/TraceCorrection", Detail::Whole),
    ("chengping.scoring.v1.EvaluationService/WatchLiveScores", Detail::Filtered),
    ("chengping.scoring.v1.EvaluationService/PreviewRulePack", Detail::Whole),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_contract_is_in_the_table_once() {
        let methods = chengping_testing::methods(
            chengping_proto::FILE_DESCRIPTOR_SET,
            "chengping.scoring.v1",
        );
        chengping_testing::assert_covers(ACCESS, &methods);
        chengping_access::assert_details(ACCESS, DETAILS);
    }

    #[test]
    fn those_who_oversee_read_everything_and_evaluate_nothing() {
        for (method, roles) in ACCESS {
            assert_eq!(
                roles.contains(&Auditor),
                !method.ends_with("/CreateEvaluation"),
                "{method}"
            );
        }
    }
}
