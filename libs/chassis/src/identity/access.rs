use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderMap;

use super::config::IdentityConfig;
use super::keys::KeysError;
use super::principal::{Admitted, Caller, Principal, Role};
use super::refusal::Refusal;
use super::verifier::{Verifier, to_pass_on};

/// Who may call what: every method of a service as `package.Service/Method`, and the roles of
/// which a caller needs one. A method that is not in it is closed to everybody; one for the public
/// needs no token.
pub type Access = [(&'static str, &'static [Role])];

/// What stands before the methods of one service.
#[derive(Debug)]
pub(crate) struct Guard {
    verifier: Verifier,
    methods: BTreeMap<&'static str, &'static [Role]>,
}

impl Guard {
    /// A guard as configured; `None` where nobody is to be asked.
    pub(crate) fn new(config: &IdentityConfig, access: &Access) -> Result<Option<Self>, KeysError> {
        if !config.is_required() {
            return Ok(None);
        }
        let verifier = Verifier::new(config)?;
        Ok(Some(Self { verifier, methods: access.iter().copied().collect() }))
    }

    /// The names of the services that it stands before.
    pub(crate) fn services(&self) -> impl Iterator<Item = &'static str> {
        self.methods.keys().filter_map(|method| method.split_once('/')).map(|(service, _)| service)
    }

    fn admit(&self, method: &str, headers: &HeaderMap) -> Result<Admitted, Refusal> {
        let roles = self.methods.get(method).copied().unwrap_or_default();
        let mut principal = match self.verifier.authenticate(headers) {
            // What is for the public is for everybody; a token that is no good is told nevertheless.
            Err(Refusal::Missing) if roles.contains(&Role::Public) => Principal::anonymous(),
            found => found?,
        };
        if principal.has_any(roles) {
            // What else somebody is gives them no more here than whoever is that alone.
            principal.roles.retain(|role| roles.contains(role));
            return Ok(Admitted { principal, method: method.to_owned() });
        }
        let service = method.split_once('/').map_or(method, |(service, _)| service);
        Err(Refusal::Denied { method: method.to_owned(), resource: service.to_owned() })
    }
}

/// The guards of a server, by the service that each stands before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guards(BTreeMap<&'static str, Arc<Guard>>);

impl Guards {
    pub(crate) fn add(&mut self, guard: Guard) {
        let guard = Arc::new(guard);
        let services: Vec<_> = guard.services().collect();
        self.0.extend(services.into_iter().map(|service| (service, Arc::clone(&guard))));
    }

    /// Who makes a call of `method` (`package.Service/Method`) with these headers.
    ///
    /// A service without a guard is open, and still passes on what the caller showed.
    pub(crate) fn admit(&self, method: &str, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let service = method.split_once('/').map_or(method, |(service, _)| service);
        let guard = self.0.get(service);
        let admitted = guard.map(|guard| guard.admit(method, headers)).transpose()?;
        Ok(Caller { bearer: to_pass_on(headers), admitted: admitted.map(Arc::new) })
    }
}
