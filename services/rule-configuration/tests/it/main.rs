//! The service over real gRPC and a real PostgreSQL.

#[cfg(test)]
mod audit;
mod calendar;
mod chains;
mod city;
mod deadline_rules;
mod deadlines;
mod effective;
mod every_change;
mod filters;
mod holders;
mod immutable;
mod import;
mod packs;
mod pointers;
mod registry;
mod review;
mod service;
mod tampering;
mod watch;
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
#[cfg(test)]
