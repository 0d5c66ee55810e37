//! The SQLSTATE codes that this project acts on (PostgreSQL, appendix A).

/// A unique constraint refused the row.
pub const UNIQUE_VIOLATION: &str = "23505";
/// An exclusion constraint refused the row.
pub const EXCLUSION_VIOLATION: &str = "23P01";
/// A foreign key refused the row.
pub const FOREIGN_KEY_VIOLATION: &str = "23503";
/// A check constraint refused the row.
pub const CHECK_VIOLATION: &str = "23514";
/// The role may not do this.
pub const INSUFFICIENT_PRIVILEGE: &str = "42501";
/// Two transactions could not be put in an order.
pub const SERIALIZATION_FAILURE: &str = "40001";
/// Two transactions waited for each other.
pub const DEADLOCK_DETECTED: &str = "40P01";
/// A lock was not to be had in time.
pub const LOCK_NOT_AVAILABLE: &str = "55P03";
/// The role, schema or table exists already.
pub const DUPLICATE_OBJECT: &str = "42710";
/// The schema exists already.
pub const DUPLICATE_SCHEMA: &str = "42P06";
/// The table does not exist.
pub const UNDEFINED_TABLE: &str = "42P01";
/// Among others, "tuple concurrently updated": two sessions changed one role or schema.
pub const INTERNAL_ERROR: &str = "XX000";
/// No connection is left.
pub const TOO_MANY_CONNECTIONS: &str = "53300";
/// An administrator, or a stopping server, ended the session.
pub const ADMIN_SHUTDOWN: &str = "57P01";
/// The server process crashed and is recovering.
pub const CRASH_SHUTDOWN: &str = "57P02";
/// The server is starting or stopping.
pub const CANNOT_CONNECT_NOW: &str = "57P03";
/// An idle transaction was ended.
pub const IDLE_IN_TRANSACTION_TIMEOUT: &str = "25P03";

/// Every constraint violation.
pub(super) const CLASS_INTEGRITY: &str = "23";
/// Every broken connection.
const CLASS_CONNECTION: &str = "08";

/// Whether the same transaction, tried again, may succeed.
pub fn is_race(code: &str) -> bool {
    matches!(code, SERIALIZATION_FAILURE | DEADLOCK_DETECTED | LOCK_NOT_AVAILABLE)
}

/// Whether the server could not serve anybody.
pub fn is_unavailable(code: &str) -> bool {
    let known = [
        TOO_MANY_CONNECTIONS,
        ADMIN_SHUTDOWN,
        CRASH_SHUTDOWN,
        CANNOT_CONNECT_NOW,
        IDLE_IN_TRANSACTION_TIMEOUT,
    ];
    known.contains(&code) || code.starts_with(CLASS_CONNECTION)
}
