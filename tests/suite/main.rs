//! Architecture checks and end-to-end tests, one binary.

mod architecture;
mod boston;
mod city;
mod contract;
mod malformed;
mod processes;
mod publication;
mod stranger;
mod support;
