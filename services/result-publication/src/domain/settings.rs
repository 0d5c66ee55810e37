//! What the rules that a month was scored by say of the way to its publication.

use chengping_rules::{DistrictReports, Publication};
use serde::Deserialize;

/// As [`Publication`], of which the source is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Settings {
    pub(crate) four_eyes: bool,
    pub(crate) district_reports: DistrictReports,
}

impl Default for Settings {
    fn default() -> Self {
        let Publication { four_eyes, district_reports, .. } = Publication::default();
        Self { four_eyes, district_reports }
    }
}

#[derive(Deserialize)]
struct Input {
    rule_pack: Option<Revision>,
}

#[derive(Deserialize)]
struct Revision {
    pack: Pack,
}

#[derive(Deserialize)]
struct Pack {
    publication: Option<Settings>,
}

impl Settings {
    /// Of the rules inside the input of an evaluation.
    ///
    /// # Errors
    ///
    /// When it is not what an evaluation keeps.
    pub(crate) fn of_input(input: &[u8]) -> Result<Self, serde_json::Error> {
        let input: Input = serde_json::from_slice(input)?;
        Ok(input.rule_pack.and_then(|revision| revision.pack.publication).unwrap_or_default())
    }

    /// Of a pack in canonical form.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub(crate) fn of_pack(canonical: &[u8]) -> Result<Self, serde_json::Error> {
        let pack: Pack = serde_json::from_slice(canonical)?;
        Ok(pack.publication.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use chengping_rules::{RulePack, builtin};

    use super::*;

    #[test]
    fn the_settings_are_those_of_the_pack() {
        let text = builtin("zz-2018").unwrap();
        let silent = RulePack::parse(text).unwrap();
        assert_eq!(Settings::of_pack(&silent.canonical()).unwrap(), Settings::default());
        let said = "publication: {four_eyes: true, district_reports: published, clause: \"6.4\", \
                    provenance: regulation}";
        let pack = RulePack::parse(&format!("{text}\n{said}\n")).unwrap();
        let strict = Settings { four_eyes: true, district_reports: DistrictReports::Published };
        assert_eq!(Settings::of_pack(&pack.canonical()).unwrap(), strict);
        let canonical = String::from_utf8(pack.canonical()).unwrap();
        let input = format!(r#"{{"month":"2018-04","rule_pack":{{"pack":{canonical}}}}}"#);
        assert_eq!(Settings::of_input(input.as_bytes()).unwrap(), strict);
        assert_eq!(Settings::of_input(b"{}").unwrap(), Settings::default());
        assert!(Settings::of_input(b"{").is_err());
    }
}
