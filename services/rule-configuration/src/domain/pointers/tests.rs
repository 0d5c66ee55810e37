//! Several processes and one database as a model: reads, announcements, activations and time in
//! any order. The law is that of a register: whoever asks after an activation was answered is never
//! told what was in force before it.

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};

use super::*;

const TTL: Duration = Duration::from_millis(100);
const PROCESSES: usize = 3;

fn zz() -> JurisdictionId {
    "zz".parse().unwrap()
}

fn month() -> Month {
    "2018-04".parse().unwrap()
}

#[derive(Debug, Clone)]
enum Step {
    /// Somebody asks a process; nothing that it remembers may be older than what was answered.
    Ask(usize),
    /// A process begins to read for a caller.
    Begin(usize),
    /// The database answers its oldest read.
    See(usize),
    /// What was seen is remembered.
    Keep(usize),
    /// The write of an announcement begins, and another step makes it hold.
    Announce(usize),
    Announced(usize, bool),
    /// A process commits an activation; it answers when it may.
    Activate(usize),
    /// Time goes on, in milliseconds.
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let process = 0..PROCESSES;
    prop_oneof![
        3 => process.clone().prop_map(Step::Ask),
        3 => process.clone().prop_map(Step::Begin),
        3 => process.clone().prop_map(Step::See),
        3 => process.clone().prop_map(Step::Keep),
        2 => process.clone().prop_map(Step::Announce),
        2 => (process.clone(), prop::bool::weighted(0.9))
            .prop_map(|(process, told)| Step::Announced(process, told)),
        1 => process.prop_map(Step::Activate),
        3 => (0_u16..80).prop_map(Step::Wait),
    ]
}

struct Process {
    pointers: Pointers<u64>,
    reads: Vec<Reading>,
    seen: Vec<(Reading, u64)>,
    /// Announcements that are being written.
    writes: Vec<SteadyInstant>,
    /// Whether the database holds one.
    is_announced: bool,
}

struct World {
    now: SteadyInstant,
    /// How many activations were committed.
    committed: u64,
    /// Of those waiting for leases: the activation, and when it may be answered.
    waiting: Vec<(u64, SteadyInstant)>,
    processes: Vec<Process>,
    /// How long an activation waits for others.
    wait: Duration,
}

impl World {
    fn new(wait: Duration) -> Self {
        let process = || Process {
            pointers: Pointers::new(TTL),
            reads: Vec::new(),
            seen: Vec::new(),
            writes: Vec::new(),
            is_announced: false,
        };
        Self {
            now: SteadyInstant::now(),
            committed: 0,
            waiting: Vec::new(),
            processes: (0..PROCESSES).map(|_| process()).collect(),
            wait,
        }
    }

    /// The newest activation that was answered.
    fn answered(&self) -> u64 {
        let is_open = |activation: u64| {
            self.waiting.iter().any(|(open, at)| *open == activation && *at > self.now)
        };
        (1..=self.committed).rev().find(|activation| !is_open(*activation)).unwrap_or(0)
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let (now, committed) = (self.now, self.committed);
        match *step {
            Step::Ask(process) => {
                let answered = self.answered();
                match self.processes[process].pointers.look(&zz(), month(), now) {
                    Look::Believed(revision) | Look::Renew(revision) => {
                        prop_assert!(revision >= answered, "{revision} after {answered}");
                    }
                    Look::Unknown => {}
                }
            }
            Step::Begin(process) => {
                let process = &mut self.processes[process];
                process.reads.push(process.pointers.begin(&zz(), now));
            }
            Step::See(process) => {
                let process = &mut self.processes[process];
                process.seen.extend(process.reads.pop().map(|reading| (reading, committed)));
            }
            Step::Keep(process) => {
                let process = &mut self.processes[process];
                if let Some((reading, seen)) = process.seen.pop() {
                    process.pointers.keep(&zz(), month(), reading, seen, now);
                }
            }
            Step::Announce(process) => self.processes[process].writes.push(now),
            Step::Announced(process, told) => {
                let process = &mut self.processes[process];
                if let Some(began) = process.writes.pop() {
                    process.is_announced |= told;
                    process.pointers.announced(&zz(), began, told);
                }
            }
            Step::Activate(by) => {
                self.committed += 1;
                self.processes[by].pointers.forget(&zz());
                let mut others = self.processes.iter().enumerate();
                let must_wait = others.any(|(index, other)| index != by && other.is_announced);
                if must_wait {
                    self.waiting.push((self.committed, now + self.wait));
                }
            }
            Step::Wait(ms) => self.now = now + Duration::from_millis(ms.into()),
        }
        Ok(())
    }
}

/// Many histories in which activations wait for so long.
fn histories(wait: Duration) -> Result<(), TestError<Vec<Step>>> {
    let config = ProptestConfig { max_shrink_iters: 0, ..ProptestConfig::with_cases(400) };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let steps = prop::collection::vec(step(), 0..120);
    TestRunner::new_with_rng(config, rng).run(&steps, |steps| {
        let mut world = World::new(wait);
        steps.iter().try_for_each(|step| world.take(step))
    })
}

#[test]
fn nobody_believes_what_an_answered_activation_replaced() {
    histories(TTL).unwrap();
}

/// Else the test above would not say anything.
#[test]
fn the_model_notices_an_activation_that_does_not_wait_long_enough() {
    assert!(histories(TTL / 2).is_err());
}

fn remembering() -> (Pointers<u64>, SteadyInstant) {
    let (pointers, now) = (Pointers::new(TTL), SteadyInstant::now());
    let first = pointers.begin(&zz(), now);
    // The first read finds out that there is something worth announcing.
    assert!(pointers.keep(&zz(), month(), first, 1, now));
    assert!(!pointers.keep(&zz(), month(), first, 1, now));
    assert_eq!(pointers.look(&zz(), month(), now), Look::Unknown);
    pointers.announced(&zz(), now, true);
    let second = pointers.begin(&zz(), now);
    assert!(!pointers.keep(&zz(), month(), second, 1, now));
    (pointers, now)
}

#[test]
fn a_pointer_is_believed_then_renewed_by_one_and_then_not_believed() {
    let (pointers, now) = remembering();
    let ms = Duration::from_millis;
    assert_eq!(pointers.look(&zz(), month(), now + ms(49)), Look::Believed(1));
    assert_eq!(pointers.look(&zz(), month(), now + ms(50)), Look::Renew(1));
    assert_eq!(pointers.look(&zz(), month(), now + ms(99)), Look::Believed(1));
    assert_eq!(pointers.look(&zz(), month(), now + ms(100)), Look::Unknown);
    assert_eq!(pointers.find(&zz(), |known| *known == 1), Some(1));
}

#[test]
fn what_was_being_read_when_it_was_forgotten_is_not_kept() {
    let (pointers, now) = remembering();
    let reading = pointers.begin(&zz(), now);
    pointers.forget(&zz());
    pointers.keep(&zz(), month(), reading, 1, now);
    assert_eq!(pointers.look(&zz(), month(), now), Look::Unknown);
}

#[test]
fn an_announcement_that_is_old_is_made_again_and_then_not_trusted() {
    let (pointers, now) = remembering();
    let later = now + ANNOUNCE_AGAIN;
    let reading = pointers.begin(&zz(), later);
    assert!(pointers.keep(&zz(), month(), reading, 2, later));
    // It failed: the old one still counts, and the next read tries again.
    pointers.announced(&zz(), later, false);
    assert!(pointers.keep(&zz(), month(), reading, 2, later));
    let too_late = now + ANNOUNCED;
    assert_eq!(pointers.begin(&zz(), too_late).began, None);
}

#[test]
fn without_time_to_live_nothing_is_remembered_or_announced() {
    let (pointers, now) = (Pointers::new(Duration::ZERO), SteadyInstant::now());
    let reading = pointers.begin(&zz(), now);
    assert!(!pointers.keep(&zz(), month(), reading, 1, now));
    assert_eq!(pointers.look(&zz(), month(), now), Look::Unknown);
    assert_eq!(pointers.jurisdictions(), []);
}

#[test]
fn memory_is_bounded_whoever_asks_for_what() {
    let (pointers, now) = remembering();
    for months in 0..2000 {
        let reading = pointers.begin(&zz(), now);
        pointers.keep(&zz(), month().plus(months), reading, 1, now);
    }
    assert!(pointers.slot(&zz()).unwrap().state().months.len() <= MONTHS_MAX);
    let reading = pointers.begin(&zz(), now);
    for number in 0..2000 {
        pointers.forget(&format!("j{number}").parse().unwrap());
    }
    assert!(pointers.jurisdictions().len() <= JURISDICTIONS_MAX);
    // The read began when there was another slot, of which nobody knows what happened to it.
    pointers.keep(&zz(), month(), reading, 1, now);
    assert_eq!(pointers.look(&zz(), month(), now), Look::Unknown);
}
