//! An office that publishes months of a few bodies.

use std::collections::BTreeMap;

use chengping_casework::Base;
use chengping_ledger::bundle::{Bundle, Evidence, Proofs};
use chengping_ledger::checkpoint::{Checkpoint, origin};
use chengping_ledger::merkle::{self, TreeHead};
use chengping_ledger::note::Signer;
use chengping_ledger::version::{Draft, Link, SealedVersion, seal};
use chengping_ledger::withdrawal::Withdrawal;
use chengping_rules::{RulePack, builtin};
use chengping_scoring::{ENGINE, Input, PackRevision, Part, Snapshot, Tallies, score};
use chengping_types::registry::Body;
use chengping_types::{BodyKind, Digest, Instant, Month, Stream};

/// What the log is called.
pub(crate) fn log() -> String {
    origin("pingjia.example", &"zz".parse().unwrap())
}

pub(crate) fn signer() -> Signer {
    Signer::new(&log(), [7; 32]).unwrap()
}

/// A bundle of April 2018 with the whole log.
pub(crate) fn april() -> Vec<u8> {
    let sealed = sealed();
    let leaves = [sealed.entry().leaf()];
    bundle(&sealed, Evidence::Entries(vec![sealed.entry()]), &leaves)
}

/// The same with a proof instead of the log.
pub(crate) fn april_by_proof() -> Vec<u8> {
    let sealed = sealed();
    let leaves = [sealed.entry().leaf()];
    let path = merkle::inclusion_path(&leaves, 0).unwrap();
    let proofs = Proofs { path, previous_leaf: None, previous_version: None };
    bundle(&sealed, Evidence::Proofs(proofs), &leaves)
}

/// The same after it was withdrawn.
pub(crate) fn april_withdrawn() -> Vec<u8> {
    let sealed = sealed();
    let chain = Link::after(&[sealed.entry().leaf()]);
    let time = "2018-05-11T09:00:00+08:00".to_owned();
    let withdrawal = Withdrawal::of(&sealed.entry(), "数据源有误".to_owned(), time, chain).unwrap();
    let entries = vec![sealed.entry(), withdrawal.entry()];
    let leaves: Vec<_> = entries.iter().map(|entry| entry.leaf()).collect();
    bundle(&sealed, Evidence::Entries(entries), &leaves)
}

fn bundle(sealed: &SealedVersion, evidence: Evidence, leaves: &[Digest]) -> Vec<u8> {
    let signer = signer();
    let checkpoint = Checkpoint::new(&log(), TreeHead::of(leaves)).unwrap().signed_by(&signer);
    Bundle::new(sealed, evidence, &checkpoint, vec![signer.verifier_key()]).to_vec()
}

fn sealed() -> SealedVersion {
    let input = input();
    let json = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap();
    seal(Draft {
        jurisdiction: input.jurisdiction.clone(),
        month: input.month,
        supersedes: None,
        reason: None,
        publish_time: "2018-05-10T09:00:00+08:00".to_owned(),
        chain: Link::after(&[]),
        results: json(&score(&input).results_document()),
        input: json(&input.canonical()),
        reported: Vec::new(),
    })
    .unwrap()
}

fn input() -> Input {
    let month: Month = "2018-04".parse().unwrap();
    let pack = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
    let view = Instant::parse("2018-05-04T00:00:00+08:00").unwrap();
    let mut tallies = Tallies::default();
    let mut bodies = Vec::new();
    for (id, late) in [("d01", 3), ("d02", 7)] {
        let body_id: chengping_types::BodyId = id.parse().unwrap();
        let streams = tallies.bodies.entry(body_id.clone()).or_default();
        let counts = streams.entry(Stream::Regular).or_default().entry(Part::Key).or_default();
        for (base, count) in [(Base::Due, 100), (Base::Handled, 100), (Base::OnTime, 100 - late)] {
            counts.add(base, count);
        }
        bodies.push(Body {
            body_id,
            kind: BodyKind::District,
            name: format!("{id}区"),
            parent: None,
            valid_from: month,
            valid_to: None,
            assessment_code: None,
        });
    }
    Input {
        jurisdiction: "zz".parse().unwrap(),
        month,
        as_of: view,
        decided: view,
        engine: ENGINE.to_owned(),
        rule_pack: PackRevision::new(3, pack),
        snapshot: Snapshot { watermark: 1, digest: Digest::of(b"snapshot") },
        bodies,
        former_periods: Vec::new(),
        coefficients: Vec::new(),
        tallies,
        earlier: BTreeMap::new(),
    }
}
