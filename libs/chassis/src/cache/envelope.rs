use bytes::{BufMut as _, Bytes, BytesMut};
use sha2::{Digest as _, Sha256};

const DIGEST_BYTES: usize = 32;

/// `value` behind a digest of itself and its key, so that neither can change unnoticed.
pub(super) fn seal(key: &str, value: &[u8]) -> Vec<u8> {
    let mut sealed = BytesMut::with_capacity(DIGEST_BYTES + value.len());
    sealed.put_slice(&digest(key, value));
    sealed.put_slice(value);
    sealed.into()
}

/// The value inside `sealed`, if it is what [`seal`] put under `key`.
pub(super) fn open(key: &str, mut sealed: Bytes) -> Option<Bytes> {
    if sealed.len() < DIGEST_BYTES {
        return None;
    }
    let value = sealed.split_off(DIGEST_BYTES);
    (sealed == digest(key, &value)[..]).then_some(value)
}

fn digest(key: &str, value: &[u8]) -> [u8; DIGEST_BYTES] {
    let mut hash = Sha256::new();
    hash.update(u64::try_from(key.len()).expect("a length fits").to_be_bytes());
    hash.update(key);
    hash.update(value);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_byte_is_noticed() {
        let sealed = seal("rules/1", b"value");
        assert_eq!(open("rules/1", sealed.clone().into()).as_deref(), Some(&b"value"[..]));
        for index in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[index] ^= 1;
            assert_eq!(open("rules/1", damaged.into()), None);
            assert_eq!(open("rules/1", sealed[..index].to_vec().into()), None);
        }
    }

    #[test]
    fn a_value_under_another_key_is_noticed() {
        assert_eq!(open("rules/2", seal("rules/1", b"value").into()), None);
    }
}
