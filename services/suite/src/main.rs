//! The `chengping` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    chengping_suite::main()
}
