//! Scoring against the independent reference, the golden evaluations, and its laws.

#[cfg(test)]
mod annual;
#[cfg(test)]
mod attribution;
#[cfg(test)]
mod boston;
#[cfg(test)]
mod city;
#[cfg(test)]
mod columns;
#[cfg(test)]
mod county;
#[cfg(test)]
mod explanation;
#[cfg(test)]
mod files;
#[cfg(test)]
mod gathered;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod indicators;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod manual;
#[cfg(test)]
mod monotone;
#[cfg(test)]
mod months;
#[cfg(test)]
mod periods;
#[cfg(test)]
mod posts;
#[cfg(test)]
mod primitives;
#[cfg(test)]
mod reach;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod results;
#[cfg(test)]
mod sensitivity;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod table;
