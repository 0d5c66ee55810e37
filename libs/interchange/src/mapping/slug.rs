//! Identifiers out of names.

/// Longest slug: that of a body id.
const LENGTH_MAX: usize = 63;

/// The name as an identifier: ASCII letters in lower case and digits, everything else one `-`,
/// none at the ends, at most 63 characters.
///
/// ```
/// use chengping_interchange::mapping::slug;
/// assert_eq!(slug("Fenway / Kenmore"), "fenway-kenmore");
/// assert_eq!(slug("BPS_"), "bps");
/// ```
#[must_use]
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(LENGTH_MAX);
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_become_identifiers() {
        for (name, expected) in
            [("No Q", "no-q"), ("PWDx", "pwdx"), ("  a -- b ", "a-b"), ("区", ""), ("", "")]
        {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_slug_is_empty_or_a_body_id_and_its_own_slug(name in ".{0,100}") {
            let once = slug(&name);
            prop_assert!(once.is_empty() || once.parse::<chengping_types::BodyId>().is_ok());
            prop_assert_eq!(slug(&once), once);
        }
    }
}
