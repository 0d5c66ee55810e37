//! What the program writes, says and ends with.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::office;

const UNNAMED: &str = "note: no key was named";

/// A folder with the bundles of the office.
struct Files(tempfile::TempDir);

/// How a run ended.
struct Done {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.write("whole.json", &office::april());
        files.write("proof.json", &office::april_by_proof());
        files.write("withdrawn.json", &office::april_withdrawn());
        files.write("keys", format!("{}\n", office::signer().verifier_key()).as_bytes());
        files
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: impl AsRef<Path>, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn run<S: AsRef<OsStr>>(&self, words: &[S]) -> Done {
        let mut program = Command::new(env!("CARGO_BIN_EXE_chengping-verify"));
        let output = program.args(words).current_dir(&self.0).output().unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Done {
            code: output.status.code().expect("it ends by itself"),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

#[test]
fn a_version_verifies_and_says_whether_it_stands() {
    let files = Files::new();
    for (name, note) in [
        ("whole.json", None),
        ("proof.json", Some("the bundle does not say whether it stands")),
        ("withdrawn.json", Some("this version was withdrawn: it does not stand")),
    ] {
        let done = files.run(&["--keys", "keys", name]);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{}", done.stdout);
        let notes: Vec<_> =
            done.stdout.lines().filter_map(|line| line.strip_prefix("note     ")).collect();
        let counted = "no case records were given, so the counts were not counted again";
        assert_eq!(notes, [counted].into_iter().chain(note).collect::<Vec<_>>(), "{name}");
        let json = files.run(&["--json", "--keys", "keys", name]);
        let json: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!((&json[0]["file"], &json[0]["verified"]), (&name.into(), &true.into()));
        let withdrawn = (name != "proof.json").then_some(name == "withdrawn.json");
        assert_eq!(json[0]["report"].get("withdrawn").and_then(Value::as_bool), withdrawn);
        assert_eq!(json[0]["report"].get("superseded_by").is_some(), withdrawn.is_some());
    }
}

#[test]
fn a_receipt_is_written_of_what_verifies_and_says_what_the_bundle_says() {
    let files = Files::new();
    let take = |bundle: &str, keys: &[&str], body: &str| {
        fs::remove_file(files.path("line.json")).ok();
        files.run(&[keys, &["--line", body, "--receipt", "line.json", bundle]].concat())
    };
    let keys = ["--keys", "keys"];
    let done = take("withdrawn.json", &keys, "d01");
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{}", done.stdout);
    assert!(done.stdout.contains("was withdrawn"), "{}", done.stdout);
    let checked = files.run(&["--keys", "keys", "line.json"]);
    assert_eq!(checked.code, 0, "{}", checked.stdout);
    assert!(checked.stdout.contains("d01 of 2018-04 in zz: score "), "{}", checked.stdout);
    assert!(checked.stdout.contains("does not say whether"), "{}", checked.stdout);

    // Without a key the bundle vouches for itself, and a receipt cannot.
    let done = take("whole.json", &[], "d01");
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stderr.starts_with(UNNAMED) && done.stderr.contains("in the bundle itself"));
    let checked = files.run(&["line.json"]);
    assert_eq!(checked.code, 1, "{}", checked.stdout);
    assert!(checked.stderr.starts_with(UNNAMED) && checked.stderr.contains("name the key"));
    assert!(!checked.stderr.contains("in the bundle itself"), "{}", checked.stderr);

    // What does not verify gives none, and says where it is wrong.
    let text = String::from_utf8(office::april()).unwrap();
    files.write("changed.json", text.replacen("\"rank\":1", "\"rank\":2", 1).as_bytes());
    let done = take("changed.json", &keys, "d01");
    assert_eq!(done.code, 1);
    assert!(done.stdout.contains("FAILED   seal"), "{}", done.stdout);
    assert!(!files.path("line.json").exists());
    let done = take("whole.json", &keys, "d09");
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("no line of d09"), "{}", done.stderr);
}

#[test]
fn a_list_without_keys_is_a_wrong_usage() {
    let files = Files::new();
    files.write("none", b"# to be filled in\n");
    let done = files.run(&["--keys", "none", "whole.json"]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""));
    assert!(done.stderr.contains("cannot read none: no key"), "{}", done.stderr);
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_names() {
    use std::os::unix::ffi::OsStrExt as _;

    let files = Files::new();
    let odd = OsStr::from_bytes(b"\xffapril.json");
    files.write(odd, &office::april());
    for form in [&[][..], &["--json"]] {
        let words = ["--keys", "keys"].iter().chain(form).map(OsStr::new);
        let done = files.run(&words.chain([odd]).collect::<Vec<_>>());
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{}", done.stdout);
        assert!(done.stdout.contains("\u{fffd}april.json"), "{}", done.stdout);
    }
    let done = files.run(&[OsStr::new("--key"), odd]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("is not UTF-8"), "{}", done.stderr);
    let done = files.run(&[OsStr::from_bytes(b"--\xff")]);
    assert!(done.code == 2 && done.stderr.contains("there is no option"), "{}", done.stderr);
    // A folder that holds such a file.
    let folder = files.run(&[OsStr::new("--keys"), OsStr::new("keys"), OsStr::new(".")]);
    assert!(folder.code == 0 && folder.stdout.contains("\u{fffd}april.json"), "{}", folder.stdout);
}
