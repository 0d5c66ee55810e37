//! Showing versions to the bodies, and closing their objection window.

use chengping_types::Instant;
use chengping_types::name::BulletinVersionName;

use super::{App, now, require_etag, version};
use crate::domain::inquiry::InquiryState;
use crate::domain::settings::Settings;
use crate::domain::state::{Notice, Step};
use crate::domain::{Moved, Version};
use crate::error::Error;
use crate::store::{Connection, commit, documents, inquiries, versions};

const SECOND: i64 = 1_000_000;

/// Who asks for a step of a version, and what they know of it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) name: BulletinVersionName,
    /// Empty for whatever it is.
    pub(crate) etag: String,
    pub(crate) actor: String,
    /// Empty for none.
    pub(crate) reason: String,
}

impl App {
    /// Shows a version to the bodies.
    pub(crate) async fn submit(&self, asked: &Asked) -> Result<Version, Error> {
        // Before the lock: the calendar is elsewhere.
        let notice = self.notice(&asked.name).await?;
        let mut transaction = self.locked(&asked.name.jurisdiction).await?;
        let mut version = version(&mut transaction, &asked.name).await?;
        require_etag(&asked.name, &version.etag(), &asked.etag)?;
        self.apply(&mut transaction, &mut version, Step::Submit).await?;
        version.notice = Some(notice);
        let moved = moved(asked, Step::Submit, notice.time);
        versions::put(&mut transaction, &version, &moved).await?;
        commit(transaction).await?;
        Ok(version)
    }

    /// The times of a notice that begins now.
    async fn notice(&self, name: &BulletinVersionName) -> Result<Notice, Error> {
        let jurisdiction = &name.jurisdiction;
        let time = now();
        let due = async |start, days| {
            let due = self.peers.rules.due(jurisdiction, start, days).await?;
            due.ok_or_else(|| Error::WorkCalendarMissing { jurisdiction: jurisdiction.to_string() })
        };
        let days = &self.days;
        // Nobody reads a deadline to the microsecond.
        let start = Instant::from_micros(time.as_micros().div_euclid(SECOND) * SECOND);
        let objection_start = due(start, days.notice_days.get()).await?;
        let objection_end = due(objection_start, days.objection_days.get()).await?;
        let decision_due = due(objection_end, days.decision_days.get()).await?;
        Ok(Notice { time, objection_start, objection_end, decision_due })
    }

    /// Closes the objection window of a version, whose objections are all decided, before its end
    /// where a reason is given.
    pub(crate) async fn approve(&self, asked: &Asked) -> Result<Version, Error> {
        let mut transaction = self.locked(&asked.name.jurisdiction).await?;
        let mut version = version(&mut transaction, &asked.name).await?;
        require_etag(&asked.name, &version.etag(), &asked.etag)?;
        self.apply(&mut transaction, &mut version, Step::Approve).await?;
        self.require_another(&mut transaction, &version, Step::Approve, &asked.actor).await?;
        let now = now();
        let open = version.notice.filter(|notice| now < notice.objection_end);
        match open {
            Some(notice) if asked.reason.is_empty() => {
                let (name, end) = (version.name().to_string(), notice.objection_end);
                return Err(Error::ObjectionWindowOpen { name, end });
            }
            Some(_) => version.waive_reason.clone_from(&asked.reason),
            None => {}
        }
        require_decided(&mut transaction, &version).await?;
        let moved = moved(asked, Step::Approve, now);
        versions::put(&mut transaction, &version, &moved).await?;
        commit(transaction).await?;
        Ok(version)
    }

    /// Where the deployment or the rules ask for four eyes, nobody takes a step whose step before was
    /// their own.
    pub(super) async fn require_another(
        &self,
        connection: &mut Connection,
        version: &Version,
        step: Step,
        actor: &str,
    ) -> Result<(), Error> {
        if !step.needs_another() {
            return Ok(());
        }
        let last = versions::moves(connection, version, None, 1).await?;
        match last.first() {
            Some(last) if last.actor == actor && self.four_eyes(connection, version).await? => {
                let name = version.name().to_string();
                Err(Error::FourEyes { name, actor: actor.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Whether two people are needed for what concerns a version.
    pub(super) async fn four_eyes(
        &self,
        connection: &mut Connection,
        version: &Version,
    ) -> Result<bool, Error> {
        Ok(self.four_eyes || settings(connection, version).await?.four_eyes)
    }
}

/// What the rules that a version was scored by say.
async fn settings(connection: &mut Connection, version: &Version) -> Result<Settings, Error> {
    let Version { jurisdiction, evaluation, .. } = version;
    let input = documents::input(connection, jurisdiction, evaluation).await?;
    settings_of(version, &input)
}

/// As [`settings`], of the input that a version was scored from.
pub(super) fn settings_of(version: &Version, input: &[u8]) -> Result<Settings, Error> {
    Settings::of_input(input).map_err(|error| Error::corrupt(version.name(), error))
}

/// That no objection to a version waits, and that the version takes account of those upheld.
async fn require_decided(connection: &mut Connection, version: &Version) -> Result<(), Error> {
    let Version { jurisdiction, month, number, .. } = version;
    let objections = inquiries::objections(connection, jurisdiction, *month, *number).await?;
    let names = |of: &dyn Fn(&&crate::domain::inquiry::Inquiry) -> bool| -> Vec<String> {
        objections.iter().filter(of).map(|objection| objection.name().to_string()).collect()
    };
    let waiting = names(&|objection| !objection.state.is_decided());
    if !waiting.is_empty() {
        return Err(Error::ObjectionsUndecided { name: version.name().to_string(), waiting });
    }
    let missing = names(&|objection| {
        objection.state == InquiryState::Upheld && objection.correcting_version.is_none()
    });
    if !missing.is_empty() {
        return Err(Error::ObjectionsNotApplied { name: version.name().to_string(), missing });
    }
    Ok(())
}

pub(super) fn moved<'a>(asked: &'a Asked, step: Step, time: Instant) -> Moved<'a> {
    Moved { step, actor: &asked.actor, reason: &asked.reason, time }
}
