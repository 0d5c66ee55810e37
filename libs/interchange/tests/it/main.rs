//! The crate from the outside: real files in, records and rejects out.

#[cfg(test)]
mod boston;
#[cfg(test)]
mod calendar;
#[cfg(test)]
mod city;
#[cfg(test)]
mod encodings;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod mapping;
#[cfg(test)]
mod platforms;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod workbook;

/// Cases of a property that is slow to try: so many unless `PROPTEST_CASES` says more.
#[cfg(test)]
fn cases(few: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(few)
}
