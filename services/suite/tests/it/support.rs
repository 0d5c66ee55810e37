//! Runs the command with nothing of this process's own settings.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_chengping");

/// Variables that would change what a command means.
pub(crate) const VARIABLES: [&str; 7] = [
    "CHENGPING_SERVER",
    "CHENGPING_DATA",
    "CHENGPING_JURISDICTION",
    "CHENGPING_ACTOR",
    "CHENGPING_TOKEN",
    "DATABASE_URL",
    "REDIS_URL",
];

/// What a command did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the command in `folder` to its end.
pub(crate) fn chengping(folder: &Path, arguments: &[&str]) -> Done {
    chengping_with(folder, arguments, &[])
}

/// As [`chengping`], with these variables.
pub(crate) fn chengping_with(
    folder: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Done {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(folder);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    Done {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A temporary folder that a PostgreSQL under another account can enter.
pub(crate) fn folder() -> TempDir {
    chengping_testing::reachable_folder().unwrap()
}
