//! The service as a process of its own: `chengping-rule-configuration [CONFIG_FILE]`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    chengping_chassis::process::serve(chengping_rule_configuration::run).await
}
