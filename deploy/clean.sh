#!/usr/bin/env bash
# Removes the data of `make run` and `make demo`, also where it had to go elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
for pointer in .run/*/postgres/postgres.location; do
  [ -e "$pointer" ] || continue
  folder=$(<"$pointer")
  case $folder in
    *..*) ;;
    /var/lib/chengping/?* | /var/tmp/chengping/?*) rm -rf -- "$folder" ;;
  esac
done
rm -rf .run
