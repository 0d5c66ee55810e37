//! Prints `docs/indicators.md`.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    io::stdout().write_all(chengping_rules::catalogue_markdown().as_bytes())
}
