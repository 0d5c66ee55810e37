//! Reading the text of a pack, and of the revision that it derives from.

use chengping_chassis::error::FieldErrors;
use chengping_rules::{
    Derived, Mistake, Mistakes, PackDifference, RulePack, Warning, derive, differences, is_derived,
    read_derived,
};
use chengping_types::name::RulePackRevisionName;

use super::commit::read;
use super::{App, compute};
use crate::domain::pack::{CheckedPack, Difference, Finding};
use crate::domain::review::State;
use crate::error::Error;

/// A pack without a mistake, or all its mistakes.
pub(crate) type Checked = Result<CheckedPack, Vec<Finding>>;

impl App {
    /// Checks the text of a pack; where it derives from another one, also that this one is there,
    /// is approved, and is the one that the text means.
    pub(crate) async fn check(&self, source: &str) -> Result<Checked, Error> {
        let text = source.to_owned();
        let whole = compute(move || {
            (!is_derived(&text)).then(|| {
                let whole = RulePack::parse(&text).map(|pack| checked(&text, pack, Vec::new()));
                whole.map_err(|mistakes| findings(&mistakes))
            })
        });
        if let Some(whole) = whole.await? {
            return Ok(whole);
        }
        let derived = match read_derived(source) {
            Ok(derived) => derived,
            Err(mistakes) => return Ok(Err(findings(&mistakes))),
        };
        let name = parent_of(&derived);
        let parent = match self.approved(&name).await {
            Ok(parent) => parent,
            Err(error @ (Error::NotFound { .. } | Error::ParentNotApproved { .. })) => {
                let position = derived.position_of_extends();
                let path = "extends".to_owned();
                return Ok(Err(vec![finding(&Mistake {
                    path,
                    position,
                    message: error.to_string(),
                })]));
            }
            Err(error) => return Err(error),
        };
        let source = source.to_owned();
        compute(move || match derive(&parent, &derived) {
            Ok(derivation) => {
                let overrides = shown(differences(&parent, &derivation.pack));
                let idle = derivation.idle.iter().map(finding).collect();
                Ok(CheckedPack {
                    parent: Some(name),
                    overrides,
                    ..checked(&source, derivation.pack, idle)
                })
            }
            Err(mistakes) => Err(findings(&mistakes)),
        })
        .await
    }

    /// As [`check`](Self::check), for those who cannot go on with mistakes.
    pub(super) async fn require_good(&self, source: &str) -> Result<CheckedPack, Error> {
        self.check(source).await?.map_err(|mistakes| {
            let mut errors = FieldErrors::default();
            for mistake in mistakes {
                errors.push(format!("source:{}", mistake.path), place(&mistake) + &mistake.message);
            }
            Error::PackInvalid(errors)
        })
    }

    /// The pack of a revision from which another may derive: one that was approved, whether or not
    /// it is in force anywhere by now.
    pub(super) async fn approved(&self, name: &RulePackRevisionName) -> Result<RulePack, Error> {
        let mut connection = self.store.acquire().await?;
        let RulePackRevisionName { jurisdiction, rule_pack, revision } = name;
        let (revision, text) = read(&mut connection, jurisdiction, rule_pack, *revision).await?;
        if !matches!(revision.state, State::Approved | State::Active | State::Superseded) {
            let (resource, state) = (name.to_string(), revision.state);
            return Err(Error::ParentNotApproved { resource, state });
        }
        parsed(&text.canonical, name)
    }
}

/// A pack out of its stored canonical form.
pub(super) fn parsed(canonical: &[u8], name: &RulePackRevisionName) -> Result<RulePack, Error> {
    let corrupt = || Error::Corrupt { resource: name.to_string() };
    let text = std::str::from_utf8(canonical).map_err(|_| corrupt())?;
    RulePack::parse(text).map_err(|_| corrupt())
}

/// What a text derives from.
pub(super) fn parent_of(derived: &Derived) -> RulePackRevisionName {
    let extends = &derived.extends;
    RulePackRevisionName {
        jurisdiction: extends.jurisdiction.clone(),
        rule_pack: extends.pack.clone(),
        revision: extends.revision,
    }
}

/// What two packs have differently, but for what each is called.
pub(super) fn shown(differences: Vec<PackDifference>) -> Vec<Difference> {
    let is_name = |path: &str| path == "pack" || path.starts_with("title.");
    let others = differences.into_iter().filter(|one| !is_name(&one.path));
    others.map(difference).collect()
}

/// A difference, with nothing written as an empty text.
pub(super) fn difference(one: PackDifference) -> Difference {
    let PackDifference { path, before, after } = one;
    Difference { path, before: before.unwrap_or_default(), after: after.unwrap_or_default() }
}

fn checked(source: &str, pack: RulePack, idle: Vec<Finding>) -> CheckedPack {
    let warnings = idle.into_iter().chain(pack.warnings().iter().map(warning)).collect();
    CheckedPack {
        title: pack.title.zh.clone(),
        time_zone: pack.time_zone.name().to_owned(),
        source: source.to_owned(),
        canonical: pack.canonical(),
        digest: pack.digest(),
        warnings,
        pack: pack.pack,
        parent: None,
        overrides: Vec::new(),
    }
}

/// Where a mistake is, for those who read the text.
pub(super) fn place(mistake: &Finding) -> String {
    match mistake {
        Finding { line: 0, .. } => String::new(),
        Finding { line, column, .. } => format!("line {line}, column {column}: "),
    }
}

pub(super) fn findings(mistakes: &Mistakes) -> Vec<Finding> {
    mistakes.iter().map(finding).collect()
}

fn finding(mistake: &Mistake) -> Finding {
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Finding {
        path: mistake.path.clone(),
        line: mistake.position.map_or(0, |position| number(position.line)),
        column: mistake.position.map_or(0, |position| number(position.column)),
        message: mistake.message.clone(),
    }
}

fn warning(warning: &Warning) -> Finding {
    let text = warning.to_string();
    let prefix = format!("{}: ", warning.path);
    let message = text.strip_prefix(&prefix).unwrap_or(&text).to_owned();
    Finding { path: warning.path.clone(), line: 0, column: 0, message }
}
