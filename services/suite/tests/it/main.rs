//! The command as a shell sees it: exit codes, standard output, standard error.

#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod identity;
mod importing;
mod lifecycle;
mod offline;
mod support;
