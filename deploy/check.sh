#!/usr/bin/env bash
# Checks the deployment files offline: no container engine is needed.
set -euo pipefail
cd "$(dirname "$0")"
tools=${CHENGPING_TOOLS:-$PWD/../.tools}
"$tools/deploy/bin/hadolint" docker/Dockerfile
POSTGRES_PASSWORD=check CHENGPING_CASES_PASSWORD=check CHENGPING_RULES_PASSWORD=check \
  CHENGPING_SCORING_PASSWORD=check CHENGPING_PUBLICATION_PASSWORD=check CHENGPING_IDENTITY_FOLDER=/check \
  "$tools/deploy/bin/docker-compose" --file compose.yaml config --quiet
for script in ./*.sh ../.ci/run; do
  bash -n "$script"
done
