//! Putting a month away.

use chengping_types::Digest;
use chengping_types::name::ArchiveName;

use super::{App, ArchivePages, Tally, find, months_since};
use crate::domain::{Archive, ArchiveState, Why};
use crate::error::Error;
use crate::store;

/// The wish to put a month away.
#[derive(Debug)]
pub(crate) struct PuttingAway {
    pub(crate) name: ArchiveName,
    /// What the caller computed from the records that it keeps.
    pub(crate) digest: Digest,
    /// The same of titles and notes; absent where it keeps none.
    pub(crate) text_digest: Option<Digest>,
    pub(crate) why: Why,
    pub(crate) validate_only: bool,
}

impl PuttingAway {
    /// Whether that is what was put away.
    fn is_done_by(&self, archive: &Archive) -> Result<bool, Error> {
        if archive.state != ArchiveState::PutAway {
            return Ok(false);
        }
        self.expect(archive.digest)?;
        Ok(true)
    }

    fn expect(&self, found: Digest) -> Result<(), Error> {
        expect(&self.name, self.digest, found)
    }
}

/// Makes sure that what is here is what the caller keeps.
pub(super) fn expect(name: &ArchiveName, given: Digest, found: Digest) -> Result<(), Error> {
    if given == found {
        return Ok(());
    }
    Err(Error::ArchiveDigestMismatch {
        name: name.to_string(),
        given: given.to_string(),
        found: found.to_string(),
    })
}

impl App {
    /// Takes the events of a month out, once the caller keeps them.
    ///
    /// The records are read before the lock of the jurisdiction is taken, so that intake goes on; they
    /// are only ever added, so that they are still the same if none was added.
    pub(crate) async fn put_away(&self, wish: &PuttingAway) -> Result<Archive, Error> {
        let ArchiveName { jurisdiction, archive: month } = &wish.name;
        let mut connection = store::acquire(&self.pool).await?;
        if let Some(archive) =
            store::archive::get_one(&mut connection, jurisdiction, *month).await?
            && wish.is_done_by(&archive)?
        {
            return Ok(archive);
        }
        let now = store::archive::now(&mut connection).await?;
        drop(connection);
        let (age, least) = (months_since(now, *month), i32::from(self.retention.min_months));
        if age < 0 || age < least && !wish.why.early {
            return Err(Error::MonthTooYoung { month: *month, least, setting: "min_months" });
        }
        let pages = match self.archive_pages(&wish.name).await {
            // Another archiver was faster.
            Err(Error::MonthArchived { .. }) => return self.archive(&wish.name).await,
            pages => pages?,
        };
        let (watermark, standing) = (pages.watermark, pages.standing.clone());
        let (sum, first_sequence) = add_up(pages).await?;
        if sum.counts.events == 0 {
            return Err(Error::ArchiveNotFound { name: wish.name.to_string() });
        }
        wish.expect(sum.digest)?;
        match wish.text_digest {
            Some(given) => expect(&wish.name, given, sum.text_digest)?,
            None if sum.counts.notes > 0 => {
                let (month, notes) = (*month, sum.counts.notes);
                return Err(Error::TextsWouldBeLost { month, notes });
            }
            None => {}
        }
        if wish.validate_only {
            return Ok(Archive::rehearsed(*month, &sum, wish.text_digest));
        }

        // Freezes and facts go on with the packed files.
        self.pack(jurisdiction, watermark).await?;
        let _turn = self.turns.wait(jurisdiction).await;
        let mut transaction = store::begin(&self.pool).await?;
        store::jurisdiction::lock(&mut transaction, jurisdiction).await?;
        let archive = store::archive::get_one(&mut transaction, jurisdiction, *month).await?;
        if let Some(archive) = archive.filter(|archive| archive.state == ArchiveState::PutAway) {
            wish.is_done_by(&archive)?;
            return Ok(archive);
        }
        // Whoever makes the files anew reads the events: not while they leave.
        let packed = store::packed::lock(&mut transaction, jurisdiction, false).await?;
        if packed.is_none_or(|packed| packed.is_stale || packed.watermark < watermark) {
            return Err(Error::ReadingDisturbed);
        }
        super::still_readable(&mut transaction, jurisdiction, watermark, &standing).await?;
        if store::archive::has_newer(&mut transaction, jurisdiction, *month, watermark).await? {
            return Err(Error::ReadingDisturbed);
        }
        let what = (&sum, wish.text_digest, first_sequence);
        store::archive::put_away(&mut transaction, jurisdiction, *month, what, &wish.why).await?;
        let archive = find(&mut transaction, &wish.name).await?;
        store::commit(transaction).await?;
        Ok(archive)
    }
}

/// What all pages come to, and the first sequence of their cases.
async fn add_up(mut pages: ArchivePages) -> Result<(chengping_casework::archive::Sum, i64), Error> {
    let mut tally = Tally::default();
    let mut records = pages.next().await?;
    while !records.is_empty() {
        // The next page is on its way while this one is added up.
        (tally, records) = tokio::try_join!(tally.add_aside(records), pages.next())?;
    }
    Ok(tally.finish())
}
