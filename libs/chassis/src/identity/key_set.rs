//! The key file that an issuer keeps: its public keys as JWKS (RFC 7517).

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::issuer::{IssuerError, failed};
use crate::seed;

/// Puts `key` into the file, before those that are there; where there is none, it is made.
pub(super) fn publish(path: &Path, key: &Value) -> Result<(), IssuerError> {
    let before = match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        // One that cannot be read is not replaced: that would void all tokens of the former keys.
        found => found.map_err(failed("read", path))?,
    };
    let mut keys = vec![key.clone()];
    keys.extend(before.iter().filter(|former| former["kid"] != key["kid"]).cloned());
    // Services read the file again whenever it was written.
    if keys.iter().all(|key| before.contains(key)) { Ok(()) } else { write(path, &keys) }
}

/// The names of the keys in the file.
pub(super) fn kids(path: &Path) -> Result<Vec<String>, IssuerError> {
    let keys = read(path).map_err(failed("read", path))?;
    Ok(keys.iter().filter_map(|key| key["kid"].as_str()).map(str::to_owned).collect())
}

/// Takes the key called `kid` out of the file.
pub(super) fn withdraw(path: &Path, kid: &str) -> Result<(), IssuerError> {
    let mut keys = read(path).map_err(failed("read", path))?;
    let all = keys.len();
    keys.retain(|key| key["kid"] != *kid);
    if keys.len() == all {
        let (kid, known) = (kid.to_owned(), kids(path)?.join(", "));
        return Err(IssuerError::KeyUnknown { kid, known });
    }
    write(path, &keys)
}

fn read(path: &Path) -> io::Result<Vec<Value>> {
    let mut set: Value = serde_json::from_slice(&fs::read(path)?)?;
    match set["keys"].take() {
        Value::Array(keys) => Ok(keys),
        _ => Err(io::Error::other("it has no list `keys`")),
    }
}

fn write(path: &Path, keys: &[Value]) -> Result<(), IssuerError> {
    let text = format!("{:#}\n", json!({ "keys": keys }));
    seed::replace_public(path, &text).map_err(failed("write", path))
}
