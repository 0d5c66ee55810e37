use super::*;

/// Keys and note of the reference implementation's tests (golang.org/x/mod/sumdb/note).
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n";
const PETER_LINE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuG\
    UgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH_LINE: &str = "\u{2014} EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp\
    +vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

fn note(lines: &str) -> Result<SignedNote, NoteError> {
    format!("{TEXT}\n{lines}").parse()
}

#[test]
fn a_note_signed_here_is_byte_for_byte_that_of_the_reference() {
    let peter = Signer::from_secret_text(PETER_SECRET).unwrap();
    let signed = SignedNote::new(TEXT.to_owned()).unwrap().signed_by(&peter);
    assert_eq!(signed.to_string(), format!("{TEXT}\n{PETER_LINE}"));
    assert_eq!(signed.clone().signed_by(&peter), signed, "signing twice changes nothing");
}

#[test]
fn the_keys_of_the_reference_are_read_and_written() {
    assert_eq!(key(PETER).to_string(), PETER);
    let peter = Signer::from_secret_text(PETER_SECRET).unwrap();
    assert_eq!(peter.to_secret_text(), PETER_SECRET);
    assert_eq!(peter.verifier_key(), key(PETER));
    assert_eq!(format!("{peter:?}"), r#"Signer { name: "PeterNeumann", .. }"#);
}

#[test]
fn a_mangled_key_is_not_a_key() {
    for start in 0..PETER.len() {
        for end in start + 1..=PETER.len() {
            let part = &PETER[start..end];
            assert!(part == PETER || part.parse::<VerifierKey>().is_err(), "{part}");
        }
    }
    for position in 0..PETER.len() {
        for bit in 0..7 {
            let mut bytes = PETER.as_bytes().to_vec();
            bytes[position] ^= 1 << bit;
            let mangled = String::from_utf8(bytes).unwrap();
            assert!(mangled.parse::<VerifierKey>().is_err(), "{mangled}");
        }
    }
}

#[test]
fn keys_of_another_length_or_kind_are_refused() {
    let long = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==";
    let kind = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert!(long.parse::<VerifierKey>().is_err());
    assert_eq!(kind.parse::<VerifierKey>(), Err(KeyError::NotEd25519));
    assert_eq!(VerifierKey::new("a b", [7; 32]), Err(KeyError::Name));
    let identity = std::array::from_fn(|index| u8::from(index == 0));
    assert_eq!(VerifierKey::new("weak", identity), Err(KeyError::NotEd25519));
}

#[test]
fn signatures_of_unknown_keys_are_ignored_and_those_of_known_ones_are_not() {
    let both = note(&format!("{PETER_LINE}{ENOCH_LINE}")).unwrap();
    assert_eq!(both.open(&[key(PETER)]).unwrap(), ["PeterNeumann"]);
    assert_eq!(both.open(&[key(PETER), key(ENOCH)]).unwrap(), ["PeterNeumann", "EnochRoot"]);
    assert_eq!(
        both.open(&[]).unwrap_err().to_string(),
        "no known key signed the note; it is signed by PeterNeumann+c74f20a3, EnochRoot+af0cfe78"
    );

    let broken = note(&format!("{PETER_LINE}{}", ENOCH_LINE.replace("iOHp", "iOHq"))).unwrap();
    assert_eq!(broken.open(&[key(PETER)]).unwrap(), ["PeterNeumann"]);
    let name = "EnochRoot+af0cfe78".to_owned();
    assert_eq!(broken.open(&[key(PETER), key(ENOCH)]), Err(NoteError::WrongSignature { name }));
}

#[test]
fn an_altered_text_does_not_open() {
    let altered = format!("{}\n{PETER_LINE}", TEXT.replace("answer", "Answer"));
    let altered: SignedNote = altered.parse().unwrap();
    assert!(matches!(altered.open(&[key(PETER)]), Err(NoteError::WrongSignature { .. })));
}

#[test]
fn malformed_notes_are_refused_with_the_line() {
    assert_eq!(TEXT.parse::<SignedNote>(), Err(NoteError::NoSignatures));
    assert_eq!(note(""), Err(NoteError::NoSignatures));
    assert_eq!(note("Unexpected.\n"), Err(NoteError::SignatureLine { line: 1 }));
    let unfinished = format!("{PETER_LINE}{}", ENOCH_LINE.trim_end());
    assert_eq!(note(&unfinished), Err(NoteError::SignatureLine { line: 2 }));
    let control = format!("\u{1}{TEXT}\n{PETER_LINE}");
    assert_eq!(control.parse::<SignedNote>(), Err(NoteError::Text));
    assert_eq!(note(&PETER_LINE.repeat(101)), Err(NoteError::TooManySignatures));
    assert_eq!(SignedNote::new("no newline".to_owned()), Err(NoteError::Text));
}
