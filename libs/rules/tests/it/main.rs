//! Reading packs: what is accepted, what is refused, and how it is said. The indicator catalogue.

#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod language;
#[cfg(test)]
mod packs;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod warnings;
