//! Prints `docs/packs.md`, or with the argument `schema` the JSON Schema of packs.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    let page = match std::env::args().nth(1).as_deref() {
        Some("schema") => format!("{:#}\n", chengping_rules::pack_schema()),
        _ => chengping_rules::packs_markdown(),
    };
    io::stdout().write_all(page.as_bytes())
}
