//! Bulletins of synthetic months in every format.

mod hostile;
mod month;
mod pages;
mod print;
mod sealed;
mod tables;
mod words;
