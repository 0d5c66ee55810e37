#!/usr/bin/env bash
# Starts the suite in .run/NAME and does the main job once: registry, rules, cases, evaluation, publication. Then it
# keeps serving until Ctrl-C. A second run finds everything in place and changes nothing.
# Usage: deploy/run.sh boston|city
set -euo pipefail
cd "$(dirname "$0")/.."

name=${1:?say boston or city}
data=$PWD/.run/$name
tools=${CHENGPING_TOOLS:-$PWD/.tools}
chengping=${CHENGPING:-${CARGO_TARGET_DIR:-target}/debug/chengping}
listen=${LISTEN:-127.0.0.1:50051}
export CHENGPING_DATA=$data
unset CHENGPING_SERVER

mkdir -p "$data"
# In a process group of its own: Ctrl-C reaches this script, which asks the suite to stop, once.
set -m
"$chengping" up --data "$data" --listen "$listen" &
suite=$!
set +m
stop() {
  trap - EXIT INT TERM
  kill -TERM "$suite" 2>/dev/null || true
  wait "$suite" 2>/dev/null || true
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# Exit code 3 is "done with rejects": said, listed by `chengping rejects`, and no reason to stop.
run() {
  printf '$ chengping %s\n' "$*"
  "$chengping" "$@" || { code=$?; [ "$code" -eq 3 ] || exit "$code"; }
}

case $name in
  boston)
    export CHENGPING_JURISDICTION=boston
    month=2011-08
    step "Boston, August 2011: the city's own 311 cases, seen on 1 October 2011"
    run registry import deploy/registries/boston-2011/bodies.csv deploy/registries/boston-2011/areas.csv
    run rules apply --activate-from 2011-07 boston-2011
    run import --mapping deploy/mappings/boston-311.yaml --month "$month" tests/data/boston311_2011H2.csv.gz
    run evaluate --month "$month" --as-of 2011-10-01T00:00:00-04:00
    body=pwdx
    ;;
  city)
    export CHENGPING_JURISDICTION=zz-demo
    month=2018-04
    step "A generated month of a Chinese city (synthetic data), by the rules of Zhengzhou"
    [ -e "$data/month/cases.csv" ] || run generate --out "$data/month" --cases 5000 --month "$month" --seed 1
    run registry import "$data/month/bodies.csv" "$data/month/areas.csv" "$data/month/coefficients.csv"
    run rules apply --activate-from 2018-03 zz-2018
    run import "$data/month/cases.csv" "$data/month/events.csv"
    run evaluate --month "$month"
    body=$(awk -F, '$2 == "district" { print $1; exit }' "$data/month/bodies.csv")
    ;;
  *)
    echo "unknown demonstration '$name': say boston or city" >&2
    exit 2
    ;;
esac

step "The ranking"
run results --month "$month"
step "One score, explained down to its numbers"
run explain --month "$month" --body "$body" --lang en
step "Published: numbered, sealed, signed"
run publish --month "$month"
run verify --month "$month" --out "$data/bundle-$month.json"

address=$(sed -n 's/.*"address": *"\([^"]*\)".*/\1/p' "$data/suite.json")
step "Serving at $address; Ctrl-C stops. Try next, in another terminal:"
cat <<NEXT
  export CHENGPING_DATA=$data CHENGPING_JURISDICTION=$CHENGPING_JURISDICTION PATH=$(cd "$(dirname "$chengping")" && pwd):\$PATH
  chengping explain --month $month --body $body --cases          # the cases behind every number
  chengping watch                                                # every published version, as it comes
  chengping verify $data/bundle-$month.json   # recompute every score, without a server
  $tools/buf/bin/buf curl --protocol grpc --http2-prior-knowledge --list-methods http://$address
  $tools/buf/bin/buf curl --protocol grpc --http2-prior-knowledge \\
    -H "authorization: Bearer \$(chengping token --subject reader --role auditor)" -d '{"parent": "jurisdictions/$CHENGPING_JURISDICTION"}' \\
    http://$address/chengping.scoring.v1.EvaluationService/ListEvaluations
NEXT
wait "$suite"
