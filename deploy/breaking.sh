#!/usr/bin/env bash
# Compares the protos with those of the newest release tag: published names and numbers never change.
# Usage: deploy/breaking.sh BUF
set -euo pipefail
cd "$(dirname "$0")/.."
buf=$1
release=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || true)
if [ -n "$release" ]; then
  against=".git#tag=$release,subdir=proto"
else
  # Before the first release, the published contract is the image kept beside the protos.
  against="proto/published.binpb"
fi
"$buf" breaking proto --against "$against"
