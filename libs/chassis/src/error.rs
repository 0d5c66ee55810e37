//! One way from an error to what a client sees.
//!
//! A service keeps one `thiserror` enum, answers [`ApiError`] for it in one `match` each, and its
//! handlers end in `.map_err(to_status)`. Nobody below that line knows a gRPC code.

mod ordered;

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::identity::{Denied, Refusal};
use crate::rpc::context;

/// The domain of every `google.rpc.ErrorInfo`: with the reason it names an error for good.
pub const ERROR_DOMAIN: &str = "chengping";

/// Details travel in a header, and clients refuse large ones (16 KiB is a common limit).
const DETAIL_BYTES_MAX: usize = 4096;
const MESSAGE_BYTES_MAX: usize = 1024;

/// An error that a client may see.
pub trait ApiError: Error {
    /// The canonical code, as AIP-193 and AIP-194 use it.
    fn code(&self) -> Code;

    /// What clients match on: `UPPER_SNAKE_CASE`, never changed, listed in `docs/errors.md`.
    fn reason(&self) -> &'static str;

    /// Every value that the message interpolates, under a lowerCamelCase key.
    fn metadata(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// The fields at fault, if that is what is wrong.
    fn field_errors(&self) -> Option<&FieldErrors> {
        None
    }

    /// How long to wait before the call has a chance, if that is known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// Converts `error` into the status a client gets, with exactly one `ErrorInfo`.
///
/// An internal error is logged here, once, with its sources; the client gets only its reason.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
pub fn to_status<E: ApiError>(error: E) -> Status {
    if let Some(denied) = error.field_errors().and_then(|errors| errors.denied.clone()) {
        return Refusal::from(denied).into_status();
    }
    let code = error.code();
    let mut details = ErrorDetails::new();
    if matches!(code, Code::Internal | Code::Unknown | Code::DataLoss) {
        tracing::error!(error = %Chain(&error), error.reason = error.reason(), "request failed");
        details.set_error_info(error.reason(), ERROR_DOMAIN, HashMap::new());
        return Status::with_error_details(code, "internal error", details);
    }
    let message = shortened(error.to_string(), MESSAGE_BYTES_MAX);
    if error.field_errors().is_none() && error.retry_after().is_none() {
        return ordered::status(code, message, error.reason(), error.metadata());
    }
    details.set_error_info(
        error.reason(),
        ERROR_DOMAIN,
        error.metadata().into_iter().collect::<HashMap<_, _>>(),
    );
    if let Some(errors) = error.field_errors() {
        add_violations(&mut details, errors);
    }
    if let Some(delay) = error.retry_after() {
        details.set_retry_info(Some(delay));
    }
    Status::with_error_details(code, message, details)
}

/// A status of the chassis's own, with its `ErrorInfo`.
pub(crate) fn plain_status(code: Code, reason: &str, message: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, ERROR_DOMAIN, HashMap::new());
    Status::with_error_details(code, message, details)
}

/// As [`plain_status`], for what has a chance after `delay`.
pub(crate) fn retry_status(code: Code, reason: &str, message: &str, delay: Duration) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, ERROR_DOMAIN, HashMap::new());
    details.set_retry_info(Some(delay));
    Status::with_error_details(code, message, details)
}

fn add_violations(details: &mut ErrorDetails, errors: &FieldErrors) {
    let mut bytes = 0;
    for (index, (field, description)) in errors.found.iter().enumerate() {
        let description = shortened(description.clone(), MESSAGE_BYTES_MAX);
        bytes += field.len() + description.len();
        if bytes > DETAIL_BYTES_MAX {
            let left_out = errors.found.len() - index;
            details.add_bad_request_violation("", format!("and {left_out} more"));
            return;
        }
        details.add_bad_request_violation(field.clone(), description);
    }
}

/// Cuts `text` at a character boundary so that it holds at most `bytes_max` bytes and an ellipsis.
fn shortened(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.push('…');
    }
    text
}

/// What is wrong with a request, gathered so that a client learns of all its mistakes at once.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct FieldErrors {
    found: Vec<(String, String)>,
    /// The first resource that the caller may not speak of: authorisation goes before validation
    /// (AIP-211).
    denied: Option<Denied>,
}

impl FieldErrors {
    /// Parses `text`, or notes why `field` cannot hold it.
    ///
    /// Every name of a resource comes this way, so it is here that a caller whose token speaks of
    /// other jurisdictions is stopped: with `PERMISSION_DENIED`, whatever else is wrong.
    pub fn parse<T>(&mut self, field: impl Into<String>, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let field = field.into();
        if let Some(denied) = context::caller().denied(text) {
            self.push(field, "may not be asked for");
            self.denied.get_or_insert(denied);
            return None;
        }
        text.parse().map_err(|error: T::Err| self.push(field, error.to_string())).ok()
    }

    /// As [`parse`](Self::parse), for a field that may be left empty: `Some(None)` if it is.
    pub fn parse_optional<T>(&mut self, field: impl Into<String>, text: &str) -> Option<Option<T>>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        if text.is_empty() { Some(None) } else { self.parse(field, text).map(Some) }
    }

    /// Notes what is wrong with `field`, a path such as `evaluation.month`.
    pub fn push(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.found.push((field.into(), description.into()));
    }

    /// Whether nothing was found to be wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The fields and what is wrong with them, in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.found.iter().map(|(field, description)| (field.as_str(), description.as_str()))
    }

    /// `Ok` when nothing was found to be wrong.
    ///
    /// # Errors
    ///
    /// These errors, if there are any.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (field, description)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{field}: {description}")?;
        }
        Ok(())
    }
}

impl Error for FieldErrors {}

/// Displays an error followed by its sources, each once.
pub struct Chain<'a>(pub &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.to_string();
        formatter.write_str(&shown)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            let text = error.to_string();
            // Many errors repeat their source in their own text.
            if !shown.ends_with(&text) {
                write!(formatter, ": {text}")?;
            }
            shown = text;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Chain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Toy {
        #[error("the request is not valid: {0}")]
        Invalid(FieldErrors),
        #[error("the row of case {case_no} is corrupt")]
        Corrupt {
            case_no: String,
            #[source]
            source: std::num::ParseIntError,
        },
        #[error("too many imports at once")]
        Busy,
    }

    impl ApiError for Toy {
        fn code(&self) -> Code {
            match self {
                Self::Invalid(_) => Code::InvalidArgument,
                Self::Corrupt { .. } => Code::DataLoss,
                Self::Busy => Code::ResourceExhausted,
            }
        }

        fn reason(&self) -> &'static str {
            match self {
                Self::Invalid(_) => "TOY_INVALID",
                Self::Corrupt { .. } => "TOY_CORRUPT",
                Self::Busy => "TOY_BUSY",
            }
        }

        fn metadata(&self) -> BTreeMap<String, String> {
            match self {
                Self::Corrupt { case_no, .. } => {
                    BTreeMap::from([("caseNo".to_owned(), case_no.clone())])
                }
                Self::Invalid(_) | Self::Busy => BTreeMap::new(),
            }
        }

        fn field_errors(&self) -> Option<&FieldErrors> {
            match self {
                Self::Invalid(errors) => Some(errors),
                Self::Corrupt { .. } | Self::Busy => None,
            }
        }

        fn retry_after(&self) -> Option<Duration> {
            matches!(self, Self::Busy).then_some(Duration::from_secs(3))
        }
    }

    #[test]
    fn every_wrong_field_reaches_the_client() {
        let mut errors = FieldErrors::default();
        assert_eq!(errors.parse::<u8>("count", "many"), None);
        assert_eq!(errors.parse_optional::<u8>("limit", ""), Some(None));
        assert_eq!(errors.parse_optional::<u8>("offset", "-1"), None);
        let status = to_status(Toy::Invalid(errors.into_result().unwrap_err()));

        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("TOY_INVALID", "chengping"));
        let violations = &details.bad_request().unwrap().field_violations;
        let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["count", "offset"]);
    }

    #[test]
    fn an_internal_error_keeps_its_text_and_values_to_itself() {
        let source = "x".parse::<u8>().unwrap_err();
        let status = to_status(Toy::Corrupt { case_no: "2018-1".to_owned(), source });

        assert_eq!((status.code(), status.message()), (Code::DataLoss, "internal error"));
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(info.reason, "TOY_CORRUPT");
        assert!(info.metadata.is_empty());
    }

    #[test]
    fn what_says_the_same_is_the_same_byte_by_byte() {
        let values = ["method", "resource", "a", "b", "c"];
        let metadata: BTreeMap<_, _> =
            values.iter().map(|key| ((*key).to_owned(), (*key).to_owned())).collect();
        let status = || ordered::status(Code::NotFound, "no".to_owned(), "TOY", metadata.clone());
        for _ in 0..20 {
            assert_eq!(status().details(), status().details());
        }
        let info = status().get_error_details().error_info().unwrap().clone();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("TOY", ERROR_DOMAIN));
        assert_eq!(info.metadata.into_iter().collect::<BTreeMap<_, _>>(), metadata);
    }

    #[test]
    fn a_client_learns_when_to_come_back() {
        let details = to_status(Toy::Busy).get_error_details();
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_thousand_mistakes_still_fit_into_a_header() {
        let mut errors = FieldErrors::default();
        for index in 0..1000 {
            errors.push(format!("cases[{index}].case_no"), "must not be empty");
        }
        let status = to_status(Toy::Invalid(errors));

        assert!(status.details().len() + status.message().len() < 12 * 1024);
        let details = status.get_error_details();
        let last = details.bad_request().unwrap().field_violations.last().unwrap().clone();
        assert!(last.description.starts_with("and "), "{}", last.description);
    }

    #[test]
    fn a_chain_names_each_cause_once() {
        let source = "x".parse::<u8>().unwrap_err();
        let error = Toy::Corrupt { case_no: "7".to_owned(), source };
        assert_eq!(
            Chain(&error).to_string(),
            "the row of case 7 is corrupt: invalid digit found in string"
        );
    }
}
