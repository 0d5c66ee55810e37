//! The program beside bundles of a month, as who has nothing but files runs it.

#[cfg(test)]
mod office;
#[cfg(test)]
mod program;
