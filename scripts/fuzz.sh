#!/usr/bin/env bash
# Asks a demo server, with sandbox providers, everything that schemathesis can think of: CASES cases at least (2000), over
# every field of Query and Mutation. Fails on a status of 500 or more, a defect, a panic, or a word of the inside.
#
#   scripts/fuzz.sh BILLPAY      the binary; SEED=n repeats a run
set -euo pipefail
cd "$(dirname "$0")/.."

billpay=${1:?usage: scripts/fuzz.sh BILLPAY}
cases=${CASES:-2000}
seed=${SEED:-$RANDOM}
venv=${CARGO_TARGET_DIR:-target}/fuzz
wanted=tests/clients/fuzz/requirements.txt

if [ ! -e "$venv/installed" ] || [ "$wanted" -nt "$venv/installed" ]; then
  python3 -m venv "$venv" 2>/dev/null || { echo "fuzz: python3 with venv is missing: apt-get install python3-venv" >&2; exit 1; }
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
  touch "$venv/installed"
fi

log=$(mktemp "${TMPDIR:-/tmp}/billpay-fuzz.XXXXXX")
"$billpay" demo --listen 127.0.0.1:0 >"$log" 2>&1 &
server=$!
cleanup() {
  kill -TERM "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  rm -f "$log"
}
trap cleanup EXIT

for _ in $(seq 600); do
  BILLPAY_URL=$(sed -n 's|^The playground: *\(http://[^/]*\)/.*|\1|p' "$log")
  if [ -n "$BILLPAY_URL" ]; then break; fi
  kill -0 "$server" 2>/dev/null || { cat "$log" >&2; exit 1; }
  sleep 0.1
done
TOKEN=$(sed -n 's/^TOKEN=//p' "$log")
if [ -z "$BILLPAY_URL" ] || [ -z "$TOKEN" ]; then echo "fuzz: the demo did not start" >&2; cat "$log" >&2; exit 1; fi

export BILLPAY_URL TOKEN CASES=$cases SCHEMATHESIS_HOOKS=./tests/clients/fuzz/hooks.py
echo "fuzz: seed $seed"
fields=$(sed -n '/^type \(Query\|Mutation\) {/,/^}/s/^\t\([a-zA-Z]*\)[(:].*/\1/p' schema.graphql | wc -l)
code=0
"$venv/bin/schemathesis" --config-file tests/clients/fuzz/schemathesis.toml run "$BILLPAY_URL/graphql" \
  --header "Authorization: Bearer $TOKEN" --checks nothing_breaks --workers 2 --seed "$seed" \
  --max-examples $((cases / fields + 10)) --continue-on-failure --suppress-health-check all --warnings off || code=$?

if ! kill -0 "$server" 2>/dev/null; then echo "fuzz: the server ended" >&2; code=1; fi
if grep -n panicked "$log" >&2; then code=1; fi
if [ "$code" -ne 0 ]; then
  echo "fuzz: failed; again with SEED=$seed. The server's last words:" >&2
  tail -20 "$log" >&2
fi
exit "$code"
