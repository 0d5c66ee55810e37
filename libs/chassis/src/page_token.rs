//! Pages of a list, after AIP-158: opaque tokens that fit one query only, and page sizes.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tonic::Code;

use crate::error::ApiError;

/// Raised when the layout of a token changes, so that old tokens are refused, not misread.
const VERSION: u8 = 1;
const DIGEST_BYTES: usize = 16;

/// Why a page cannot be given.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The token is not one that this service gave.
    #[error("page_token is not valid; take it from next_page_token, or leave it empty")]
    TokenInvalid,
    /// The token belongs to a query with other arguments.
    #[error("page_token belongs to another query; repeat all arguments of the call that gave it")]
    TokenMismatch,
    /// The page size is negative.
    #[error("page_size is {0}, must not be negative; leave it at 0 for the default")]
    SizeNegative(i32),
}

impl ApiError for PageError {
    fn code(&self) -> Code {
        Code::InvalidArgument
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::TokenInvalid => "PAGE_TOKEN_INVALID",
            Self::TokenMismatch => "PAGE_TOKEN_MISMATCH",
            Self::SizeNegative(_) => "PAGE_SIZE_NEGATIVE",
        }
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        match self {
            Self::SizeNegative(size) => BTreeMap::from([("pageSize".to_owned(), size.to_string())]),
            Self::TokenInvalid | Self::TokenMismatch => BTreeMap::new(),
        }
    }
}

/// The token of the page that starts behind `position`.
///
/// `arguments` are all other arguments of the query (parent, filter, view, …) but the page size,
/// which AIP-158 allows to change from page to page. The token is opaque, not secret.
pub fn issue(position: &str, arguments: &[&str]) -> String {
    let mut token = vec![VERSION];
    token.extend_from_slice(&digest(arguments));
    token.extend_from_slice(position.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(token)
}

/// The position inside `token`; `None` for an empty token, the first page.
///
/// # Errors
///
/// [`PageError::TokenInvalid`] for what [`issue`] never gave, and [`PageError::TokenMismatch`] for
/// a token of a query with other `arguments`.
pub fn open(token: &str, arguments: &[&str]) -> Result<Option<String>, PageError> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| PageError::TokenInvalid)?;
    let Some((&VERSION, rest)) = bytes.split_first() else {
        return Err(PageError::TokenInvalid);
    };
    let (expected, position) =
        rest.split_at_checked(DIGEST_BYTES).ok_or(PageError::TokenInvalid)?;
    if expected != digest(arguments) {
        return Err(PageError::TokenMismatch);
    }
    let position = String::from_utf8(position.to_vec()).map_err(|_| PageError::TokenInvalid)?;
    Ok(Some(position))
}

/// How many items to give: `default` when `requested` is 0, never more than `max`.
///
/// # Errors
///
/// [`PageError::SizeNegative`] for a negative size.
pub fn page_size(requested: i32, default: u32, max: u32) -> Result<u32, PageError> {
    match u32::try_from(requested) {
        Ok(0) => Ok(default.min(max)),
        Ok(size) => Ok(size.min(max)),
        Err(_) => Err(PageError::SizeNegative(requested)),
    }
}

fn digest(arguments: &[&str]) -> [u8; DIGEST_BYTES] {
    let mut hash = Sha256::new();
    for argument in arguments {
        // With its length, so that ("ab", "c") and ("a", "bc") differ.
        hash.update(u64::try_from(argument.len()).expect("a length fits").to_be_bytes());
        hash.update(argument.as_bytes());
    }
    let mut short = [0; DIGEST_BYTES];
    short.copy_from_slice(&hash.finalize()[..DIGEST_BYTES]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gives_back_its_position_and_is_safe_in_a_url() {
        for position in ["", "2018-03/0001", "南京路?&=+/"] {
            let token = issue(position, &["jurisdictions/zz", "state=open"]);
            assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            let opened = open(&token, &["jurisdictions/zz", "state=open"]);
            assert_eq!(opened, Ok(Some(position.to_owned())));
        }
    }

    #[test]
    fn an_empty_token_is_the_first_page() {
        assert_eq!(open("", &["anything"]), Ok(None));
    }

    #[test]
    fn a_token_of_another_query_is_refused() {
        let token = issue("7", &["ab", "c"]);
        for other in [&["ab", "d"][..], &["a", "bc"], &["abc"], &["ab", "c", ""], &[]] {
            assert_eq!(open(&token, other), Err(PageError::TokenMismatch));
        }
        assert_eq!(PageError::TokenMismatch.reason(), "PAGE_TOKEN_MISMATCH");
    }

    #[test]
    fn what_was_never_issued_is_refused() {
        let other_version = BASE64_URL_SAFE_NO_PAD.encode([9; 40]);
        let too_short = BASE64_URL_SAFE_NO_PAD.encode([VERSION; 5]);
        for token in ["?", "AA==", "A", &other_version, &too_short] {
            assert_eq!(open(token, &[]), Err(PageError::TokenInvalid), "{token}");
        }
    }

    #[test]
    fn page_sizes_follow_aip_158() {
        assert_eq!(page_size(0, 50, 1000), Ok(50));
        assert_eq!(page_size(20, 50, 1000), Ok(20));
        assert_eq!(page_size(5000, 50, 1000), Ok(1000));
        assert_eq!(page_size(-1, 50, 1000), Err(PageError::SizeNegative(-1)));
    }
}
