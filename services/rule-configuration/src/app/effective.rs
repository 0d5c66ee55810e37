//! Which revision is in force, and its text.
//!
//! Which one it is comes from the database, or from a read of it that may still be believed
//! ([`pointers`](crate::domain::pointers)); only texts, found by their digests, are in the cache. So
//! no rule is served that is not in force, and a cache that lies is found out.

use std::sync::Arc;

use bytes::Bytes;
use chengping_chassis::clock::SteadyInstant;
use chengping_types::{JurisdictionId, Month};

use super::App;
use super::commit::name;
use crate::domain::pack::{Given, Revision, Text};
use crate::domain::pointers::Look;
use crate::error::Error;
use crate::metrics::Lookup;
use crate::store::{activations, revisions};

impl App {
    /// The revision in force in `month`.
    pub(crate) async fn effective(
        &self,
        jurisdiction: &JurisdictionId,
        month: Month,
    ) -> Result<Arc<Given>, Error> {
        match self.pointers.look(jurisdiction, month, SteadyInstant::now()) {
            Look::Believed(given) => {
                self.metrics.looked_up(Lookup::Believed);
                Ok(given)
            }
            Look::Renew(given) => {
                self.metrics.looked_up(Lookup::Believed);
                let (app, jurisdiction) = (self.clone(), jurisdiction.clone());
                // What it fails at shows when the pointer has run out.
                tokio::spawn(async move { app.read_effective(&jurisdiction, month).await.ok() });
                Ok(given)
            }
            Look::Unknown => {
                self.metrics.looked_up(Lookup::Read);
                self.read_effective(jurisdiction, month).await
            }
        }
    }

    /// The same from the database, and remembered.
    async fn read_effective(
        &self,
        jurisdiction: &JurisdictionId,
        month: Month,
    ) -> Result<Arc<Given>, Error> {
        let mut connection = self.store.acquire().await?;
        let reading = self.pointers.begin(jurisdiction, SteadyInstant::now());
        let revision = activations::effective(&mut connection, jurisdiction, month).await?;
        drop(connection);
        let revision = revision.ok_or(Error::NothingInForce { month })?;
        let given = match self.pointers.find(jurisdiction, |known| known.is(&revision)) {
            Some(known) => known,
            None => {
                let text = self.text_of(jurisdiction, &revision).await?;
                Arc::new(Given { revision, text })
            }
        };
        let (kept, now) = (Arc::clone(&given), SteadyInstant::now());
        if self.pointers.keep(jurisdiction, month, reading, kept, now) {
            tokio::spawn(self.clone().announce(jurisdiction.clone()));
        }
        Ok(given)
    }

    /// The text of a revision that exists.
    pub(super) async fn text_of(
        &self,
        jurisdiction: &JurisdictionId,
        revision: &Revision,
    ) -> Result<Text, Error> {
        let Revision { pack, digest, source_digest, .. } = revision;
        // The digest alone does not tell texts apart that differ in comments only.
        let key = format!("chengping:{{{jurisdiction}}}:pack:{digest}:{source_digest}");
        let cached = self.cache.get(&key).await.and_then(|bytes| unpack(&bytes));
        if let Some(text) = cached.filter(|text| text.is(digest, source_digest)) {
            return Ok(text);
        }
        let mut connection = self.store.acquire().await?;
        let number = revision.revision;
        let text = revisions::text(&mut connection, jurisdiction, pack, number).await?;
        drop(connection);
        if !text.is(digest, source_digest) {
            let resource = name(jurisdiction, pack, number).to_string();
            return Err(Error::Corrupt { resource });
        }
        self.cache.put(&key, pack_up(&text), self.settings.cache_ttl).await;
        Ok(text)
    }
}

/// The length of the source in eight bytes, the source, the canonical form.
fn pack_up(text: &Text) -> Bytes {
    let length = u64::try_from(text.source.len()).expect("a length fits");
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(text.source.as_bytes());
    bytes.extend_from_slice(&text.canonical);
    bytes.into()
}

fn unpack(bytes: &[u8]) -> Option<Text> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    let (source, canonical) = rest.split_at_checked(length)?;
    Some(Text { source: String::from_utf8(source.to_vec()).ok()?, canonical: canonical.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_survives_the_cache_and_a_damaged_one_is_none() {
        let text = Text { source: "pack: 郑 # note".to_owned(), canonical: b"{}".to_vec() };
        let bytes = pack_up(&text);
        assert_eq!(unpack(&bytes), Some(text));
        assert_eq!(unpack(&bytes[..12]), None);
        assert_eq!(unpack(b"short"), None);
    }
}
