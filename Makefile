# The commands of the project. `make demo` and `make test` need nothing prepared: what they lack,
# scripts/setup.sh installs, or names.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test kills fuzz playground schema lint setup-demo setup-test clients

KILLS ?= 100
export KILLS

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | while IFS=$$'\t' read -r name what; do printf '  make %-11s %s\n' "$$name" "$$what"; done

demo: setup-demo playground ## a server with sandbox providers, a tour, and a playground (ARGS=--once: only the tour)
	cargo build --bin billpay
	@exec "$${CARGO_TARGET_DIR:-target}/debug/billpay" demo $(ARGS)

test: setup-test playground clients ## all tests, with a throw-away PostgreSQL and a real browser
	scripts/with-postgres.sh cargo test --workspace

kills: setup-test playground ## kill the server KILLS times (100) while it pays, and count payments made twice or lost
	scripts/with-postgres.sh cargo test --test it -- --ignored kill_harness --nocapture

fuzz: setup-demo playground ## ask everything that schemathesis can think of (CASES=2000, SEED=n)
	cargo build --bin billpay
	@scripts/fuzz.sh "$${CARGO_TARGET_DIR:-target}/debug/billpay"

playground: setup-demo ## build the playground's assets into playground/dist
	@scripts/playground.sh

schema: ## write schema.graphql from the code
	cargo run --quiet -- schema > schema.graphql.new && mv schema.graphql.new schema.graphql

lint: ## format, clippy, and the licences and advisories of the dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check; else echo 'cargo deny is not installed: skipped'; fi

setup-demo:
	@scripts/setup.sh demo

setup-test:
	@scripts/setup.sh test

clients: setup-test
	@scripts/test-clients.sh
