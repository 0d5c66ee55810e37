//! Objections before publication and inquiries at any time (6.8): what they are about, where they
//! stand, and what may happen to them (method f).

use chengping_types::name::{BulletinVersionName, InquiryName};
use chengping_types::{
    BodyId, CaseNo, Digest, Instant, JurisdictionId, Month, canonical, named_enum,
};
use serde::Serialize;
use uuid::Uuid;

use super::decision::DecidedEvent;

/// The longest statement, finding and answer, in characters.
pub(crate) const TEXT_CHARS_MAX: usize = 4000;
/// How many pieces of evidence an inquiry has at most.
pub(crate) const EVIDENCE_MAX: u64 = 8;
/// How large each of them is at most.
pub(crate) const EVIDENCE_BYTES_MAX: usize = 1 << 20;

named_enum! {
    /// What kind it is. The codes are those of the API.
    pub(crate) enum Kind: "kind of an inquiry" {
        /// 申诉: before publication, against a version.
        Objection = 1 => "objection",
        /// 质询: at any time.
        Inquiry = 2 => "inquiry",
    }
}

named_enum! {
    /// Where it stands.
    pub(crate) enum InquiryState: "state of an inquiry" {
        /// Waits for the first review.
        Filed = 1 => "filed",
        /// Waits for the decision.
        Reviewed = 2 => "reviewed",
        /// It is right.
        Upheld = 3 => "upheld",
        /// The figure stands.
        Refused = 4 => "refused",
    }
}

named_enum! {
    /// What it is about.
    pub(crate) enum Subject: "subject of an inquiry" {
        /// A fact of a case: lateness, rework, attribution, zone.
        CaseFact = 1 => "case_fact",
        /// The stream of a case.
        Stream = 2 => "stream",
        /// A supervision order.
        Order = 3 => "order",
        /// A return visit.
        Visit = 4 => "visit",
        /// A value of the registry.
        RegistryValue = 5 => "registry_value",
        /// A formula or weight.
        Formula = 6 => "formula",
    }
}

impl Subject {
    /// Whether it is about a case.
    pub(crate) const fn is_of_case(self) -> bool {
        !matches!(self, Self::RegistryValue | Self::Formula)
    }
}

impl InquiryState {
    /// Whether nothing more is decided.
    pub(crate) const fn is_decided(self) -> bool {
        matches!(self, Self::Upheld | Self::Refused)
    }
}

/// An inquiry that somebody wants to file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FileInquiry {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) kind: Kind,
    pub(crate) month: Month,
    pub(crate) body: BodyId,
    pub(crate) subject: Subject,
    pub(crate) case_no: Option<CaseNo>,
    pub(crate) statement: String,
    #[serde(skip)]
    pub(crate) actor: String,
    #[serde(skip)]
    pub(crate) request_id: Option<Uuid>,
}

/// An objection or inquiry, without its evidence and events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inquiry {
    pub(crate) jurisdiction: JurisdictionId,
    /// From 1.
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) month: Month,
    /// The version that an objection objects to.
    pub(crate) version: Option<u32>,
    pub(crate) body: BodyId,
    pub(crate) subject: Subject,
    pub(crate) case_no: Option<CaseNo>,
    pub(crate) statement: String,
    pub(crate) author: String,
    pub(crate) due_time: Instant,
    pub(crate) create_time: Instant,
    pub(crate) state: InquiryState,
    /// What was found, by whom and when; empty before.
    pub(crate) finding: String,
    pub(crate) reviewer: String,
    pub(crate) review_time: Option<Instant>,
    /// What was answered, by whom and when; empty before.
    pub(crate) answer: String,
    pub(crate) decider: String,
    pub(crate) decide_time: Option<Instant>,
    /// What mended it, as a resource name; empty for nothing.
    pub(crate) mended_by: String,
    pub(crate) correcting_version: Option<u32>,
    pub(crate) revision: u64,
}

/// What is digested of an inquiry: all that people said and decided.
#[derive(Serialize)]
struct Content<'a> {
    answer: &'a str,
    author: &'a str,
    body: &'a str,
    case_no: &'a str,
    decider: &'a str,
    events: Vec<String>,
    finding: &'a str,
    kind: Kind,
    mended_by: &'a str,
    month: String,
    reviewer: &'a str,
    state: InquiryState,
    statement: &'a str,
    subject: Subject,
}

impl Inquiry {
    pub(crate) fn name(&self) -> InquiryName {
        InquiryName { jurisdiction: self.jurisdiction.clone(), inquiry: self.number }
    }

    pub(crate) fn version_name(&self, version: u32) -> BulletinVersionName {
        BulletinVersionName {
            jurisdiction: self.jurisdiction.clone(),
            month: self.month,
            version: version.into(),
        }
    }

    pub(crate) fn etag(&self) -> String {
        format!("\"{}\"", self.revision)
    }

    /// The digest of all that was said and decided, with what it writes.
    pub(crate) fn digest(&self, events: &[DecidedEvent]) -> Digest {
        let content = Content {
            answer: &self.answer,
            author: &self.author,
            body: self.body.as_str(),
            case_no: self.case_no.as_ref().map_or("", CaseNo::as_str),
            decider: &self.decider,
            events: events.iter().map(DecidedEvent::text).collect(),
            finding: &self.finding,
            kind: self.kind,
            mended_by: &self.mended_by,
            month: self.month.to_string(),
            reviewer: &self.reviewer,
            state: self.state,
            statement: &self.statement,
            subject: self.subject,
        };
        canonical::digest(&content).expect("texts are canonical")
    }
}

/// A step of an inquiry, as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InquiryMove {
    pub(crate) state: InquiryState,
    pub(crate) actor: String,
    pub(crate) time: Instant,
    /// None where it was filed.
    pub(crate) digest_before: Option<Digest>,
    pub(crate) digest_after: Digest,
}

/// A piece of evidence; its bytes may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) file_name: String,
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) content: Vec<u8>,
    pub(crate) author: String,
    pub(crate) create_time: Instant,
}

/// Which inquiries a list shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct InquiryFilter {
    pub(crate) month: Option<Month>,
    pub(crate) body: Option<BodyId>,
    pub(crate) kind: Option<Kind>,
    pub(crate) state: Option<InquiryState>,
    pub(crate) overdue: bool,
}
