use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chengping_types::{JurisdictionId, TimeZone};
use tokio::sync::Notify;

/// Beyond them nothing is noted.
const JURISDICTIONS_MAX: usize = 1024;

/// Jurisdictions that rules in force were asked for, with the time zone of these.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    zones: Mutex<BTreeMap<JurisdictionId, TimeZone>>,
    /// Told of each that is new.
    pub(crate) news: Notify,
}

impl Seen {
    /// Notes a jurisdiction.
    pub(crate) fn note(&self, jurisdiction: &JurisdictionId, zone: &TimeZone) {
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = zones.get_mut(jurisdiction) {
            known.clone_from(zone);
        } else if zones.len() < JURISDICTIONS_MAX {
            zones.insert(jurisdiction.clone(), zone.clone());
            self.news.notify_one();
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<(JurisdictionId, TimeZone)> {
        let zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        zones.iter().map(|(jurisdiction, zone)| (jurisdiction.clone(), zone.clone())).collect()
    }
}
