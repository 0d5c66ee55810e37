//! The service over real gRPC and a real PostgreSQL.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod city;
#[cfg(test)]
mod deadline_rules;
#[cfg(test)]
mod effective;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod immutable;
#[cfg(test)]
mod import;
#[cfg(test)]
mod packs;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod review;
#[cfg(test)]
mod service;
#[cfg(test)]
mod watch;
