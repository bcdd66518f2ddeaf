#!/usr/bin/env bash
# Compares the simulated Redis with Debian's redis-server on a free port of the loopback. REDIS_SEED and REDIS_SEQUENCES choose others.
. "$(dirname "$0")/../common.sh"
cd "$ROOT"
need_rust
has redis-server || { say "Installing redis-server"; apt_install redis-server; }
# Whoever asks for port 0 is given a free one; it is free again once the asker has gone.
PORT="$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')"
DATA="$(mktemp -d)"
redis-server --port "$PORT" --bind 127.0.0.1 --save '' --appendonly no --dir "$DATA" --daemonize no >"$DATA/log" 2>&1 &
SERVER=$!
trap 'kill "$SERVER" 2>/dev/null; rm -rf "$DATA"' EXIT
for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && break; sleep 0.1; done
say "$(redis-server --version | cut -d' ' -f1-3) on port $PORT"
REDIS_PORT="$PORT" cargo test --locked --test fidelity_redis -- --ignored --nocapture
