//! Reading packs: what is accepted, what is refused, and how it is said.

#[cfg(test)]
mod language;
#[cfg(test)]
mod packs;
