//! The crate from the outside: real files in, records and rejects out.

#[cfg(test)]
mod boston;
#[cfg(test)]
mod calendar;
#[cfg(test)]
mod city;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod mapping;
#[cfg(test)]
mod round_trip;
