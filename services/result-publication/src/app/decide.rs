//! Reviewing and deciding inquiries.

use chengping_chassis::error::FieldErrors;
use chengping_types::Instant;
use chengping_types::name::InquiryName;

use super::inquiries::{Whole, seen_inquiry, whole};
use super::{App, now};
use crate::domain::decision::{About, DecidedEvent, Mended, WishedEvent, events};
use crate::domain::inquiry::{Inquiry, InquiryMove, InquiryState};
use crate::error::Error;
use crate::store::{Connection, commit, inquiries, outbox};

/// The final decision of an inquiry.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    pub(crate) name: InquiryName,
    /// Empty for whatever it is.
    pub(crate) etag: String,
    pub(crate) upheld: bool,
    pub(crate) answer: String,
    pub(crate) events: Vec<WishedEvent>,
    pub(crate) mended_by: Option<Mended>,
    /// As it was written.
    pub(crate) mended_text: String,
    pub(crate) actor: String,
}

impl App {
    /// Gives the first review of an inquiry.
    pub(crate) async fn review(
        &self,
        name: &InquiryName,
        etag: &str,
        finding: String,
        actor: String,
    ) -> Result<Whole, Error> {
        let sight = self.sight(&name.jurisdiction).await?;
        let mut transaction = self.locked(&name.jurisdiction).await?;
        let mut inquiry = seen_inquiry(&mut transaction, name, &sight).await?;
        let repeat = inquiry.state == InquiryState::Reviewed
            && (&inquiry.finding, &inquiry.reviewer) == (&finding, &actor);
        if repeat {
            return whole(&mut transaction, inquiry).await;
        }
        require_etag(&inquiry, etag)?;
        require_state(&inquiry, InquiryState::Filed, InquiryState::Reviewed)?;
        let (before, time) = (inquiry.clone(), now());
        inquiry.state = InquiryState::Reviewed;
        (inquiry.finding, inquiry.reviewer) = (finding, actor.clone());
        inquiry.review_time = Some(time);
        keep(&mut transaction, &before, &mut inquiry, &[], (&actor, time)).await?;
        let answer = whole(&mut transaction, inquiry).await?;
        commit(transaction).await?;
        Ok(answer)
    }

    /// Decides an inquiry, and keeps with the decision what it writes into the record of its case.
    pub(crate) async fn decide(&self, decision: Decision) -> Result<Whole, Error> {
        if decision.upheld {
            self.require_case(&decision.name).await?;
        }
        let sight = self.sight(&decision.name.jurisdiction).await?;
        let mut transaction = self.locked(&decision.name.jurisdiction).await?;
        let mut inquiry = seen_inquiry(&mut transaction, &decision.name, &sight).await?;
        if is_repeat(&inquiry, &decision) {
            return whole(&mut transaction, inquiry).await;
        }
        require_etag(&inquiry, &decision.etag)?;
        let target = if decision.upheld { InquiryState::Upheld } else { InquiryState::Refused };
        require_state(&inquiry, InquiryState::Reviewed, target)?;
        if self.four_eyes && inquiry.reviewer == decision.actor {
            let (name, actor) = (decision.name.to_string(), decision.actor);
            return Err(Error::FourEyes { name, actor });
        }
        let time = now();
        let written = written(&inquiry, &decision, time)?;
        let before = inquiry.clone();
        inquiry.state = target;
        (inquiry.answer, inquiry.decider) = (decision.answer, decision.actor.clone());
        inquiry.decide_time = Some(time);
        inquiry.mended_by = decision.mended_text;
        outbox::put(&mut transaction, &inquiry, &written, time).await?;
        let by = (decision.actor.as_str(), time);
        keep(&mut transaction, &before, &mut inquiry, &written, by).await?;
        let answer = whole(&mut transaction, inquiry).await?;
        commit(transaction).await?;
        self.decided.send_replace(());
        Ok(answer)
    }

    /// That the case of an inquiry is known: what is written to another would never be taken in.
    async fn require_case(&self, name: &InquiryName) -> Result<(), Error> {
        let sight = self.sight(&name.jurisdiction).await?;
        let mut transaction = self.store.begin_reading().await?;
        let inquiry = seen_inquiry(&mut transaction, name, &sight).await?;
        drop(transaction);
        let Some(case_no) = &inquiry.case_no else { return Ok(()) };
        if self.peers.cases.knows(&name.jurisdiction, case_no).await? {
            return Ok(());
        }
        Err(Error::CaseNotFound { name: name.to_string(), case_no: case_no.to_string() })
    }
}

/// What a decision writes.
fn written(
    inquiry: &Inquiry,
    decision: &Decision,
    now: Instant,
) -> Result<Vec<DecidedEvent>, Error> {
    let mut errors = FieldErrors::default();
    if !decision.upheld {
        if !decision.events.is_empty() {
            errors.push("events", "must be empty: what is refused writes nothing");
        }
        if decision.mended_by.is_some() {
            errors.push("mended_by", "must be empty: what is refused mends nothing");
        }
        errors.into_result()?;
        return Ok(Vec::new());
    }
    let about = About {
        inquiry: inquiry.number,
        subject: inquiry.subject,
        case_no: inquiry.case_no.as_ref(),
        now,
    };
    events(&about, decision.events.clone(), decision.mended_by.as_ref()).map_err(|faults| {
        faults.into_iter().for_each(|(field, what)| errors.push(field, what));
        errors.into()
    })
}

/// Whether the decision was made already, in the same words.
fn is_repeat(inquiry: &Inquiry, decision: &Decision) -> bool {
    inquiry.state.is_decided()
        && (inquiry.state == InquiryState::Upheld) == decision.upheld
        && (&inquiry.answer, &inquiry.decider) == (&decision.answer, &decision.actor)
}

fn require_etag(inquiry: &Inquiry, etag: &str) -> Result<(), Error> {
    if etag.is_empty() || etag == inquiry.etag() {
        return Ok(());
    }
    Err(Error::EtagMismatch { name: inquiry.name().to_string(), current: inquiry.etag() })
}

fn require_state(inquiry: &Inquiry, from: InquiryState, to: InquiryState) -> Result<(), Error> {
    if inquiry.state == from {
        return Ok(());
    }
    let (name, from) = (inquiry.name().to_string(), inquiry.state);
    Err(Error::IllegalInquiryChange { name, from, to })
}

/// Writes an inquiry as it is now, and the step that led there.
async fn keep(
    connection: &mut Connection,
    before: &Inquiry,
    inquiry: &mut Inquiry,
    events: &[DecidedEvent],
    (actor, time): (&str, Instant),
) -> Result<(), Error> {
    inquiry.revision += 1;
    let step = InquiryMove {
        state: inquiry.state,
        actor: actor.to_owned(),
        time,
        digest_before: Some(before.digest(&[])),
        digest_after: inquiry.digest(events),
    };
    inquiries::put(connection, inquiry).await?;
    inquiries::put_move(connection, inquiry, &step).await?;
    Ok(())
}
