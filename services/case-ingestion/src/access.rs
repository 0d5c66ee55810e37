//! Who may call what here (clauses 1.1, 6.6, 7.1 and 7.2 of the regulation).

use chengping_access::{Detail, Details};
use chengping_chassis::identity::{
    Access,
    Role::{
        self, Administrator, Approver, Auditor, Bureau, Collector, District, Integrator, Office,
        Service,
    },
};

/// Platforms send what happened; those who are judged by it, or judge, never do (1.1).
const SEND: &[Role] = &[Integrator];
/// As [`SEND`], and result-publication in its own name: a decision on an objection is an event, made
/// by those who decide and never by those who are judged (6.8).
const WRITE: &[Role] = &[Integrator, Service];
/// Who reads all cases: the office, those who decide and oversee (6.6), and the platform that sent them.
const READ: &[Role] = &[Office, Administrator, Approver, Auditor, Integrator, Service];
/// And each body its own, with the whole process (7.1, 7.2).
const ASK: &[Role] =
    &[Office, Administrator, Approver, Auditor, Integrator, Service, District, Bureau, Collector];
/// What was set aside may be anybody's: who keeps it, and who oversees that.
const ASIDE: &[Role] = &[Office, Auditor, Integrator, Service];
/// Who read what (6.6).
const OVERSEE: &[Role] = &[Auditor];
/// Who mends what was set aside.
const MEND: &[Role] = &[Office, Integrator];
/// Who freezes a month: the office, and scoring in its own name.
const FREEZE: &[Role] = &[Office, Service];
/// Who reads what was frozen.
const FROZEN: &[Role] = &[Office, Auditor, Service];
/// Who keeps the database: puts months away, takes them back, erases texts.
const ARCHIVE: &[Role] = &[Administrator];
/// Who sees what was put away and erased.
const KEPT: &[Role] = &[Administrator, Office, Auditor, Service];
/// Who has derived data made anew: it changes no record.
const REBUILD: &[Role] = &[Administrator, Office];
/// Facts of all cases: scoring in its own name, and those who count again.
const COUNT: &[Role] = &[Auditor, Service];
/// The records themselves: as [`COUNT`], and the office, which sees all cases anyway.
const RECOUNT: &[Role] = &[Auditor, Office, Service];

/// The roles of which the callers of each method need one.
pub const ACCESS: &Access = &[
    ("chengping.cases.v1.CaseService/BatchCreateCases", SEND),
    ("chengping.cases.v1.CaseService/BatchCreateEvents", WRITE),
    ("chengping.cases.v1.CaseService/UploadCases", SEND),
    ("chengping.cases.v1.CaseService/UploadEvents", SEND),
    ("chengping.cases.v1.CaseService/StreamCases", SEND),
    ("chengping.cases.v1.CaseService/StreamEvents", SEND),
    ("chengping.cases.v1.CaseService/GetCase", ASK),
    ("chengping.cases.v1.CaseService/ListCases", ASK),
    ("chengping.cases.v1.CaseService/ListEvents", ASK),
    ("chengping.cases.v1.CaseService/GetTimeline", ASK),
    ("chengping.cases.v1.CaseService/WatchCaseChanges", READ),
    ("chengping.cases.v1.RejectService/BatchCreateRejects", SEND),
    ("chengping.cases.v1.RejectService/GetReject", ASIDE),
    ("chengping.cases.v1.RejectService/ListRejects", ASIDE),
    ("chengping.cases.v1.RejectService/ReplayReject", MEND),
    ("chengping.cases.v1.RejectService/DismissReject", MEND),
    ("chengping.cases.v1.ArchiveService/StreamArchive", ARCHIVE),
    ("chengping.cases.v1.ArchiveService/PutAwayMonth", ARCHIVE),
    ("chengping.cases.v1.ArchiveService/RestoreMonth", ARCHIVE),
    ("chengping.cases.v1.ArchiveService/GetArchive", KEPT),
    ("chengping.cases.v1.ArchiveService/ListArchives", KEPT),
    ("chengping.cases.v1.ArchiveService/EraseTexts", ARCHIVE),
    ("chengping.cases.v1.ArchiveService/ListRetentionEntries", KEPT),
    ("chengping.cases.v1.SnapshotService/CreateSnapshot", FREEZE),
    ("chengping.cases.v1.SnapshotService/GetSnapshot", FROZEN),
    ("chengping.cases.v1.SnapshotService/ListSnapshots", FROZEN),
    ("chengping.cases.v1.SnapshotService/VerifySnapshot", FROZEN),
    ("chengping.cases.v1.SnapshotService/RebuildCaseFiles", REBUILD),
    ("chengping.cases.v1.SnapshotService/StreamFacts", COUNT),
    ("chengping.cases.v1.SnapshotService/StreamRecords", RECOUNT),
    ("chengping.cases.v1.AccessService/ListAccessEntries", OVERSEE),
];

/// What shows something that belongs to single bodies.
pub const DETAILS: &Details = &[
    ("chengping.cases.v1.CaseService/GetCase", Detail::Named),
    ("chengping.cases.v1.CaseService/ListCases", Detail::Filtered),
    ("chengping.cases.v1.CaseService/ListEvents", Detail::Named),
    ("chengping.cases.v1.CaseService/GetTimeline", Detail::Named),
    ("chengping.cases.v1.RejectService/GetReject", Detail::Whole),
    ("chengping.cases.v1.RejectService/ListRejects", Detail::Whole),
    ("chengping.cases.v1.SnapshotService/StreamFacts", Detail::Whole),
    ("chengping.cases.v1.SnapshotService/StreamRecords", Detail::Whole),
    ("chengping.cases.v1.ArchiveService/StreamArchive", Detail::Whole),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_contract_is_in_the_table_once() {
        let methods =
            chengping_testing::methods(chengping_proto::FILE_DESCRIPTOR_SET, "chengping.cases.v1");
        chengping_testing::assert_covers(ACCESS, &methods);
        chengping_access::assert_details(ACCESS, DETAILS);
    }

    #[test]
    fn those_who_oversee_change_nothing_and_those_who_are_judged_send_nothing() {
        for (method, roles) in ACCESS {
            let verb = method.rsplit('/').next().unwrap();
            let reads = ["Get", "List", "Verify", "Watch", "StreamFacts", "StreamRecords"]
                .iter()
                .any(|read| verb.starts_with(read));
            assert_eq!(roles.contains(&Auditor), reads, "{method}");
            let judged = [Role::District, Role::Bureau, Role::Collector];
            assert!(reads || judged.iter().all(|role| !roles.contains(role)), "{method}");
        }
    }
}
