//! Changes to bytes.

use chengping_testing::Dice;

/// No input is longer.
const BYTES_MAX: usize = 64 << 10;
/// Changes to one input.
const CHANGES_MAX: u64 = 8;
/// Bytes that mean something to somebody.
const TELLING: [u8; 20] = [
    0, 1, 0x7f, 0x80, 0x81, 0xff, 0xfe, b'\n', b'\r', b'\t', b'"', b'\'', b',', b';', b'{', b'}',
    b'[', b'&', b'<', b'-',
];

/// One of `corpus`, changed; `words` are put in now and then.
pub(crate) fn mutate(dice: &mut Dice, corpus: &[Vec<u8>], words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = dice.pick(corpus).clone();
    for _ in 0..=dice.below(CHANGES_MAX) {
        change(dice, &mut bytes, corpus, words);
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

fn change(dice: &mut Dice, bytes: &mut Vec<u8>, corpus: &[Vec<u8>], words: &[&[u8]]) {
    if bytes.is_empty() {
        bytes.extend(dice.any().to_be_bytes());
        return;
    }
    let place = dice.place(bytes.len());
    match dice.below(11) {
        0 => bytes[place] ^= 1 << dice.below(8),
        1 => bytes[place] = *dice.pick(&TELLING),
        2 => bytes[place] = dice.any().to_be_bytes()[0],
        3 => insert(bytes, place, &[*dice.pick(&TELLING)]),
        4 => {
            let some = dice.any().to_be_bytes();
            insert(bytes, place, &some[..=dice.place(some.len())]);
        }
        5 => {
            let end = place + dice.place((bytes.len() - place).min(64)) + 1;
            bytes.drain(place..end.min(bytes.len()));
        }
        // Much of the same.
        6 => {
            let end = (place + dice.place(32) + 1).min(bytes.len());
            let part = bytes[place..end].repeat(1 + dice.place(64));
            insert(bytes, place, &part);
        }
        7 => {
            let other = dice.pick(corpus);
            if !other.is_empty() {
                let from = dice.place(other.len());
                let end = (from + dice.place(256) + 1).min(other.len());
                insert(bytes, place, &other[from..end]);
            }
        }
        8 => bytes.truncate(place),
        9 => {
            let other = dice.place(bytes.len());
            bytes.swap(place, other);
        }
        _ if words.is_empty() => bytes[place] = bytes[place].wrapping_add(1),
        _ => {
            let word: &&[u8] = dice.pick(words);
            insert(bytes, place, word);
        }
    }
}

fn insert(bytes: &mut Vec<u8>, place: usize, part: &[u8]) {
    bytes.splice(place..place, part.iter().copied());
}
