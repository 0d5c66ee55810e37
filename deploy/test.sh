#!/usr/bin/env bash
# Runs every test: with cargo-nextest where it is installed, else with cargo test; then the documentation's examples.
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v cargo-nextest >/dev/null; then
  cargo nextest run --workspace --no-fail-fast
else
  cargo test --workspace --lib --bins --tests --no-fail-fast
fi
cargo test --workspace --doc --quiet
