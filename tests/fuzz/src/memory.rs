//! What the system knows of the memory of this process. A counting allocator would need `unsafe`,
//! which the workspace forbids; the kernel counts pages, and forgets no peak.

use std::fs;

use anyhow::Context as _;

/// The most that this process ever had in memory, in bytes.
pub(crate) fn peak() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("needs Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kibibytes.context("the kernel tells no peak")?.trim().parse::<u64>()? << 10)
}

/// Lets the peak begin anew, at what is in memory now.
pub(crate) fn forget_peak() -> anyhow::Result<()> {
    fs::write("/proc/self/clear_refs", "5").context("the kernel does not forget the peak")
}
