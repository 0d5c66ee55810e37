//! Bodies on all cores: each is scored alone, so that the number of threads changes nothing but the
//! time.

use std::thread::{available_parallelism, scope};

/// Fewest bodies that are worth a thread.
const BODIES_A_THREAD: usize = 128;

/// What `of` gives for each, in their order.
pub(super) fn each<T: Sync, R: Send>(all: &[T], of: impl Fn(&T) -> Option<R> + Sync) -> Vec<R> {
    let cores = available_parallelism().map_or(1, usize::from);
    let threads = cores.min(all.len() / BODIES_A_THREAD).max(1);
    let part = |part: &[T]| part.iter().filter_map(&of).collect::<Vec<R>>();
    if threads == 1 {
        return part(all);
    }
    let mut parts = all.chunks(all.len().div_ceil(threads));
    let own = parts.next().unwrap_or_default();
    let part = &part;
    scope(|scope| {
        let others: Vec<_> = parts.map(|other| scope.spawn(move || part(other))).collect();
        let mut found = part(own);
        found.reserve(all.len() - own.len());
        for other in others {
            found.extend(other.join().expect("scoring does not panic"));
        }
        found
    })
}
