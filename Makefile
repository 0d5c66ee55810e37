# What a developer and the CI run; nothing else decides how this project is built or tested.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build run demo test chaos fuzz bench lint fmt docs proto-lint deploy-lint deny clean

export CHENGPING_TOOLS ?= $(CURDIR)/.tools
BUF := $(CHENGPING_TOOLS)/buf/bin/buf
MOMENTS ?= 200
SECONDS_EACH ?= 180
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)

help: ## Show what can be done.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build every program of the workspace.
	cargo build --workspace --bins

run: build ## Start the suite with August 2011 of Boston's real cases: import, evaluate, publish, rank, explain, keep serving.
	deploy/tools.sh postgres buf
	deploy/run.sh boston

demo: build ## The same with a generated month of a Chinese city and the rules of Zhengzhou (synthetic data).
	deploy/tools.sh postgres buf
	deploy/run.sh city

test: ## Run every test, on real PostgreSQL and a real cache, with real processes and sockets.
	deploy/tools.sh postgres cache python
	cargo build --workspace --bins
	$(TARGET)/debug/chengping-test-servers -- deploy/test.sh

chaos: ## Break processes, PostgreSQL and networks two hundred times while cases come in, and the cache while rules are asked for.
	deploy/tools.sh postgres cache
	cargo build --workspace --bins
	CHENGPING_CHAOS_MOMENTS=$(MOMENTS) $(TARGET)/debug/chengping-test-servers -- \
	  cargo test --package chengping-tests --test suite -- --nocapture --test-threads 1 outages chaos

fuzz: ## Give bytes of chance to every entrance, SECONDS_EACH each, and measure a workbook of 300,000 rows.
	cargo build --release -p chengping-fuzz
	for target in csv mapping xlsx gb18030 json protobuf records; do \
	  $(TARGET)/release/chengping-fuzz $$target --seconds $(SECONDS_EACH); done
	$(TARGET)/release/chengping-fuzz workbook

bench: ## Measure derivation, tally and score beside DuckDB and Polars, previews, the close of a month, live scores, intake beside COPY, files beside openpyxl and reportlab, publications, and how rules are given out; the numbers go to .run/bench.json.
	deploy/tools.sh bench postgres
	cargo build --release -p chengping-bench -p chengping-suite
	mkdir -p .run
	$(TARGET)/release/chengping-bench --python $(CHENGPING_TOOLS)/bench/bin/python \
	  --chengping $(TARGET)/release/chengping --json .run/bench.json

lint: proto-lint deploy-lint deny ## Check format, lints, protos, dependencies and deployment files.
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

fmt: ## Format the code and the protos.
	cargo fmt --all
	deploy/tools.sh buf
	$(BUF) format -w proto

docs: ## Write the pages that are made from data: indicators, the manual of rule packs and their schema, golden evaluations.
	cargo run --quiet --package chengping-rules --example indicators > docs/indicators.md.new
	mv docs/indicators.md.new docs/indicators.md
	cargo run --quiet --package chengping-rules --example packs > docs/packs.md.new
	mv docs/packs.md.new docs/packs.md
	cargo run --quiet --package chengping-rules --example packs schema > libs/rules/pack.schema.json.new
	mv libs/rules/pack.schema.json.new libs/rules/pack.schema.json
	CHENGPING_WRITE_DOCS=1 cargo test --quiet --package chengping-scoring --test it golden::the_page

proto-lint: ## Lint the protos, and compare them with those of the last release.
	deploy/tools.sh buf
	cd proto && $(BUF) lint && $(BUF) format -d --exit-code
	deploy/breaking.sh $(BUF)

deploy-lint: ## Check the Dockerfile, the compose file and the scripts without an engine.
	deploy/tools.sh deploy
	deploy/check.sh

deny: ## Check licences, sources and banned crates.
	deploy/tools.sh deny
	PATH="$(CHENGPING_TOOLS)/cargo/bin:$$PATH" cargo deny check bans licenses sources

clean: ## Remove what was built and the data of `make run` and `make demo`.
	cargo clean
	deploy/clean.sh
