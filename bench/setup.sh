#!/usr/bin/env bash
# Makes sure that what `make bench` needs is there: PostgreSQL's programs, and wrk, which sends the load. Debian
# packages that lack are installed when that is possible (root, or sudo without a password); else it says what to
# install.
set -euo pipefail

packages=()
if ! command -v wrk >/dev/null 2>&1; then packages+=(wrk); fi
if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && ! command -v initdb >/dev/null 2>&1; then
  packages+=(postgresql)
fi
if ! command -v cc >/dev/null 2>&1; then packages+=(gcc libc6-dev cmake make); fi
if [ ${#packages[@]} -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
echo "bench: installing ${packages[*]}"
if ! command -v apt-get >/dev/null 2>&1 \
  || ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update \
  || ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null; then
  echo "bench: please install, then run again: ${packages[*]}" >&2
  exit 1
fi
