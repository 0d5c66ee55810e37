use std::collections::{BTreeMap, BTreeSet};

use chengping_chassis::identity::{Principal, Refusal, Role, Scope, denied, principal};
use chengping_types::registry::Body;
use chengping_types::{BodyId, BodyKind, Digest};

/// How far a role sees into what belongs to single bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Everything,
    /// That of the bodies which the token names, as far as they are of these kinds.
    Own {
        /// The kinds of bodies that the role speaks for.
        kinds: &'static [BodyKind],
        /// Whether also that of the bodies below them.
        below: bool,
    },
    /// None of it: what is published of all of them.
    Published,
}

/// How far each role sees. Sub-districts stand in no row: theirs is asked for through their district
/// (7.2); where the registry has none above one, as in a county by itself, it is asked for as one.
pub const EXTENTS: [(Role, Extent); 11] = [
    (Role::Office, Extent::Everything),
    (Role::Administrator, Extent::Everything),
    (Role::Approver, Extent::Everything),
    // 6.6: everything, the access log included.
    (Role::Auditor, Extent::Everything),
    // 7.1, 7.2: a district its own and its sub-districts; a window unit (3.1.3) has none below it.
    (Role::District, Extent::Own { kinds: &[BodyKind::District, BodyKind::Window], below: true }),
    // 7.1
    (Role::Bureau, Extent::Own { kinds: &[BodyKind::Bureau, BodyKind::Specialised], below: false }),
    // 3.3
    (
        Role::Collector,
        Extent::Own {
            kinds: &[BodyKind::Collector, BodyKind::SupervisionDesk, BodyKind::CommandDesk],
            below: false,
        },
    ),
    // 7.3
    (Role::Assessment, Extent::Published),
    // 6.9
    (Role::Public, Extent::Published),
    // All that is there to read for it is what it sent.
    (Role::Integrator, Extent::Everything),
    (Role::Service, Extent::Everything),
];

/// How far a role sees.
pub fn extent_of(role: Role) -> Extent {
    let row = EXTENTS.iter().find(|(known, _)| *known == role);
    row.map_or(Extent::Published, |(_, extent)| *extent)
}

/// How far the caller of a call sees, before the registry is asked which bodies that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// To everything.
    Everything,
    /// To the bodies of a token.
    Own {
        /// The bodies that the token names.
        named: Scope,
        /// As which kinds, and whether with those below them; one for each role that is one.
        rights: Vec<(&'static [BodyKind], bool)>,
    },
}

/// How far whoever makes the call being handled sees. Where nobody is asked who they are, to
/// everything.
pub fn reach() -> Reach {
    principal().map_or(Reach::Everything, |principal| Reach::of(&principal))
}

impl Reach {
    /// How far a principal sees.
    pub fn of(principal: &Principal) -> Self {
        Self::new(principal.roles(), principal.bodies())
    }

    /// How far who has these roles and speaks for the bodies of `named` sees: as far as any of the
    /// roles.
    pub fn new<'a>(roles: impl IntoIterator<Item = &'a Role>, named: &Scope) -> Self {
        let mut rights = Vec::new();
        for role in roles {
            match extent_of(*role) {
                Extent::Everything => return Self::Everything,
                Extent::Own { kinds, below } => rights.push((kinds, below)),
                Extent::Published => {}
            }
        }
        Self::Own { named: named.clone(), rights }
    }

    /// Whether it needs no registry.
    pub const fn is_everything(&self) -> bool {
        matches!(self, Self::Everything)
    }

    /// The sight that it gives over these bodies. Of a body that comes several times the last period
    /// says where it belongs.
    pub fn over<'a>(&self, bodies: impl IntoIterator<Item = &'a Body>) -> Sight {
        let Self::Own { named, rights } = self else { return Sight::All };
        let mut last: BTreeMap<&BodyId, &Body> = BTreeMap::new();
        for body in bodies {
            let known = last.entry(&body.body_id).or_insert(body);
            if known.valid_from < body.valid_from {
                *known = body;
            }
        }
        let mut seen = BTreeSet::new();
        for (kinds, below) in rights {
            let speaks_for = |body: &Body| {
                named.contains(body.body_id.as_str())
                    && (kinds.contains(&body.kind) || *below && has_no_district(body))
            };
            for body in last.values() {
                let parent = body.parent.as_ref().and_then(|parent| last.get(parent));
                if speaks_for(body) || *below && parent.is_some_and(|parent| speaks_for(parent)) {
                    seen.insert(body.body_id.clone());
                }
            }
        }
        Sight::Only(seen)
    }
}

fn has_no_district(body: &Body) -> bool {
    body.kind == BodyKind::Subdistrict && body.parent.is_none()
}

/// The bodies of which the caller of a call sees what belongs to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// All, also such as no registry has.
    All,
    /// These.
    Only(BTreeSet<BodyId>),
}

impl Sight {
    /// Whether what belongs to `body` is seen.
    pub fn sees(&self, body: &BodyId) -> bool {
        match self {
            Self::All => true,
            Self::Only(seen) => seen.contains(body),
        }
    }

    /// Lets through who sees one of `bodies`.
    ///
    /// # Errors
    ///
    /// [`Refusal::Denied`] on `parent`, in the same words whether or not there are such bodies.
    pub fn require<'a>(
        &self,
        bodies: impl IntoIterator<Item = &'a BodyId>,
        parent: impl ToString,
    ) -> Result<(), Refusal> {
        let is_seen = *self == Self::All || bodies.into_iter().any(|body| self.sees(body));
        if is_seen { Ok(()) } else { Err(denied(parent.to_string())) }
    }

    /// What tells lists by one sight from those by another; empty for one that sees all.
    pub fn mark(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Only(seen) => {
                let ids: Vec<_> = seen.iter().map(BodyId::as_str).collect();
                Digest::of(ids.join(" ").as_bytes()).to_string()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(id: &str, kind: BodyKind, parent: Option<&str>, from: &str) -> Body {
        Body {
            body_id: id.parse().unwrap(),
            kind,
            name: id.to_owned(),
            parent: parent.map(|parent| parent.parse().unwrap()),
            valid_from: from.parse().unwrap(),
            valid_to: None,
            assessment_code: None,
        }
    }

    fn town() -> Vec<Body> {
        vec![
            body("d1", BodyKind::District, None, "2018-01"),
            body("d2", BodyKind::District, None, "2018-01"),
            body("s1", BodyKind::Subdistrict, Some("d1"), "2018-01"),
            body("s2", BodyKind::Subdistrict, Some("d1"), "2018-01"),
            body("s2", BodyKind::Subdistrict, Some("d2"), "2018-06"),
            body("t1", BodyKind::Subdistrict, None, "2018-01"),
            body("w1", BodyKind::Window, None, "2018-01"),
            body("b1", BodyKind::Bureau, None, "2018-01"),
            body("u1", BodyKind::Specialised, None, "2018-01"),
            body("c1", BodyKind::Collector, None, "2018-01"),
            body("k1", BodyKind::CommandDesk, None, "2018-01"),
        ]
    }

    fn sight(roles: &[Role], named: &[&str]) -> Sight {
        let named = match named {
            ["*"] => Scope::All,
            ids => Scope::Only(ids.iter().map(|id| (*id).to_owned()).collect()),
        };
        Reach::new(roles, &named).over(&town())
    }

    fn only(ids: &[&str]) -> Sight {
        Sight::Only(ids.iter().map(|id| id.parse().unwrap()).collect())
    }

    #[test]
    fn every_role_has_one_extent() {
        let listed: Vec<_> = EXTENTS.iter().map(|(role, _)| *role).collect();
        assert_eq!(listed, Role::ALL);
    }

    #[test]
    fn whom_each_role_sees_is_what_the_regulation_says() {
        for role in [Role::Office, Role::Administrator, Role::Approver, Role::Auditor] {
            assert_eq!(sight(&[role], &[]), Sight::All);
        }
        // A sub-district that moved is its new district's.
        assert_eq!(sight(&[Role::District], &["d1"]), only(&["d1", "s1"]));
        assert_eq!(sight(&[Role::District], &["d2"]), only(&["d2", "s2"]));
        assert_eq!(sight(&[Role::District], &["w1"]), only(&["w1"]));
        // In a county the sub-districts have no district.
        assert_eq!(sight(&[Role::District], &["t1"]), only(&["t1"]));
        assert_eq!(sight(&[Role::Bureau], &["b1", "u1"]), only(&["b1", "u1"]));
        assert_eq!(sight(&[Role::Collector], &["c1", "k1"]), only(&["c1", "k1"]));
        // 7.2: through its district, not directly; and nobody is what they are not.
        for (role, body) in [
            (Role::District, "s1"),
            (Role::Bureau, "s1"),
            (Role::Bureau, "t1"),
            (Role::Bureau, "d1"),
            (Role::District, "b1"),
            (Role::Collector, "b1"),
            (Role::Assessment, "d1"),
            (Role::Public, "d1"),
            (Role::District, "nobody"),
        ] {
            assert_eq!(sight(&[role], &[body]), only(&[]), "{role} {body}");
        }
        assert_eq!(
            sight(&[Role::District, Role::Bureau], &["d1", "b1"]),
            only(&["d1", "s1", "b1"])
        );
        assert_eq!(sight(&[Role::District], &["*"]), only(&["d1", "d2", "s1", "s2", "t1", "w1"]));
    }

    proptest! {
        #[test]
        fn more_roles_and_bodies_never_see_less(
            roles in prop::collection::vec(prop::sample::select(Role::ALL.to_vec()), 1..4),
            named in prop::collection::btree_set(
                prop::sample::select(vec!["d1", "d2", "s1", "s2", "t1", "w1", "b1", "u1", "c1"]), 0..5),
        ) {
            let named: Vec<_> = named.into_iter().collect();
            let all = sight(&roles, &named);
            for (index, role) in roles.iter().enumerate() {
                for body in town() {
                    let one = sight(&[*role], &named[..index.min(named.len())]);
                    prop_assert!(!one.sees(&body.body_id) || all.sees(&body.body_id));
                    // Nobody sees a body that is neither named nor below one that is.
                    let is_named = |id: &BodyId| named.contains(&id.as_str());
                    let by_right = is_named(&body.body_id)
                        || body.parent.as_ref().is_some_and(is_named)
                        || town().iter().any(|other| other.body_id == body.body_id
                            && other.parent.as_ref().is_some_and(is_named));
                    prop_assert!(!one.sees(&body.body_id) || by_right || one == Sight::All);
                }
            }
        }
    }
}
