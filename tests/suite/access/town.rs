//! A small town with two of everything, and all kinds of callers.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use chengping_chassis::identity::{Grant, Issuer, Role, Scope};
use chengping_proto::scoring::v1::ListEvaluationsRequest;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use chengping_suite::credentials;

use super::questions;
use crate::support::{Connection, Suite, connection};

pub(super) const ZZ: &str = "jurisdictions/zz";
const MONTH: &str = "2018-03";

/// What titles and notes hold; no log may.
pub(super) const PERSONAL: [&str; 2] = ["王小明", "13800001111"];

/// A body, and of which cases it has a part.
pub(super) struct Body {
    pub(super) id: &'static str,
    kind: &'static str,
    parent: &'static str,
    pub(super) cases: &'static [&'static str],
}

const fn body(
    id: &'static str,
    kind: &'static str,
    parent: &'static str,
    cases: &'static [&'static str],
) -> Body {
    Body { id, kind, parent, cases }
}

const A: &[&str] = &["A1", "A2", "A3"];
const B: &[&str] = &["B1", "B2"];
const W: &[&str] = &["W1"];

/// Who is evaluated: the first town quarter handles the cases A, the second B, a window W.
pub(super) const BODIES: [Body; 14] = [
    body("d1", "district", "", A),
    body("s1", "subdistrict", "d1", A),
    body("d2", "district", "", B),
    body("s2", "subdistrict", "d2", B),
    body("w1", "window", "", W),
    body("b1", "bureau", "", A),
    body("b2", "bureau", "", B),
    body("u1", "specialised", "", W),
    body("c1", "collector", "", A),
    body("c2", "collector", "", B),
    body("k1", "supervision_desk", "", A),
    body("k2", "supervision_desk", "", B),
    body("m1", "command_desk", "", A),
    body("m2", "command_desk", "", B),
];

/// Somebody who calls.
pub(super) struct Caller {
    pub(super) name: &'static str,
    pub(super) role: Role,
    /// Whether they show a token.
    pub(super) token: bool,
    /// Whom they speak for; `*` for all.
    named: &'static [&'static str],
    /// Whether the registry decides what they see.
    pub(super) limited: bool,
    /// The bodies of which they are shown what belongs to them, where they are limited.
    pub(super) sees: &'static [&'static str],
    /// Whether one of these has a scorecard with cases behind it.
    pub(super) counts: bool,
}

const fn all(name: &'static str, role: Role) -> Caller {
    Caller { name, role, token: true, named: &["*"], limited: false, sees: &[], counts: false }
}

const fn some(
    name: &'static str,
    role: Role,
    named: &'static [&'static str],
    sees: &'static [&'static str],
    counts: bool,
) -> Caller {
    Caller { name, role, token: true, named, limited: true, sees, counts }
}

/// By hand, from the regulation. The order of the first four is used.
pub(super) const CALLERS: [Caller; 19] = [
    all("office", Role::Office),
    all("administrator", Role::Administrator),
    all("approver", Role::Approver),
    all("auditor", Role::Auditor),
    all("integrator", Role::Integrator),
    all("service", Role::Service),
    all("assessment", Role::Assessment),
    all("public", Role::Public),
    Caller {
        name: "nobody",
        role: Role::Public,
        token: false,
        named: &[],
        limited: false,
        sees: &[],
        counts: false,
    },
    // 7.1, 7.2: its own, and its sub-districts'.
    some("district-1", Role::District, &["d1"], &["d1", "s1"], true),
    some("district-2", Role::District, &["d2"], &["d2", "s2"], true),
    some("window", Role::District, &["w1"], &["w1"], true),
    // 7.2: a sub-district asks its district.
    some("sub-district", Role::District, &["s1"], &[], false),
    some("bureau", Role::Bureau, &["b1"], &["b1"], true),
    some("specialised", Role::Bureau, &["u1"], &["u1"], false),
    some("collectors", Role::Collector, &["c1"], &["c1"], false),
    some("desk", Role::Collector, &["k1", "m1"], &["k1", "m1"], false),
    // A role sees bodies of its kinds alone, and an unknown body is nobody's.
    some("bureau-as-district", Role::Bureau, &["d1", "s1"], &[], false),
    some("unknown", Role::District, &["d9"], &[], false),
];

impl Caller {
    /// Whether they see what belongs to a body.
    pub(super) fn sees(&self, body: &str) -> bool {
        !self.limited || self.sees.contains(&body)
    }

    /// The cases that they see.
    pub(super) fn cases(&self) -> BTreeSet<&'static str> {
        let seen = BODIES.iter().filter(|body| self.sees(body.id));
        seen.flat_map(|body| body.cases).copied().collect()
    }
}

/// A suite with a month of the town that is evaluated.
pub(super) struct Town {
    pub(super) suite: Suite,
    address: String,
    /// The evaluation.
    pub(super) evaluation: String,
}

impl Town {
    pub(super) async fn start() -> Self {
        let suite = Suite::start().await;
        let address = suite.address();
        let mut town = Self { suite, address, evaluation: String::new() };
        town.fill();
        let mut scoring = EvaluationServiceClient::new(town.connect(&CALLERS[3]).await);
        let request = ListEvaluationsRequest { parent: ZZ.to_owned(), ..Default::default() };
        let found = scoring.list_evaluations(request).await.unwrap().into_inner().evaluations;
        town.evaluation = found[0].name.clone();
        questions::ask(town.suite.connection().await).await;
        town
    }

    fn fill(&self) {
        let run = |arguments: &[&str]| {
            self.suite.run(&[arguments, &["--jurisdiction", "zz"]].concat()).expect(0)
        };
        let file = |name: &str, text: &str| {
            let path = self.suite.scratch().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let mut bodies = "body_id,kind,name,parent,valid_from,valid_to\n".to_owned();
        for body in &BODIES {
            writeln!(bodies, "{},{},单位{0},{},2018-01,", body.id, body.kind, body.parent).unwrap();
        }
        let areas = "area_code,kind,name,district,subdistrict,window,zone,valid_from,valid_to
R1,road_section,一路,d1,s1,,key,2018-01,
R2,road_section,二路,d2,s2,,key,2018-01,
R3,road_section,站前,,,w1,key,2018-01,
";
        let (cases, events) = month();
        run(&["registry", "import", &file("bodies.csv", &bodies), &file("areas.csv", areas)]);
        run(&["rules", "apply", "--activate-from", "2018-01", "zz-2018"]);
        run(&["import", &file("cases.csv", &cases), &file("events.csv", &events)]);
        run(&["evaluate", "--month", MONTH]);
    }

    /// What a caller shows; nothing where they have no token.
    pub(super) fn shown(&self, caller: &Caller) -> Option<String> {
        let issuer = Issuer::open(&credentials::folder(&self.suite.data())).unwrap();
        let bodies = match caller.named {
            ["*"] => Scope::All,
            named => Scope::Only(named.iter().map(|body| (*body).to_owned()).collect()),
        };
        let grant = Grant {
            roles: [caller.role].into(),
            jurisdictions: Scope::Only(["zz".to_owned()].into()),
            bodies,
            ..Grant::everything(caller.name, Duration::from_secs(3_600))
        };
        caller.token.then(|| issuer.issue(&grant).unwrap())
    }

    /// The name of a scorecard.
    pub(super) fn scorecard(&self, body: &str) -> String {
        format!("{}/scorecards/{body}", self.evaluation)
    }

    pub(super) async fn connect(&self, caller: &Caller) -> Connection {
        connection(&self.address, &self.shown(caller).unwrap_or_default()).await
    }

    pub(super) fn uri(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Cases of each quarter, each through the hands of its own teams; the first is late, the others are
/// not. Titles and notes speak of persons.
fn month() -> (String, String) {
    let mut cases =
        "case_no,source,category_scheme,category_code,area_code,collector,title\n".to_owned();
    let mut events = "case_no,event_no,at,kind,actor,unit,due_at,outcome,note\n".to_owned();
    for (numbers, area, collector, unit, desk, command) in [
        (A, "R1", "c1", "b1", "k1", "m1"),
        (B, "R2", "c2", "b2", "k2", "m2"),
        (W, "R3", "", "u1", "", ""),
    ] {
        for (place, case) in numbers.iter().enumerate() {
            let title = format!("{} {}", PERSONAL[0], PERSONAL[1]);
            let scheme = "gbt-30428.2-2013-event";
            writeln!(cases, "{case},patrol,{scheme},0110,{area},{collector},{title}").unwrap();
            let at = |day: usize| format!("2018-03-{:02}T09:00:00+08:00", 5 + place + day);
            let (due, done) = (at(2), at(if place == 0 { 3 } else { 1 }));
            let note = PERSONAL[1];
            writeln!(events, "{case},1,{},reported,{collector},,,,{note}", at(0)).unwrap();
            writeln!(events, "{case},2,{},filed,{desk},,,,", at(0)).unwrap();
            writeln!(events, "{case},3,{},dispatched,{command},{unit},{due},,", at(0)).unwrap();
            writeln!(events, "{case},4,{done},handled,,{unit},,,").unwrap();
            writeln!(events, "{case},5,{done},closed,{desk},,,normal,").unwrap();
        }
    }
    (cases, events)
}
