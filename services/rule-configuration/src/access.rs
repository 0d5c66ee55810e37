//! Who may call what here (clauses 1.1, 6.2, 6.6 and 6.8 of the regulation).

use chengping_chassis::identity::{
    Access,
    Role::{
        self, Administrator, Approver, Assessment, Auditor, Bureau, Collector, District,
        Integrator, Office, Service,
    },
};

/// Whoever is judged by the rules (6.8), judges by them, or oversees it.
const READ: &[Role] =
    &[Office, Administrator, Approver, Auditor, Assessment, District, Bureau, Collector, Service];
/// As [`READ`], and the platforms: taking cases in asks for bodies and limits in their name.
const LOOK_UP: &[Role] = &[
    Office,
    Administrator,
    Approver,
    Auditor,
    Assessment,
    District,
    Bureau,
    Collector,
    Service,
    Integrator,
];
/// Rules and registries are kept by administrators alone (1.1).
const CHANGE: &[Role] = &[Administrator];
/// What they propose is decided by somebody else.
const DECIDE: &[Role] = &[Approver];
/// Who did what is for those who oversee it (6.6), and those who do it.
const OVERSEE: &[Role] = &[Auditor, Administrator, Approver];

/// The roles of which the callers of each method need one.
pub const ACCESS: &Access = &[
    ("chengping.rules.v1.RegistryService/ImportRegistry", CHANGE),
    ("chengping.rules.v1.RegistryService/RemoveRegistryRows", CHANGE),
    ("chengping.rules.v1.RegistryService/MergeBodies", CHANGE),
    ("chengping.rules.v1.RegistryService/UpdateBody", CHANGE),
    ("chengping.rules.v1.RegistryService/UpdateWorkCalendar", CHANGE),
    ("chengping.rules.v1.RegistryService/CompareRegistryRevisions", READ),
    ("chengping.rules.v1.RegistryService/ExportRegistry", LOOK_UP),
    ("chengping.rules.v1.RegistryService/GetRegistryRevision", LOOK_UP),
    ("chengping.rules.v1.RegistryService/ListRegistryRevisions", READ),
    ("chengping.rules.v1.RegistryService/GetDeadlineRules", LOOK_UP),
    ("chengping.rules.v1.RegistryService/GetBody", LOOK_UP),
    ("chengping.rules.v1.RegistryService/ListBodies", LOOK_UP),
    ("chengping.rules.v1.RegistryService/ListAreas", LOOK_UP),
    ("chengping.rules.v1.RegistryService/ListCoefficients", READ),
    ("chengping.rules.v1.RegistryService/ListCategories", LOOK_UP),
    ("chengping.rules.v1.RegistryService/GetWorkCalendar", LOOK_UP),
    ("chengping.rules.v1.RulePackService/ValidateRulePack", READ),
    ("chengping.rules.v1.RulePackService/CommitRulePackRevision", CHANGE),
    ("chengping.rules.v1.RulePackService/AdjustRulePack", CHANGE),
    ("chengping.rules.v1.RulePackService/RebaseRulePack", CHANGE),
    ("chengping.rules.v1.RulePackService/RollbackRulePack", CHANGE),
    ("chengping.rules.v1.RulePackService/SubmitRulePackRevision", CHANGE),
    ("chengping.rules.v1.RulePackService/ApproveRulePackRevision", DECIDE),
    ("chengping.rules.v1.RulePackService/RefuseRulePackRevision", DECIDE),
    ("chengping.rules.v1.RulePackService/ActivateRulePackRevision", DECIDE),
    ("chengping.rules.v1.RulePackService/GetRulePack", READ),
    ("chengping.rules.v1.RulePackService/ListRulePacks", READ),
    ("chengping.rules.v1.RulePackService/GetRulePackRevision", READ),
    ("chengping.rules.v1.RulePackService/ListRulePackRevisions", READ),
    ("chengping.rules.v1.RulePackService/CompareRulePackRevisions", READ),
    ("chengping.rules.v1.RulePackService/ListRulePackHolders", READ),
    ("chengping.rules.v1.RulePackService/GetEffectiveRulePack", READ),
    ("chengping.rules.v1.RulePackService/WatchRulePacks", READ),
    ("chengping.rules.v1.RulePackService/ComputeDeadline", LOOK_UP),
    ("chengping.rules.v1.RulePackService/ExplainDeadline", READ),
    ("chengping.rules.v1.RulePackService/ListAuditEntries", OVERSEE),
    ("chengping.rules.v1.RulePackService/VerifyAuditEntries", OVERSEE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_contract_is_in_the_table_once() {
        let methods =
            chengping_testing::methods(chengping_proto::FILE_DESCRIPTOR_SET, "chengping.rules.v1");
        chengping_testing::assert_covers(ACCESS, &methods);
    }

    #[test]
    fn nobody_both_proposes_and_decides_and_overseers_change_nothing() {
        for (method, roles) in ACCESS {
            let changes = roles.contains(&Administrator) && !roles.contains(&Auditor);
            let decides = roles.contains(&Approver) && !roles.contains(&Auditor);
            assert!(!(changes && decides), "{method}");
            let verb = method.rsplit('/').next().unwrap();
            let reads = [
                "Get", "List", "Export", "Watch", "Compare", "Validate", "Compute", "Explain",
                "Verify",
            ];
            let is_reading = reads.iter().any(|read| verb.starts_with(read));
            assert_eq!(roles.contains(&Auditor), is_reading, "{method}");
        }
    }
}
