#!/usr/bin/env bash
# Random scripts on a real PostgreSQL 15 and on ours: every result, block, order of unblocking and error is compared. Seeds are printed; what differs is shrunk.
# FIDELITY_SCRIPTS (300) scripts per level from FIDELITY_SEED (1) on, the same ones every time; FIDELITY_LEVEL for one level only. Where the real server
# disagrees with itself, or wakes several sessions at once, which then race, a difference is printed and does not fail; unless there are many.
. "$(dirname "$0")/../common.sh"
cd "$ROOT"
need_rust
need_node
POSTGRES=/usr/lib/postgresql/15
TESTER="$POSTGRES/lib/pgxs/src/test/isolation/isolationtester"
[ -x "$POSTGRES/bin/initdb" ] && [ -x "$TESTER" ] || {
  say "Installing PostgreSQL 15 and its isolation tester (about a minute, once)"
  # Its package would start a server of its own, which nobody here asked for.
  apt_install postgresql-15 postgresql-server-dev-15
}
say "Building"
cargo build --locked --release --bin interleave
FOLDER="$(mktemp -d)"
LANES="1 2 3 4"
USER_NAME="$(id -un)"
as_server() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  # The server refuses to run as root.
  USER_NAME=nobody
  chown nobody "$FOLDER"
  as_server() { su nobody -s /bin/sh -c "$(printf '%q ' "$@")"; }
fi
stop() {
  for lane in $LANES; do
    as_server "$POSTGRES/bin/pg_ctl" -D "$FOLDER/$lane/data" -m immediate stop >/dev/null 2>&1 || true
  done
  rm -rf "$FOLDER"
}
trap stop EXIT
say "Starting PostgreSQL as $USER_NAME on sockets in $FOLDER"
quietly as_server "$POSTGRES/bin/initdb" -D "$FOLDER/new" -U tester -A trust --locale=C -E UTF8 || fail "initdb failed (see above)"
ARGUMENTS=()
for lane in $LANES; do
  as_server mkdir "$FOLDER/$lane"
  as_server cp -R "$FOLDER/new" "$FOLDER/$lane/data"
  quietly as_server "$POSTGRES/bin/pg_ctl" -D "$FOLDER/$lane/data" -l "$FOLDER/$lane/log" -w \
    -o "-c listen_addresses= -k $FOLDER/$lane -c fsync=off -c autovacuum=off -c shared_buffers=16MB" start || fail "PostgreSQL did not start (see above)"
  ARGUMENTS+=(--conninfo "host=$FOLDER/$lane user=tester dbname=postgres")
done
ARGUMENTS+=(--scripts "${FIDELITY_SCRIPTS:-300}" --seed "${FIDELITY_SEED:-1}")
[ -z "${FIDELITY_LEVEL:-}" ] || ARGUMENTS+=(--level "$FIDELITY_LEVEL")
say "Comparing"
node tools/fidelity/postgres.mjs --binary target/release/interleave --tester "$TESTER" "${ARGUMENTS[@]}"
