//! From the records of cases to published counts: whoever may see all cases counts them again,
//! without a server, and finds what does not follow.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use chengping_casework::records::{Head, Reader, Writer};
use chengping_casework::{CaseRecords, next_frame};
use serde_json::Value;

use crate::contested::{JURISDICTION, two_months, voided};
use crate::support::{Suite, chengping, folder, program};

const APRIL: &str = "2018-04";
const MAY: &str = "2018-05";

fn of(suite: &Suite, month: &str, arguments: &[&str]) -> Vec<u8> {
    suite.run(&[arguments, &JURISDICTION, &["--month", month]].concat()).expect(0)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A bundle, and the records that it was counted from.
#[derive(Clone)]
struct Files {
    bundle: PathBuf,
    records: PathBuf,
}

impl Files {
    fn of_version(suite: &Suite, month: &str, version: &str) -> Self {
        let path = |what: &str| suite.scratch().join(format!("{month}-{version}.{what}"));
        let files = Self { bundle: path("json"), records: path("records") };
        let number = ["--version-number", version];
        of(suite, month, &[&["verify", "--out", text(&files.bundle)], &number[..]].concat());
        files.export(suite, month, version);
        files
    }

    fn export(&self, suite: &Suite, month: &str, version: &str) {
        let out = ["--version-number", version, "--out", text(&self.records)];
        of(suite, month, &[&["export-records"], &out[..]].concat());
        let mode = fs::metadata(&self.records).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    /// The exit code of both programs, and what they say, which is the same.
    fn verify(&self) -> (i32, String) {
        let elsewhere = folder();
        let arguments = [text(&self.bundle), "--facts", text(&self.records)];
        let done = chengping(elsewhere.path(), &[&["verify"], &arguments[..]].concat());
        let small = Command::new(program("chengping-verify"))
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .output()
            .unwrap();
        assert_eq!(small.status.code(), Some(done.code), "{small:?}");
        let said = |stdout: &[u8]| {
            let said = String::from_utf8_lossy(stdout);
            said.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>()
        };
        assert_eq!(said(&small.stdout), said(&done.stdout));
        (done.code, said(&done.stdout))
    }

    #[track_caller]
    fn assert_verified(&self) {
        let (code, said) = self.verify();
        assert_eq!(code, 0, "{said}");
        for check in ["records", "registry", "tallies"] {
            assert!(said.contains(&format!("ok       {check}")), "{said}");
        }
        assert!(said.contains("of the registry sha256:"), "{said}");
    }

    #[track_caller]
    fn assert_fails(&self, check: &str, with: &str) {
        let (code, said) = self.verify();
        assert_eq!(code, 1, "{said}");
        let line =
            |line: &str| line.starts_with(&format!("FAILED   {check} ")) && line.contains(with);
        assert!(said.lines().any(line), "no {check} with {with} in\n{said}");
    }

    /// The same with other records.
    fn with_records(&self, bytes: &[u8]) -> Self {
        let records = self.records.with_extension("changed");
        fs::write(&records, bytes).unwrap();
        Self { records, ..self.clone() }
    }

    /// The same with records that somebody changed who knows the format.
    fn rewritten(
        &self,
        head: impl Fn(&mut Head),
        mut cases: impl FnMut(CaseRecords) -> CaseRecords,
    ) -> Self {
        let file = fs::read(&self.records).unwrap();
        let mut reader = Reader::new(&file[..]).unwrap();
        let mut changed = reader.head().clone();
        head(&mut changed);
        let mut writer = Writer::new(Vec::new(), &changed).unwrap();
        while let Some(page) = reader.next_page().unwrap() {
            let mut rest = page.frames.as_slice();
            while let Some(frame) = next_frame(&mut rest).unwrap() {
                writer.write(&cases(CaseRecords::unpack(frame).unwrap()).pack()).unwrap();
            }
        }
        self.with_records(&writer.finish().unwrap())
    }

    /// The same with another bundle.
    fn with_input(&self, change: impl Fn(&mut Value)) -> Self {
        let mut json: Value = serde_json::from_slice(&fs::read(&self.bundle).unwrap()).unwrap();
        change(&mut json["document"]["input"]);
        let bundle = self.bundle.with_extension("changed");
        fs::write(&bundle, json.to_string()).unwrap();
        Self { bundle, ..self.clone() }
    }
}

/// The records of a case without its last event.
fn without_last_event(records: CaseRecords) -> CaseRecords {
    let mut fewer = CaseRecords::new(records.case().clone(), records.sequence());
    let kept = records.events().len() - 1;
    let events = records.sequenced().take(kept);
    fewer.add(events.map(|(event, sequence)| (event.clone(), sequence)), []).unwrap();
    fewer
}

/// Adds one to the first count below a value; gives its pointer.
fn count_one_more(value: &mut Value, pointer: &mut String) -> bool {
    match value {
        Value::Number(number) => {
            *value = (number.as_u64().unwrap() + 1).into();
            true
        }
        Value::Object(members) => members.iter_mut().any(|(key, value)| {
            let above = pointer.len();
            pointer.push('/');
            pointer.push_str(key);
            let found = count_one_more(value, pointer);
            if !found {
                pointer.truncate(above);
            }
            found
        }),
        _ => false,
    }
}

fn assert_changes_are_named(files: &Files) {
    let bytes = fs::read(&files.records).unwrap();
    let frames = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for place in [0, frames / 2, frames, (frames + bytes.len()) / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        files.with_records(&changed).assert_fails("records", "");
    }
    files.with_records(&bytes[..bytes.len() * 2 / 3]).assert_fails("records", "ends too early");
    files.with_records(b"").assert_fails("records", "is no file of case records");

    // Whoever knows the format makes its own digest right, and not that of the snapshot.
    let mut number = 0;
    let dropped = files.rewritten(
        |_| {},
        |records| {
            number += 1;
            if number == 100 { without_last_event(records) } else { records }
        },
    );
    dropped.assert_fails("records", "records, the snapshot is of");
    dropped.assert_fails("records", "the records give sha256:");
    let registry = |head: &mut Head| {
        let area = head.registry.areas.iter_mut().find(|area| area.district.is_some()).unwrap();
        area.district = None;
        area.subdistrict = None;
    };
    let moved = files.rewritten(registry, |records| records);
    moved.assert_fails("tallies", "/document/input/tallies/bodies/");
    let unnamed = |head: &mut Head| "别名".clone_into(&mut head.registry.bodies[0].name);
    files.rewritten(unnamed, |records| records).assert_fails("registry", "别名");

    for month in ["tallies", "earlier"] {
        let mut pointer = format!("/document/input/{month}");
        let mut input: Value = serde_json::from_slice(&fs::read(&files.bundle).unwrap()).unwrap();
        let sealed = &mut input["document"]["input"][month];
        assert!(count_one_more(sealed, &mut pointer));
        let sealed = sealed.clone();
        let changed = files.with_input(|input| input[month] = sealed.clone());
        changed.assert_fails("tallies", &format!("at {pointer}: "));
        changed.assert_fails("tallies", "the records give ");
    }
}

#[tokio::test]
async fn counts_follow_from_records_offline_and_what_does_not_is_named() {
    let suite = two_months().await;
    for month in [APRIL, MAY] {
        of(&suite, month, &["evaluate"]);
        of(&suite, month, &["publish"]);
    }
    let first = Files::of_version(&suite, APRIL, "1");
    voided(&suite);
    of(&suite, APRIL, &["evaluate", "--decided", "now"]);
    of(&suite, APRIL, &["correct", "--reason", "质询1成立"]);
    let second = Files::of_version(&suite, APRIL, "2");
    let may = Files::of_version(&suite, MAY, "1");

    // Months that are put away are among the records still.
    let whole = fs::read(&may.records).unwrap();
    let archive = suite.scratch().join("april.parquet");
    of(&suite, APRIL, &["archive", "--to", text(&archive), "--reason", "over"]);
    may.export(&suite, MAY, "1");
    assert!(fs::read(&may.records).unwrap() == whole);

    let log = ["access-log", "--format", "csv"];
    let log = String::from_utf8(suite.run(&[&log[..], &JURISDICTION].concat()).expect(0)).unwrap();
    let of_records = |line: &&str| line.contains("StreamRecords") && line.contains("/records");
    assert_eq!(log.lines().filter(of_records).count(), 4, "{log}");
    let _kept = suite.stop().await;

    for files in [&first, &second, &may] {
        files.assert_verified();
    }
    let other = Files { bundle: second.bundle.clone(), records: first.records.clone() };
    other.assert_fails("records", "/document/input/snapshot/watermark");
    other.assert_fails("records", "/document/input/decided");
    assert_changes_are_named(&may);

    // Without records, it is said that nothing was counted again.
    let done = chengping(folder().path(), &["verify", text(&may.bundle)]);
    let said = String::from_utf8(done.expect(0)).unwrap();
    assert!(said.contains("note     no case records were given"), "{said}");
}
