#!/usr/bin/env bash
# Makes sure that what `make demo` or `make test` needs is there. Debian packages that lack are
# installed when that is possible (root, or sudo without a password); else it says what to install.
#
#   scripts/setup.sh demo|test
set -euo pipefail

purpose=${1:-demo}
case $purpose in
  demo | test) ;;
  *) echo "usage: scripts/setup.sh demo|test" >&2; exit 2 ;;
esac

# The example page of the tests is built by tools that need a newer Node.js than the playground is.
case $purpose in demo) least_node=18 ;; test) least_node=20 ;; esac

have() { command -v "$1" >/dev/null 2>&1; }

node_is_recent() {
  have node && [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge "$least_node" ]
}

postgres_is_there() {
  have initdb && have pg_ctl && return 0
  local bin
  for bin in /usr/lib/postgresql/*/bin; do
    [ -x "$bin/initdb" ] && [ -x "$bin/pg_ctl" ] && return 0
  done
  return 1
}

chromium_is_there() {
  [ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ] && return 0
  [ -x /usr/bin/chromium ] || [ -x /usr/bin/chromium-browser ] || [ -x /usr/bin/google-chrome ]
}

packages=()
if ! node_is_recent; then packages+=(nodejs); fi
if ! have npm; then packages+=(npm); fi
# aws-lc-sys is C, and is built from source.
if ! have cc; then packages+=(gcc libc6-dev cmake make); fi
if [ "$purpose" = test ]; then
  if ! postgres_is_there; then packages+=(postgresql); fi
  if ! chromium_is_there; then packages+=(chromium); fi
fi

complain() {
  echo "setup: $1" >&2
  echo "setup: please install, then run again:" >&2
  echo "    apt-get install ${packages[*]}" >&2
  echo "or their like on your system: Node.js $least_node or newer with npm, a C compiler with cmake$([ "$purpose" = test ] && echo ', PostgreSQL, Chromium')." >&2
  exit 1
}

install() {
  local as_root=()
  have apt-get || complain "this is not a Debian-like system, so nothing can be installed here"
  if [ "$(id -u)" -ne 0 ]; then
    have sudo && sudo -n true 2>/dev/null || complain "some packages are missing, and installing them needs root"
    as_root=(sudo -n)
  fi
  echo "setup: installing ${packages[*]}"
  local options=(-o Dpkg::Use-Pty=0 -qq -y --no-install-recommends)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update || complain "the package lists could not be read"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "${packages[@]}" >/dev/null \
    || complain "the packages could not be installed"
}

if [ ${#packages[@]} -gt 0 ]; then install; fi

if ! have cargo; then
  echo "setup: Rust is missing: install cargo $(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml | head -1) or newer" >&2
  exit 1
fi
if ! node_is_recent; then
  echo "setup: Node.js $least_node or newer is needed; here is $(node --version 2>/dev/null || echo none)" >&2
  exit 1
fi
