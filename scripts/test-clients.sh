#!/usr/bin/env bash
# Installs the pinned clients that the tests drive the server with, unless they are there.
set -euo pipefail
cd "$(dirname "$0")/../tests/clients"

installed=node_modules/.package-lock.json
if [ -e "$installed" ] && [ -z "$(find package.json package-lock.json -newer "$installed" -print -quit)" ]; then exit 0; fi
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
touch "$installed"
