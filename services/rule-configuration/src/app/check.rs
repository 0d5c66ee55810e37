//! Reading the text of a pack.

use chengping_chassis::error::FieldErrors;
use chengping_rules::{Mistake, RulePack, Warning};

use crate::domain::pack::{CheckedPack, Finding};
use crate::error::Error;

/// A pack without a mistake, or all its mistakes.
pub(crate) type Checked = Result<CheckedPack, Vec<Finding>>;

/// Checks the text of a pack.
pub(crate) fn check(source: &str) -> Checked {
    let pack = RulePack::parse(source)
        .map_err(|mistakes| mistakes.iter().map(mistake).collect::<Vec<_>>())?;
    Ok(CheckedPack {
        title: pack.title.zh.clone(),
        time_zone: pack.time_zone.name().to_owned(),
        source: source.to_owned(),
        canonical: pack.canonical(),
        digest: pack.digest(),
        warnings: pack.warnings().iter().map(warning).collect(),
        pack: pack.pack,
    })
}

/// As [`check`], for those who cannot go on with mistakes.
pub(super) fn require_good(source: &str) -> Result<CheckedPack, Error> {
    check(source).map_err(|mistakes| {
        let mut errors = FieldErrors::default();
        for mistake in mistakes {
            let field = format!("source:{}", mistake.path);
            let place = if mistake.line == 0 {
                String::new()
            } else {
                format!("line {}, column {}: ", mistake.line, mistake.column)
            };
            errors.push(field, place + &mistake.message);
        }
        Error::PackInvalid(errors)
    })
}

fn mistake(mistake: &Mistake) -> Finding {
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
