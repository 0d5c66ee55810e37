use super::*;

fn at(micros: i64) -> Instant {
    Instant::from_micros(micros)
}

fn wish(kind: DecidedKind, outcome: &str) -> WishedEvent {
    WishedEvent {
        case_no: String::new(),
        has_number: false,
        kind: Some(kind),
        at: None,
        unit: None,
        due: None,
        outcome: outcome.to_owned(),
        no_deadline: false,
        has_more: false,
    }
}

fn decide(
    subject: Subject,
    wished: Vec<WishedEvent>,
    mended_by: Option<&str>,
) -> Result<Vec<DecidedEvent>, Vec<String>> {
    let case_no: CaseNo = "郑-7".parse().unwrap();
    let case_no = subject.is_of_case().then_some(&case_no);
    let mended_by = mended_by.map(|text| Mended::parse(text).unwrap());
    let about = About { inquiry: 7, subject, case_no, now: at(1000), seen_to: Some(at(500)) };
    let fields = |faults: Vec<Fault>| faults.into_iter().map(|(field, _)| field).collect();
    events(&about, wished, mended_by.as_ref()).map_err(fields)
}

#[test]
fn an_exemption_is_dated_and_numbered_by_the_decision() {
    let made = decide(Subject::CaseFact, vec![wish(DecidedKind::Exempted, "late")], None).unwrap();
    let [event] = &made[..] else { panic!("one event") };
    assert_eq!((event.at, event.case_no.as_str()), (at(1000), "郑-7"));
    assert_eq!(event.event_no, 4_000_000_000_000_701);
    assert!(event.event_no < 1 << 53, "every reader of JSON keeps it");
    assert_eq!(event_no(7, 1), event.event_no, "it is the same however often it is made");
}

#[test]
fn each_subject_has_its_events() {
    for subject in Subject::ALL {
        for kind in DecidedKind::ALL {
            let outcome = kind.outcomes().first().copied().unwrap_or_default();
            let wished = WishedEvent {
                at: Some(at(5)),
                unit: kind.wants_unit().then(|| "b1".parse().unwrap()),
                due: matches!(kind, DecidedKind::Extended | DecidedKind::Dispatched)
                    .then_some(at(9)),
                ..wish(*kind, outcome)
            };
            let fits = kind.fits(*subject);
            let made = decide(*subject, vec![wished], None);
            assert_eq!(made.is_ok(), fits, "{subject} {kind}: {made:?}");
        }
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let odd = WishedEvent {
        case_no: "another".to_owned(),
        has_number: true,
        at: Some(at(2000)),
        unit: Some("b1".parse().unwrap()),
        has_more: true,
        ..wish(DecidedKind::Exempted, "wrong")
    };
    let faults = decide(Subject::CaseFact, vec![odd], None).unwrap_err();
    for field in ["case_no", "event_no", "kind", "outcome", "unit", "event_time"] {
        assert!(faults.contains(&format!("events[0].{field}")), "{field}: {faults:?}");
    }
    let many = vec![wish(DecidedKind::Exempted, "late"); EVENTS_MAX + 1];
    assert_eq!(decide(Subject::CaseFact, many, None).unwrap_err(), ["events"]);
    assert_eq!(decide(Subject::CaseFact, vec![], None).unwrap_err(), ["events"]);
    let unseen = WishedEvent { at: Some(at(500)), ..wish(DecidedKind::Handled, "") };
    let behind = decide(Subject::CaseFact, vec![unseen], None).unwrap_err();
    assert_eq!(behind, ["events[0].event_time"], "no version of the month would see it");
    let undated = vec![WishedEvent { due: Some(at(9)), ..wish(DecidedKind::Extended, "") }];
    assert_eq!(decide(Subject::CaseFact, undated, None).unwrap_err(), ["events[0].event_time"]);
    let unit = Some("b1".parse().unwrap());
    let endless = WishedEvent { at: Some(at(1)), unit, ..wish(DecidedKind::Dispatched, "") };
    let open = WishedEvent { no_deadline: true, ..endless.clone() };
    assert!(decide(Subject::CaseFact, vec![open.clone()], None).is_ok());
    assert_eq!(decide(Subject::CaseFact, vec![endless], None).unwrap_err(), ["events[0].due_time"]);
    let both = vec![WishedEvent { due: Some(at(2)), ..open }];
    assert_eq!(decide(Subject::CaseFact, both, None).unwrap_err(), ["events[0].no_deadline"]);
}

#[test]
fn what_no_event_mends_names_what_did() {
    let registry = "jurisdictions/zz/registryRevisions/4";
    for subject in [Subject::RegistryValue, Subject::Formula] {
        assert_eq!(decide(subject, vec![], None).unwrap_err(), ["mended_by"]);
        assert_eq!(decide(subject, vec![], Some(registry)), Ok(vec![]));
    }
    assert_eq!(decide(Subject::Stream, vec![], Some(registry)), Ok(vec![]));
    let exempted = || vec![wish(DecidedKind::Exempted, "late")];
    assert_eq!(decide(Subject::CaseFact, exempted(), Some(registry)).unwrap_err(), ["mended_by"]);
    assert_eq!(Mended::parse("jurisdictions/zz/cases/1"), None);
}

#[test]
fn an_evaluation_holds_what_it_saw() {
    let seen = Seen {
        as_of: at(100),
        decided: at(2000),
        watermark: 50,
        rule_pack: Some(("zz-2018".parse().unwrap(), 3)),
        registry: Some("jurisdictions/zz/registryRevisions/4".parse().unwrap()),
    };
    let with = |mut wished: WishedEvent, time: i64, watermark: Option<u64>| {
        wished.at = Some(at(time));
        let events = decide(Subject::CaseFact, vec![wished], None).unwrap();
        let event = events.into_iter().next().unwrap();
        Remedy { events: vec![(event, watermark)], mended_by: None }
    };
    let exempted = || wish(DecidedKind::Exempted, "late");
    let handled = || wish(DecidedKind::Handled, "");
    assert!(seen.holds(&with(exempted(), 1000, Some(50))));
    assert!(!seen.holds(&with(exempted(), 1000, Some(51))), "it came later");
    assert!(!seen.holds(&with(exempted(), 1000, None)), "it is not written yet");
    assert!(seen.holds(&with(handled(), 99, Some(1))));
    assert!(!seen.holds(&with(handled(), 100, Some(1))), "behind the view");
    let mended = |text: &str| Remedy { events: vec![], mended_by: Mended::parse(text) };
    for (text, held) in [
        ("jurisdictions/zz/registryRevisions/4", true),
        ("jurisdictions/zz/registryRevisions/5", false),
        ("jurisdictions/zz/rulePacks/zz-2018/revisions/3", true),
        ("jurisdictions/zz/rulePacks/zz-2018/revisions/4", false),
        ("jurisdictions/zz/rulePacks/other/revisions/1", false),
    ] {
        assert_eq!(seen.holds(&mended(text)), held, "{text}");
    }
}
