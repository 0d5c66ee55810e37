//! Changing single numbers of a pack, and taking a newer parent.

use chengping_chassis::error::FieldErrors;
use chengping_rules::{
    Adjustment, Extends, Mistakes, adjust, adjust_derived, contested, differences, is_derived,
    read_derived, rebased,
};
use chengping_types::name::{RulePackName, RulePackRevisionName};

use super::check::{difference, findings, parent_of, parsed, place, shown};
use super::commit::{Prepared, read};
use super::requests::Repeated;
use super::{App, compute};
use crate::domain::pack::{Difference, Revision, Text};
use crate::domain::request::{Asked, Detail};
use crate::error::Error;
use crate::store::rule_packs;

/// Which numbers are to be changed, in which revision.
#[derive(Debug, Clone)]
pub(crate) struct Adjust {
    pub revision: RulePackRevisionName,
    pub adjustments: Vec<Adjustment>,
    pub asked: Asked,
}

/// From which revision a pack is to derive.
#[derive(Debug, Clone)]
pub(crate) struct Rebase {
    pub pack: RulePackName,
    pub parent: RulePackRevisionName,
    pub asked: Asked,
}

impl App {
    /// Commits a revision with some numbers changed. The revision that they are changed in must be
    /// the newest; its text never changes, so the work is done before anybody is kept waiting.
    pub(crate) async fn adjust(&self, adjust: Adjust) -> Result<(Revision, Text), Error> {
        let Adjust { revision: name, adjustments, asked } = adjust;
        let content = asked.content(&parts(&name, &adjustments));
        if let Some(repeated) = self.repeated(&name.jurisdiction, &asked, &content).await? {
            return Ok((repeated.revision, repeated.text));
        }
        let (_, text) = self.revision(&name).await?;
        let RulePackRevisionName { jurisdiction, rule_pack, revision } = name;
        let pack = RulePackName { jurisdiction, rule_pack };
        let place = self.place().await;
        self.require_wanted(&pack, &asked, Some(revision)).await?;
        let source = self.adjusted(text.source, adjustments).await?;
        let checked = self.require_good(&source).await?;
        drop(place);
        let prepared = Prepared { pack, checked, base: Some(revision), detail: None };
        let done = self.commit_prepared(prepared, &asked, content).await?;
        Ok((done.revision, done.text))
    }

    async fn adjusted(
        &self,
        source: String,
        adjustments: Vec<Adjustment>,
    ) -> Result<String, Error> {
        let parent = if is_derived(&source) {
            let derived = read_derived(&source).map_err(|found| invalid(&found, &adjustments))?;
            Some(self.approved(&parent_of(&derived)).await?)
        } else {
            None
        };
        compute(move || {
            let adjusted = match &parent {
                Some(parent) => adjust_derived(parent, &source, &adjustments),
                None => adjust(&source, &adjustments),
            };
            adjusted.map_err(|mistakes| invalid(&mistakes, &adjustments))
        })
        .await?
    }

    /// Commits a revision that derives from another revision of the parent and makes the same
    /// values different.
    pub(crate) async fn rebase(&self, rebase: Rebase) -> Result<(Revision, Text, Detail), Error> {
        let Rebase { pack, parent, asked } = rebase;
        let content = asked.content(&[pack.to_string(), parent.to_string()]);
        if let Some(repeated) = self.repeated(&pack.jurisdiction, &asked, &content).await? {
            let Repeated { revision, text, detail } = repeated;
            return Ok((revision, text, detail));
        }
        let mut connection = self.store.acquire().await?;
        let standing =
            rule_packs::get(&mut connection, &pack.jurisdiction, &pack.rule_pack).await?;
        let base = standing.ok_or_else(|| Error::NotFound { resource: pack.to_string() })?;
        let base = base.newest_revision;
        let (_, text) = read(&mut connection, &pack.jurisdiction, &pack.rule_pack, base).await?;
        drop(connection);
        if !is_derived(&text.source) {
            return Err(Error::NotDerived { resource: pack.to_string() });
        }
        let derived = read_derived(&text.source).map_err(|found| invalid(&found, &[]))?;
        let former = self.approved(&parent_of(&derived)).await?;
        let newer = self.approved(&parent).await?;
        let extends = Extends {
            jurisdiction: parent.jurisdiction.clone(),
            pack: parent.rule_pack.clone(),
            revision: parent.revision,
            digest: newer.digest(),
        };
        let source = rebased(&text.source, &extends).map_err(|found| invalid(&found, &[]))?;
        let checked = self.require_good(&source).await?;
        let of_parent = differences(&former, &newer);
        let contested_paths = contested(&derived, &of_parent);
        let detail = Detail { parent_differences: shown(of_parent), contested_paths };
        let prepared = Prepared { pack, checked, base: Some(base), detail: Some(detail) };
        let Repeated { revision, text, detail } =
            self.commit_prepared(prepared, &asked, content).await?;
        Ok((revision, text, detail))
    }

    /// What two revisions have differently.
    pub(crate) async fn compare(
        &self,
        before: &RulePackRevisionName,
        after: &RulePackRevisionName,
    ) -> Result<Vec<Difference>, Error> {
        let (_, old) = self.revision(before).await?;
        let (_, new) = self.revision(after).await?;
        let (old, new) = (parsed(&old.canonical, before)?, parsed(&new.canonical, after)?);
        Ok(differences(&old, &new).into_iter().map(difference).collect())
    }
}

/// What a request to adjust asks for.
fn parts(name: &RulePackRevisionName, adjustments: &[Adjustment]) -> Vec<String> {
    let texts = |one: &Adjustment| {
        let Adjustment { path, value, provenance, clause, note } = one.clone();
        [path, value, provenance, clause.unwrap_or_default(), note.unwrap_or_default()]
    };
    [name.to_string()].into_iter().chain(adjustments.iter().flat_map(texts)).collect()
}

/// Mistakes at the adjustments that they are about, and otherwise in the text that would result.
fn invalid(mistakes: &Mistakes, adjustments: &[Adjustment]) -> Error {
    let mut errors = FieldErrors::default();
    for mistake in findings(mistakes) {
        let about = adjustments.iter().position(|one| one.path == mistake.path);
        let field = about.map_or_else(
            || format!("source:{}", mistake.path),
            |index| format!("adjustments[{index}]"),
        );
        errors.push(field, place(&mistake) + &mistake.message);
    }
    Error::PackInvalid(errors)
}
