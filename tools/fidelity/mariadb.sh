#!/usr/bin/env bash
# Random scripts on a real MariaDB 10.11 and on our InnoDB: every result, block, unblocking and error is compared. Seeds are printed; what differs is shrunk.
# FIDELITY_SCRIPTS (300) scripts per level from FIDELITY_SEED (1) on, the same ones every time; FIDELITY_LEVEL for one level only. Where the real server
# disagrees with itself, or wakes several sessions at once, which then race, a difference is printed and does not fail; unless there are many.
. "$(dirname "$0")/../common.sh"
cd "$ROOT"
need_rust
need_node
# Debian's server stands in /usr/sbin, which not everybody has on PATH.
PATH="$PATH:/usr/sbin"
has mariadbd && has mariadb-install-db || {
  say "Installing MariaDB (about a minute, once)"
  # Its package would start a server of its own, which nobody here asked for.
  apt_install mariadb-server
}
say "Building"
cargo build --locked --release --bin interleave
FOLDER="$(mktemp -d)"
SERVER=""
as_server() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  # The server refuses to run as root.
  chown nobody "$FOLDER"
  as_server() { setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; }
fi
stop() {
  # Its own number, not that of the shell around it.
  [ ! -s "$FOLDER/pid" ] || kill "$(cat "$FOLDER/pid")" 2>/dev/null || true
  [ -z "$SERVER" ] || wait "$SERVER" 2>/dev/null || true
  rm -rf "$FOLDER"
}
trap stop EXIT
say "Starting MariaDB on a socket in $FOLDER"
quietly as_server mariadb-install-db --no-defaults --datadir="$FOLDER/data" --auth-root-authentication-method=normal --skip-test-db ||
  fail "mariadb-install-db failed (see above)"
as_server mariadbd --no-defaults --datadir="$FOLDER/data" --socket="$FOLDER/socket" --pid-file="$FOLDER/pid" --skip-networking \
  --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=32M --log-error="$FOLDER/log" &
SERVER=$!
for _ in $(seq 100); do
  [ -S "$FOLDER/socket" ] && break
  kill -0 "$SERVER" 2>/dev/null || break
  sleep 0.2
done
[ -S "$FOLDER/socket" ] || { tail -n 20 "$FOLDER/log" >&2; fail "MariaDB did not start (see above)"; }
ARGUMENTS=(--scripts "${FIDELITY_SCRIPTS:-300}" --seed "${FIDELITY_SEED:-1}")
[ -z "${FIDELITY_LEVEL:-}" ] || ARGUMENTS+=(--level "$FIDELITY_LEVEL")
say "Comparing"
node tools/fidelity/mariadb.mjs --binary target/release/interleave --socket "$FOLDER/socket" "${ARGUMENTS[@]}"
