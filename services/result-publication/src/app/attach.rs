//! Evidence of inquiries.

use chengping_types::Digest;
use chengping_types::name::{InquiryEvidenceName, InquiryName};

use super::inquiries::seen_inquiry;
use super::{App, now};
use crate::domain::inquiry::{EVIDENCE_MAX, Evidence};
use crate::error::Error;
use crate::store::{commit, evidence};

/// A piece of evidence on its way in.
#[derive(Debug, Clone)]
pub(crate) struct Attached {
    pub(crate) inquiry: InquiryName,
    pub(crate) file_name: String,
    pub(crate) media_type: String,
    pub(crate) content: Vec<u8>,
    pub(crate) actor: String,
}

impl App {
    /// Adds a piece of evidence, or gives the one that has the same bytes.
    pub(crate) async fn attach(&self, attached: Attached) -> Result<Evidence, Error> {
        let Attached { inquiry: name, file_name, media_type, content, actor } = attached;
        let digest = Digest::of(&content);
        let sight = self.sight(&name.jurisdiction).await?;
        let mut transaction = self.locked(&name.jurisdiction).await?;
        let inquiry = seen_inquiry(&mut transaction, &name, &sight).await?;
        let there = evidence::list(&mut transaction, &inquiry).await?;
        if let Some(same) = there.iter().find(|there| there.digest == digest) {
            return Ok(same.clone());
        }
        if inquiry.state.is_decided() {
            let (name, state) = (name.to_string(), inquiry.state.as_str());
            return Err(Error::InquiryDecided { name, state });
        }
        let number = there.len() as u64 + 1;
        if number > EVIDENCE_MAX {
            return Err(Error::TooMuchEvidence { name: name.to_string(), most: EVIDENCE_MAX });
        }
        let create_time = now();
        let size = content.len() as u64;
        let mut added = Evidence {
            number,
            file_name,
            media_type,
            digest,
            size,
            content,
            author: actor,
            create_time,
        };
        evidence::insert(&mut transaction, &inquiry, &added, create_time).await?;
        commit(transaction).await?;
        added.content.clear();
        Ok(added)
    }

    /// A piece of evidence with its bytes.
    pub(crate) async fn evidence(&self, name: &InquiryEvidenceName) -> Result<Evidence, Error> {
        let InquiryEvidenceName { jurisdiction, inquiry, evidence: number } = name.clone();
        let of = InquiryName { jurisdiction, inquiry };
        let sight = self.sight(&of.jurisdiction).await?;
        let mut transaction = self.store.begin_reading().await?;
        let inquiry = seen_inquiry(&mut transaction, &of, &sight).await?;
        let found = evidence::get(&mut transaction, &inquiry, number).await?;
        drop(transaction);
        self.note(&sight, &of.jurisdiction, &of).await?;
        found.ok_or_else(|| Error::EvidenceNotFound { name: name.to_string() })
    }
}
