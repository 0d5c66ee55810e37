//! Pages of lists.

use chengping_chassis::page_token::{self, PageError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

const SIZE_DEFAULT: u32 = 100;
const SIZE_MAX: u32 = 1000;

/// The page that is asked for. `P` is a place in the list.
pub(super) struct Page<P> {
    size: u32,
    /// The place behind which the page begins; none for the first page.
    pub after: Option<P>,
    arguments: Vec<String>,
}

impl<P: Serialize + DeserializeOwned> Page<P> {
    /// Reads what a request asks for; `arguments` are all its others.
    pub(super) fn read(size: i32, token: &str, arguments: &[&str]) -> Result<Self, Error> {
        let size = page_token::page_size(size, SIZE_DEFAULT, SIZE_MAX)?;
        let after = page_token::open(token, arguments)?
            .map(|position| serde_json::from_str(&position).map_err(|_| PageError::TokenInvalid))
            .transpose()?;
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Ok(Self { size, after, arguments })
    }

    /// How many items to look for: one more than the page holds tells whether another follows.
    pub(super) const fn limit(&self) -> u32 {
        self.size + 1
    }

    /// The items of the page, and the token of the next one.
    pub(super) fn cut<T>(&self, mut items: Vec<T>, place: impl Fn(&T) -> P) -> (Vec<T>, String) {
        let size = usize::try_from(self.size).expect("a page fits into memory");
        if items.len() <= size {
            return (items, String::new());
        }
        items.truncate(size);
        let last = items.last().expect("a page has room for an item");
        let position = serde_json::to_string(&place(last)).expect("places are plain");
        let arguments: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        (items, page_token::issue(&position, &arguments))
    }
}
