//! A stranger's client in another language, which knows an address and reflection only.

use std::process::Command;

use serde_json::Value;

use crate::support::{Suite, root};

#[tokio::test]
async fn a_client_in_python_does_the_main_job_by_reflection_alone() {
    let tools =
        std::env::var_os("CHENGPING_TOOLS").map_or_else(|| root().join(".tools"), Into::into);
    let python = tools.join("python-client/bin/python");
    assert!(python.exists(), "{} is missing; run deploy/tools.sh python", python.display());
    let suite = Suite::start().await;
    let output = Command::new(python)
        .arg(root().join("tests/stranger/client.py"))
        .arg(suite.address())
        .arg(root().join("libs/rules/packs/zz-2018.yaml"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();

    assert_eq!(seen["health"], "SERVING");
    let services = seen["services"].to_string();
    for service in ["CaseService", "RulePackService", "EvaluationService", "BulletinService"] {
        assert!(services.contains(service), "{services}");
    }
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
