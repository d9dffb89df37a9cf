#!/usr/bin/env bash
# Builds the playground's assets into playground/dist, unless they are newer than their sources.
set -euo pipefail
cd "$(dirname "$0")/../playground"

newer_than() { [ -e "$1" ] && [ -z "$(find "${@:2}" -newer "$1" -print -quit)" ]; }

if newer_than dist/index.html package.json package-lock.json build.mjs src; then exit 0; fi
if ! newer_than node_modules/.package-lock.json package-lock.json package.json; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi
node build.mjs
