//! Reading what stands and what once stood.

use chengping_types::name::{BodyName, RulePackName, RulePackRevisionName};
use chengping_types::registry::{Area, Coefficient};
use chengping_types::{Digest, JurisdictionId, Month};

use super::App;
use super::commit::read;
use super::revise::revision_name;
use crate::domain::categories::Listed;
use crate::domain::difference::{Differences, differences};
use crate::domain::pack::{Pack, Revision, Text};
use crate::domain::registry::{Content, RegisteredBody, RegistryRevision, Standing};
use crate::error::Error;
use crate::store::{
    activations, audit, categories, deadline_rules, registry_lists, registry_revisions, revisions,
    rule_packs,
};

/// Rows of a registry that one message may carry.
pub(crate) const ROWS_MAX_PER_MESSAGE: usize = 10_000;

impl App {
    /// A revision of the registry; the newest one without a number.
    pub(crate) async fn registry_revision(
        &self,
        jurisdiction: &JurisdictionId,
        revision: Option<u64>,
    ) -> Result<RegistryRevision, Error> {
        let mut connection = self.store.acquire().await?;
        let found = registry_revisions::get(&mut connection, jurisdiction, revision).await?;
        found.ok_or_else(|| Error::NotFound {
            resource: revision.map_or_else(
                || format!("jurisdictions/{jurisdiction}/registryRevisions/current"),
                |revision| revision_name(jurisdiction, revision),
            ),
        })
    }

    /// A revision of the registry with all that it says, checked against its digest.
    pub(crate) async fn registry_content(
        &self,
        jurisdiction: &JurisdictionId,
        revision: Option<u64>,
    ) -> Result<(RegistryRevision, Content), Error> {
        let revision = self.registry_revision(jurisdiction, revision).await?;
        let mut connection = self.store.acquire().await?;
        let number = revision.revision;
        let compressed = registry_revisions::content(&mut connection, jurisdiction, number).await?;
        drop(connection);
        let content = zstd::decode_all(&compressed[..])
            .ok()
            .filter(|canonical| Digest::of(canonical) == revision.digest)
            .and_then(|canonical| serde_json::from_slice(&canonical).ok());
        match content {
            Some(content) => Ok((revision, content)),
            None => Err(Error::Corrupt { resource: revision_name(jurisdiction, number) }),
        }
    }

    /// At most `limit` revisions of the registry before `before`, newest first.
    pub(crate) async fn list_registry_revisions(
        &self,
        jurisdiction: &JurisdictionId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<RegistryRevision>, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(registry_revisions::list(&mut connection, jurisdiction, before, limit).await?)
    }

    /// What is different between two revisions, of which the second may be the newest; of that the
    /// differences from `from` on, at most `limit`.
    pub(crate) async fn compare_registry_revisions(
        &self,
        jurisdiction: &JurisdictionId,
        (before, after): (u64, Option<u64>),
        (from, limit): (usize, usize),
    ) -> Result<(RegistryRevision, Differences), Error> {
        let (_, before) = self.registry_content(jurisdiction, Some(before)).await?;
        let (revision, after) = self.registry_content(jurisdiction, after).await?;
        let compare = move || {
            let (before, after) = (Standing::from(before), Standing::from(after));
            differences(&before, &after, from..from.saturating_add(limit))
        };
        Ok((revision, tokio::task::spawn_blocking(compare).await?))
    }

    /// A page of categories by scheme, code and first month.
    pub(crate) async fn list_categories(
        &self,
        jurisdiction: &JurisdictionId,
        after: Option<&(String, String, Month)>,
        limit: u32,
    ) -> Result<Vec<Listed>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let mut standing = Standing::default();
        categories::load(&mut transaction, jurisdiction, &mut standing).await?;
        deadline_rules::load(&mut transaction, jurisdiction, &mut standing).await?;
        let zone = activations::newest_time_zone(&mut transaction, jurisdiction).await?;
        let utc = || "UTC".parse().expect("every database has UTC");
        let now = Month::of(audit::now(&mut transaction).await?, &zone.unwrap_or_else(utc));
        Ok(standing.list_categories(after, limit as usize, now))
    }

    /// A body.
    pub(crate) async fn body(&self, name: &BodyName) -> Result<RegisteredBody, Error> {
        let mut connection = self.store.acquire().await?;
        let body = registry_lists::body(&mut connection, &name.jurisdiction, &name.body).await?;
        body.ok_or_else(|| Error::NotFound { resource: name.to_string() })
    }

    /// A page of bodies by kind and ID.
    pub(crate) async fn list_bodies(
        &self,
        jurisdiction: &JurisdictionId,
        after: Option<&(String, String)>,
        limit: u32,
    ) -> Result<Vec<RegisteredBody>, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(registry_lists::bodies(&mut connection, jurisdiction, after, limit).await?)
    }

    /// A page of areas by code and first month.
    pub(crate) async fn list_areas(
        &self,
        jurisdiction: &JurisdictionId,
        after: Option<&(String, String)>,
        limit: u32,
    ) -> Result<Vec<Area>, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(registry_lists::areas(&mut connection, jurisdiction, after, limit).await?)
    }

    /// A page of coefficients by body, zone and first month.
    pub(crate) async fn list_coefficients(
        &self,
        jurisdiction: &JurisdictionId,
        after: Option<&(String, String, String)>,
        limit: u32,
    ) -> Result<Vec<Coefficient>, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(registry_lists::coefficients(&mut connection, jurisdiction, after, limit).await?)
    }

    /// A pack.
    pub(crate) async fn pack(&self, name: &RulePackName) -> Result<Pack, Error> {
        let mut connection = self.store.acquire().await?;
        let pack = rule_packs::get(&mut connection, &name.jurisdiction, &name.rule_pack).await?;
        pack.ok_or_else(|| Error::NotFound { resource: name.to_string() })
    }

    /// A page of packs by ID.
    pub(crate) async fn list_packs(
        &self,
        jurisdiction: &JurisdictionId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Pack>, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(rule_packs::list(&mut connection, jurisdiction, after, limit).await?)
    }

    /// A revision of a pack with its text.
    pub(crate) async fn revision(
        &self,
        name: &RulePackRevisionName,
    ) -> Result<(Revision, Text), Error> {
        let mut connection = self.store.acquire().await?;
        read(&mut connection, &name.jurisdiction, &name.rule_pack, name.revision).await
    }

    /// A page of revisions of a pack, newest first.
    pub(crate) async fn list_revisions(
        &self,
        name: &RulePackName,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Revision>, Error> {
        let RulePackName { jurisdiction, rule_pack } = name;
        let mut connection = self.store.acquire().await?;
        Ok(revisions::list(&mut connection, jurisdiction, rule_pack, before, limit).await?)
    }
}
