#!/usr/bin/env bash
# Installs the pinned clients that the tests drive the server with, and what the example page is built with, unless
# they are there.
set -euo pipefail
cd "$(dirname "$0")/.."

for folder in tests/clients examples/web; do
  installed=$folder/node_modules/.package-lock.json
  if [ -e "$installed" ] && [ -z "$(find "$folder/package.json" "$folder/package-lock.json" -newer "$installed" -print -quit)" ]; then continue; fi
  npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error
  touch "$installed"
done
