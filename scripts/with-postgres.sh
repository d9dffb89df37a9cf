#!/usr/bin/env bash
# Runs a command with a PostgreSQL of its own: a new cluster in a temporary directory, on a free
# port of 127.0.0.1, durable as in production, stopped and removed whatever happens.
#
#   scripts/with-postgres.sh CMD…
#
# The command finds it in BILLPAY_TEST_POSTGRES_URL (superuser billpay, no password).
set -euo pipefail

if [ $# -eq 0 ]; then
  echo "usage: scripts/with-postgres.sh CMD…" >&2
  exit 2
fi

find_bin() {
  local bin
  # The newest of Debian's, which are the real programs; else what PATH has, if it works.
  for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
    if [ -x "$bin/initdb" ] && [ -x "$bin/pg_ctl" ] && "$bin/initdb" --version >/dev/null 2>&1; then
      echo "$bin"
      return
    fi
  done
  if initdb --version >/dev/null 2>&1 && pg_ctl --version >/dev/null 2>&1; then
    dirname "$(readlink -f "$(command -v initdb)")"
    return
  fi
  echo "with-postgres: no initdb and pg_ctl: apt-get install postgresql" >&2
  exit 1
}

# PostgreSQL refuses to run as root.
as_owner() {
  if [ "$(id -u)" -ne 0 ]; then
    "$@"
  elif command -v setpriv >/dev/null 2>&1; then
    setpriv --reuid="$owner" --regid="$(id -g "$owner")" --init-groups -- "$@"
  else
    runuser -u "$owner" -- "$@"
  fi
}

free_port() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  echo "with-postgres: no free port was found" >&2
  exit 1
}

bin=$(find_bin)
owner=$(id -un)
if [ "$(id -u)" -eq 0 ]; then
  owner=postgres
  if ! id "$owner" >/dev/null 2>&1; then owner=nobody; fi
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/billpay-postgres.XXXXXX")
command_pid=''
cleanup() {
  local code=$?
  trap - EXIT
  trap '' INT TERM HUP
  cd /
  as_owner "$bin/pg_ctl" -D "$folder/data" -m immediate -w -t 20 stop >/dev/null 2>&1 || true
  rm -rf "$folder"
  exit "$code"
}
interrupted() {
  if [ -n "$command_pid" ]; then
    kill -TERM -- "-$command_pid" 2>/dev/null || true
    wait "$command_pid" 2>/dev/null || true
  fi
  exit "$1"
}
trap cleanup EXIT
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
trap 'interrupted 129' HUP

if [ "$(id -u)" -eq 0 ]; then chown "$owner" "$folder"; fi
here=$PWD
cd "$folder"
as_owner "$bin/initdb" -D "$folder/data" -U billpay -A trust -E UTF8 --locale=C >"$folder/initdb.log" 2>&1 \
  || { cat "$folder/initdb.log" >&2; exit 1; }

cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
max_connections = 400
shared_buffers = 256MB
fsync = on
full_page_writes = on
synchronous_commit = on
CONF

# Another process may take the port between the look and the start: then another one is tried.
for attempt in 1 2 3 4 5; do
  port=$(free_port)
  if as_owner "$bin/pg_ctl" -D "$folder/data" -l "$folder/postgres.log" -w -t 60 -o "-p $port" start >/dev/null 2>&1; then break; fi
  if [ "$attempt" = 5 ]; then
    echo "with-postgres: the server did not start:" >&2
    tail -20 "$folder/postgres.log" >&2
    exit 1
  fi
done

cd "$here"
export BILLPAY_TEST_POSTGRES_URL="postgres://billpay@127.0.0.1:$port/postgres"
# In the background, so that a signal is handled at once and not only after the command; in a process
# group of its own, so that what the command started ends with it.
set -m
"$@" <&0 &
command_pid=$!
set +m
code=0
wait "$command_pid" || code=$?
command_pid=''
exit "$code"
