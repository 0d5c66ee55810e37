//! Rule packs as messages.

use chengping_proto::rules::v1 as pb;
use chengping_types::JurisdictionId;
use chengping_types::name::{RulePackName, RulePackRevisionName};

use super::{int64, timestamp};
use crate::app::Checked;
use crate::domain::pack::{Difference, Finding, Given, Pack, Revision, Text};
use crate::domain::request::Detail;

pub(in crate::grpc) fn pack(jurisdiction: &JurisdictionId, pack: Pack) -> pb::RulePack {
    let name = RulePackName { jurisdiction: jurisdiction.clone(), rule_pack: pack.pack.clone() };
    pb::RulePack {
        name: name.to_string(),
        etag: pack.etag(),
        title: pack.title,
        newest_revision: int64(pack.newest_revision),
        active_revision: pack.active_revision.map_or(0, int64),
        create_time: Some(timestamp(pack.create_time)),
        update_time: Some(timestamp(pack.update_time)),
        offered_parent_revision: text_of(pack.offered_parent.as_ref()),
    }
}

fn text_of(name: Option<&RulePackRevisionName>) -> String {
    name.map(ToString::to_string).unwrap_or_default()
}

fn difference(one: Difference) -> pb::RulePackDifference {
    let Difference { path, before, after } = one;
    pb::RulePackDifference { path, before, after }
}

pub(in crate::grpc) fn compared(
    differences: Vec<Difference>,
) -> pb::CompareRulePackRevisionsResponse {
    let differences = differences.into_iter().map(difference).collect();
    pb::CompareRulePackRevisionsResponse { differences }
}

pub(in crate::grpc) fn rebased(
    jurisdiction: &JurisdictionId,
    (revision, text, detail): (Revision, Text, Detail),
) -> pb::RebaseRulePackResponse {
    let Detail { parent_differences, contested_paths } = detail;
    pb::RebaseRulePackResponse {
        revision: Some(revision_with_text(jurisdiction, (revision, text))),
        parent_differences: parent_differences.into_iter().map(difference).collect(),
        contested_paths,
    }
}

/// A revision with its text.
pub(in crate::grpc) fn revision_with_text(
    jurisdiction: &JurisdictionId,
    (revision, text): (Revision, Text),
) -> pb::RulePackRevision {
    let Text { source, canonical } = text;
    pb::RulePackRevision { source, canonical, ..self::revision(jurisdiction, revision) }
}

/// A revision in force with its text.
pub(in crate::grpc) fn given(jurisdiction: &JurisdictionId, given: &Given) -> pb::RulePackRevision {
    revision_with_text(jurisdiction, (given.revision.clone(), given.text.clone()))
}

/// A revision without its text.
pub(in crate::grpc) fn revision(
    jurisdiction: &JurisdictionId,
    revision: Revision,
) -> pb::RulePackRevision {
    let name = RulePackRevisionName {
        jurisdiction: jurisdiction.clone(),
        rule_pack: revision.pack.clone(),
        revision: revision.revision,
    };
    pb::RulePackRevision {
        name: name.to_string(),
        revision: int64(revision.revision),
        digest: revision.digest.to_string(),
        source: String::new(),
        canonical: Vec::new(),
        state: revision.state.code().into(),
        active_from: revision.active_from.map(|month| month.to_string()).unwrap_or_default(),
        etag: revision.etag(),
        warnings: revision.warnings.into_iter().map(finding).collect(),
        author: revision.author,
        approver: revision.approver,
        create_time: revision.create_time.map(timestamp),
        parent_revision: text_of(revision.parent.as_ref()),
        overrides: revision.overrides.into_iter().map(difference).collect(),
    }
}

pub(in crate::grpc) fn checked(checked: Checked) -> pb::ValidateRulePackResponse {
    match checked {
        Ok(pack) => pb::ValidateRulePackResponse {
            errors: Vec::new(),
            warnings: pack.warnings.into_iter().map(finding).collect(),
            digest: pack.digest.to_string(),
        },
        Err(mistakes) => pb::ValidateRulePackResponse {
            errors: mistakes.into_iter().map(finding).collect(),
            warnings: Vec::new(),
            digest: String::new(),
        },
    }
}

fn finding(finding: Finding) -> pb::Finding {
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    pb::Finding {
        path: finding.path,
        line: number(finding.line),
        column: number(finding.column),
        message: finding.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::review::State;

    #[test]
    fn the_states_of_the_api_are_those_of_the_domain() {
        for (number, state) in (1..).zip(State::ALL) {
            let name = pb::rule_pack_revision::State::try_from(number).unwrap().as_str_name();
            assert_eq!(name.to_lowercase(), format!("state_{state}"));
            assert_eq!(i32::from(state.code()), number);
        }
    }
}
