//! The chassis against real sockets, a real PostgreSQL, and a real Redis.

#[cfg(test)]
mod cache;
#[cfg(test)]
mod config;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod private;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod telemetry;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod toy;
