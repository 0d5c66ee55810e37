//! The service over real gRPC and a real PostgreSQL.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod calendar;
#[cfg(test)]
mod categories;
#[cfg(test)]
mod chains;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod city;
#[cfg(test)]
mod contention;
#[cfg(test)]
mod deadline_rules;
#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod derive;
#[cfg(test)]
mod effective;
#[cfg(test)]
mod every_change;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod holders;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod immutable;
#[cfg(test)]
mod import;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod pack_changes;
#[cfg(test)]
mod packs;
#[cfg(test)]
mod periods;
#[cfg(test)]
mod pointers;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod review;
#[cfg(test)]
mod service;
#[cfg(test)]
mod tampering;
#[cfg(test)]
mod watch;
