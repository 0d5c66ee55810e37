//! The crate from the outside: real files in, records and rejects out.

mod boston;
mod city;
// mod generated;
mod hostile;
mod mapping;
mod round_trip;
