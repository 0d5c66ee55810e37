//! Snapshots.

use chengping_casework::View;
use chengping_chassis::error::FieldErrors;
use chengping_proto::cases::v1 as pb;
use chengping_types::name::{JurisdictionName, SnapshotName};
use chengping_types::{JurisdictionId, Month};

use super::{checked, required_instant, timestamp};
use crate::domain::Snapshot;
use crate::error::Error;

/// The wish for a snapshot.
pub(in crate::grpc) struct SnapshotCommand {
    pub(in crate::grpc) jurisdiction: JurisdictionId,
    pub(in crate::grpc) month: Month,
    pub(in crate::grpc) view: View,
}

impl TryFrom<pb::CreateSnapshotRequest> for SnapshotCommand {
    type Error = Error;

    fn try_from(request: pb::CreateSnapshotRequest) -> Result<Self, Error> {
        let snapshot = request.snapshot.unwrap_or_default();
        let mut errors = FieldErrors::default();
        let parent: Option<JurisdictionName> = errors.parse("parent", &request.parent);
        let month: Option<Month> = errors.parse("snapshot.month", &snapshot.month);
        let as_of = required_instant(&mut errors, "snapshot.as_of", snapshot.as_of.as_ref());
        let decided = required_instant(&mut errors, "snapshot.decided", snapshot.decided.as_ref());
        let all = (|| {
            let view = View { as_of: as_of?, decided: decided? };
            Some(Self { jurisdiction: parent?.jurisdiction, month: month?, view })
        })();
        checked(errors, all)
    }
}

pub(in crate::grpc) fn snapshot_to_pb(
    jurisdiction: &JurisdictionId,
    snapshot: Snapshot,
) -> pb::Snapshot {
    let name_of = |snapshot| SnapshotName { jurisdiction: jurisdiction.clone(), snapshot };
    let former = snapshot.former.map(|former| name_of(former).to_string());
    let name = name_of(snapshot.id);
    pb::Snapshot {
        name: name.to_string(),
        month: snapshot.month.to_string(),
        as_of: Some(timestamp(snapshot.view.as_of)),
        decided: Some(timestamp(snapshot.view.decided)),
        watermark: snapshot.watermark,
        digest: snapshot.digest.to_string(),
        case_count: snapshot.case_count,
        event_count: snapshot.event_count,
        open_reject_count: snapshot.open_rejects,
        create_time: Some(timestamp(snapshot.create_time)),
        revision: snapshot.revision,
        former_snapshot: former.unwrap_or_default(),
        late_case_count: snapshot.late.cases,
        late_event_count: snapshot.late.events,
    }
}
