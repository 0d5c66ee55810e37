//! Taking back what is published.

use chengping_ledger::version::{Entry, EntryKind, Link};
use chengping_ledger::withdrawal::Withdrawal;

use super::notice::{Asked, moved};
use super::publish::leaves;
use super::{App, now, require_etag, version};
use crate::domain::state::{State, Step};
use crate::domain::{Version, Withdrawn};
use crate::error::Error;
use crate::store::log::Appended;
use crate::store::{bulletins, commit, log, versions};

impl App {
    /// Withdraws a published version: an entry of its own in the log and a checkpoint, or nothing.
    ///
    /// One that is withdrawn for the same reason is given as it is, whatever the etag: the answer to
    /// the call that did it may have been lost.
    pub(crate) async fn withdraw(&self, asked: &Asked) -> Result<Version, Error> {
        let mut transaction = self.locked(&asked.name.jurisdiction).await?;
        let mut version = version(&mut transaction, &asked.name).await?;
        if let (State::Withdrawn, Some(Withdrawn { reason, .. })) =
            (version.state, &version.withdrawn)
            && *reason == asked.reason
        {
            return Ok(version);
        }
        require_etag(&asked.name, &version.etag(), &asked.etag)?;
        self.apply(&mut transaction, &mut version, Step::Withdraw).await?;
        self.require_another(&mut transaction, &version, Step::Withdraw, &asked.actor).await?;

        let signer = self.signer(&mut transaction, &version.jurisdiction).await?;
        let entries = self.sound_entries(&mut transaction, &version.jurisdiction, &signer).await?;
        let time = now();
        let withdrawal = withdrawal(&version, &entries, asked.reason.clone(), time.to_string())?;
        let (entry, document) = (withdrawal.entry(), withdrawal.to_vec());
        let index = withdrawal.chain.index;
        let appended = Appended { entry: &entry, document: &document, index, time };
        log::append(&mut transaction, &appended).await?;
        self.sign(&mut transaction, &signer, entries, entry).await?;

        version.withdrawn = Some(Withdrawn { reason: asked.reason.clone(), time });
        versions::put(&mut transaction, &version, &moved(asked, Step::Withdraw, time)).await?;
        let Version { jurisdiction, month, .. } = &version;
        bulletins::put_withdrawn(&mut transaction, jurisdiction, *month, time).await?;
        commit(transaction).await?;
        self.published.send_replace(());
        tracing::info!(version = %asked.name, "withdrawn");
        Ok(version)
    }
}

fn withdrawal(
    version: &Version,
    entries: &[Entry],
    reason: String,
    time: String,
) -> Result<Withdrawal, Error> {
    let is_published = |entry: &&Entry| {
        entry.kind == EntryKind::Published
            && (entry.month, entry.version) == (version.month, version.number)
    };
    let published = entries.iter().find(is_published).expect("what is published is in the log");
    let chain = Link::after(&leaves(entries));
    Withdrawal::of(published, reason, time, chain)
        .map_err(|source| Error::Seal { name: version.name().to_string(), source })
}
