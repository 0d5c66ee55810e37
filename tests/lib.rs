//! The tests of the whole: see `suite/`.
