# The commands of the project. `make demo` and `make test` need nothing prepared: what they lack,
# scripts/setup.sh installs, or names.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test kills soak sockets faults rows teeth bench fuzz playground schema lint setup-demo setup-test clients

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | while IFS=$$'\t' read -r name what; do printf '  make %-11s %s\n' "$$name" "$$what"; done

demo: setup-demo playground ## a server with sandbox providers, a tour, and a playground (ARGS=--once: only the tour)
	cargo build --bin billpay
	@exec "$${CARGO_TARGET_DIR:-target}/debug/billpay" demo $(ARGS)

test: setup-test playground clients ## all tests, with a throw-away PostgreSQL and a real browser
	scripts/with-postgres.sh cargo test --workspace

kills: setup-test playground ## kill the server KILLS times (100) while it pays, and count payments made twice or lost
	scripts/with-postgres.sh cargo test --test it -- --ignored --nocapture kill_harness_long f28_long

# Everything of the bench, one campaign after the other; with FAULT only that one's.
faults: setup-test playground ## break everything, again and again, and print the score card (FAULT=kill, KILLS=1000, PAYMENTS=20000, CLASS=B, SEED=n)
	scripts/with-postgres.sh cargo test --test it -- --ignored --test-threads=1 --nocapture \
		$(if $(FAULT),faults_are_all_survived,kill_harness::bench)

rows: setup-test playground ## the faults that have a test of their own, as often as their rows ask (PROMOTIONS=20, BILLPAY_TEST_RACES=10000, …)
	scripts/with-postgres.sh cargo test --test it -- --ignored --test-threads=1 --nocapture fault_rows f25_ f29_long f30_long

teeth: setup-test playground ## plant each weakness into the server, and see that the fault bench finds it (FAULT=w3, SEED=n)
	scripts/with-postgres.sh cargo test --test it -- --ignored --test-threads=1 --nocapture kill_harness::teeth

sockets: setup-demo playground ## open 5,000 idle WebSockets and see that they cost a server less than 60 MB
	cargo test --release --test it -- --ignored --nocapture a3_five_thousand_idle_sockets

soak: setup-test playground ## keep a server busy for MINUTES (30) and see that its memory stays flat (ON=sqlite, ON=postgres: one database alone)
	scripts/with-postgres.sh cargo test --release --test it -- --ignored soak --nocapture

# The bench is a workspace of its own, so that the product's tests do not build it.
bench: setup-demo playground ## measure billpay beside a hand-written ceiling (ARGS="--rows 10000 --only read,create --seconds 5 --turns 3")
	@bench/setup.sh
	cargo build --release --bin billpay
	cargo build --release --manifest-path bench/Cargo.toml --target-dir bench/target
	cd bench && exec target/release/bench run --billpay "$(abspath $(or $(CARGO_TARGET_DIR),target))/release/billpay" $(ARGS)

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
