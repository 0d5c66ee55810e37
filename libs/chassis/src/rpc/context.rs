use std::fmt;
use std::future::Future;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use uuid::Uuid;

use crate::identity::Caller;

/// Names one call in logs, answers and the calls that it causes.
pub(crate) const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The service that calls, as it calls itself: letters, digits, `-`, `_`, `.`, at most 64. It proves
/// nothing.
pub const SERVICE_HEADER: HeaderName = HeaderName::from_static("x-chengping-service");
/// The process that calls, as it calls itself, in the same letters.
pub const INSTANCE_HEADER: HeaderName = HeaderName::from_static("x-chengping-instance");
pub(crate) const TIMEOUT_HEADER: HeaderName = HeaderName::from_static("grpc-timeout");

const REQUEST_ID_BYTES_MAX: usize = 64;
/// The gRPC protocol allows eight digits and a unit.
const TIMEOUT_DIGITS_MAX: usize = 8;

tokio::task_local! {
    static CALL: Call;
}

/// What the call being handled passes on to the calls that it causes.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) deadline: Option<Deadline>,
    pub(crate) request_id: RequestId,
    pub(crate) caller: Caller,
}

impl Call {
    /// Runs `future` as a part of this call.
    pub(crate) fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CALL.scope(self, future)
    }

    /// Runs `work` as a part of this call.
    pub(crate) fn sync_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        CALL.sync_scope(self.clone(), work)
    }
}

/// `work` as a part of the call that this task handles, also in a task of its own: the calls that it
/// causes have the same caller, request ID and deadline.
pub fn continued<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let call = CALL.try_with(Clone::clone).ok();
    async move {
        match call {
            Some(call) => call.scope(work).await,
            None => work.await,
        }
    }
}

/// When the call that this task handles must be answered, if it must.
///
/// Spawned tasks do not inherit it.
pub fn deadline() -> Option<Deadline> {
    CALL.try_with(|call| call.deadline).ok().flatten()
}

/// The ID of the call that this task handles.
pub fn request_id() -> Option<RequestId> {
    CALL.try_with(|call| call.request_id.clone()).ok()
}

/// Who is behind the call that this task handles; nobody outside of one.
pub(crate) fn caller() -> Caller {
    CALL.try_with(|call| call.caller.clone()).unwrap_or_default()
}

/// The instant after which an answer is of no use to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that is `timeout` from now; `None` if that is beyond the end of time.
    pub fn after(timeout: Duration) -> Option<Self> {
        Instant::now().checked_add(timeout).map(Self)
    }

    /// The time left, zero when it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Waits until the deadline has passed.
    pub fn passed(self) -> tokio::time::Sleep {
        tokio::time::sleep_until(self.0)
    }

    /// The deadline that the caller set, if any.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        parse_timeout(headers.get(TIMEOUT_HEADER)?.to_str().ok()?).and_then(Self::after)
    }

    /// The time left as `grpc-timeout` says it.
    pub(crate) fn to_header(self) -> HeaderValue {
        HeaderValue::from_str(&format_timeout(self.remaining())).expect("digits and a letter")
    }
}

/// Waits until an answer that has not begun is too late: at `deadline`, or without one after
/// `timeout`, which is not passed on, and which a stream that has begun to answer may outlive.
pub(crate) async fn out_of_time(deadline: Option<Deadline>, timeout: Duration) {
    match deadline.or_else(|| Deadline::after(timeout)) {
        Some(deadline) => deadline.passed().await,
        None => std::future::pending().await,
    }
}

/// The ID of one call: what the caller gave as `x-request-id`, or a new UUID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// A new ID.
    pub fn generate() -> Self {
        Self(Uuid::now_v7().to_string())
    }

    /// The ID as text: letters, digits, `-`, `_`, `.`, at most 64.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The caller's ID if it is fit to be logged, else a new one.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID_HEADER).and_then(|value| value.to_str().ok());
        match given {
            Some(text) if is_fit(text) => Self(text.to_owned()),
            _ => Self::generate(),
        }
    }

    pub(crate) fn to_header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("letters, digits and dashes")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Who calls, as it calls itself in `headers`: its service and its instance. `None` where one of
/// them is missing or is not fit to be told.
pub fn named_caller(headers: &HeaderMap) -> Option<(&str, &str)> {
    let named = |header| headers.get(header)?.to_str().ok().filter(|text| is_fit(text));
    Some((named(SERVICE_HEADER)?, named(INSTANCE_HEADER)?))
}

fn is_fit(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= REQUEST_ID_BYTES_MAX && text.bytes().all(is_plain)
}

fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || digits.len() > TIMEOUT_DIGITS_MAX || !is_number {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// In the finest unit whose count fits, rounded down: nobody gets more time than is left.
fn format_timeout(timeout: Duration) -> String {
    const COUNT_MAX: u128 = 99_999_999;
    let units = [
        (timeout.as_nanos(), 'n'),
        (timeout.as_micros(), 'u'),
        (timeout.as_millis(), 'm'),
        (u128::from(timeout.as_secs()), 'S'),
    ];
    let fitting = units.into_iter().find(|(count, _)| *count <= COUNT_MAX);
    let (count, unit) = fitting.unwrap_or((COUNT_MAX, 'S'));
    format!("{count}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_survive_the_wire_to_within_their_unit() {
        for millis in [0, 1, 99, 100, 5_000, 99_999, 100_000, 86_400_000] {
            let timeout = Duration::from_millis(millis);
            let parsed = parse_timeout(&format_timeout(timeout)).unwrap();
            assert!(parsed <= timeout && timeout - parsed < Duration::from_secs(1));
        }
        assert_eq!(format_timeout(Duration::from_secs(3)), "3000000u");
    }

    #[test]
    fn what_is_not_a_timeout_is_no_deadline() {
        for text in ["", "S", "5", "5x", "+5S", "123456789S", "5 S", "秒"] {
            assert_eq!(parse_timeout(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID_HEADER, HeaderValue::from_static("abc-1.2_3"));
        assert_eq!(RequestId::from_headers(&headers).as_str(), "abc-1.2_3");
        for odd in ["a b", "a=\"b\"", "", &"x".repeat(65)] {
            headers.insert(REQUEST_ID_HEADER, HeaderValue::from_str(odd).unwrap());
            assert_ne!(RequestId::from_headers(&headers).as_str(), odd);
        }
    }
}
