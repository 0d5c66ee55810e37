//! The service as its clients see it: a real PostgreSQL, a real server, the generated clients.

#[cfg(test)]
mod builders;
#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod intake;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod rejects;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod streams;
