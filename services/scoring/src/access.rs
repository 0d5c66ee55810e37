//! Who may call what here (clauses 1.1, 6.2, 6.6 and 7.1 of the regulation).

use chengping_chassis::identity::{
    Access,
    Role::{self, Administrator, Approver, Auditor, Office, Service},
};

/// The office evaluates (6.2).
const EVALUATE: &[Role] = &[Office, Service];
/// Evaluations are of all bodies, and nothing of them is published yet: those who make them, approve
/// them or oversee it (6.6). Others read what is published.
const READ: &[Role] = &[Office, Administrator, Approver, Auditor, Service];
/// Which cases a number counts.
const TRACE: &[Role] = &[Office, Auditor, Service];
/// What every number means is no secret.
const LOOK_UP: &[Role] = &Role::ALL;

/// The roles of which the callers of each method need one.
pub const ACCESS: &Access = &[
    ("chengping.scoring.v1.EvaluationService/CreateEvaluation", EVALUATE),
    ("chengping.scoring.v1.EvaluationService/GetEvaluation", READ),
    ("chengping.scoring.v1.EvaluationService/ListEvaluations", READ),
    ("chengping.scoring.v1.EvaluationService/DownloadEvaluation", READ),
    ("chengping.scoring.v1.EvaluationService/GetScorecard", READ),
    ("chengping.scoring.v1.EvaluationService/ListScorecards", READ),
    ("chengping.scoring.v1.EvaluationService/ListCountedCases", TRACE),
    ("chengping.scoring.v1.EvaluationService/TraceCorrection", READ),
    ("chengping.scoring.v1.EvaluationService/ListIndicators", LOOK_UP),
    ("chengping.scoring.v1.EvaluationService/WatchLiveScores", READ),
    ("chengping.scoring.v1.EvaluationService/PreviewRulePack", READ),
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
