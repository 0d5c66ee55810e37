//! How a command ends when it does not end well, and what is said then.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// How a command ended that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it.
    Done,
    /// All of it, but rows were set aside.
    DoneWithRejects,
    /// It went through, and what it found is a failure; everything is said already.
    FoundWanting,
}

impl Outcome {
    /// `DoneWithRejects` when there are any.
    pub fn with_rejects(count: i64) -> Self {
        if count > 0 { Self::DoneWithRejects } else { Self::Done }
    }

    /// The exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::FoundWanting => 1,
            Self::DoneWithRejects => 3,
        }
    }
}

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It was not asked in a way that can be understood.
    #[error("{0}")]
    Usage(String),
    /// A server refused or failed.
    #[error("cannot {doing}: {}", describe(.status))]
    Rpc {
        /// What was being done, such as `evaluate 2018-03`.
        doing: String,
        /// What the server said.
        status: Box<Status>,
    },
    /// Standard output could not be written.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl Failure {
    /// A wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// Something that the servers have nothing to do with.
    pub fn other(message: impl Into<String>) -> Self {
        Self::Other(anyhow::Error::msg(message.into()))
    }

    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            // Whoever closed the pipe has read enough: `chengping results | head -3`.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Rpc { .. } | Self::Output(_) | Self::Other(_) => 1,
        }
    }

    /// The whole message on one line, causes included; empty when there is nothing to say.
    pub fn message(&self) -> String {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => String::new(),
            Self::Output(error) => format!("{self}: {error}"),
            Self::Other(error) => format!("{error:#}"),
            Self::Usage(_) | Self::Rpc { .. } => self.to_string(),
        }
    }
}

/// Names what is being done when a call fails.
pub trait Doing<T> {
    /// Turns a status into a failure of `doing`, a verb and its object.
    ///
    /// # Errors
    ///
    /// [`Failure::Rpc`] for every status.
    fn doing(self, doing: impl Into<String>) -> Result<T, Failure>;
}

impl<T> Doing<T> for Result<T, Status> {
    fn doing(self, doing: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|status| Failure::Rpc { doing: doing.into(), status: Box::new(status) })
    }
}

/// The same status, as `UNAVAILABLE` where a connection broke under a stream, which shows in
/// several ways that all mean "later".
pub fn transport_lost(status: Status) -> Status {
    match status.code() {
        Code::Unknown | Code::Cancelled | Code::Internal if status.source().is_some() => {
            Status::unavailable(describe(&status))
        }
        _ => status,
    }
}

/// A status on one line: message, fields at fault, code and reason.
pub fn describe(status: &Status) -> String {
    let details = status.get_error_details();
    let mut line = status.message().to_owned();
    if line.is_empty() {
        line.push_str(status.code().description());
    }
    let violations = details.bad_request().map(|bad| bad.field_violations.as_slice());
    for violation in violations.unwrap_or_default() {
        let part = format!("{}: {}", violation.field, violation.description);
        // The message of a service often holds its fields already.
        if !line.contains(&part) {
            write!(line, "; {part}").expect("a string takes any text");
        }
    }
    if let Some(source) = status.source() {
        let source = source.to_string();
        if !line.contains(&source) {
            write!(line, ": {source}").expect("a string takes any text");
        }
    }
    match details.error_info() {
        Some(info) if info.reason == "TOKEN_MISSING" => {
            let hint = "put the token into CHENGPING_TOKEN or --token-file";
            format!("{line}; {hint} [{:?} {}]", status.code(), info.reason)
        }
        Some(info) => format!("{line} [{:?} {}]", status.code(), info.reason),
        None => format!("{line} [{:?}]", status.code()),
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn a_status_is_one_line_with_its_reason_and_every_field() {
        let mut details = ErrorDetails::with_error_info("INVALID_FIELDS", "chengping", []);
        details.add_bad_request_violation("evaluation.month", "\"x\" is not a month");
        details.add_bad_request_violation("parent", "must not be empty");
        let status = Status::with_error_details(Code::InvalidArgument, "fields are wrong", details);
        assert_eq!(
            describe(&status),
            "fields are wrong; evaluation.month: \"x\" is not a month; parent: must not be empty \
             [InvalidArgument INVALID_FIELDS]"
        );
    }

    #[test]
    fn a_field_that_the_message_names_is_not_said_twice() {
        let mut details = ErrorDetails::with_error_info("INVALID_FIELDS", "chengping", []);
        details.add_bad_request_violation("parent", "is empty");
        let status = Status::with_error_details(Code::InvalidArgument, "parent: is empty", details);
        assert_eq!(describe(&status), "parent: is empty [InvalidArgument INVALID_FIELDS]");
    }

    #[test]
    fn exit_codes_tell_usage_failure_and_rejects_apart() {
        assert_eq!(Failure::usage("x").exit_code(), 2);
        assert_eq!(Failure::other("x").exit_code(), 1);
        let closed = Failure::Output(io::ErrorKind::BrokenPipe.into());
        assert_eq!((closed.exit_code(), closed.message()), (0, String::new()));
        assert_eq!(Outcome::with_rejects(0).exit_code(), 0);
        assert_eq!(Outcome::with_rejects(1).exit_code(), 3);
    }
}
