//! Reviewing and deciding inquiries.

use chengping_chassis::error::FieldErrors;
use chengping_types::Instant;
use chengping_types::name::InquiryName;

use super::inquiries::{Whole, seen_inquiry, whole};
use super::{App, now, require_etag};
use crate::domain::decision::{About, DecidedEvent, Mended, WishedEvent, events};
use crate::domain::inquiry::{Inquiry, InquiryMove, InquiryState};
use crate::error::Error;
use crate::store::{Connection, commit, inquiries, outbox, versions};

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
        require_etag(name, &inquiry.etag(), etag)?;
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
        if is_repeat(&mut transaction, &inquiry, &decision).await? {
            return whole(&mut transaction, inquiry).await;
        }
        require_etag(&decision.name, &inquiry.etag(), &decision.etag)?;
        let target = if decision.upheld { InquiryState::Upheld } else { InquiryState::Refused };
        require_state(&inquiry, InquiryState::Reviewed, target)?;
        if self.four_eyes && inquiry.reviewer == decision.actor {
            let (name, actor) = (decision.name.to_string(), decision.actor);
            return Err(Error::FourEyes { name, actor });
        }
        let time = now();
        let seen_to = seen_to(&mut transaction, &inquiry).await?;
        let written = written(&inquiry, &decision, time, seen_to)?;
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

/// Up to when the version sees that an objection is to; none for an inquiry.
async fn seen_to(connection: &mut Connection, inquiry: &Inquiry) -> Result<Option<Instant>, Error> {
    let Some(number) = inquiry.version else { return Ok(None) };
    let version = versions::get(connection, &inquiry.jurisdiction, inquiry.month, number).await?;
    let version = version.expect("versions are never removed");
    Ok(Some(super::seen(connection, &version).await?.as_of))
}

/// What a decision writes.
fn written(
    inquiry: &Inquiry,
    decision: &Decision,
    now: Instant,
    seen_to: Option<Instant>,
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
        seen_to,
    };
    events(&about, decision.events.clone(), decision.mended_by.as_ref()).map_err(|faults| {
        faults.into_iter().for_each(|(field, what)| errors.push(field, what));
        errors.into()
    })
}

/// Whether just this decision was made already, in the same words and with the same effect.
async fn is_repeat(
    connection: &mut Connection,
    inquiry: &Inquiry,
    decision: &Decision,
) -> Result<bool, Error> {
    let Some(time) = inquiry.decide_time else { return Ok(false) };
    let said = (&inquiry.answer, &inquiry.decider, &inquiry.mended_by);
    let is_said = (inquiry.state == InquiryState::Upheld) == decision.upheld
        && said == (&decision.answer, &decision.actor, &decision.mended_text);
    if !is_said {
        return Ok(false);
    }
    let kept = outbox::of(connection, inquiry).await?.into_iter().map(|sent| sent.event);
    let kept: Vec<_> = kept.collect();
    // What is not dated is dated by the decision.
    Ok(written(inquiry, decision, time, None).is_ok_and(|written| written == kept))
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
