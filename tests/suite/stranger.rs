//! A stranger's client in another language, which knows an address, a token and reflection only.

use std::process::Command;

use chengping_chassis::identity::Role;
use serde_json::{Value, json};

use crate::support::{Suite, root};

/// Runs a program of `tests/stranger` against the suite, with tokens in these variables; gives what
/// it saw.
fn run(program: &str, suite: &Suite, tokens: &[(&str, String)]) -> Value {
    let tools =
        std::env::var_os("CHENGPING_TOOLS").map_or_else(|| root().join(".tools"), Into::into);
    let python = tools.join("python-client/bin/python");
    assert!(python.exists(), "{} is missing; run deploy/tools.sh python", python.display());
    let output = Command::new(python)
        .arg(root().join("tests/stranger").join(program))
        .arg(suite.address())
        .arg(root().join("libs/rules/packs/zz-2018.yaml"))
        .envs(tokens.iter().map(|(name, token)| (name, token)))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_client_in_python_does_the_main_job_by_reflection_alone() {
    let suite = Suite::start().await;
    let seen =
        run("client.py", &suite, &[("CHENGPING_TOKEN", suite.token("stranger", &Role::ALL))]);

    assert_eq!(seen["health"], "SERVING");
    let services = seen["services"].to_string();
    for service in ["CaseService", "RulePackService", "EvaluationService", "BulletinService"] {
        assert!(services.contains(service), "{services}");
    }
    assert_eq!(seen["unknown"]["code"], "UNAUTHENTICATED");
    assert_eq!(seen["error"]["code"], "INVALID_ARGUMENT");
    assert_eq!(seen["error"]["details"].to_string(), r#"["BadRequest","ErrorInfo"]"#);
    assert_eq!(seen["cases"]["counts"]["accepted_count"], "60");
    assert_eq!(seen["cases"]["acknowledged_batch"], "3");
    assert_eq!(seen["events"]["counts"]["accepted_count"], "300");
    assert_eq!(seen["evaluation"]["state"], "STATE_SUCCEEDED");
    assert_eq!(seen["evaluation"]["watermark"], "360");
    assert!(seen["scores"]["d1"].is_string(), "{seen}");
    assert_eq!(seen["watched"]["digest"], seen["published"]);
    assert_eq!(seen["watched"]["lines"], 2);
    suite.stop().await;
}

#[tokio::test]
async fn an_administrator_in_python_changes_registries_and_rules() {
    let suite = Suite::start().await;
    let tokens = [
        ("AUTHOR_TOKEN", "li.wei", &[Role::Administrator, Role::Office, Role::Integrator][..]),
        ("APPROVER_TOKEN", "wang.fang", &[Role::Approver]),
    ];
    let tokens = tokens.map(|(name, subject, roles)| (name, suite.token(subject, roles)));
    let seen = run("administrator.py", &suite, &tokens);
    let refused = json!({"code": "ABORTED", "details": ["ErrorInfo"]});
    let (key, general) = ("families.area.zones.key", "families.area.zones.general");
    let expected = json!({
        "adjusted": [true, true],
        "audit": [2, "monthly meeting"],
        "compared": true,
        "contested": true,
        "deadline": ["2018-05-02T09:00:00Z", ["劳动节"]],
        "derived": [true, true],
        "differences": [[general, "0.4", "0.3"], [key, "0.6", "0.7"]],
        "effective": true,
        "intact": true,
        "lost_update": refused,
        "merged": ["areas", "bodies"],
        "offered": true,
        "preview": [1, 1],
        "renamed": ["第一局（新）", "第一局"],
        "rolled_back": ["3", true],
        "same_deadline": true,
        "stale_body": refused,
        "tried": ["7", false],
    });
    assert_eq!(seen, expected);
    suite.stop().await;
}
