//! Bulletins of synthetic months in every format.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod month;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod print;
#[cfg(test)]
mod reported;
#[cfg(test)]
mod sealed;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod words;
