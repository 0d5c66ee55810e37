use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use http::HeaderValue;

/// The longest subject.
const SUBJECT_CHARS_MAX: usize = 128;
/// With what the name of every resource of a jurisdiction begins.
const COLLECTION: &str = "jurisdictions/";
/// Who acts where no token is needed and none was shown.
const ANONYMOUS: &str = "anonymous";
/// What a refusal repeats of an ID at most.
const ID_CHARS_SHOWN: usize = 64;

/// What somebody is to an evaluation (clauses 1.1, 6 and 7 of the regulation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The evaluation office (6.2): everything of the evaluation.
    Office,
    /// Keeps rules and registries.
    Administrator,
    /// Approves, refuses and puts in force what an administrator proposes.
    Approver,
    /// Oversees (6.6, 6.7): reads everything, the audit log included, and changes nothing.
    Auditor,
    /// A district, or another body that is evaluated by area (3.1).
    District,
    /// A bureau or specialised department (3.2).
    Bureau,
    /// A team of information collectors or another post (3.3).
    Collector,
    /// The comprehensive-assessment system (7.3).
    Assessment,
    /// The public (6.9); who shows no token is of it.
    Public,
    /// A platform that sends cases.
    Integrator,
    /// Another service of this suite, on its own behalf.
    Service,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 11] = [
        Self::Office,
        Self::Administrator,
        Self::Approver,
        Self::Auditor,
        Self::District,
        Self::Bureau,
        Self::Collector,
        Self::Assessment,
        Self::Public,
        Self::Integrator,
        Self::Service,
    ];

    /// The role as tokens and flags write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Administrator => "administrator",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::District => "district",
            Self::Bureau => "bureau",
            Self::Collector => "collector",
            Self::Assessment => "assessment",
            Self::Public => "public",
            Self::Integrator => "integrator",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A text that names no role.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no role {0:?}; the roles are {all}", all = all_roles())]
pub struct UnknownRole(String);

fn all_roles() -> String {
    Role::ALL.map(Role::as_str).join(", ")
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// Which resources a caller may speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All (`*`).
    All,
    /// Those whose IDs are listed.
    Only(BTreeSet<String>),
}

impl Scope {
    /// Whether `id` is in it.
    pub fn contains(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(id),
        }
    }
}

/// Who makes a call, as a token that was checked says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub(super) subject: String,
    pub(super) roles: BTreeSet<Role>,
    pub(super) jurisdictions: Scope,
    pub(super) bodies: Scope,
    pub(super) through: Option<String>,
}

impl Principal {
    /// Somebody who shows no token: of the public (6.9), who speaks for no body.
    pub(super) fn anonymous() -> Self {
        Self {
            subject: ANONYMOUS.to_owned(),
            roles: BTreeSet::from([Role::Public]),
            jurisdictions: Scope::All,
            bodies: Scope::Only(BTreeSet::new()),
            through: None,
        }
    }

    /// Who acts: 1 to 128 visible characters, what the audit log has as actor.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Of the roles that were given, those that let the caller in: whom the method is not for sees and
    /// may no more through it by having another role besides.
    pub const fn roles(&self) -> &BTreeSet<Role> {
        &self.roles
    }

    /// The jurisdictions that the caller may speak of.
    pub const fn jurisdictions(&self) -> &Scope {
        &self.jurisdictions
    }

    /// The bodies that the caller may ask for, where a method shows each body its own (7.1).
    pub const fn bodies(&self) -> &Scope {
        &self.bodies
    }

    /// The program that acts for the subject (`act`, RFC 8693; else `azp`), where one is named.
    pub fn through(&self) -> Option<&str> {
        self.through.as_deref()
    }

    /// Whether the caller has one of `roles`.
    pub fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

/// A text that cannot be the subject of a token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a subject is 1 to {SUBJECT_CHARS_MAX} visible characters")]
pub struct SubjectError;

/// Checks that an audit log can have `text` as actor: no control character, which could forge a
/// line, and no space at its ends, which nobody sees.
///
/// # Errors
///
/// [`SubjectError`] if it cannot.
pub fn check_subject(text: &str) -> Result<(), SubjectError> {
    let is_invisible =
        |c: char| c.is_control() || c.is_whitespace() && c != ' ' || is_formatting(c);
    let fits = !text.is_empty() && text.chars().count() <= SUBJECT_CHARS_MAX;
    if fits && text.trim() == text && !text.chars().any(is_invisible) {
        Ok(())
    } else {
        Err(SubjectError)
    }
}

/// Characters that change how a line looks and are not seen themselves.
const fn is_formatting(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{ad}' | '\u{feff}')
}

/// A principal and the method that it was let in to.
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted {
    pub(crate) principal: Principal,
    pub(crate) method: String,
}

impl Admitted {
    /// Who makes the call.
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The method, as `package.Service/Method`.
    pub fn method(&self) -> &str {
        &self.method
    }
}

/// Who is behind a call, and what calls that it causes carry on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// The header `authorization` as it came; whom it is passed on to checks it.
    pub(crate) bearer: Option<HeaderValue>,
    pub(crate) admitted: Option<Arc<Admitted>>,
}

impl Caller {
    /// The jurisdiction in the resource name `text`, if the caller may not speak of it.
    pub(crate) fn denied(&self, text: &str) -> Option<Denied> {
        let admitted = self.admitted.as_ref()?;
        let rest = text.strip_prefix(COLLECTION)?;
        let id = rest.split('/').next().unwrap_or_default();
        if admitted.principal.jurisdictions.contains(id) {
            return None;
        }
        // What was sent for an ID may be of any length, and goes back in a header.
        let id: String = id.chars().take(ID_CHARS_SHOWN).collect();
        let resource = format!("{COLLECTION}{id}");
        Some(Denied { method: admitted.method.clone(), resource })
    }
}

/// A resource that the caller may not do something with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) method: String,
    pub(crate) resource: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        let error = "Auditor".parse::<Role>().unwrap_err().to_string();
        assert!(error.contains("office, administrator"), "{error}");
    }

    #[test]
    fn a_subject_is_visible() {
        for good in ["li.wei", "李伟", "Li Wei", &"李".repeat(128)] {
            assert_eq!(check_subject(good), Ok(()), "{good}");
        }
        for bad in ["", " ", " a", "a\n", "a\u{202e}b", "a\u{200b}", "a\tb", &"a".repeat(129)] {
            assert_eq!(check_subject(bad), Err(SubjectError), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_denied_by_its_jurisdiction_alone() {
        let principal = Principal {
            subject: "li".to_owned(),
            roles: BTreeSet::new(),
            jurisdictions: Scope::Only(BTreeSet::from(["zz".to_owned()])),
            bodies: Scope::All,
            through: None,
        };
        let method = "toy.v1.ToyService/Echo".to_owned();
        let admitted = Some(Arc::new(Admitted { principal, method }));
        let caller = Caller { bearer: None, admitted };
        for open in ["jurisdictions/zz", "jurisdictions/zz/bodies/d01", "2018-04", "zz1", ""] {
            assert_eq!(caller.denied(open), None, "{open}");
        }
        for (closed, resource) in [
            ("jurisdictions/zz1", "jurisdictions/zz1"),
            ("jurisdictions/jh/bodies/d01", "jurisdictions/jh"),
            ("jurisdictions/", "jurisdictions/"),
        ] {
            assert_eq!(caller.denied(closed).unwrap().resource, resource);
        }
        assert_eq!(Caller::default().denied("jurisdictions/jh"), None);
    }
}
