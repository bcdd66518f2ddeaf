#!/usr/bin/env bash
# Compares the simulated etcd with Debian's etcd-server on free ports of the loopback. ETCD_SEED and ETCD_SEQUENCES choose others.
. "$(dirname "$0")/../common.sh"
cd "$ROOT"
need_rust
need_node
has etcd || { say "Installing etcd-server"; apt_install etcd-server; }
# Whoever asks for port 0 is given a free one; it is free again once the asker has gone.
read -r PORT PEER < <(node -e 'const n=require("net");const a=n.createServer().listen(0,"127.0.0.1",()=>{const b=n.createServer().listen(0,"127.0.0.1",()=>{console.log(a.address().port,b.address().port);a.close();b.close()})})')
DATA="$(mktemp -d)"
etcd --data-dir "$DATA/data" --listen-client-urls "http://127.0.0.1:$PORT" --advertise-client-urls "http://127.0.0.1:$PORT" \
  --listen-peer-urls "http://127.0.0.1:$PEER" --initial-advertise-peer-urls "http://127.0.0.1:$PEER" \
  --initial-cluster "default=http://127.0.0.1:$PEER" >"$DATA/log" 2>&1 &
SERVER=$!
trap 'kill "$SERVER" 2>/dev/null; rm -rf "$DATA"' EXIT
serves() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT" && printf 'GET /health HTTP/1.0\r\n\r\n' >&3 && grep -q true <&3) 2>/dev/null; }
for _ in $(seq 150); do serves && break; sleep 0.1; done
serves || { tail -n 5 "$DATA/log" >&2; fail "etcd does not serve"; }
say "$(etcd --version | head -n 1) on port $PORT"
# One test after the other: revisions count all that is written.
ETCD_PORT="$PORT" cargo test --locked --test fidelity_etcd -- --ignored --nocapture --test-threads=1
