#!/usr/bin/env bash
# Builds the site and serves it; builds anew whenever a source file changes.
. "$(dirname "$0")/common.sh"
cd "$ROOT"
PORT="${PORT:-8080}"
case "$PORT" in '' | *[!0-9]*) fail "PORT must be a number, and is \"$PORT\"" ;; esac
{ [ "${#PORT}" -le 5 ] && [ "$PORT" -ge 1 ] && [ "$PORT" -le 65535 ]; } || fail "PORT must be from 1 to 65535, and is $PORT"
if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then
  fail "port $PORT is taken: choose another with make serve PORT=8081"
fi
need_build_tools
say "Building and serving (two to four minutes the first time, seconds after that)"
say "The address will be http://127.0.0.1:$PORT/ (stop with Ctrl+C)"
exec trunk serve --release --offline --locked --address 127.0.0.1 --port "$PORT"
