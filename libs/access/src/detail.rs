use chengping_chassis::identity::Access;

use crate::extent::{Extent, extent_of};

/// How the answer of a method depends on the body that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// It is about one body, or about something of some bodies: the caller sees one of them, or is
    /// denied.
    Named,
    /// It has what the caller sees, and no word of the rest.
    Filtered,
    /// It has all bodies at once, for those alone who see everything.
    Whole,
}

/// The methods of a service that show what belongs to single bodies, as `package.Service/Method`. Every
/// other method that is open to those who are judged shows nothing of the kind.
pub type Details = [(&'static str, Detail)];

/// Holds that the tables of a service fit each other: what shows all bodies at once is open to nobody
/// who does not see all of them, and every method that is listed is one. For tests.
///
/// # Panics
///
/// If they do not.
pub fn assert_details(access: &Access, details: &Details) {
    for (index, (method, detail)) in details.iter().enumerate() {
        let is_again = details[..index].iter().any(|(known, _)| known == method);
        assert!(!is_again, "{method} is listed twice");
        let row = access.iter().find(|(known, _)| known == method);
        let Some((_, roles)) = row else { panic!("{method} is in no table of who may call it") };
        let is_limited = |extent: Extent| extent != Extent::Everything;
        let limited: Vec<_> = roles.iter().filter(|role| is_limited(extent_of(**role))).collect();
        let is_open = *detail != Detail::Whole;
        assert!(is_open || limited.is_empty(), "{method} shows everything to {limited:?}");
    }
}
