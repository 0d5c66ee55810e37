//! The lifecycle against data that was not made by this project, and the laws it keeps.

#[cfg(test)]
mod change;
#[cfg(test)]
mod city;
#[cfg(test)]
mod equality;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod packed;
#[cfg(test)]
mod records;
