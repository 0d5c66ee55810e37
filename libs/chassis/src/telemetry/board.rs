use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::{KeyValue, global};

/// A gauge of several numbers, each under a key that says whose it is. A number that is replaced
/// takes its attributes with it, and so does one that is taken away: none is shown that no longer
/// holds. Cheap to clone.
pub struct Board<K>(Arc<Mutex<Shown<K>>>);

/// By key, the attributes and the number.
type Shown<K> = BTreeMap<K, (Vec<KeyValue>, u64)>;

impl<K: Ord + Send + 'static> Board<K> {
    /// The gauge `name` of the meter `meter`.
    #[must_use]
    pub fn new(
        meter: &'static str,
        name: &'static str,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        let shown = Arc::new(Mutex::new(Shown::<K>::new()));
        let seen = Arc::clone(&shown);
        let meter = global::meter(meter);
        let gauge = meter
            .u64_observable_gauge(name)
            .with_unit(unit)
            .with_description(description)
            .with_callback(move |observer| {
                let shown = seen.lock().unwrap_or_else(PoisonError::into_inner);
                for (attributes, number) in shown.values() {
                    observer.observe(*number, attributes);
                }
            });
        gauge.build();
        Self(shown)
    }

    /// Shows a number under `key` with its attributes, in place of what was there, or nothing.
    pub fn show(&self, key: K, number: Option<(Vec<KeyValue>, u64)>) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match number {
            Some(number) => {
                shown.insert(key, number);
            }
            None => {
                shown.remove(&key);
            }
        }
    }
}

impl<K> Clone for Board<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> fmt::Debug for Board<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Board")
    }
}
