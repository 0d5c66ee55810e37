//! Filing objections and inquiries, and reading them.

use chengping_access::Sight;
use chengping_chassis::error::FieldErrors;
use chengping_types::name::{InquiryName, JurisdictionName};
use chengping_types::{Instant, JurisdictionId, LimitUnit, LimitValue, Month, canonical};

use super::seeing::{limit, require};
use super::{App, made_before, now};
use crate::domain::Version;
use crate::domain::inquiry::{
    Evidence, FileInquiry, Inquiry, InquiryFilter, InquiryMove, InquiryState, Kind,
};
use crate::domain::lines;
use crate::domain::state::Notice;
use crate::error::Error;
use crate::store::outbox::{self, Sent};
use crate::store::{Connection, commit, documents, evidence, inquiries, requests, versions};

/// An inquiry with all that belongs to it.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) inquiry: Inquiry,
    pub(crate) events: Vec<Sent>,
    pub(crate) evidence: Vec<Evidence>,
    /// Empty in lists.
    pub(crate) moves: Vec<InquiryMove>,
}

/// A part of a list: at most `limit` below `before`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) before: Option<u64>,
    pub(crate) limit: u32,
}

impl App {
    /// Files an objection or inquiry, or gives the one that the same call filed before.
    pub(crate) async fn file(&self, wish: &FileInquiry) -> Result<Whole, Error> {
        let sight = self.sight(&wish.jurisdiction).await?;
        require(&sight, [&wish.body], &wish.jurisdiction)?;
        let content = canonical::digest(wish).expect("texts are canonical");
        // Before the lock: the calendar is elsewhere.
        let create_time = now();
        require_past(wish.month, create_time)?;
        let due_time = match wish.kind {
            Kind::Objection => None,
            Kind::Inquiry => Some(self.answer_due(&wish.jurisdiction, create_time).await?),
        };
        let mut transaction = self.locked(&wish.jurisdiction).await?;
        let jurisdiction = &wish.jurisdiction;
        let before = made_before(&mut transaction, jurisdiction, wish.request_id, content).await?;
        if let Some(InquiryName { inquiry, .. }) = before {
            let filed = inquiries::get(&mut transaction, jurisdiction, inquiry).await?;
            return whole(&mut transaction, filed.expect("inquiries are never removed")).await;
        }
        let newest = versions::newest(&mut transaction, &wish.jurisdiction, wish.month).await?;
        let (version, due_time) = match due_time {
            Some(due_time) => (None, due_time),
            None => {
                let (version, notice) = window(&mut transaction, wish, newest.as_ref()).await?;
                (Some(version), notice.decision_due)
            }
        };
        let inquiry = Inquiry {
            jurisdiction: wish.jurisdiction.clone(),
            number: inquiries::next_number(&mut transaction, &wish.jurisdiction).await?,
            kind: wish.kind,
            month: wish.month,
            version,
            body: wish.body.clone(),
            subject: wish.subject,
            case_no: wish.case_no.clone(),
            statement: wish.statement.clone(),
            author: wish.actor.clone(),
            due_time,
            create_time,
            state: InquiryState::Filed,
            finding: String::new(),
            reviewer: String::new(),
            review_time: None,
            answer: String::new(),
            decider: String::new(),
            decide_time: None,
            mended_by: String::new(),
            correcting_version: None,
            revision: 1,
        };
        inquiries::insert(&mut transaction, &inquiry).await?;
        let step = InquiryMove {
            state: inquiry.state,
            actor: wish.actor.clone(),
            time: create_time,
            digest_before: None,
            digest_after: inquiry.digest(&[]),
        };
        inquiries::put_move(&mut transaction, &inquiry, &step).await?;
        if let Some(request_id) = wish.request_id {
            let name = inquiry.name();
            requests::insert_made(&mut transaction, jurisdiction, request_id, content, name)
                .await?;
        }
        let whole = whole(&mut transaction, inquiry).await?;
        commit(transaction).await?;
        Ok(whole)
    }

    /// When an inquiry of now is to be answered. Where there is no working calendar, days of 24 hours
    /// count: a calendar that the office lacks never lets a body wait longer.
    async fn answer_due(
        &self,
        jurisdiction: &JurisdictionId,
        from: Instant,
    ) -> Result<Instant, Error> {
        let days = self.days.inquiry_days.get();
        let due = self.peers.rules.due(jurisdiction, from, days).await?;
        Ok(due.unwrap_or_else(|| plain_days(from, days)))
    }

    /// An inquiry that the caller sees.
    pub(crate) async fn inquiry(&self, name: &InquiryName) -> Result<Whole, Error> {
        let sight = self.sight(&name.jurisdiction).await?;
        let mut transaction = self.store.begin_reading().await?;
        let inquiry = seen_inquiry(&mut transaction, name, &sight).await?;
        let whole = whole(&mut transaction, inquiry).await?;
        drop(transaction);
        self.note(&sight, &name.jurisdiction, name).await?;
        Ok(whole)
    }

    /// The inquiries that the caller sees and the filter lets through, newest first.
    pub(crate) async fn inquiries(
        &self,
        jurisdiction: &JurisdictionId,
        filter: &InquiryFilter,
        page: Page,
    ) -> Result<Vec<Whole>, Error> {
        let sight = self.sight(jurisdiction).await?;
        let bodies = limit(&sight);
        let mut transaction = self.store.begin_reading().await?;
        let which = (filter, bodies.as_deref());
        let page = (page.before, page.limit);
        let found = inquiries::list(&mut transaction, jurisdiction, which, page, now()).await?;
        let numbers: Vec<_> = found.iter().map(|inquiry| inquiry.number).collect();
        let mut events = outbox::of_all(&mut transaction, jurisdiction, &numbers).await?;
        let mut evidence = evidence::list_all(&mut transaction, jurisdiction, &numbers).await?;
        drop(transaction);
        let whole = |inquiry: Inquiry| Whole {
            events: events.remove(&inquiry.number).unwrap_or_default(),
            evidence: evidence.remove(&inquiry.number).unwrap_or_default(),
            moves: Vec::new(),
            inquiry,
        };
        let wholes = found.into_iter().map(whole).collect();
        let parent = JurisdictionName { jurisdiction: jurisdiction.clone() };
        self.note(&sight, jurisdiction, format!("{parent}/inquiries")).await?;
        Ok(wholes)
    }
}

/// An inquiry with all that belongs to it.
pub(super) async fn whole(connection: &mut Connection, inquiry: Inquiry) -> Result<Whole, Error> {
    Ok(Whole {
        events: outbox::of(connection, &inquiry).await?,
        evidence: evidence::list(connection, &inquiry).await?,
        moves: inquiries::moves(connection, &inquiry).await?,
        inquiry,
    })
}

/// The inquiry of that name. Who does not see its body is told the same whether or not it is there.
pub(super) async fn seen_inquiry(
    connection: &mut Connection,
    name: &InquiryName,
    sight: &Sight,
) -> Result<Inquiry, Error> {
    let found = inquiries::get(connection, &name.jurisdiction, name.inquiry).await?;
    require(sight, found.iter().map(|inquiry| &inquiry.body), &name.jurisdiction)?;
    found.ok_or_else(|| Error::InquiryNotFound { name: name.to_string() })
}

/// The version that an objection objects to, and its notice: the newest one of the month, in its
/// objection window.
async fn window(
    connection: &mut Connection,
    wish: &FileInquiry,
    newest: Option<&Version>,
) -> Result<(u32, Notice), Error> {
    use crate::domain::state::State::UnderNotice;
    let open = newest.filter(|newest| newest.state == UnderNotice).and_then(|newest| {
        let notice = newest.notice.filter(|notice| notice.takes_objections(now()))?;
        Some((newest, notice))
    });
    let Some((newest, notice)) = open else {
        let end = newest.and_then(|newest| newest.notice).map(|notice| notice.objection_end);
        return Err(Error::NoObjectionWindow { month: wish.month, end });
    };
    if let Some(number) = inquiries::same_objection(connection, wish, newest.number).await? {
        let name = InquiryName { jurisdiction: wish.jurisdiction.clone(), inquiry: number };
        return Err(Error::AlreadyObjected { name: name.to_string() });
    }
    let documents = documents::get(connection, &wish.jurisdiction, &newest.evaluation).await?;
    let bodies = lines::bodies(&documents.results);
    let bodies = bodies.map_err(|error| Error::corrupt(newest.name(), error))?;
    if !bodies.contains(wish.body.as_str()) {
        let mut errors = FieldErrors::default();
        errors.push("inquiry.body_id", "must be a body that the version evaluates");
        return Err(errors.into());
    }
    Ok((newest.number, notice))
}

/// A month that has not begun has nothing that could be questioned. Months are those of the rules'
/// zone; none on earth is more than 14 hours ahead.
fn require_past(month: Month, now: Instant) -> Result<(), Error> {
    const AHEAD: i64 = 14 * 3_600_000_000;
    let latest = Instant::from_micros(now.as_micros() + AHEAD).to_string();
    if latest.get(..7).and_then(|text| text.parse::<Month>().ok()) >= Some(month) {
        return Ok(());
    }
    let mut errors = FieldErrors::default();
    errors.push("inquiry.month", "has not begun yet");
    Err(errors.into())
}

fn plain_days(from: Instant, days: Option<LimitValue>) -> Instant {
    let hundredths = i64::from(days.map_or(0, LimitValue::hundredths));
    Instant::from_micros(from.as_micros() + LimitUnit::UrgentDay.micros() / 100 * hundredths)
}
