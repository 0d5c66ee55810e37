//! The service as its clients see it: a real PostgreSQL, a real server, the generated clients.

#[cfg(test)]
mod builders;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod facts_since;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod intake;
#[cfg(test)]
mod laws;
mod limits;
#[cfg(test)]
mod migrations;
mod months;
#[cfg(test)]
mod packed;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod records;
#[cfg(test)]
mod rejects;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod turns;
