//! The command as a shell sees it: exit codes, standard output, standard error.

mod lifecycle;
mod offline;
mod support;
