//! Bundles as `chengping verify` meets them: sound, altered, forged.

use chengping_types::{Digest, canonical};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Bundle, Check, Evidence, Outcome, Proofs, Report, Standing, verify};
use crate::checkpoint::{Checkpoint, origin};
use crate::merkle::TreeHead;
use crate::note::{SignedNote, Signer, VerifierKey};
use crate::version::{Draft, Entry, Link, SealedVersion, seal};
use crate::withdrawal::Withdrawal;

/// Stands for scoring: a body's score is 100 less its late cases.
fn recompute(input: &Value) -> Result<Vec<u8>, String> {
    let late = input["late"].as_object().ok_or("the input has no `late`")?;
    let bodies: serde_json::Map<_, _> = late
        .iter()
        .map(|(body, late)| (body.clone(), json!({"late": late, "score": score(late)})))
        .collect();
    let results = json!({"bodies": bodies, "jurisdiction": "zz", "month": input["month"].clone()});
    canonical::to_vec(&results).map_err(|error| error.to_string())
}

fn score(late: &Value) -> String {
    late.as_i64().map_or_else(|| "none".to_owned(), |late| format!("{}.00", 100 - late))
}

/// An office with its log: three months, the second of which was corrected last.
struct Office {
    log: Signer,
    witness: Signer,
    versions: Vec<SealedVersion>,
    entries: Vec<Entry>,
}

impl Office {
    fn new() -> Self {
        let zz = "zz".parse().unwrap();
        let mut office = Self {
            log: Signer::new(&origin("pingjia.example", &zz), [1; 32]).unwrap(),
            witness: Signer::new("witness.example/w1", [2; 32]).unwrap(),
            versions: Vec::new(),
            entries: Vec::new(),
        };
        for month in ["2018-03", "2018-04", "2018-05"] {
            office.publish(month, json!({"d01": 3, "d02": 0}), None);
        }
        office.publish("2018-04", json!({"d01": 2, "d02": 0}), Some("an upheld inquiry"));
        office
    }

    fn publish(&mut self, month: &str, late: Value, reason: Option<&str>) {
        let input = json!({"late": late, "month": month, "note": "评价数据"});
        let results = serde_json::from_slice(&recompute(&input).unwrap()).unwrap();
        let month = month.parse().unwrap();
        let mut latest = self.versions.iter().rev();
        let latest = latest.find(|version| version.document().month == month);
        let draft = Draft {
            jurisdiction: "zz".parse().unwrap(),
            month,
            supersedes: latest.map(SealedVersion::superseded),
            reason: reason.map(str::to_owned),
            publish_time: "2018-06-10T09:00:00+08:00".to_owned(),
            chain: Link::after(&self.leaves()),
            results,
            input,
            reported: Vec::new(),
        };
        let sealed = seal(draft).unwrap();
        self.entries.push(sealed.entry());
        self.versions.push(sealed);
    }

    /// Withdraws version `index`.
    fn withdraw(&mut self, index: usize) {
        let chain = Link::after(&self.leaves());
        let (reason, time) = ("wrong source".to_owned(), "2018-07-01T09:00:00+08:00".to_owned());
        let entry = self.versions[index].entry();
        self.entries.push(Withdrawal::of(&entry, reason, time, chain).unwrap().entry());
    }

    fn entries(&self) -> Vec<Entry> {
        self.entries.clone()
    }

    fn leaves(&self) -> Vec<Digest> {
        self.entries().iter().map(Entry::leaf).collect()
    }

    fn checkpoint(&self) -> SignedNote {
        let checkpoint =
            Checkpoint::new(self.log.verifier_key().name(), TreeHead::of(&self.leaves()));
        checkpoint.unwrap().signed_by(&self.log).signed_by(&self.witness)
    }

    fn keys(&self) -> Vec<VerifierKey> {
        vec![self.log.verifier_key(), self.witness.verifier_key()]
    }

    /// The bundle of version `index` of the log, with the whole log or with proofs.
    fn bundle(&self, index: usize, whole_log: bool) -> Vec<u8> {
        let log = if whole_log {
            Evidence::Entries(self.entries())
        } else {
            let place = self.versions[index].document().chain.index;
            Evidence::Proofs(Proofs::of(&self.entries(), place).unwrap())
        };
        let sealed = &self.versions[index];
        let earlier = match sealed.document().version {
            1 => vec![],
            _ => vec![self.versions[1].clone()],
        };
        Bundle::new(sealed, log, &self.checkpoint(), self.keys()).with_earlier(&earlier).to_vec()
    }

    fn verify(&self, bundle: &[u8]) -> Report {
        verify(bundle, &[self.log.verifier_key()], recompute)
    }
}

fn text(bundle: Vec<u8>) -> String {
    String::from_utf8(bundle).unwrap()
}

/// The checks that failed, with the first place each.
fn failed(report: &Report) -> Vec<(Check, String)> {
    let mut failed: Vec<(Check, String)> = Vec::new();
    for (check, failure) in report.failures() {
        if failed.last().is_none_or(|(last, _)| *last != check) {
            failed.push((check, failure.place.to_string()));
        }
    }
    failed
}

#[test]
fn a_withdrawn_version_verifies_and_is_said_to_be_withdrawn() {
    let mut office = Office::new();
    office.withdraw(3);
    let report = office.verify(&office.bundle(3, true));
    assert!(report.verified(), "{report}");
    assert_eq!(report.standing, Some(Standing { superseded_by: None, withdrawn: true }));
    assert!(report.to_string().contains("was withdrawn"), "{report}");
    let before = office.verify(&office.bundle(1, true)).standing;
    assert_eq!(before, Some(Standing { superseded_by: Some(2), withdrawn: false }));
    let bundle = Bundle::parse(&office.bundle(3, true)).unwrap();
    let standing = bundle.standing(&bundle.sealed().unwrap());
    assert_eq!(standing, report.standing, "without a check, too");
    // The next version corrects what was withdrawn, and is itself checked either way.
    office.publish("2018-04", json!({"d01": 1, "d02": 0}), Some("mended"));
    for whole_log in [true, false] {
        let index = office.versions.len() - 1;
        let log = if whole_log {
            Evidence::Entries(office.entries())
        } else {
            Evidence::Proofs(Proofs::of(&office.entries(), 5).unwrap())
        };
        let sealed = &office.versions[index];
        let bundle = Bundle::new(sealed, log, &office.checkpoint(), office.keys()).to_vec();
        let report = office.verify(&bundle);
        assert!(report.verified(), "{report}");
        let standing = Standing { superseded_by: None, withdrawn: false };
        assert_eq!(report.standing, whole_log.then_some(standing));
    }
}

#[test]
fn proofs_do_not_say_whether_a_version_stands() {
    let mut office = Office::new();
    office.withdraw(3);
    let said = "the bundle does not say whether it stands";
    // Version 1 of April is superseded, version 2 withdrawn: no proof shows either.
    for index in [1, 3] {
        let report = office.verify(&office.bundle(index, false));
        assert!(report.verified(), "{report}");
        assert_eq!(report.notes()[1..], [said], "{report}");
        assert!(report.notes()[0].ends_with("the counts were not counted again"), "{report}");
        let json = serde_json::to_value(&report).unwrap();
        assert!(json.get("withdrawn").is_none() && json.get("superseded_by").is_none(), "{json}");
    }
    let report = office.verify(&office.bundle(3, true));
    assert_eq!(serde_json::to_value(&report).unwrap()["withdrawn"], true);
    assert!(!report.to_string().contains(said), "{report}");
    assert!(office.verify(b"nothing").notes().is_empty(), "of what is no bundle nothing is said");
}

#[test]
fn a_log_that_withdraws_what_does_not_stand_is_found() {
    // Twice the same, and a version that is corrected already.
    for withdrawn in [vec![3, 3], vec![1]] {
        let mut office = Office::new();
        withdrawn.iter().for_each(|index| office.withdraw(*index));
        let report = office.verify(&office.bundle(0, true));
        let place = format!("/log/entries/{}", office.entries.len() - 1);
        assert_eq!(failed(&report), [(Check::Chain, place)], "{report}");
    }
}

#[test]
fn every_sound_bundle_verifies() {
    let office = Office::new();
    for index in 0..office.versions.len() {
        for whole_log in [true, false] {
            let report = office.verify(&office.bundle(index, whole_log));
            assert!(report.verified(), "{report}");
            assert_eq!(report.digest, Some(office.versions[index].digest()));
            assert_eq!(report.signers, ["pingjia.example/zz"]);
            let superseded_by = (index == 1).then_some(2);
            let standing = Standing { superseded_by, withdrawn: false };
            assert_eq!(report.standing, whole_log.then_some(standing));
        }
    }
}

#[test]
fn a_better_score_is_found_by_computing_it_again() {
    let office = Office::new();
    let altered = text(office.bundle(2, true)).replace("97.00", "98.00");
    let report = office.verify(altered.as_bytes());
    assert_eq!(
        failed(&report),
        [
            (Check::Seal, "/digest".to_owned()),
            (Check::Contents, "/document/results_digest".to_owned()),
            (Check::Inclusion, "/log/entries/2/document".to_owned()),
            (Check::Recomputation, "/document/results/bodies/d01/score".to_owned()),
        ]
    );
    let (_, failure) = report.failures().last().unwrap();
    assert_eq!(failure.message, r#"the input gives "97.00", the results say "98.00""#);
    assert!(report.to_string().ends_with("NOT VERIFIED\n"), "{report}");
}

#[test]
fn an_altered_input_is_found() {
    let office = Office::new();
    let altered = text(office.bundle(2, true)).replace("评价数据", "评价数锯");
    let report = office.verify(altered.as_bytes());
    let contents = (Check::Contents, "/document/input_digest".to_owned());
    assert!(failed(&report).contains(&contents), "{report}");
    assert_eq!(report.outcome(Check::Recomputation), &Outcome::Passed);
}

#[test]
fn an_altered_header_is_told_from_altered_contents() {
    let office = Office::new();
    let altered = text(office.bundle(3, false)).replace("upheld", "Upheld");
    let report = office.verify(altered.as_bytes());
    assert_eq!(report.outcome(Check::Contents), &Outcome::Passed);
    assert!(failed(&report).contains(&(Check::Seal, "/digest".to_owned())), "{report}");
}

#[test]
fn an_office_that_forges_everything_but_the_checkpoint_is_found() {
    let office = Office::new();
    let mut forged = Office::new();
    forged.versions.truncate(2);
    forged.entries.truncate(2);
    forged.publish("2018-05", json!({"d01": 0, "d02": 0}), None);
    forged.publish("2018-04", json!({"d01": 2, "d02": 0}), Some("an upheld inquiry"));
    let log = Evidence::Entries(forged.entries());
    let sealed = &forged.versions[2];
    let bundle = Bundle::new(sealed, log, &office.checkpoint(), office.keys()).to_vec();
    let report = office.verify(&bundle);
    assert_eq!(failed(&report), [(Check::Inclusion, "/log/entries".to_owned())], "{report}");
}

#[test]
fn two_forms_of_one_version_in_a_log_are_found() {
    let mut office = Office::new();
    office.versions.pop();
    office.entries.pop();
    let latest = office.versions[1].clone();
    let draft = Draft {
        jurisdiction: "zz".parse().unwrap(),
        month: "2018-04".parse().unwrap(),
        supersedes: None,
        reason: None,
        publish_time: "2018-06-11T09:00:00+08:00".to_owned(),
        chain: Link::after(&office.leaves()),
        results: latest.document().results.clone(),
        input: latest.document().input.clone(),
        reported: Vec::new(),
    };
    let second = seal(draft).unwrap();
    office.entries.push(second.entry());
    office.versions.push(second);
    let report = office.verify(&office.bundle(2, true));
    assert_eq!(failed(&report), [(Check::Chain, "/log/entries/3/version".to_owned())]);
}

#[test]
fn a_bundle_vouches_for_nothing_by_its_own_keys() {
    let office = Office::new();
    let bundle = office.bundle(0, true);
    let nobody = verify(&bundle, &[], recompute);
    assert_eq!(failed(&nobody), [(Check::Signature, "/checkpoint".to_owned())]);
    let witness = verify(&bundle, &[office.witness.verifier_key()], recompute);
    assert_eq!(failed(&witness), [(Check::Signature, "/checkpoint".to_owned())]);
}

#[test]
fn the_log_of_another_jurisdiction_does_not_count() {
    let mut office = Office::new();
    office.log = Signer::new("pingjia.example/kf", [1; 32]).unwrap();
    let report = office.verify(&office.bundle(0, true));
    assert_eq!(failed(&report), [(Check::Signature, "/checkpoint".to_owned())]);
    let (_, failure) = report.failures().next().unwrap();
    assert_eq!(failure.message, "pingjia.example/kf is not the log of zz");
}

#[test]
fn a_verifier_that_cannot_compute_does_not_verify() {
    let office = Office::new();
    let trusted = [office.log.verifier_key()];
    let report = verify(&office.bundle(0, true), &trusted, |_| Err("engine 9 is not known here"));
    assert_eq!(failed(&report), [(Check::Recomputation, "/document/input".to_owned())]);
}

#[test]
fn what_is_no_bundle_fails_where_it_ceases_to_be_one() {
    let office = Office::new();
    let bundle = office.bundle(0, true);
    for length in [0, 1, 100, bundle.len() - 1] {
        let report = office.verify(&bundle[..length]);
        assert!(!report.verified());
        assert_eq!(report.failures().count(), 1);
        assert_eq!(report.outcome(Check::Seal), &Outcome::NotRun);
    }
    let report = office.verify(&[&bundle[..], b"\n"].concat());
    assert_eq!(failed(&report), [(Check::Form, format!("byte {}", bundle.len()))]);
}

#[test]
fn a_flipped_bit_anywhere_in_a_bundle_is_found_and_named() {
    let office = Office::new();
    for whole_log in [true, false] {
        let bundle = office.bundle(3, whole_log);
        // A stride prime to every period in the file; all positions would take minutes.
        for position in (0..bundle.len()).step_by(23) {
            let mut flipped = bundle.clone();
            flipped[position] ^= 1 << (position % 8);
            let report = office.verify(&flipped);
            assert!(!report.verified(), "byte {position} of {}", text(bundle));
            assert!(report.failures().all(|(_, failure)| !failure.message.is_empty()));
        }
    }
}

proptest! {
    #[test]
    fn altered_bytes_of_a_bundle_are_found_and_named(
        index in 0..4_usize,
        whole_log in any::<bool>(),
        alterations in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..4),
    ) {
        let office = Office::new();
        let bundle = office.bundle(index, whole_log);
        let mut altered = bundle.clone();
        for (position, change) in alterations {
            altered[position.index(bundle.len())] ^= change;
        }
        prop_assume!(altered != bundle);
        let report = office.verify(&altered);
        prop_assert!(report.failures().next().is_some(), "{}", report);
    }
}
