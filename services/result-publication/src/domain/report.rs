//! What districts report of their own jurisdictions (6.4), and what the centre makes of it.

use chengping_types::name::{BulletinVersionName, DistrictReportName};
use chengping_types::{
    BodyId, Digest, Instant, JurisdictionId, Month, RecordId, canonical, named_enum,
};
use serde::{Deserialize, Serialize};

/// The most lines of a report.
pub(crate) const LINES_MAX: usize = 2000;
/// The most attachments.
pub(crate) const ATTACHMENTS_MAX: usize = 8;
/// The most bytes of all attachments together.
pub(crate) const ATTACHMENT_BYTES_MAX: usize = 3 << 20;

named_enum! {
    /// Where a report stands. The codes are those of the API.
    pub(crate) enum ReportState: "state of a report" {
        /// Handed in.
        Submitted = 1 => "submitted",
        /// Taken over by the centre.
        Accepted = 2 => "accepted",
        /// Sent back.
        Returned = 3 => "returned",
    }
}

impl ReportState {
    /// Whether the centre may move a report from here to `next`: what was handed in is accepted or
    /// returned; what was accepted may still be returned, and what was returned is over.
    pub(crate) const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Submitted, Self::Accepted | Self::Returned) | (Self::Accepted, Self::Returned)
        )
    }
}

/// A line of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReportLine {
    pub(crate) body_id: String,
    /// With two decimals; empty when not rated.
    pub(crate) score: String,
    /// 0 when not ranked.
    pub(crate) rank: u32,
}

/// A file that comes with a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) file_name: String,
    pub(crate) media_type: String,
    /// Empty where only the digest was read.
    pub(crate) data: Vec<u8>,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
}

/// What was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) id: RecordId,
    /// In the order of arrival.
    pub(crate) sequence: u64,
    pub(crate) district: BodyId,
    pub(crate) month: Month,
    /// The version of the district's own jurisdiction and its digest.
    pub(crate) version: Option<(BulletinVersionName, Digest)>,
    /// Whether that version stands now; false without one. Follows from the version, and is not kept.
    pub(crate) stands: bool,
    pub(crate) lines: Vec<ReportLine>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) state: ReportState,
    pub(crate) return_reason: String,
    pub(crate) revision: u64,
    pub(crate) creator: String,
    pub(crate) create_time: Instant,
    pub(crate) decider: String,
    pub(crate) decide_time: Option<Instant>,
}

/// What of a report goes into its digest.
#[derive(Serialize)]
struct Content<'a> {
    district: &'a BodyId,
    month: Month,
    bulletin_version: String,
    bulletin_digest: String,
    lines: &'a [ReportLine],
    attachments: Vec<Digest>,
    state: &'static str,
    return_reason: &'a str,
}

impl Report {
    pub(crate) fn name(&self) -> DistrictReportName {
        DistrictReportName {
            jurisdiction: self.jurisdiction.clone(),
            district_report: self.id.clone(),
        }
    }

    pub(crate) fn etag(&self) -> String {
        format!("\"{}\"", self.revision)
    }

    /// The digest of what it says and where it stands.
    pub(crate) fn digest(&self) -> Digest {
        let (bulletin_version, bulletin_digest) = match &self.version {
            Some((name, digest)) => (name.to_string(), digest.to_string()),
            None => (String::new(), String::new()),
        };
        let content = Content {
            district: &self.district,
            month: self.month,
            bulletin_version,
            bulletin_digest,
            lines: &self.lines,
            attachments: self.attachments.iter().map(|attachment| attachment.digest).collect(),
            state: self.state.as_str(),
            return_reason: &self.return_reason,
        };
        canonical::digest(&content).expect("texts and small numbers are canonical")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_returned_is_over_and_what_was_accepted_may_still_be_returned() {
        use ReportState::{Accepted, Returned, Submitted};
        for state in ReportState::ALL {
            for next in ReportState::ALL {
                let may = matches!(
                    (*state, *next),
                    (Submitted, Accepted) | (Submitted, Returned) | (Accepted, Returned)
                );
                assert_eq!(state.may_become(*next), may, "{state} {next}");
            }
        }
    }
}
